"""One strategy on paper at a time: started, heard, stopped, and remembered."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command_support import wait_until

from vectra_player.dashboard.paper import PaperOrder, PaperRun, PaperRuns
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir

CHILD = """
import json, signal, sys, time

def say(kind, text, **more):
    line = {"line": {"ts": 1, "kind": kind, "text": text}, **more}
    print(json.dumps(line), flush=True)

def stop(*_):
    say("end", "Stopped by you.", games=3, score=[SCORE], run_id="run-1", wrong=False)
    sys.exit()

SCORE = dict(who="you", profit=-0.1, expected=None, paid_in=1, bets=1, won=0,
             profit_low=None, profit_high=None)
order = json.loads(sys.stdin.readline())["order"]
if order["name"] == "crash":
    sys.exit(1)
if order["name"] == "cut":
    print('{"line": {"ts"', end="", flush=True)
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
say("begin", order["name"] + " begins")
say("game", "Game a from tick 0.", game_id="a", games=2)
if order["name"] == "short":
    say("end", "It failed.", wrong=True)
    sys.exit()
if order["name"] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdin.readline()  # ends with the dashboard
stop()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    DataDir.open_or_create(tmp_path)
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path


@pytest.fixture
def runs(root: Path) -> Iterator[PaperRuns]:
    made = paper_runs(root)
    yield made
    made.close()


def paper_runs(root: Path) -> PaperRuns:
    return PaperRuns(root, child=(sys.executable, str(root / "child.py")))


def until(runs: PaperRuns, state: str) -> PaperRun:
    def there() -> PaperRun | None:
        run = runs.status()
        return run if run is not None and run.state == state else None

    found = wait_until(there, f"the run is {state}")
    assert isinstance(found, PaperRun)
    return found


def test_before_the_first_run_there_is_none(runs: PaperRuns) -> None:
    assert runs.status() is None
    with pytest.raises(UsageError, match="No strategy is running"):
        runs.stop()


def test_a_run_is_heard_while_it_goes_on_and_ends_with_its_score(runs: PaperRuns) -> None:
    assert runs.start(PaperOrder(name="quiet", games=5)).state == "starting"
    until(runs, "running")
    run = wait_until(
        lambda: (now := runs.status()) and len(now.lines) == 2 and now, "both lines came"
    )
    assert (run.game_id, run.games) == ("a", 2)
    assert [line.kind for line in run.lines] == ["begin", "game"]
    assert runs.stop().state == "stopping"
    ended = until(runs, "ended")
    assert (ended.games, ended.lines[-1].text) == (3, "Stopped by you.")
    assert (ended.score[0].who, ended.score[0].expected) == ("you", None)
    assert ended.ended_ms is not None


def test_two_do_not_share_the_account(runs: PaperRuns) -> None:
    runs.start(PaperOrder(name="first"))
    with pytest.raises(UsageError, match="first is running"):
        runs.start(PaperOrder(name="second"))
    until(runs, "running")
    runs.stop()
    until(runs, "ended")
    assert runs.start(PaperOrder(name="second")).order.name == "second"


def test_a_strategy_that_failed_is_told_from_one_that_ended(runs: PaperRuns) -> None:
    runs.start(PaperOrder(name="short"))
    assert until(runs, "failed").lines[-1].text == "It failed."
    for name in ("crash", "cut"):
        runs.start(PaperOrder(name=name))
        assert until(runs, "failed").lines[-1].text == "The run ended without a word."


def test_a_process_that_cannot_be_started_leaves_no_run_behind(root: Path) -> None:
    runs = PaperRuns(root, child=(str(root / "nowhere"),))
    for _ in range(2):
        with pytest.raises(OSError, match="nowhere"):
            runs.start(PaperOrder(name="quiet"))
    assert runs.status() is None


def test_the_last_run_is_remembered_over_a_restart(root: Path, runs: PaperRuns) -> None:
    runs.start(PaperOrder(name="quiet", max_loss=0.5))
    until(runs, "running")
    runs.stop()
    ended = until(runs, "ended")
    wait_until((root / "results" / "paper.json").exists, "the run is kept")
    assert paper_runs(root).status() == ended


def test_a_run_ends_with_the_dashboard(root: Path) -> None:
    runs = paper_runs(root)
    runs.start(PaperOrder(name="quiet"))
    until(runs, "running")
    process = runs._process
    assert process is not None
    runs.close()
    assert process.wait(10) in (0, -signal.SIGTERM)


def test_one_that_does_not_listen_is_killed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vectra_player.dashboard.paper.STOP_S", 0.1)
    runs = paper_runs(root)
    runs.start(PaperOrder(name="deaf"))
    until(runs, "running")
    wait_until(lambda: (now := runs.status()) and len(now.lines) == 2, "it is deaf by now")
    runs.stop()
    assert until(runs, "ended").lines[-1].text == "It did not end in time and was killed."
