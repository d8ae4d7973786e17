"""What is written down of a run: decisions, what became of them, games, the run. Frozen, flat.

Written by the broker and the engine; logs, score cards, reports and drift checks read them.
Amounts are SOL, exact to a lamport.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from vectra_player.game.refusal import Reason
from vectra_player.model.units import Micros, Sol, Tick
from vectra_player.protocol.phases import GamePhase

ActionName = Literal["buy", "sell", "sidebet"]

OutcomeKind = Literal[
    "bought",
    "sold",
    "rugged",
    "placed",
    "won",
    "lost",
    "void",
    "refused",
    "missed",
]
"""rugged: the holding was taken at the rug. missed: the order came after the rug. void: nobody
saw how the game ended, so the sidebet's stake went back and the holding counts as lost."""

OutcomeReason = Reason | Literal["closed", "rug", "limit", "unseen"]


class Decision(Struct, frozen=True, gc=False):
    """An action as it was decided. `value`: SOL, or percent for a sell. `number` is from 1."""

    number: int
    game_id: str
    phase: GamePhase
    tick: Tick
    price: float
    action: ActionName
    value: Decimal


class Outcome(Struct, frozen=True, gc=False):
    """What became of a decision, or of the holding at the rug (`number` None).

    `amount` is SOL paid, received, staked or won; `profit` is what it added to or took from the
    account for good; `cash` is what was free afterwards.
    """

    number: int | None
    kind: OutcomeKind
    game_id: str
    tick: Tick
    price: float
    amount: Sol
    qty: Sol
    profit: Sol
    cash: Sol
    reason: OutcomeReason | None = None
    message: str = ""


class GameResult(Struct, frozen=True, kw_only=True):
    """One game of a run. `rug_tick` None: its end was not seen.

    `first_tick`: where it was met; 0 for a whole game, the rug's for one whose end alone was seen.
    `expected` is the fair mean of what was bet: what the same bets bring on average by the
    published odds, given when they were open.
    """

    game_id: str
    first_tick: Tick
    last_tick: Tick | None
    rug_tick: Tick | None
    cash_before: Sol
    cash_after: Sol
    trade_profit: Sol
    sidebet_profit: Sol
    invested: Sol
    staked: Sol
    buys: int
    sells: int
    bets: int
    bets_won: int
    refused: int
    missed: int
    expected: float = 0.0
    time_us: Micros | None = None

    @property
    def profit(self) -> Decimal:
        """Return what the game added to the cash."""
        return self.cash_after - self.cash_before

    @property
    def played(self) -> bool:
        """Tell whether anything was bought or bet."""
        return bool(self.buys or self.bets)


StopReason = Literal["error", "timeout", "max_loss_run", "max_drawdown", "asked"]

STOPPED_WRONG: frozenset[StopReason] = frozenset({"error", "timeout"})
"""Ends of a run that are the strategy's own fault."""


class Stopped(Struct, frozen=True):
    """Why a run ended before its games did, and where."""

    reason: StopReason
    message: str
    game_id: str | None = None
    tick: Tick | None = None


class RunResult(Struct, frozen=True, kw_only=True):
    """A whole run: what it was made of and what came of it."""

    strategy: str
    params: dict[str, Any]
    seed: int
    start_cash: Sol
    cash: Sol
    games: tuple[GameResult, ...]
    decisions: tuple[Decision, ...]
    outcomes: tuple[Outcome, ...]
    stopped: Stopped | None = None

    @property
    def profit(self) -> Decimal:
        """Return what the run added to the cash."""
        return self.cash - self.start_cash
