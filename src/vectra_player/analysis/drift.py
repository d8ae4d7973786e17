"""Drift: a recorded run of a strategy against its own backtest, every difference explained.

The same strategy plays the games the run saw again: in the backtest engine without latency, with
the run's own, and once more with what really became of each order (`retold`). Where it decides
the same in the last, a difference comes from those outcomes, and each has a cause. What has none
is `unexplained`, and should make you doubt the run or this software. Used by `cli.drift`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median

from vectra_player.analysis.drift_causes import Decided, Explain
from vectra_player.analysis.drift_lines import lines_of_run, lines_of_test, pairs
from vectra_player.analysis.drift_records import MEANING, CauseSum, Drift, Trade
from vectra_player.analysis.drift_run import RecordedRun
from vectra_player.analysis.retold import Retold
from vectra_player.game.positions import ZERO
from vectra_player.store.layout import iso
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.engine import Broker, Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import RunResult


def compare(run: RecordedRun, data_dir: Path) -> Drift:
    """Play a run again and explain every difference. Raises UsageError: it cannot be made."""
    again = _Again(run, data_dir)
    shown = [step for game in run.games for step in game.as_recorded()]
    seen = [step for game in run.games for step in game.as_seen()]
    test, late = again.play(shown, 0.0), again.play(shown, again.latency_ms)
    at_once = again.play(seen, 0.0) if seen != shown else test
    retold = Retold(run.plan.account, [one.game for one in run.games])
    again.run_with(retold, seen)
    explain = Explain(run, retold, _decisions(at_once))
    trades = tuple(explain.trades(test))
    told = [line for one in run.games for line in lines_of_run(one.game, run.plan.mode)]
    return Drift(
        run_id=run.run_id,
        strategy=run.plan.name,
        mode=run.plan.mode,
        origin=run.origin,
        started=iso(run.started_us),
        games=len(run.games),
        latency_ms=again.latency_ms,
        profit=sum((line.profit for line in told), ZERO),
        backtest=_profit(test),
        with_latency=_profit(late),
        trades=trades,
        alike=sum(trade.cause is None for trade in trades),
        alike_with_latency=_alike(run, late),
        causes=tuple(_sums(trades)),
        notes=tuple(again.notes()),
    )


class _Again:
    """Plays the strategy of a run again, from the begin each time."""

    def __init__(self, run: RecordedRun, data_dir: Path) -> None:
        self._run = run
        self._contestant = run.contestant(data_dir)
        measured = run.latencies_ms
        given = run.plan.latency_ms
        self.latency_ms = given if given is not None else median(measured) if measured else 0.0

    def play(self, steps: Iterable[Market], latency_ms: float) -> RunResult:
        """Play steps in the backtest engine; a game that was cut stays open."""
        return self.run_with(
            PaperBroker(self._run.plan.cash, latency=Latency.ms(latency_ms)), steps
        )

    def run_with(self, broker: Broker, steps: Iterable[Market]) -> RunResult:
        """Play steps with a broker."""
        strategy: Strategy = self._contestant.make()
        limits: Limits = self._run.limits
        engine = Engine(strategy, broker, limits=limits, seed=self._run.plan.seed)
        for step in steps:
            engine.step(step)
        if not (self._run.games and self._run.games[-1].game.cut):
            return engine.finish()
        if isinstance(broker, Retold):
            broker.abandon()
        return engine.result()

    def notes(self) -> Iterator[str]:
        """Say what is to be known of the run as a whole."""
        run, files = self._run, self._contestant.files
        if run.ended is None:
            yield "The run has not ended, or its program was killed: games it told of are compared."
        if files and hashlib.sha256(files[0].read_bytes()).hexdigest() != run.plan.digest:
            yield f"{files[0]} was changed since the run: this plays the file as it is now."
        if run.unrecorded:
            yield f"{len(run.unrecorded)} games of the run are not recorded whole and left out."
        if not run.plan.account.flat:
            yield "The run began with something open; its backtest begins with the free cash."
        if run.restarts:
            yield f"The service was restarted {run.restarts} times meanwhile."
        if run.games and run.games[-1].game.cut:
            yield f"The run ended within game {run.games[-1].game.game_id}."
        for one in run.games:
            if one.missed > 0:
                yield f"{one.missed} recorded ticks of game {one.game.game_id} were not shown."


def _decisions(result: RunResult) -> Decided:
    lines = (line for found in lines_of_test(result).values() for line in found)
    return frozenset((one.game_id, one.place, one.action, one.value) for one in lines)


def _profit(result: RunResult) -> Decimal:
    return sum((outcome.profit for outcome in result.outcomes), ZERO)


def _alike(run: RecordedRun, test: RunResult) -> int:
    theirs = lines_of_test(test)
    return sum(
        pair.alike
        for one in run.games
        for pair in pairs(lines_of_run(one.game, run.plan.mode), theirs.get(one.game.game_id, []))
    )


def _sums(trades: tuple[Trade, ...]) -> Iterator[CauseSum]:
    """Yield the causes there are, in the order they are told in."""
    for cause in MEANING:
        found = [trade.profit for trade in trades if trade.cause == cause]
        if found:
            yield CauseSum(cause=cause, count=len(found), profit=sum(found, ZERO))
