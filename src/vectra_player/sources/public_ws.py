"""Record a Socket.IO feed without a browser: our own connection, raw packets kept.

Used by `--source public` (the game's public server) and, with a login, by the demo source. A
client library would hide the packets, so this speaks the three packets a listener needs: connect,
pong, and an optional first event.
"""

from __future__ import annotations

import asyncio
import base64
import random
import uuid
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
import structlog
import websockets
from websockets.asyncio.client import ClientConnection, connect

from vectra_player.clock import Clock, SystemClock
from vectra_player.model.frame import BINARY, TEXT, Frame, fact, gap
from vectra_player.model.units import Direction, Source
from vectra_player.sources.base import Emit

log = structlog.get_logger(__name__)

OPEN, PING, PONG, CONNECT, CONNECTED = "0", "2", "3", "40", "40"
GOODBYES = ("1", "41")
"""Engine.IO close and Socket.IO disconnect: the socket may stay open, no event comes."""
MAX_FRAME_BYTES = 128 * 1024 * 1024
"""protocol.md section 1.3 has frames of 489 KB; a frame beyond this bound ends the connection."""


class PublicWsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, and when to give up on a quiet connection."""

    url: str
    source: Source = "public_ws"
    silence_s: float = 30.0
    first_event: str = ""
    backoff_first_s: float = 0.5
    backoff_cap_s: float = 30.0


def socket_url(url: str) -> str:
    """Turn a server's address into its Engine.IO WebSocket URL; query parameters are kept."""
    parts = urlsplit(url)
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
    path = parts.path if parts.path.strip("/") else "/socket.io/"
    query = dict(parse_qsl(parts.query)) | {"EIO": "4", "transport": "websocket"}
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))


class Backoff:
    """Delays that double up to a cap, with full jitter; reset only once data has flowed."""

    def __init__(self, first_s: float, cap_s: float) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._tries = 0

    def next_delay(self) -> float:
        """Return the seconds to wait before the next try."""
        ceiling = min(self._cap_s, self._first_s * 2.0**self._tries)
        self._tries = min(self._tries + 1, 30)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads retries, no secret

    def reset(self) -> None:
        """Start again from the first delay."""
        self._tries = 0


class PublicWsSource:
    """A source over one WebSocket, reconnecting for ever; see `sources.base.Source`."""

    def __init__(self, settings: PublicWsSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._url = socket_url(settings.url)
        self._origin = urlsplit(self._url).netloc
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_cap_s)
        self._last_frame_us: int | None = None
        self._ended = ""

    async def run(self, emit: Emit) -> None:
        """Connect and emit packets until cancelled."""
        while True:
            reason = await self._one_connection(emit)
            delay = self._backoff.next_delay()
            log.info("reconnecting", reason=reason, delay_s=round(delay, 2))
            await asyncio.sleep(delay)

    def acknowledge(self, receipt: int) -> None:
        """Do nothing: a server keeps no frames for us."""

    async def close(self) -> None:
        """Do nothing: cancelling `run` closes the connection."""

    async def _one_connection(self, emit: Emit) -> str:
        socket_id = uuid.uuid4().hex[:16]
        try:
            async with connect(
                self._url,
                max_size=MAX_FRAME_BYTES,
                max_queue=None,
                ping_interval=None,
                compression=None,
                close_timeout=2,
            ) as connection:
                emit(self._fact("connected", socket_id=socket_id, url=self._url))
                reason = "cancelled"
                try:
                    reason = await self._listen(connection, socket_id, emit)
                except Exception as error:
                    reason = f"{type(error).__name__}: {error}"
                    raise
                finally:
                    self._ended = reason
                    emit(self._fact("disconnected", socket_id=socket_id, reason=reason))
                return reason
        except (OSError, websockets.WebSocketException, TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
            emit(self._fact("socket_error", socket_id=socket_id, url=self._url, error=reason))
            return reason

    async def _listen(self, connection: ClientConnection, socket_id: str, emit: Emit) -> str:
        resumed_from, why = self._last_frame_us, self._ended
        quiet_s = self._settings.silence_s
        async for message in _messages(connection, quiet_s):
            if message is None:
                emit(self._fact("silence", socket_id=socket_id, seconds=quiet_s))
                return f"nothing but pings for {quiet_s:g} s"
            frame = self._frame(message, "received", socket_id)
            if resumed_from is not None:
                emit(self._gap(resumed_from, frame.ts, why))
                resumed_from = None
            emit(frame)
            self._last_frame_us = frame.ts
            if frame.opcode == TEXT and frame.raw in GOODBYES:
                return f"the server said goodbye ({frame.raw})"
            if answer := self._answer(frame):
                for packet in answer:
                    await connection.send(packet)
                    emit(self._frame(packet, "sent", socket_id))
        return f"closed by the server, code {connection.close_code}"

    def _answer(self, frame: Frame) -> list[str]:
        """Return the packets a listener owes: connect, pong, login; none for the rest."""
        if frame.opcode != TEXT:
            return []
        if frame.raw.startswith(OPEN):
            return [CONNECT]
        if frame.raw.startswith(PING):
            return [PONG + frame.raw[1:]]
        if frame.raw.startswith(CONNECTED) and self._settings.first_event:
            return [self._settings.first_event]
        self._backoff.reset()
        return []

    def _frame(self, message: str | bytes, direction: Direction, socket_id: str) -> Frame:
        text = isinstance(message, str)
        return Frame(
            ts=self._clock.now_us(),
            raw=message if isinstance(message, str) else base64.b64encode(message).decode(),
            direction=direction,
            socket_id=socket_id,
            transport="websocket",
            opcode=TEXT if text else BINARY,
            source=self._settings.source,
            origin=self._origin,
        )

    def _gap(self, last_us: int, first_us: int, reason: str) -> Frame:
        missing = "everything the server sent in between; prices may return with its history"
        return self._fact("gap", **gap(missing, reason, times=(last_us, first_us)))

    def _fact(self, kind: str, **detail: object) -> Frame:
        now = self._clock.now_us()
        source = self._settings.source
        return fact(kind, detail, ts=now, source=source, origin=self._origin)


async def _messages(
    connection: ClientConnection, quiet_s: float
) -> AsyncIterator[str | bytes | None]:
    """Yield messages until the peer closes; None once only pings came for `quiet_s`.

    A server whose game has died goes on pinging: pings say nothing about the events.
    """
    now = asyncio.get_running_loop().time
    heard = now()
    while True:
        try:
            async with asyncio.timeout_at(heard + quiet_s):
                message = await connection.recv()
        except TimeoutError:
            yield None
            return
        except websockets.ConnectionClosed:
            return
        if not isinstance(message, str) or not message.startswith((PING, PONG)):
            heard = now()
        yield message
