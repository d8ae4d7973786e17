"""Whatever crosses the wire is recorded: `record` against the demo server's own log (D12).

Each frame of both directions is compared with `ws_event.raw`, letter by letter but for masked
secrets, in order per socket, direction and transport, as capture.md ("What complete means") has it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import (
    Comparison,
    Game,
    Recorder,
    compare,
    demo_server,
    free_port,
    recorded,
    recorder,
    table,
    wait_until,
)
from tests.e2e.support.browser import User, kill_tree, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TAIL = 60
"""Packets that may be on the way to a page in the instant it or its connection ends."""

FIRST = 200
"""Packets of a socket that are looked at for the game: it comes at once or never."""

ODD = ("binary", "unknown", "malformed", "chat")
ODD_TEXTS = ('["demoBinaryUpdate"', '["demoManyArguments"', "zzz", '/chat,["roomMessage"')
PROFILE = "complete"

PAGES = {"websocket": "?login=1&ns=/chat", "polling": "?transport=polling"}
if os.environ.get("VECTRA_LONG_FAULTS"):  # their short form: test_chrome_capture.py
    PAGES |= {"worker": "?worker=1", "upgrade": "?transport=upgrade&ns=/chat"}

SHORT_GAMES = "1"
"""A seed whose first games are short: history frames come soon."""


def do_everything_odd(game: Game, *, chat: bool = True) -> None:
    """Have the server send what real servers should not, and wait until it has."""
    wait_until(game.truth, "a socket opens")
    game.until_said("gameStateUpdate")
    for kind in ODD:
        game.fault(kind, count=2)
    game.until_said(*(ODD_TEXTS if chat else ODD_TEXTS[:3]))
    game.fault("burst", count=200, size=2000)
    game.until_said('"burst 199 ')
    game.fault("big_history", size=1_500_000)
    wait_until(lambda: largest(game) > 1_000_000, "a giant history frame")
    game.fault("big_history", size=0)


def largest(game: Game) -> int:
    """Return the size of the largest packet so far."""
    return max(len(p.raw) for packets in game.truth().values() for p in packets)


def talking(game: Game) -> set[str]:
    """Return the sockets that have had game states."""
    return {
        sid
        for sid, packets in game.truth().items()
        if sum(p.raw.startswith('42["gameStateUpdate"') for p in packets[:FIRST]) > 3
    }


def interrupted(game: Game, kind: str, **fields: Any) -> None:
    """Have the server cut everybody off, and wait until a new socket talks."""
    before = talking(game)
    game.fault(kind, **fields)
    wait_until(lambda: talking(game) - before, f"a new socket after {kind}")


def settle(game: Game, record: Recorder, alive: set[str]) -> Comparison:
    """Silence the server, wait until all is filed, end the recorder, compare."""
    game.fault("stall", seconds=3600)

    compared = (0, 0)

    def complete() -> bool:
        nonlocal compared
        record.flush()
        said, files = game.truth(), len(list(record.root.rglob("*.parquet")))
        before, compared = compared, (sum(map(len, said.values())), files)
        return compared != before and not compare(said, recorded(record.root), alive, TAIL).wrong

    try:
        wait_until(complete, "every frame is filed", 40)
    except AssertionError:
        return compare(game.truth(), recorded(record.root), alive, TAIL)
    ended = record.stop()
    assert ended.code == 0, ended
    # What a page says and hears while it is closed is the tail of its life.
    return compare(game.truth(), recorded(record.root), (), TAIL)


def kinds_of(root: Path) -> list[str]:
    """Return the kinds of the session's facts, in order."""
    return [row["kind"] for row in table(root, "system_event", "kind")]


def test_the_public_feed_is_recorded_whole(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with (
        demo_server(tmp_path / "truth", "--speed", "20", "--seed", SHORT_GAMES) as game,
        recorder(root, "--source", "public", **game.feed) as record,
    ):
        do_everything_odd(game, chat=False)
        interrupted(game, "drop")
        interrupted(game, "close")
        interrupted(game, "restart", seconds=1)
        last = talking(game)
        interrupted(game, "drop")
        result = settle(game, record, talking(game) - last)
    print(result)
    assert result.wrong == []
    assert result.compared > 300
    assert len(game.truth()) == 5
    kinds = kinds_of(root)
    assert kinds[0] == "started"
    assert kinds[-1] == "stopped"
    assert kinds.count("connected") == kinds.count("disconnected") == 5
    assert kinds.count("gap") == 4


@pytest.mark.chromium
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_everything_a_chrome_page_exchanges_is_recorded(page: str, tmp_path: Path) -> None:
    root, port = tmp_path / "data", free_port()
    profile = tmp_path / ".gamebot" / "chrome_profiles" / PROFILE
    with demo_server(tmp_path / "truth", "--speed", "8", "--seed", SHORT_GAMES) as game:
        settings = {
            "HOME": str(tmp_path),
            "CHROME_PROFILE": PROFILE,
            "FOUNDATION_HEADLESS": "true",
            "CDP_PORT": str(port),
            "VECTRA_GAME_URL": f"{game.url}/{page}",
        }
        try:
            with recorder(root, "--source", "chrome", **settings) as record:
                do_everything_odd(game, chat="chat" in page)
                before = talking(game)
                asyncio.run(reload(port))
                wait_until(lambda: talking(game) - before, "a new socket after the reload")
                interrupted(game, "drop")
                before = talking(game)
                interrupted(game, "restart", seconds=1)
                result = settle(game, record, talking(game) - before)
        finally:
            for process in processes_of(profile):
                kill_tree(process.pid)
    print(result)
    assert result.wrong == []
    assert result.compared > 300
    assert len(game.truth()) >= 4
    kinds = kinds_of(root)
    assert "gap" not in kinds
    assert kinds.count("connected") >= 4
    # A poll that is dropped may be tried again by Chrome: then only the next connection shows it.
    assert kinds.count("disconnected") >= (1 if "polling" in page else 3)


async def reload(port: int) -> None:
    """Reload the game page as its user would."""
    user = User(port)
    targets = (await user.ask("Target.getTargets"))["targetInfos"]
    (page,) = [t for t in targets if t["type"] == "page" and t["url"].startswith("http://127")]
    await user.ask_page(page["targetId"], "Page.reload")
