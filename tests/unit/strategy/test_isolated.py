"""A strategy in a process of its own plays the same run, and cannot hang or break the caller."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from tests.strategy_support import CASH, kinds, live, play, presale, rug, with_rug

from vectra_player.errors import VectraError
from vectra_player.strategy.faults import StrategyError
from vectra_player.strategy.isolated import EngineProcess, Setup
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.loading import make

HEAD = "import os, re, sys, time\nfrom vectra_player.strategy import *\n"
PATH = [1.0 + tick / 50 for tick in range(30)]
BUYS = """
class Mine(Strategy):
    def on_tick(self, context):
        if context.tick == 3 and context.flat:
            yield Buy(1 + context.random.integers(3) / 10)
        if context.tick == 9:
            yield Sell(50)
            yield PlaceSidebet("0.01")
"""


def setup(folder: Path, body: str, **options: Any) -> Setup:
    (folder / "mine.py").write_text(HEAD + body)
    return Setup(strategy="mine", folder=str(folder), cash=CASH, **options)


def feed(process: EngineProcess, games: int) -> None:
    for number in range(1, games + 1):
        process.play(f"g{number}", np.array(with_rug(PATH)), len(PATH))


def test_it_plays_the_run_that_the_engine_plays(tmp_path: Path) -> None:
    with EngineProcess(setup(tmp_path, BUYS, latency_ms=(250.0,), seed=5)) as process:
        feed(process, 4)
        apart = process.finish()
    here = play(make("mine", None, tmp_path), [PATH] * 4, latency=Latency.ticks(1), seed=5)
    assert apart == here
    assert len(here.outcomes) == 20


def test_it_reports_step_by_step(tmp_path: Path) -> None:
    with EngineProcess(setup(tmp_path, BUYS)) as process:
        assert process.step(presale()).decisions == []
        bought = process.step(live(3, 1.0))
        assert (kinds(bought.outcomes), bought.cash < CASH) == (["bought"], True)
        assert process.step(live(4, 1.0)).outcomes == []
        ended = process.step(rug(5))
        assert (kinds(ended.outcomes), len(ended.games)) == (["rugged"], 1)


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "time.sleep(600)",
        "re.match(r'(a+)+b', 'a' * 64)",  # holds the interpreter's lock all the time
        "swallow()",
    ],
)
def test_a_call_that_does_not_return_is_ended_and_what_was_done_is_kept(
    tmp_path: Path, loop: str
) -> None:
    body = f"""
def swallow():
    while True:
        try: time.sleep(1)
        except: pass

class Mine(Strategy):
    def on_tick(self, context):
        if context.games_played == 2 and context.tick == 5:
            {loop}
        return [Buy(1)] if context.tick == 2 else []
"""
    began = monotonic()
    with EngineProcess(setup(tmp_path, body, call_limit_s=0.5)) as process:
        feed(process, 4)
        result = process.finish()
    assert monotonic() - began < 30
    assert result.stopped is not None
    assert (result.stopped.reason, result.stopped.game_id, result.stopped.tick) == (
        "timeout",
        "g3",
        5,
    )
    assert len(result.games) == 2
    assert kinds(result.outcomes) == ["bought", "rugged"] * 2
    assert result.cash == result.games[-1].cash_after


def test_a_process_that_dies_ends_the_run_only(tmp_path: Path) -> None:
    body = "class Mine(Strategy):\n    def on_game_end(self, result): os._exit(9)\n"
    with EngineProcess(setup(tmp_path, body)) as process:
        feed(process, 2)
        result = process.finish()
    assert result.stopped is not None
    assert (result.stopped.reason, result.stopped.game_id) == ("error", "g1")


def test_a_strategy_that_raises_is_reported_as_by_the_engine(tmp_path: Path) -> None:
    body = "class Mine(Strategy):\n    def on_tick(self, context): 1 / 0\n"
    with EngineProcess(setup(tmp_path, body)) as process:
        feed(process, 2)
        result = process.finish()
    assert result.stopped is not None
    assert result.stopped.message == "mine failed: ZeroDivisionError: division by zero"


def test_printing_and_reading_do_not_disturb_the_talk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    body = """
class Mine(Strategy):
    def on_game_start(self, context):
        print("hello")
        os.write(1, b"raw\\n")
        assert sys.stdin.read() == ""
"""
    with EngineProcess(setup(tmp_path, body)) as process:
        feed(process, 1)
        result = process.finish()
    assert (result.stopped, len(result.games)) == (None, 1)
    seen = capfd.readouterr()
    assert ("hello" in seen.err, "raw" in seen.err, seen.out) == (True, True, "")


@pytest.mark.parametrize(
    ("body", "told"),
    [("def broken(:\n", "SyntaxError"), ("os._exit(3)\n", "ended as it was loaded")],
)
def test_a_strategy_that_cannot_be_loaded_is_an_error_at_once(
    tmp_path: Path, body: str, told: str
) -> None:
    with pytest.raises(StrategyError, match=told):
        EngineProcess(setup(tmp_path, body))


def test_wrong_parameters_are_an_error_at_once() -> None:
    with pytest.raises(VectraError, match="lookback"):
        EngineProcess(Setup(strategy="momentum", params={"lookback": 0}, cash=Decimal(1)))


def test_nothing_outlives_the_caller(tmp_path: Path) -> None:
    body = f"""
class Mine(Strategy):
    def on_game_start(self, context):
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
"""
    with EngineProcess(setup(tmp_path, body)) as process:
        feed(process, 1)
    child = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
