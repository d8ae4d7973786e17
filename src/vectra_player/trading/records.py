"""What trading is asked and says: orders, the scene they are judged in, what became of them.

Frozen; amounts are SOL, exact to a lamport. Made and read all over the package and above it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from vectra_player.model.units import Micros, Millis, Tick
from vectra_player.protocol.phases import GamePhase

Actor = Literal["human", "bot"]
ClickMode = Literal["practice", "live"]
"""practice: the page of a demo server on this machine. live: any other page."""

Mode = Literal["paper", "practice", "live"]
OrderType = Literal["BUY", "SELL", "SIDEBET"]
PressType = Literal["BUY", "SELL", "SIDEBET", "BET_INCREMENT", "PERCENTAGE"]
"""BET_INCREMENT changes the amount, PERCENTAGE chooses the share to sell."""

OutcomeName = Literal["CONFIRMED", "REJECTED", "UNKNOWN", "BLOCKED"]
ServerStamp = Literal["stamp", "echo", "ack"]

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


class AccountState(Struct, frozen=True, kw_only=True):
    """The account as the server last stated it; None: not known."""

    cash: Decimal | None = None
    position_qty: Decimal | None = None
    avg_cost: float | None = None


class ActionRecord(Struct, frozen=True, kw_only=True):
    """What became of one action: the detail of a `vectra.outcome` fact, a row of player_action.

    Times in ms UTC by this machine's clock, but `server_ts` by the server's where
    `server_ts_kind` is "stamp". `sequence`: presses that belong to one order carry its action_id.
    """

    action_id: str
    action_type: PressType
    button: str
    actor: Actor
    mode: Mode
    outcome: OutcomeName
    amount: Decimal | None = None
    percentage: float | None = None
    strategy: str | None = None
    sequence: str | None = None
    game_id: str | None = None
    intent_ts: Millis | None = None
    press_ts: Millis | None = None
    game_context_tick: Tick | None = None
    game_context_price: float | None = None
    game_context_phase: str | None = None
    state_before: AccountState = AccountState()
    state_after: AccountState = AccountState()
    client_ts: Millis | None = None
    server_ts: Millis | None = None
    server_ts_kind: ServerStamp | None = None
    confirmed_ts: Millis | None = None
    send_latency_ms: float | None = None
    confirm_latency_ms: float | None = None
    total_latency_ms: float | None = None
    executed_price: float | None = None
    executed_tick: Tick | None = None
    qty: Decimal | None = None
    profit: Decimal | None = None
    trace_id: str | None = None
    error: str | None = None
