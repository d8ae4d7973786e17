"""What a drift report says: trades in pairs, causes of their differences, totals. Frozen, flat.

Made by `analysis.drift`; printed, published and tested as it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from vectra_player.game.positions import ZERO
from vectra_player.model.action import Mode
from vectra_player.model.units import Sol, Tick

Cause = Literal[
    "latency", "limit", "refused", "missed", "amount", "price", "rounding", "unknown", "human",
    "restart", "open", "unseen", "unrecorded", "ended", "follows", "unexplained",
]  # fmt: skip

MEANING: dict[Cause, str] = {
    "latency": "an order was carried out, or answered, at a later tick than it was decided at",
    "limit": "a limit or the gate forbade the order",
    "refused": "the page or the server refused the order",
    "missed": "the rug came before the order",
    "amount": "the amount that was pressed is not the one decided",
    "price": "the server carried it out at another price than the feed shows",
    "rounding": "the server rounds otherwise, by two lamports at most",
    "unknown": "what became of the order is not known",
    "human": "somebody else acted in the same account before",
    "restart": "the service was restarted and settled what was open",
    "open": "the run began with something open",
    "unseen": "the run was not shown ticks that are recorded",
    "unrecorded": "an earlier game of the run is not recorded",
    "ended": "the run ended before the game did",
    "follows": "it follows from an earlier difference",
    "unexplained": "nothing known explains it",
}

ROUNDING = Decimal("0.000000002")
"""Two lamports: amounts a server rounds on their way may differ by so much."""

WRITTEN = 1e-5
"""Share by which a server's figures may differ: its trades tell prices with six digits."""


class Side(Struct, frozen=True, kw_only=True):
    """A trade on one side. `value`: SOL or percent; `end`: of a sidebet."""

    tick: Tick
    phase: str
    value: Decimal
    became: str | None
    executed_tick: Tick | None
    price: float | None
    amount: Sol | None
    qty: Sol | None
    end: str | None
    profit: Sol


class Trade(Struct, frozen=True, kw_only=True):
    """One trade of the run, of the backtest or of both. `cause` None: they are alike.

    profit: of the run above that of the backtest, SOL. ticks: how much later it was carried out.
    """

    game_id: str
    action: str
    action_id: str | None
    run: Side | None
    backtest: Side | None
    cause: Cause | None = None
    said: str = ""
    ticks: int | None = None
    profit: Sol = ZERO


class CauseSum(Struct, frozen=True, kw_only=True):
    """How many differences a cause has, and how much profit, SOL."""

    cause: Cause
    count: int
    profit: Sol


class Drift(Struct, frozen=True, kw_only=True):
    """The whole report. Profits in SOL, of what is settled.

    with_latency: of the backtest with the run's latency; alike_with_latency: trades of the run
    that are the same there. notes: what to know beside the trades.
    """

    run_id: str
    strategy: str
    mode: Mode
    origin: str
    started: str
    games: int
    latency_ms: float
    profit: Sol
    backtest: Sol
    with_latency: Sol
    trades: tuple[Trade, ...]
    alike: int
    alike_with_latency: int
    causes: tuple[CauseSum, ...]
    notes: tuple[str, ...]

    @property
    def unexplained(self) -> int:
        """Count the differences nothing explains."""
        return sum(one.count for one in self.causes if one.cause == "unexplained")
