"""One order on its way: what was heard of it, and what that amounts to. Used by `tracker` only."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from vectra_player.live.values import sol
from vectra_player.model.press import PressSeen
from vectra_player.model.units import Micros, Millis
from vectra_player.protocol.game_payloads import NewTrade, SidebetEvent
from vectra_player.protocol.player_payloads import (
    Ack,
    BuyOrder,
    PlayerUpdate,
    SellOrder,
    SidebetRequest,
)
from vectra_player.protocol.rugs import Event
from vectra_player.trading.records import (
    AccountState,
    ActionRecord,
    OrderType,
    OutcomeName,
    PressType,
    ServerStamp,
)

SENT_BEFORE_PRESS_US = 20_000
"""By so much a frame's stamp may lie before its press: both are readings of two clocks."""

PRESS_BEFORE_FRAME_MS = 2_000
"""A press belongs to a frame sent within this time after it."""

_ORDERS: dict[str, OrderType] = {
    "buyOrder": "BUY",
    "sellOrder": "SELL",
    "requestSidebet": "SIDEBET",
}
_TRADES = {"BUY": "buy", "SELL": "sell"}


def order_of(event_name: str) -> OrderType | None:
    """Return what a request orders; None when it is no order."""
    return _ORDERS.get(event_name)


def asked_of(event: Event) -> Decimal | None:
    """Return the amount, or for a sale the percentage, that a request asks for."""
    told = event.payload
    if isinstance(told, BuyOrder | SidebetRequest):
        return sol(told.amount)
    if isinstance(told, SellOrder):
        return sol(told.percentage)
    return None


def account_of(update: PlayerUpdate, before: AccountState) -> AccountState:
    """Return the account after an update; what it does not mention stays."""
    cash, qty = sol(update.cash), sol(update.position_qty)
    return AccountState(
        cash=before.cash if cash is None else cash,
        position_qty=before.position_qty if qty is None else qty,
        avg_cost=before.avg_cost if update.avg_cost is None else update.avg_cost,
    )


class Followed:
    """One order. `since_us`: when it was pressed, or its frame heard, last."""

    def __init__(self, record: ActionRecord, since_us: Micros, *, ours: bool) -> None:
        self.record = record
        self.since_us = since_us
        self.ours = ours
        self.sent: Event | None = None
        self.replied_ts: Millis | None = None
        self.ack: bool | None = None
        self.echoed = False
        self.shown = False
        self.cut = False
        self.refusal = ""
        self.remark = ""

    # What belongs to it ---------------------------------------------------------------------

    def takes_press(self, press: PressSeen, kind: PressType) -> bool:
        """Tell whether a person's press is the one that sent this order's frame."""
        record = self.record
        if self.ours or record.press_ts is not None or record.action_type != kind:
            return False
        sent = record.client_ts
        return sent is not None and 0 <= sent - press.at_ms + 20 <= PRESS_BEFORE_FRAME_MS

    def takes_frame(self, event: Event, kind: OrderType) -> bool:
        """Tell whether a request may be the one this press made."""
        if self.sent is not None or self.record.action_type != kind:
            return False
        return event.ts >= self.since_us - SENT_BEFORE_PRESS_US

    def asks_for(self, asked: Decimal | None) -> bool:
        """Tell whether a request is for exactly what was pressed for."""
        return self._wanted() in (asked, None)

    def is_ack(self, event: Event) -> bool:
        """Tell whether an ack answers this order: by id, on its socket and namespace."""
        sent = self.sent
        return (
            sent is not None
            and sent.ack_id is not None
            and (sent.ack_id, sent.socket_id, sent.namespace)
            == (event.ack_id, event.socket_id, event.namespace)
        )

    def is_echo(self, event: Event) -> bool:
        """Tell whether a trade or bet is this order carried out: by its trace id."""
        if self.sent is None or self.sent.trace_id is None:
            return False
        if event.trace_id != self.sent.trace_id:
            return False
        told = event.payload
        if isinstance(told, NewTrade):
            return told.type == _TRADES.get(self.record.action_type)
        return isinstance(told, SidebetEvent) and self.record.action_type == "SIDEBET"

    def is_among(self, shown: Container[str], ts: Micros) -> bool:
        """Tell whether an account of this time shows the order: its trade, or its very change.

        A change after a cut may be the sum of several: it shows nothing that no trade told.
        """
        if self.sent is None or self.shown or ts < self.sent.ts:
            return False
        record = self.record
        told = record.trace_id is not None and record.trace_id in shown
        return told or (not self.cut and record.action_id in shown)

    def wrong_order(self, asked: Decimal | None) -> str:
        """Return how the page's request differs from the order; empty when it does not."""
        wanted = self._wanted()
        if asked is None or wanted is None or asked == wanted:
            return ""
        self.remark = f"the page sent {float(asked):g}, not {float(wanted):g}"
        return f"{self.record.action_id}: {self.remark}"

    def _wanted(self) -> Decimal | None:
        record = self.record
        return record.amount if record.percentage is None else sol(record.percentage)

    # What is learnt -------------------------------------------------------------------------

    def join_press(self, press: ActionRecord) -> None:
        """Learn of the press that came before the frame."""
        record = self.record
        self.record = replace(
            press,
            client_ts=record.client_ts,
            trace_id=record.trace_id,
            amount=record.amount,
            percentage=record.percentage,
        )

    def join_frame(self, event: Event) -> None:
        """Learn of the frame the page sent."""
        self.sent, self.since_us = event, event.ts
        found: dict[str, Any] = {"client_ts": _ms(event.ts), "trace_id": event.trace_id}
        if not self.ours:
            share = self.record.action_type == "SELL"
            asked = asked_of(event)
            found["percentage" if share else "amount"] = (
                None if asked is None else float(asked) if share else asked
            )
        self.record = replace(self.record, **found)

    def join_ack(self, event: Event) -> None:
        """Learn of the server's answer."""
        told = event.payload
        self.ack = bool(told.success) if isinstance(told, Ack) else False
        if isinstance(told, Ack) and not self.ack:
            self.refusal = _text(told.error) or told.message or ""
        bet = told.sidebet if isinstance(told, Ack) else None
        self._stamped(event, None if bet is None else bet.timestamp, "ack")

    def join_echo(self, event: Event) -> None:
        """Learn of the order carried out, at its price."""
        self.echoed = True
        told = event.payload
        if isinstance(told, NewTrade):
            self.record = replace(
                self.record,
                executed_price=told.price,
                executed_tick=told.tick_index,
                qty=sol(told.qty),
                profit=self._profit(told),
                game_id=self.record.game_id or told.game_id,
            )
            self._stamped(event, None, "echo")
        elif isinstance(told, SidebetEvent):
            self.record = replace(
                self.record,
                executed_price=told.price,
                executed_tick=told.start_tick,
                game_id=self.record.game_id or told.game_id,
            )
            self._stamped(event, told.timestamp, "echo")

    def join_update(self, after: AccountState, ts: Micros) -> None:
        """Learn that the account shows it."""
        self.shown = True
        self.record = replace(self.record, state_after=after, confirmed_ts=_ms(ts))

    def rebase(self, after: AccountState) -> None:
        """Take the account after an order of the same kind for the account before this one."""
        self.record = replace(self.record, state_before=after)

    def conclude(self, outcome: OutcomeName, error: str) -> None:
        """Say what it came to."""
        record = self.record
        client, confirmed = record.client_ts, record.confirmed_ts
        self.record = replace(
            record,
            outcome=outcome,
            error=error or None,
            send_latency_ms=_between(client, self.replied_ts),
            confirm_latency_ms=_between(self.replied_ts, confirmed),
            total_latency_ms=_between(client, confirmed),
        )

    def doubt(self) -> str:
        """Say what was not heard in time."""
        if self.sent is None:
            return "the page sent no order after the press"
        heard = [
            name
            for name, there in (("echo", self.echoed), ("ack", self.ack), ("account", self.shown))
            if there
        ]
        after = " after the connection was cut" if self.cut else ""
        return self.remark or f"heard {' and '.join(heard) or 'no reply'} only{after}"

    def _stamped(self, event: Event, stamp: int | None, kind: ServerStamp) -> None:
        """Keep the first reply's time; the server's own stamp is better than any arrival.

        Latencies are taken between arrivals: one clock measures both ends.
        """
        record = self.record
        self.replied_ts = _ms(event.ts) if self.replied_ts is None else self.replied_ts
        if stamp is not None and record.server_ts_kind != "stamp":
            self.record = replace(record, server_ts=stamp, server_ts_kind="stamp")
        elif record.server_ts is None:
            self.record = replace(record, server_ts=_ms(event.ts), server_ts_kind=kind)

    def _profit(self, told: NewTrade) -> Decimal | None:
        cost, qty, back = self.record.state_before.avg_cost, sol(told.qty), sol(told.amount)
        if self.record.action_type != "SELL" or cost is None or qty is None or back is None:
            return None
        return sol(float(back) - float(qty) * cost)


def _ms(ts: Micros) -> Millis:
    return ts // 1000


def _between(start: Millis | None, end: Millis | None) -> float | None:
    return None if start is None or end is None else float(end - start)


def _text(raw: msgspec.Raw) -> str:
    data = bytes(raw)
    if not data or data == b"null":
        return ""
    told = msgspec.json.decode(data)
    return told if isinstance(told, str) else msgspec.json.encode(told).decode()
