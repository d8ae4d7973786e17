"""What a strategy is shown at a tick. Kept up to date by the engine; strategies only read it.

It ends at the current tick: the engine has not been given anything later, so no strategy can
look ahead, whatever it tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vectra_player.game.positions import Ledger, Position
from vectra_player.game.sidebet import Bet
from vectra_player.model.units import Micros, Tick
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import Decision, GameResult
from vectra_player.strategy.tape import Tape


class Account(Protocol):
    """What a broker shows of the account it keeps."""

    @property
    def ledger(self) -> Ledger:
        """Return the books: cash, holding, stake at risk, what was won and lost."""

    @property
    def bet(self) -> Bet | None:
        """Return the open sidebet."""

    @property
    def pending(self) -> tuple[Decision, ...]:
        """Return the decisions that are still under way, oldest first."""

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at, None when flat."""

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at, None when flat."""


class Context:
    """The game, the account and the run as they stand at this tick.

    `random` is seeded for the run: draw from it and the run can be repeated exactly.
    """

    __slots__ = ("_account", "_market", "_results", "_tape", "random")

    def __init__(self, account: Account, tape: Tape, random: np.random.Generator) -> None:
        self._account = account
        self._tape = tape
        self._market = Market("", GamePhase.UNKNOWN, 0, 0.0)
        self._results: list[GameResult] = []
        self.random = random

    # The game -------------------------------------------------------------------------------

    @property
    def game_id(self) -> str:
        """Return the id of the running game."""
        return self._market.game_id

    @property
    def phase(self) -> GamePhase:
        """Return BETTING (once a game, when the presale opens) or LIVE."""
        return self._market.phase

    @property
    def tick(self) -> Tick:
        """Return the current tick; 0 in the presale."""
        return self._market.tick

    @property
    def price(self) -> float:
        """Return the price of the current tick; 1.0 in the presale."""
        return self._market.price

    @property
    def prices(self) -> npt.NDArray[np.float64]:
        """Return the prices of ticks 0 to now, read-only; NaN where a tick was missed.

        Empty in the presale.
        """
        return self._tape.seen()

    @property
    def time_us(self) -> Micros | None:
        """Return when this step happened, where that is known."""
        return self._market.time_us

    # The account ----------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """Return the books of the account."""
        return self._account.ledger

    @property
    def cash(self) -> Decimal:
        """Return the SOL that is free."""
        return self._account.ledger.cash

    @property
    def position(self) -> Position:
        """Return the holding."""
        return self._account.ledger.position

    @property
    def equity(self) -> Decimal:
        """Return cash, the holding at the current price and the stake at risk together."""
        return self._account.ledger.equity(self._market.price)

    @property
    def sidebet(self) -> Bet | None:
        """Return the open sidebet."""
        return self._account.bet

    @property
    def pending(self) -> tuple[Decision, ...]:
        """Return the decisions that are still under way."""
        return self._account.pending

    @property
    def holding(self) -> bool:
        """Tell whether anything is held."""
        return self._account.entry_tick is not None

    @property
    def flat(self) -> bool:
        """Tell whether nothing is held and no buy or sell is under way."""
        return not self.holding and not self.trade_pending

    @property
    def trade_pending(self) -> bool:
        """Tell whether a buy or a sell is under way."""
        return any(decision.action != "sidebet" for decision in self._account.pending)

    @property
    def can_bet(self) -> bool:
        """Tell whether no sidebet is open or under way."""
        if self._account.bet is not None:
            return False
        return all(decision.action != "sidebet" for decision in self._account.pending)

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at, None when flat."""
        return self._account.entry_tick

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at, None when flat."""
        return self._account.entry_price

    @property
    def ticks_in_position(self) -> int:
        """Return for how many ticks the holding is held, 0 when flat."""
        entry = self._account.entry_tick
        return 0 if entry is None else self._market.tick - entry

    @property
    def gain(self) -> float:
        """Return price over average cost, less 1: 0.25 is a quarter up. 0 when flat."""
        position = self._account.ledger.position
        return self._market.price / float(position.avg_cost) - 1.0 if position.qty else 0.0

    # The run --------------------------------------------------------------------------------

    @property
    def results(self) -> Sequence[GameResult]:
        """Return the earlier games of this run, oldest first: a copy."""
        return tuple(self._results)

    @property
    def last_result(self) -> GameResult | None:
        """Return the game before this one, None in the first."""
        return self._results[-1] if self._results else None

    @property
    def games_played(self) -> int:
        """Return how many games of this run are over."""
        return len(self._results)

    # For the engine -------------------------------------------------------------------------

    def show(self, market: Market) -> None:
        """Move on to a step. The engine's alone."""
        self._market = market

    def file(self, result: GameResult) -> None:
        """Add a finished game. The engine's alone."""
        self._results.append(result)
