"""One order's traffic, packet by packet: what the page sends and what the server answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.live_support import GAME, ME, T0, fact_event, stored

from vectra_player.model.frame import Frame
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event, decode
from vectra_player.trading.reconcile import Reconciler
from vectra_player.trading.records import AccountState, ActionRecord, OrderType
from vectra_player.trading.tracker import Step, Tracker

SOCKET = "page.1"
BEFORE = AccountState(cash=Decimal(10), position_qty=Decimal(0), avg_cost=0.0)
REQUESTS = {"BUY": "buyOrder", "SELL": "sellOrder", "SIDEBET": "requestSidebet"}


class Following(Tracker):
    """A tracker with the account it goes by, joined as `trading.trader` joins them."""

    def __init__(self, before: AccountState = BEFORE) -> None:
        super().__init__()
        self._reconciler = Reconciler()
        cash, qty = float(before.cash or 0), float(before.position_qty or 0)
        self.take(update(-100, cash=cash, positionQty=qty, avgCost=before.avg_cost), nobody)

    def take(self, event: Event, stray: Callable[[], ActionRecord]) -> list[Step]:
        """Take an event."""
        known = self.under_way, GamePhase.LIVE, self.traces, self.doubtful
        self._reconciler.hear(event, *known)
        return self.hear(event, stray, self._reconciler.shown)


def nobody() -> ActionRecord:
    """Make no record: no order is expected."""
    raise AssertionError("an order nobody pressed for")


def at(ms: float) -> int:
    """Return a moment: ms after the start, in us."""
    return T0 + round(ms * 1000)


def trace(number: int) -> dict[str, object]:
    """Return the telemetry argument of a request."""
    return {"__trace": True, "traceparent": f"00-{number:032x}-0123456789abcdef-01"}


def heard(raw: str, ms: float, *, sent: bool = False, socket: str = SOCKET) -> Event:
    """Return a packet as the tracker hears it."""
    frame = Frame(
        ts=at(ms),
        raw=raw,
        direction="sent" if sent else "received",
        socket_id=socket,
        source="cdp",
        origin="127.0.0.1:7777",
    )
    event = decode(stored(frame))
    assert event is not None
    return event


def request(
    kind: OrderType, value: float, ms: float, *, ack: int = 0, number: int = 1, socket: str = SOCKET
) -> Event:
    """Return the frame the page sends."""
    name = "percentage" if kind == "SELL" else "amount"
    args = [REQUESTS[kind], trace(number), {name: value}]
    return heard(f"42{ack}{json.dumps(args)}", ms, sent=True, socket=socket)


def ack(
    ms: float, *, success: bool = True, ack: int = 0, socket: str = SOCKET, **more: Any
) -> Event:
    """Return the server's answer."""
    told = {"success": success, **more}
    return heard(f"43{ack}{json.dumps([told])}", ms, socket=socket)


def echo(kind: OrderType, ms: float, *, number: int = 1, **more: Any) -> Event:
    """Return the own trade, or bet, as everybody is told of it."""
    if kind == "SIDEBET":
        bet = {"playerId": ME, "gameId": GAME, "betAmount": 0.01, "startTick": 7, "price": 1.2}
        return heard(f"42{json.dumps(['currentSidebet', trace(number), {**bet, **more}])}", ms)
    trade = {"type": kind.lower(), "playerId": ME, "gameId": GAME, "price": 1.2, "tickIndex": 7}
    trade |= {"amount": 0.01, "qty": 0.008333333, **more}
    return heard(f"42{json.dumps(['standard/newTrade', trace(number), trade])}", ms)


def update(ms: float, **fields: object) -> Event:
    """Return the account as the server states it."""
    return heard(f"42{json.dumps(['playerUpdate', {'id': ME, **fields}])}", ms)


def cut() -> Event:
    """Return the fact that the page's socket is gone."""
    return fact_event("disconnected", {"socket": SOCKET})


def order(
    kind: OrderType = "BUY",
    value: str = "0.01",
    *,
    name: str = "practice-1",
    ms: float = 0.0,
    before: AccountState = BEFORE,
) -> ActionRecord:
    """Return an order of ours at its press."""
    return ActionRecord(
        action_id=name,
        action_type=kind,
        button=kind,
        actor="bot",
        mode="practice",
        outcome="UNKNOWN",
        amount=None if kind == "SELL" else Decimal(value),
        percentage=float(value) if kind == "SELL" else None,
        game_id=GAME,
        intent_ts=at(ms) // 1000 - 5,
        press_ts=at(ms) // 1000,
        state_before=before,
    )
