"""One WebSocket connection, hardened: the only place that knows how `websockets` writes.

Frames are written as the hub packed them, once for all clients, instead of through the library's
`send`; parsing, control frames, limits and closing stay the library's. Only `foundation.feed` calls
this.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.protocol import Event, State

SEND_BUFFER_BYTES = 128 << 10
"""Asked of the system for each socket: what it holds is old before a slow client reads it."""
RECEIVE_BUFFER_BYTES = 8 << 10
"""Clients say little; a small buffer bounds the frames that one read can bring."""

_POLICY = 1008
_MAX_REASON_BYTES = 120  # RFC 6455 section 5.5: a control frame holds 125, two are the code
_BURST_FRAMES = 64
_FRAMES_PER_S = 16.0


class FeedConnection(ServerConnection):
    """A client's connection with a limit on the frames it sends, pings included.

    Each ping makes the library queue a pong, which a flooding client need not read; the limit ends
    it before that queue matters.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drained: Callable[[], None] | None = None
        self.made: Callable[[FeedConnection], None] | None = None
        self.lost: Callable[[FeedConnection], None] | None = None
        self._cut: asyncio.TimerHandle | None = None
        self._credit = float(_BURST_FRAMES)
        self._credited_s = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what the system holds for this client."""
        super().connection_made(transport)
        plain: socket.socket | None = transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if self.made is not None:
            self.made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the server that the socket is gone."""
        super().connection_lost(exc)
        if self._cut is not None:
            self._cut.cancel()
        # The library may still want to abort it, which a transport that has ended cannot bear.
        self.transport = _EndedTransport()
        if self.lost is not None:
            self.lost(self)

    def resume_writing(self) -> None:
        """Tell the outbox that there is room again."""
        super().resume_writing()
        if self.drained is not None:
            self.drained()

    def process_event(self, event: Event) -> None:
        """Count the frame against the client's rate before the library handles it."""
        if self.request is not None and not self._within_rate():
            self.end(_POLICY, "too many messages or pings")
            return
        super().process_event(event)

    def end(self, code: int, reason: str) -> None:
        """Send a close frame behind what is already written, and cut the connection if need be."""
        if self.protocol.state is not State.OPEN:
            return
        self.protocol.fail(code, _shortened(reason))
        self.send_data()
        self._cut = self.loop.call_later(self.close_timeout or 0.0, self.transport.abort)

    def _within_rate(self) -> bool:
        now_s = self.loop.time()
        gained = (now_s - self._credited_s) * _FRAMES_PER_S
        self._credit = min(float(_BURST_FRAMES), self._credit + gained)
        self._credited_s = now_s
        self._credit -= 1.0
        return self._credit >= 0.0


class _EndedTransport(asyncio.Transport):
    """Stands for a transport that is gone."""

    def is_closing(self) -> bool:
        """Tell that it is."""
        return True

    def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Do nothing."""

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits."""
        return 0


class SocketLine:
    """A `Line` over one connection."""

    def __init__(self, connection: FeedConnection) -> None:
        self._connection = connection
        self._protocol = connection.protocol
        self._transport = connection.transport

    def send(self, frames: bytes) -> None:
        """Write whole frames; nothing once the connection closes."""
        if self._protocol.state is State.OPEN:
            self._transport.write(frames)

    def unsent(self) -> int:
        """Return the bytes the system has not accepted yet."""
        return self._transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        """Say why and end the connection."""
        self._connection.end(code, reason)

    def on_drain(self, call: Callable[[], None]) -> None:
        """Call back when the write buffer has fallen below its low mark."""
        self._connection.drained = call


def _shortened(reason: str) -> str:
    return reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
