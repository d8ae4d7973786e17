"""A recorder killed with Chrome open: Chrome stays, its socket stays, every frame is kept once.

VECTRA_LONG_FAULTS=1 kills it twenty times, and with the socket in a worker too.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command_support import compare, demo_server, recorded, recorder, table, wait_until
from tests.e2e.support.browser import kill_tree, main_process, processes_of

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(400)]

PROFILE = "to_be_killed"
LONG = bool(os.environ.get("VECTRA_LONG_FAULTS"))
KILLS = 20 if LONG else 2
PAGES = {"page": "/", "worker": "/?worker=1"} if LONG else {"page": "/"}
"""A worker's socket is in the short form of tests/e2e/test_chrome_crashes.py."""


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Path]:
    """The Chrome profile of the recorder; its browser ends with the test."""
    folder = tmp_path / ".gamebot" / "chrome_profiles" / PROFILE
    yield folder
    for process in processes_of(folder):
        kill_tree(process.pid)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_kills_of_the_recorder_leave_chrome_alone_and_lose_no_frame(
    page: str, tmp_path: Path, profile: Path
) -> None:
    root, chosen = tmp_path / "data", random.Random(7)
    browsers: set[int] = set()
    with demo_server(tmp_path / "truth", "--speed", "10", "--seed", "4") as game:
        settings = {
            "HOME": str(tmp_path),
            "CHROME_PROFILE": PROFILE,
            "FOUNDATION_HEADLESS": "true",
            "VECTRA_GAME_URL": game.url + page,
            "VECTRA_FILE_INTERVAL_S": "0.5",
        }
        for number in range(KILLS):
            with recorder(root, "--source", "chrome", **settings) as record:
                record.until(lambda status: status["durable_seq"] > 60, "frames are durable")
                browsers.add(main_process(profile).pid)
                if number % 2:
                    # Frozen first: Chrome's host must keep what nobody acknowledges.
                    record.process.send_signal(signal.SIGSTOP)
                    frames_pass(game.count, chosen.randrange(20, 60))
                record.kill()
            # Nobody listens now.
            frames_pass(game.count, chosen.randrange(5, 40))
        with recorder(root, "--source", "chrome", **settings) as record:
            record.until(lambda status: status["durable_seq"] > 60, "frames are durable")
            browsers.add(main_process(profile).pid)
            game.fault("stall", seconds=3600)

            def complete() -> bool:
                record.flush()
                return compare(game.truth(), recorded(root), alive=game.truth()).wrong == []

            try:
                wait_until(complete, "every frame is filed", 40)
            finally:
                result = compare(game.truth(), recorded(root), alive=game.truth())
                print(result)
            assert record.stop().code == 0
        sockets = game.truth()
    assert len(browsers) == 1, "Chrome was started again"
    assert len(sockets) == 1, "the page's socket did not live through it"
    assert result.wrong == []
    assert result.compared > 60 * (KILLS + 1)
    kinds = [row["kind"] for row in table(root, "system_event", "kind")]
    assert kinds.count("started") == KILLS + 1
    assert kinds.count("crash_recovered") == KILLS
    assert "gap" not in kinds


def frames_pass(count: object, wanted: int) -> None:
    """Wait until so many more packets have crossed the wire."""
    assert callable(count)
    first = count()
    wait_until(lambda: count() >= first + wanted, "frames flow")
