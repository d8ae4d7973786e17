"""The true packets: a tap between the socket library and the transport. The server's only.

Every Engine.IO packet that crosses the transport passes here as exact text, so the ground-truth
log does not depend on what the library thinks it sent. Faults that need the bare connection
(abort, garbage) act here too.
"""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from engineio.packet import Packet

from vectra_player.clock import Clock

RECORD_SEPARATOR = "\x1e"
"""Between the packets of a polling body (Engine.IO 4)."""

_REQUEST = re.compile(r'42(\d+)\["([^"]+)"')
_ACK = re.compile(r"43(\d+)\[")

Way = Literal["sent", "received"]


class WireLog:
    """Ground truth, one JSON line a packet: n, ts (µs), sid, direction, transport, raw, opcode.

    `direction` is the server's: what it `sent` a page `received`. Binary is base64, opcode 2.
    Lines are flushed one by one: a killed server leaves whole lines.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._file: BinaryIO | None = path.open("ab", buffering=0) if path else None
        self._count = 0

    def add(self, sid: str, way: Way, transport: str, packet: str | bytes) -> None:
        """Append a packet as it was written to or read from the transport."""
        if self._file is None:
            return
        self._count += 1
        binary = isinstance(packet, bytes)
        line = {
            "n": self._count,
            "ts": self._clock.now_us(),
            "sid": sid,
            "direction": way,
            "transport": transport,
            "opcode": 2 if binary else 1,
            "raw": base64.b64encode(packet).decode() if isinstance(packet, bytes) else packet,
        }
        self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class RawPacket(Packet):  # type: ignore[misc]  # the library is not typed
    """A packet whose text is given: what a faulty server might send."""

    def __init__(self, text: str) -> None:
        super().__init__(packet_type=4, data=text)
        self.text = text

    def encode(self, b64: bool = False) -> str:
        """Return the text as it is."""
        return self.text


class Wire:
    """Puts the tap into an Engine.IO server and knows the open connections.

    `repeated` names the requests whose acks are sent twice, over websockets.
    """

    def __init__(self, engine: Any, log: WireLog) -> None:
        self.log = log
        self.repeated: frozenset[str] = frozenset()
        self._to_repeat: set[tuple[str, str]] = set()
        self._engine = engine
        self._open: dict[int, web.BaseRequest] = {}  # requests are not hashable
        wire = self

        class TappedSocket(_Socket):
            tap = wire

        # The library has no public hook at this depth; its driver table is the seam.
        engine._async = {
            **engine._async,
            "websocket": TappedSocket,
            "translate_request": self._translate,
            "make_response": self._respond,
        }

    def asked(self, sid: str, message: str | bytes) -> None:
        """Note a request whose ack is to be sent twice."""
        found = _REQUEST.match(message) if self.repeated and isinstance(message, str) else None
        if found is not None and found[2] in self.repeated:
            self._to_repeat.add((sid, found[1]))

    def copies(self, sid: str, message: str | bytes) -> int:
        """Return how often a packet is to be sent."""
        found = _ACK.match(message) if self._to_repeat and isinstance(message, str) else None
        if found is None or (sid, found[1]) not in self._to_repeat:
            return 1
        self._to_repeat.discard((sid, found[1]))
        return 2

    def opened(self, request: web.BaseRequest) -> None:
        """Remember a connection that a fault may cut."""
        self._open[id(request)] = request

    def closed(self, request: web.BaseRequest) -> None:
        """Forget a connection."""
        self._open.pop(id(request), None)

    def abort_all(self) -> int:
        """Cut every connection without a goodbye; return how many."""
        cut = 0
        for request in list(self._open.values()):
            if request.transport is not None:
                request.transport.abort()
                cut += 1
        return cut

    async def _translate(self, request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = driver.translate_request(request)
        if request.method == "POST":
            body = await request.read()
            environ["wsgi.input"] = _Body(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            sid = request.query.get("sid", "")
            if sid in self._engine.sockets:
                self._log_body(sid, "received", body.decode("utf-8", "replace"))
        else:
            self.opened(request)
        return environ

    def _respond(
        self, status: str, headers: list[tuple[str, str]], payload: bytes, environ: dict[str, Any]
    ) -> web.Response:
        request = environ["aiohttp.request"]
        response = _TappedResponse(
            body=payload, status=int(status.split()[0]), headers=dict(headers)
        )
        response.tap, response.request = self, request
        return response

    def answered(self, request: web.Request, status: int, body: bytes) -> None:
        """Log a polling answer that was written."""
        self.closed(request)
        if request.method == "POST":
            self._end_poll(request.query.get("sid", ""))
        if request.method != "GET" or status != 200:
            return
        text = body.decode()
        sid = request.query.get("sid", "") or _sid_of(text)
        self._log_body(sid, "sent", text)

    def _end_poll(self, sid: str) -> None:
        # A client that says goodbye has a poll waiting; the library would leave it hanging
        # for a whole ping interval.
        socket = self._engine.sockets.get(sid)
        if socket is not None and socket.closed:
            socket.queue.put_nowait(None)

    def _log_body(self, sid: str, way: Way, body: str) -> None:
        for packet in body.split(RECORD_SEPARATOR) if body else ():
            if packet.startswith("b"):
                self.log.add(sid, way, "polling", base64.b64decode(packet[1:]))
            else:
                self.log.add(sid, way, "polling", packet)


class _Socket(driver.WebSocket):  # type: ignore[misc]  # nor is its driver
    tap: Wire

    async def __call__(self, environ: dict[str, Any]) -> Any:
        try:
            return await super().__call__(environ)
        finally:
            self.tap.closed(environ["aiohttp.request"])

    @property
    def sid(self) -> str:
        return str(self.handler.__self__.sid)

    async def send(self, message: str | bytes) -> None:
        for _ in range(self.tap.copies(self.sid, message)):
            await super().send(message)
            self.tap.log.add(self.sid, "sent", "websocket", message)

    async def wait(self) -> str | bytes:
        message: str | bytes = await super().wait()
        self.tap.log.add(self.sid, "received", "websocket", message)
        self.tap.asked(self.sid, message)
        return message


class _TappedResponse(web.Response):
    tap: Wire
    request: web.Request

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        body = self.body if isinstance(self.body, bytes) else b""
        self.tap.answered(self.request, self.status, body)


class _Body:
    def __init__(self, body: bytes) -> None:
        self._stream = io.BytesIO(body)

    async def read(self, size: int) -> bytes:
        return self._stream.read(size)


def _sid_of(handshake: str) -> str:
    first = handshake.split(RECORD_SEPARATOR, 1)[0]
    if not first.startswith("0"):
        return ""
    try:
        return str(msgspec.json.decode(first[1:])["sid"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
