"""`replay` and `up --source replay:` as a user runs them."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import COMMAND, PATIENCE_S, Ended, environment
from tests.command_support import run_warm as run
from tests.live_support import GAME, T0
from tests.replay_support import PRICES, game_frames, lines

from vectra_player.store.importers import import_paths


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "capture.jsonl"
    records = [
        {"seq": n, "ts": T0 / 1e6 + n / 4, "event": "gameStateUpdate", "data": frame}
        for n, frame in enumerate(game_frames(), 1)
    ]
    path.write_text(lines(*records))
    return path


@pytest.fixture(scope="module")
def store(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    import_paths([capture], root)
    return root


def replay(store: Path, *words: str) -> Ended:
    return run("--data-dir", store, *words)


def test_headless_json_prints_the_messages_of_the_feed(store: Path, capture: Path) -> None:
    by_game = replay(store, "replay", GAME, "--headless", "--json")
    by_file = replay(store, "replay", str(capture), "--headless", "--json")
    assert (by_game.code, by_game.err) == (0, "")
    assert by_file.out == by_game.out
    messages = [json.loads(line) for line in by_game.out.splitlines()]
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    ticks = [m["data"] for m in messages if m["type"] == "game.tick" and m["data"].get("active")]
    assert [tick["price"] for tick in ticks if not tick["rugged"]] == PRICES[:-1]
    kinds = {message["type"] for message in messages}
    assert {"game.start", "game.tick", "game.rug"} <= kinds


def test_with_a_speed_it_prints_the_same_in_time(store: Path) -> None:
    paced = replay(store, "replay", GAME, "--headless", "--json", "--speed", "100")
    assert paced.out == replay(store, "replay", GAME, "--headless", "--json").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("replay", "20990101-0000000000000000", "--headless"), "No game 2099"),
        (("replay", "./nothing.jsonl", "--headless"), "is no file"),
        (("replay", __file__, "--headless"), "cannot be replayed"),
        (("replay", GAME, "--headless", "--speed", "1000"), "0.25 to 100"),
        (("up", "--source", "replay:20990101-0000000000000000"), "No game 2099"),
        (("up", "--source", "nothing"), "No source"),
    ],
)
def test_what_cannot_be_replayed_ends_with_2_and_one_line(
    store: Path, words: tuple[str, ...], told: str
) -> None:
    ended = run("--data-dir", store, *words, FOUNDATION_PORT="0", FOUNDATION_HTTP_PORT="0")
    assert ended.code == 2
    assert told in ended.error_line


@pytest.fixture
def service(store: Path) -> Iterator[dict[str, Any]]:
    """`up --source replay:GAME`, by its instance file."""
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(store), "up", "--source", f"replay:{GAME}"],
        env=environment(FOUNDATION_PORT="0", FOUNDATION_HTTP_PORT="0"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    instance = store / "run" / "instance.json"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not instance.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads(instance.read_text())
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert not instance.exists()


def ask(service: dict[str, Any], path: str, body: object = None) -> Any:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{service['monitor']}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {service['token']}",
            "Content-Type": "application/json",
            "X-Vectra-Request": "1",
        },
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
        return json.loads(answer.read())


def test_a_replay_as_the_main_feed_records_nothing_and_is_driven_like_any(
    service: dict[str, Any], store: Path
) -> None:
    files = sorted((store / "events_parquet").rglob("*.parquet"))
    state = ask(service, "/api/state")
    assert (state["mode"], state["recording"]["recording"]) == ("REPLAY", False)
    (main,) = ask(service, "/api/replay")
    assert main["game_id"] == GAME
    moved = ask(service, f"/api/replay/{main['id']}", {"action": "seek", "tick": 3})
    assert moved["tick"] == 3
    with pytest.raises(urllib.error.HTTPError):
        ask(service, "/api/recording", {"action": "start"})
    with pytest.raises(urllib.error.HTTPError):
        ask(service, f"/api/replay/{main['id']}", {"action": "close"})
    assert sorted((store / "events_parquet").rglob("*.parquet")) == files


def test_replay_opens_in_the_service_that_runs(service: dict[str, Any], store: Path) -> None:
    opened = replay(store, "--json", "replay", GAME, "--speed", "2")
    assert opened.code == 0, opened.err
    told = opened.json
    assert told["feed"] == f"/feed?replay={told['id']}"
    assert told["link"].endswith(told["id"])
    assert [status["id"] for status in ask(service, "/api/replay")][-1] == told["id"]
