"""What became of one action: the detail of a `vectra.outcome` fact, a row of player_action.

Made by `trading` and by paper trading, read by `live.derive`. Amounts are SOL to a lamport.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from vectra_player.model.units import Millis, Tick

OUTCOME = "outcome"
"""Kind of the fact: its event is named `vectra.outcome`."""

Actor = Literal["human", "bot"]
Mode = Literal["paper", "practice", "live"]
PressType = Literal["BUY", "SELL", "SIDEBET", "BET_INCREMENT", "PERCENTAGE"]
"""BET_INCREMENT changes the amount, PERCENTAGE chooses the share to sell."""

OutcomeName = Literal["CONFIRMED", "REJECTED", "UNKNOWN", "BLOCKED"]
ServerStamp = Literal["stamp", "echo", "ack"]


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
