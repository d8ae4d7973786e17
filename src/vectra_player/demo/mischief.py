"""Carries out faults on a running demo server. Called by its timer and its control endpoint."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vectra_player.demo import events
from vectra_player.demo.accounts import Account
from vectra_player.demo.faults import MALFORMED, Fault
from vectra_player.demo.orders import REQUESTS
from vectra_player.demo.troubles import Trouble
from vectra_player.demo.values import Payload, new_trace, new_uuid, stream
from vectra_player.demo.wire import RawPacket
from vectra_player.model.units import to_sol

if TYPE_CHECKING:
    from vectra_player.demo.server import DemoServer


class Mischief:
    """The faults of one server."""

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._rng = stream("mischief", server.seed)

    async def at_its_time(self, fault: Fault) -> None:
        """Carry out a fault when its moment has come."""
        await asyncio.sleep(fault.at_s / self._server.settings.speed)
        await self.apply(fault)

    async def apply(self, fault: Fault) -> None:
        """Carry out a fault now; returns when it is over."""
        server = self._server
        if fault.kind == "page":
            server.altered = (*server.altered, fault.name) if fault.name else ()
        elif fault.kind in ("acks", "echo", "updates"):
            self._answer_wrongly(fault)
        elif fault.kind == "big_history":
            server.sim.big_history_bytes = fault.size
        elif fault.kind in ("drop", "close", "restart", "reboot", "stall"):
            await self._interrupt(fault)
        elif fault.kind in ("pause", "maintenance"):
            await self._stop_play(fault)
        elif fault.kind in ("autosell", "autobuy", "cash"):
            await server.desk.act_for(lambda account: self._act(account, fault))
        else:
            await self._send_odd(fault)

    def _answer_wrongly(self, fault: Fault) -> None:
        answer: Any = fault.kind
        troubles = self._server.desk.orders.troubles
        troubles.set(answer, fault.order, Trouble(fault.mode, fault.seconds))
        twice = troubles.with_mode("acks", "double")
        self._server.wire.repeated = frozenset(REQUESTS[kind] for kind in twice)

    async def _stop_play(self, fault: Fault) -> None:
        server = self._server
        if fault.kind == "pause":
            server.sim.pause(fault.seconds * 1000)
            return
        server.sim.maintenance = True
        await server.sio.emit("maintenanceUpdate", self._maintenance(active=True))
        await asyncio.sleep(fault.seconds / server.settings.speed)
        server.sim.maintenance = False
        await server.sio.emit("maintenanceUpdate", self._maintenance(active=False))

    def _maintenance(self, *, active: bool) -> tuple[Payload, Payload]:
        return new_trace(self._rng), events.maintenance(active=active)

    def _act(self, account: Account, fault: Fault) -> Payload | None:
        table = self._server.sim.table
        if fault.kind == "autosell":
            return account.sell(table, {"percentage": fault.amount or 100})
        if fault.kind == "autobuy":
            return account.buy(table, {"amount": fault.amount or 0.01})
        account.adjust_cash(to_sol(fault.amount))
        return None

    async def _interrupt(self, fault: Fault) -> None:
        server = self._server
        if fault.kind == "drop":
            server.wire.abort_all()
            await self._end_polling()
        elif fault.kind == "close":
            for sid in list(server.sio.eio.sockets):
                await server.sio.eio.disconnect(sid)
        elif fault.kind in ("restart", "reboot"):
            await server.unlisten()
            if fault.kind == "reboot":
                await server.desk.act_for(Account.lose_everything_open)
            await self._end_polling()
            await asyncio.sleep(fault.seconds)
            await server.listen()
        else:
            server.hold()
            await asyncio.sleep(fault.seconds)
            server.release()

    async def _send_odd(self, fault: Fault) -> None:
        sio = self._server.sio
        if fault.kind == "burst":
            for number in range(fault.count):
                await sio.emit("newChatMessage", self._chat(number, fault.size))
        elif fault.kind == "unknown":
            for number in range(fault.count):
                await self._unknown(number)
        elif fault.kind == "binary":
            await sio.emit("demoBinaryUpdate", self._attachments(fault.size))
        elif fault.kind == "chat":
            await sio.emit("roomMessage", {"room": "lobby", "text": "hello"}, namespace="/chat")
        else:
            for socket in list(sio.eio.sockets.values()):
                for text in MALFORMED:
                    await socket.send(RawPacket(text))

    def _chat(self, number: int, size: int) -> tuple[Payload, Payload]:
        person = self._server.sim.people[number % len(self._server.sim.people)]
        message = events.chat(self._rng, person, self._server.sim.stamps.at(number))
        message["message"] = f"burst {number} " + "x" * max(0, size - 260)
        return new_trace(self._rng), message

    async def _unknown(self, number: int) -> None:
        sio = self._server.sio
        detail = {"id": new_uuid(self._rng), "number": number, "nested": {"list": [1, None, "ü"]}}
        await sio.emit("demoMysteryUpdate", (new_trace(self._rng), detail))
        await sio.emit("demo/bare")
        await sio.emit("demoManyArguments", (1, "two", [3], {"four": 4.5}))

    def _attachments(self, size: int) -> dict[str, Any]:
        first = bytes(range(256)) * (size // 256 + 1)
        return {"name": "attachments", "first": first, "second": b"\x00\x01\x02\x1e4"}

    async def _end_polling(self) -> None:
        # A session that only polls would live on across a cut; a server that is gone forgets it.
        for socket in list(self._server.sio.eio.sockets.values()):
            await socket.close(wait=False, abort=True)
