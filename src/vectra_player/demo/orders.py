"""Orders of logged-in clients: carried out and answered, rightly or as the troubles say.

The desk registers these handlers. Order and delays of the answers: docs/protocol.md section 11.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from vectra_player.bus import spawn
from vectra_player.demo.accounts import Account
from vectra_player.demo.troubles import OrderKind, Trouble, Troubles
from vectra_player.demo.values import Payload, new_trace, payload_of
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.demo.desk import Desk

REQUESTS: dict[OrderKind, str] = {
    "buy": "buyOrder",
    "sell": "sellOrder",
    "sidebet": "requestSidebet",
}
ORDERS_KEPT = 10_000
WRONG_CASH_SOL = 0.5
"""So much less is told where a `playerUpdate` lies about the cash."""


class Orders:
    """Answers to `buyOrder`, `sellOrder` and `requestSidebet`; `received`: all that came."""

    def __init__(self, desk: Desk) -> None:
        self.troubles = Troubles()
        self.received: deque[Payload] = deque(maxlen=ORDERS_KEPT)
        self._desk = desk

    async def buy(self, sid: str, *args: Any) -> Any:
        """Handle `buyOrder`."""
        return await self._order("buy", sid, args)

    async def sell(self, sid: str, *args: Any) -> Any:
        """Handle `sellOrder`."""
        return await self._order("sell", sid, args)

    async def sidebet(self, sid: str, *args: Any) -> Any:
        """Handle `requestSidebet`."""
        return await self._order("sidebet", sid, args)

    async def _order(self, kind: OrderKind, sid: str, args: tuple[Any, ...]) -> Any:
        desk = self._desk
        mode, seconds = self.troubles.of("acks", kind)
        payload, trace = payload_of(args)
        self.received.append({"order": kind, "trace": trace, "payload": payload})
        if mode == "ignored":
            return desk.unanswered
        if mode == "delayed":
            await desk.pause(seconds * 1000)
        try:
            account = desk.admit(sid)
            if mode == "rejected":
                raise UsageError("Rejected by the server")
            if mode == "claimed":
                await desk.pause(desk.latency.ack_ms)
                return {"success": True}
            done = self._execute(kind, account, payload)
        except UsageError as error:
            return await self._refuse(kind, error)
        await desk.pause(desk.latency.trade_ms)
        await self._echo(kind, account, trace, done)
        ack: Payload = {"success": True}
        if kind == "sidebet":
            ack |= {"message": "Sidebet placed successfully", "sidebet": done}
        return await self._finish(kind, sid, account, ack)

    def _execute(self, kind: OrderKind, account: Account, payload: Any) -> Payload:
        table = self._desk.table
        if kind == "buy":
            return account.buy(table, payload)
        if kind == "sell":
            return account.sell(table, payload)
        return account.place(table, payload or {}, self._desk.stamp())

    async def _echo(
        self, kind: OrderKind, account: Account, trace: str | None, done: Payload
    ) -> None:
        name = "currentSidebet" if kind == "sidebet" else "standard/newTrade"
        joined = (new_trace(self._desk.traces, trace), done)
        await self._send(self.troubles.of("echo", kind), account, name, joined)

    async def _finish(self, kind: OrderKind, sid: str, account: Account, ack: Payload) -> Any:
        desk, wait = self._desk, self._desk.latency
        await desk.pause(wait.player_update_ms - wait.trade_ms)
        trouble = self.troubles.of("updates", kind)
        await self._send(trouble, account, "playerUpdate", _told(trouble, account, desk))
        await desk.pause(wait.game_state_ms - wait.player_update_ms)
        await desk.tell_state(sid, account)
        await desk.pause(wait.ack_ms - wait.game_state_ms)
        trouble = self.troubles.of("acks", kind)
        if trouble.mode == "slow":
            await desk.pause(trouble.seconds * 1000)
        if trouble.mode == "denied":
            return {"success": False, "error": "Order failed"}
        return desk.unanswered if trouble.mode == "missing" else ack

    async def _refuse(self, kind: OrderKind, error: UsageError) -> Any:
        await self._desk.pause(self._desk.latency.refusal_ms)
        if self.troubles.of("acks", kind).mode == "missing":
            return self._desk.unanswered
        return {"success": False, "error": error.message}

    async def _send(self, trouble: Trouble, account: Account, name: str, args: Any) -> None:
        desk = self._desk
        if trouble.mode == "slow":
            late = desk.send_later(trouble.seconds * 1000, account, name, args)
            spawn(late, name="demo late answer")
        elif trouble.mode != "missing":
            for _ in range(2 if trouble.mode == "double" else 1):
                await desk.send(account, name, args)


def _told(trouble: Trouble, account: Account, desk: Desk) -> Payload:
    update = account.update(desk.table)
    if trouble.mode == "position":
        update["positionQty"] = update["positionQty"] * 2
    elif trouble.mode == "cash":
        update["cash"] = update["cash"] - WRONG_CASH_SOL
    return update
