"""A real Socket.IO server that logs every packet, and pages that talk to it in every way."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import engineio.async_socket
import socketio
from aiohttp import web
from engineio import packet as eio_packet

HERE = Path(__file__).parent
Log = dict[str, dict[str, list[str]]]
"""sid -> direction as the page sees it -> message packets, text or base64 of the payload."""

PAGE = """<!doctype html><title>{mode}</title><script src="/eio.js"></script>
<script>{script}</script>"""
SCRIPTS = {
    "websocket": "new Client(location.origin, 'websocket', 'page')",
    "polling": "new Client(location.origin, 'polling', 'page')",
    "upgrade": "new Client(location.origin, 'upgrade', 'page')",
    "worker": "new Worker('/worker.js')",
    "pollworker": "new Worker('/worker.js?polling')",
    "shared": "new SharedWorker('/shared.js')",
    "service": "navigator.serviceWorker.register('/service.js')",
    "iframe": "onload = () => { const f = document.createElement('iframe');"
    "f.src = location.origin.replace('127.0.0.1', 'localhost') + '/?mode=websocket';"
    "document.body.append(f); }",
    "reloading": "new Client(location.origin, 'websocket', 'page');"
    "const n = +(sessionStorage.n || 0); sessionStorage.n = n + 1;"
    "if (n < 3) setTimeout(() => location.reload(), 1500);",
    "quiet": "",
    "plain": "new WebSocket(location.origin.replace('http', 'ws') + '/echo')",
}
WORKER = (
    "importScripts('/eio.js');"
    "new Client(location.origin, location.search.slice(1) || 'websocket', 'worker')"
)


def _text(pkt: Any) -> str:
    # Not pkt.encode(): it keeps its first answer, which depends on the transport.
    return base64.b64encode(pkt.data).decode() if pkt.binary else f"{pkt.packet_type}{pkt.data}"


class TruthServer:
    """The server under test's eyes; `rate` events a second go to each client."""

    def __init__(self, rate: float = 40.0, padding: int = 0) -> None:
        self.rate = rate
        self.padding = "x" * padding
        self.log: Log = defaultdict(lambda: {"received": [], "sent": []})
        self.over: set[str] = set()
        self.port = 0
        self.stopped = False
        self.visited = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._sio: Any = None
        self._talking: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._sio = socketio.AsyncServer(
            async_mode="aiohttp", cors_allowed_origins="*", ping_interval=2, ping_timeout=30
        )
        self._sio.on("connect", self._connected)
        self._sio.on("hello", lambda sid, data: {"heard": data["n"]})
        self._sio.on("blob", lambda sid, data: None)
        app = web.Application()
        self._sio.attach(app)
        app.router.add_get("/", self._page)
        app.router.add_get("/eio.js", _script((HERE / "eio.js").read_text()))
        app.router.add_get("/worker.js", _script(WORKER))
        app.router.add_get("/shared.js", _script(WORKER))
        app.router.add_get("/service.js", _script(WORKER))
        app.router.add_get("/echo", self._echo)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.stopped = False

    async def stop(self) -> None:
        self.stopped = True
        for task in list(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        self.abort_all()
        if self._runner is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self._sio.shutdown()
            await self._runner.cleanup()

    def abort_all(self) -> None:
        """Cut every connection without a goodbye."""
        server = self._runner.server if self._runner else None
        for connection in list(server.connections) if server else []:
            if connection.transport is not None:
                connection.transport.abort()

    def forget(self) -> None:
        """Begin the log anew: of sockets known so far no more is written down."""
        self.over |= self.log.keys()
        self.log.clear()

    async def quiet(self) -> None:
        """Have both sides stop talking, so that everything said can be counted."""
        for task in list(self._talking):
            task.cancel()
        await self._sio.emit("quiet")

    async def _connected(self, sid: str, environ: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(sid))
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)

    async def _talk(self, sid: str) -> None:
        number = 0
        while self._sio.manager.is_connected(sid, "/"):
            await asyncio.sleep(1 / self.rate)
            number += 1
            if number % 10 == 0:
                await self._sio.emit("bytes", {"n": number, "data": b"\x00\xff" * 20}, to=sid)
            else:
                await self._sio.emit("tick", [number, "π 🎲 \u2028", self.padding], to=sid)

    async def _page(self, request: web.Request) -> web.Response:
        mode = request.query.get("mode", "quiet")
        return web.Response(
            text=PAGE.format(mode=mode, script=SCRIPTS[mode]), content_type="text/html"
        )

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.visited.set()
        await socket.send_str('42["not engine.io"]')
        async for message in socket:
            await socket.send_str(message.data)
        return socket


def _script(text: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/javascript")

    return handler


@contextlib.asynccontextmanager
async def truth_server(**options: Any) -> AsyncIterator[TruthServer]:
    """Run a server and log what crosses python-engineio itself, message packets only."""
    server = TruthServer(**options)
    cls = engineio.async_socket.AsyncSocket
    send, receive = cls.send, cls.receive

    async def logged_send(self: Any, pkt: Any) -> None:
        if pkt.packet_type == eio_packet.MESSAGE and self.sid not in server.over:
            server.log[self.sid]["received"].append(_text(pkt))
        await send(self, pkt)

    async def logged_receive(self: Any, pkt: Any) -> None:
        if pkt.packet_type == eio_packet.MESSAGE and self.sid not in server.over:
            server.log[self.sid]["sent"].append(_text(pkt))
        await receive(self, pkt)

    cls.send, cls.receive = logged_send, logged_receive
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        cls.send, cls.receive = send, receive
