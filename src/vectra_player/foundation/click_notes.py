"""What pages and strategies are told of orders pressed on the page, in the words of paper trades.

Pure. Used by `click_desk`. Figures are the server's; what it did not say is null.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from vectra_player.foundation.paper_records import (
    AccountView,
    ActionNote,
    Holding,
    OpenBet,
    Pending,
)
from vectra_player.live.live_state import LiveState
from vectra_player.protocol.game_payloads import NewTrade, SidebetEvent
from vectra_player.strategy.records import OutcomeKind, OutcomeReason
from vectra_player.trading.records import ZERO, ActionRecord, ClickMode, OutcomeName
from vectra_player.trading.tracker import ORDER_TYPES

_KINDS: dict[str, OutcomeKind] = {"BUY": "bought", "SELL": "sold", "SIDEBET": "placed"}
_REASONS: dict[OutcomeName, OutcomeReason] = {
    "BLOCKED": "limit",
    "REJECTED": "closed",
    "UNKNOWN": "unseen",
}


def note_of(record: ActionRecord, outcome: OutcomeName | None, now_ms: int) -> ActionNote:
    """Return the note of an order; `outcome` None: under way."""
    confirmed = outcome == "CONFIRMED"
    paid = record.amount if record.action_type != "SELL" else _received(record)
    return ActionNote(
        action_id=record.action_id,
        action_type=ORDER_TYPES[record.action_type],
        actor=record.actor,
        mode=record.mode,
        outcome=outcome,
        kind=_kind(record, outcome),
        ts=now_ms,
        game_id=record.game_id,
        amount=_float(paid),
        percentage=record.percentage,
        game_context_tick=record.game_context_tick,
        game_context_price=record.game_context_price,
        game_context_phase=record.game_context_phase,
        executed_tick=record.executed_tick if confirmed else None,
        executed_price=record.executed_price if confirmed else None,
        qty=_float(record.qty) if confirmed else None,
        profit=_float(record.profit) if confirmed else None,
        cash=_float(record.state_after.cash) if confirmed else None,
        reason=None if outcome is None or confirmed else _REASONS[outcome],
        error=record.error,
    )


def result_note(
    told: SidebetEvent, placed: ActionNote | None, mode: ClickMode, now_ms: int, live: LiveState
) -> ActionNote:
    """Return the note of a sidebet's end; `placed`: the note of the order, when it was ours."""
    won = bool(told.payout)
    profit = told.profit
    if profit is None and told.bet_amount is not None:
        profit = (told.payout or 0.0) - told.bet_amount
    return ActionNote(
        action_id=None if placed is None else placed.action_id,
        action_type="SIDEBET",
        actor="human" if placed is None else placed.actor,
        mode=mode,
        outcome="CONFIRMED",
        kind="won" if won else "lost",
        ts=now_ms,
        game_id=told.game_id,
        amount=told.bet_amount,
        executed_tick=told.tick_index,
        executed_price=told.price,
        profit=profit,
        cash=_float(live.balance),
    )


def rug_note(told: NewTrade, mode: ClickMode, now_ms: int, live: LiveState) -> ActionNote:
    """Return the note of a holding that was sold without an order: at the rug."""
    cost = None
    if live.avg_cost is not None and told.qty is not None:
        cost = live.avg_cost * told.qty
    return ActionNote(
        action_id=None,
        action_type="SELL",
        actor="human",
        mode=mode,
        outcome="CONFIRMED",
        kind="rugged",
        ts=now_ms,
        game_id=told.game_id,
        amount=told.amount,
        executed_tick=told.tick_index,
        executed_price=told.price,
        qty=told.qty,
        profit=None if cost is None or told.amount is None else told.amount - cost,
        cash=_float(live.balance),
    )


def account_view(
    live: LiveState,
    cash: Decimal,
    start_cash: Decimal,
    realised: Decimal,
    bets: Decimal,
    under_way: Iterable[ActionRecord],
) -> AccountView:
    """Return the account; `realised`, `bets`: profit of sales and of sidebets seen."""
    stake = (live.sidebet.amount if live.sidebet else None) or ZERO
    holding = _holding(live)
    value = 0.0 if holding is None else holding.qty * (live.price or holding.avg_cost)
    equity = float(cash + stake) + value
    return AccountView(
        start_cash=float(start_cash),
        cash=float(cash),
        at_risk=float(stake),
        equity=equity,
        profit=equity - float(start_cash),
        realised=float(realised),
        sidebet_pnl=float(bets),
        invested=float(live.total_invested or ZERO),
        holding=holding,
        sidebet=_open_bet(live),
        pending=[_pending(record) for record in under_way if record.action_type in _KINDS],
        stopped=None,
    )


def _holding(live: LiveState) -> Holding | None:
    if not live.position_qty:
        return None
    cost = live.avg_cost or 0.0
    qty = float(live.position_qty)
    return Holding(
        qty=qty,
        cost=qty * cost,
        avg_cost=cost,
        entry_tick=live.entry_tick,
        entry_price=cost or None,
    )


def _open_bet(live: LiveState) -> OpenBet | None:
    bet = live.sidebet
    if bet is None or bet.amount is None:
        return None
    return OpenBet(
        game_id=bet.game_id,
        start_tick=bet.start_tick,
        end_tick=bet.end_tick,
        amount=float(bet.amount),
    )


def _pending(record: ActionRecord) -> Pending:
    value = record.percentage if record.amount is None else float(record.amount)
    return Pending(
        action_id=record.action_id,
        action_type=ORDER_TYPES[record.action_type],
        value=value or 0.0,
        tick=record.game_context_tick or 0,
    )


def _kind(record: ActionRecord, outcome: OutcomeName | None) -> OutcomeKind | Literal["submitted"]:
    if outcome is None:
        return "submitted"
    return _KINDS[record.action_type] if outcome == "CONFIRMED" else "refused"


def _received(record: ActionRecord) -> Decimal | None:
    before, after = record.state_before.cash, record.state_after.cash
    return None if before is None or after is None else after - before


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
