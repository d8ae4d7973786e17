"""The engine: plays one strategy over the steps of games, with a broker that keeps its account.

Every mode uses it: backtests and replays `run` it over whole games, live trading calls `step`.
It reads no clock and does no I/O; the same steps and seed give the same run. A strategy that
fails, or whose limits are reached, decides nothing more; the books of its game are closed by the
rules, and everything done so far is in `result`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

import msgspec
import numpy as np

from vectra_player.game.positions import ZERO, RugPayout
from vectra_player.model.units import Tick
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.context import Account, Context
from vectra_player.strategy.limits import NO_LIMITS, Limits, Marks, broken
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import (
    Decision,
    Outcome,
    OutcomeReason,
    RunResult,
    Stopped,
    StopReason,
)
from vectra_player.strategy.tally import GameTally
from vectra_player.strategy.tape import Tape

MAX_ACTIONS = 16
"""Actions a strategy may return at one tick; an endless generator ends here."""

DAY_US = 86_400_000_000

_ACTIONS = (Buy, Sell, PlaceSidebet)

STAGES = {
    GamePhase.UNKNOWN: 0,
    GamePhase.COOLDOWN: 0,
    GamePhase.BETTING: 1,
    GamePhase.LIVE: 2,
    GamePhase.RUGGED: 3,
}
"""Order of the phases of one game; steps of one game come by it and by tick."""

_COUNTDOWN = (GamePhase.COOLDOWN, GamePhase.BETTING)
_RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)
_DECIDING = (GamePhase.BETTING, GamePhase.LIVE)


class Submission(Protocol):
    """A decision taken in by a broker, and what became of it at once, if anything did."""

    @property
    def decision(self) -> Decision:
        """Return the decision."""

    @property
    def outcome(self) -> Outcome | None:
        """Return its outcome, None while it is under way."""


class Broker(Account, Protocol):
    """Who carries out what a strategy decides: the paper broker, or one that presses buttons."""

    @property
    def rug_payout(self) -> RugPayout:
        """Return what a holding pays at the rug."""

    def step(self, market: Market) -> Sequence[Outcome]:
        """Move on to a step; return what it settled and carried out."""

    def submit(self, action: Action) -> Submission:
        """Take in an action decided at the current step."""

    def refuse(self, action: Action, reason: OutcomeReason, message: str) -> Submission:
        """Write down an action that a limit forbids."""

    def abandon(self) -> Sequence[Outcome]:
        """Close the books of a game whose end nobody saw."""


class Engine:
    """One strategy, one account, any number of games one after another."""

    def __init__(
        self,
        strategy: Strategy,
        broker: Broker,
        *,
        limits: Limits = NO_LIMITS,
        seed: int = 0,
        start_cash: Decimal | None = None,
        marks: Marks | None = None,
    ) -> None:
        """`start_cash`, `marks`: what the run began with and had, where its account has a past."""
        self._strategy = strategy
        self._broker = broker
        self._limits = limits
        self._limited = limits != NO_LIMITS
        self._seed = seed
        self._tape = Tape()
        self.context = Context(broker, self._tape, np.random.default_rng(seed))
        self.decisions: list[Decision] = []
        self.outcomes: list[Outcome] = []
        self.stopped: Stopped | None = None
        cash = broker.ledger.cash
        self._start_cash = cash if start_cash is None else start_cash
        self._marks = marks or Marks(max(cash, self._start_cash), -1, cash)
        self._game: GameTally | None = None
        self._last: tuple[str, int, Tick] = ("", -1, -1)
        if marks is not None:
            self._check_run(cash)

    @property
    def marks(self) -> Marks:
        """Return what the limits are measured from, to go on from."""
        return self._marks

    @property
    def playing(self) -> bool:
        """Tell whether the books of a game are open."""
        return self._game is not None

    def run(self, steps: Iterable[Market]) -> RunResult:
        """Play steps to their end, or to the end of the game in which the run stops."""
        for market in steps:
            if self.stopped is not None and not self._plays(market):
                break
            self.step(market)
        return self.finish()

    def step(self, market: Market) -> None:
        """Play one step. One that was played already, or lies before it, changes nothing."""
        place = (market.game_id, STAGES[market.phase], market.tick)
        if place[0] == self._last[0] and place[1:] <= self._last[1:]:
            self._repeat(market, place)
            return
        if market.game_id != self._last[0]:
            self._next_game(market)
        self._last = place
        self._see(market)
        self._note(self._broker.step(market))
        if market.phase is GamePhase.RUGGED:
            self._close(rug_tick=market.tick)
        elif self.stopped is None and market.phase in _DECIDING:
            for action in self._call(self._wanted) or ():
                self.act(action)

    def act(self, action: Action) -> Submission:
        """Take in an action at the current step, under the limits of the run.

        Raises ValueError before the first step.
        """
        limit = self._forbidden(action) if self._limited or self.stopped is not None else None
        done = (
            self._broker.submit(action)
            if limit is None
            else self._broker.refuse(action, "limit", limit)
        )
        self.decisions.append(done.decision)
        if done.outcome is not None:
            self._note((done.outcome,))
        return done

    def stop(self, reason: StopReason, message: str) -> None:
        """Let the strategy decide nothing more. The first reason stays."""
        if self.stopped is None:
            game_id, _, tick = self._last
            self.stopped = Stopped(reason, message, game_id or None, tick if game_id else None)

    def finish(self) -> RunResult:
        """Close the books of a game that is still open, and return the whole run."""
        if self._game is not None:
            self._note(self._broker.abandon())
            self._close(rug_tick=None)
        return self.result()

    def result(self) -> RunResult:
        """Return the run so far; the open game is not in it."""
        return RunResult(
            strategy=self._strategy.name,
            params=msgspec.to_builtins(self._strategy.params),
            seed=self._seed,
            start_cash=self._start_cash,
            cash=self._broker.ledger.cash,
            games=tuple(self.context.results),
            decisions=tuple(self.decisions),
            outcomes=tuple(self.outcomes),
            stopped=self.stopped,
        )

    # A game ---------------------------------------------------------------------------------

    def _plays(self, market: Market) -> bool:
        return self.playing and market.game_id == self._last[0]

    def _repeat(self, market: Market, place: tuple[str, int, Tick]) -> None:
        """Take from a step that is no news what it still tells.

        Later steps of a countdown let orders arrive; the strategy was asked at the first one.
        """
        for tick, price in market.late:
            self._tape.put(tick, price)
        if market.phase in _COUNTDOWN and place == self._last:
            self._note(self._broker.step(market))

    def _next_game(self, market: Market) -> None:
        if self._game is not None:
            self._note(self._broker.abandon())
            self._close(rug_tick=None)
        self._tape.clear()
        self._new_day(market)
        self._game = GameTally(market, self._broker.ledger, self._broker.rug_payout)
        self.context.show(market)
        if self.stopped is None and market.phase is not GamePhase.RUGGED:
            self._call(self._strategy.on_game_start, self.context)

    def _see(self, market: Market) -> None:
        for tick, price in market.late:
            self._tape.put(tick, price)
        if market.phase in _RUNNING:
            self._tape.put(market.tick, market.price)
        self.context.show(market)

    def _wanted(self) -> Sequence[Action]:
        """Ask the strategy; a generator runs in here as well."""
        wanted = self._strategy.on_tick(self.context)
        if not wanted:
            return ()
        actions = list(islice(wanted, MAX_ACTIONS + 1))
        if len(actions) > MAX_ACTIONS:
            raise ValueError(f"more than {MAX_ACTIONS} actions at one tick")
        for action in actions:
            if not isinstance(action, _ACTIONS):
                raise TypeError(f"on_tick gave {action!r}, which is no action")
        return actions

    def _close(self, rug_tick: Tick | None) -> None:
        game, self._game = self._game, None
        if game is None:
            return
        result = game.result(self._broker.ledger, self._tape.seen(), rug_tick)
        self.context.file(result)
        self._check_run(result.cash_after)
        if self.stopped is None:
            self._call(self._strategy.on_game_end, result)

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        if outcomes:
            self.outcomes.extend(outcomes)
            if self._game is not None:
                self._game.count(outcomes)

    # The strategy's calls ---------------------------------------------------------------------

    def _call(self, function: Any, *arguments: Any) -> Any:
        """Call into the strategy; whatever it raises ends the run instead of the program."""
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            reason: StopReason = "timeout" if isinstance(error, TimeoutError) else "error"
            self.stop(reason, f"{self._strategy.name} failed: {_told(error)}")
            return None

    # Limits -----------------------------------------------------------------------------------

    def _forbidden(self, action: Action) -> str | None:
        if self.stopped is not None:
            return f"the run has ended: {self.stopped.message}"
        equity = self._broker.ledger.equity(self.context.price)
        start = self._game.cash if self._game is not None else equity
        return broken(
            self._limits,
            action,
            self._broker,
            loss_game=max(ZERO, start - equity),
            loss_day=max(ZERO, self._marks.day_cash - equity),
        )

    def _new_day(self, market: Market) -> None:
        day = -1 if market.time_us is None else market.time_us // DAY_US
        if day != self._marks.day:
            self._marks = Marks(self._marks.highest, day, self._broker.ledger.cash)

    def _check_run(self, cash: Decimal) -> None:
        marks, limits = self._marks, self._limits
        highest = max(marks.highest, cash)
        self._marks = Marks(highest, marks.day, marks.day_cash)
        lost = self._start_cash - cash
        if limits.max_loss_run_sol is not None and lost >= limits.max_loss_run_sol:
            self.stop("max_loss_run", f"the run has lost {lost:f} SOL")
        fallen = float((highest - cash) / highest) if highest else 0.0
        if limits.max_drawdown is not None and fallen >= limits.max_drawdown:
            self.stop("max_drawdown", f"{fallen:.1%} below the highest cash of the run")


def _told(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
