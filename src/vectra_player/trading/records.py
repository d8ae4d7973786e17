"""What trading is asked and says: orders, the scene they are judged in, what became of them.

Frozen; amounts are SOL, exact to a lamport. Made and read all over the package and above it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Protocol

from msgspec import Struct

from vectra_player.model.action import (
    AccountState,
    ActionRecord,
    Actor,
    Mode,
    OutcomeName,
    PressType,
    ServerStamp,
)
from vectra_player.model.units import Micros, Tick
from vectra_player.protocol.phases import GamePhase

__all__ = [
    "SHARES",
    "ZERO",
    "AccountState",
    "ActionRecord",
    "Actor",
    "ClickMode",
    "Facts",
    "Mode",
    "Order",
    "OrderType",
    "OutcomeName",
    "PressType",
    "Refusal",
    "Scene",
    "ServerStamp",
]

ClickMode = Literal["practice", "live"]
"""practice: the page of a demo server on this machine. live: any other page."""

OrderType = Literal["BUY", "SELL", "SIDEBET"]

ZERO = Decimal(0)
SHARES = (10, 25, 50, 100)
"""Percentages the page has buttons for."""


class Order(Struct, frozen=True, kw_only=True):
    """One thing to do, asked for once. `amount`: of BUY and SIDEBET. `percentage`: of SELL."""

    action_id: str
    action_type: OrderType
    actor: Actor
    mode: ClickMode
    amount: Decimal | None = None
    percentage: int | None = None
    strategy: str | None = None


class Scene(Struct, frozen=True, kw_only=True):
    """What is known at the moment of a decision; None: not known.

    `tick_age_s`: since the last frame of the game. `at_risk`: the open sidebet's stake.
    `under_way`: SOL of orders whose outcome is open. `visible`: the tab is on the screen.
    """

    now_us: Micros
    recording: bool
    page_origin: str | None = None
    visible: bool | None = None
    game_id: str | None = None
    phase: GamePhase = GamePhase.UNKNOWN
    tick: Tick | None = None
    price: float | None = None
    tick_age_s: float | None = None
    cash: Decimal | None = None
    position_qty: Decimal | None = None
    avg_cost: float | None = None
    at_risk: Decimal = ZERO
    under_way: Decimal = ZERO


class Refusal(Struct, frozen=True, kw_only=True):
    """Why nothing is pressed. `code` is stable; `message` says why and what would help."""

    code: str
    message: str


class Facts(Protocol):
    """Where facts of our own are recorded."""

    def note(self, kind: str, detail: object) -> int:
        """Record a fact; return its seq, 0 while nothing is recorded."""
        ...

    async def durable(self, seq: int, timeout_s: float) -> bool:
        """Wait until a fact survives a crash; False: not in time."""
        ...
