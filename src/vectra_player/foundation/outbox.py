"""What one client has not got yet: bounded, and fair to the messages that matter.

A client that keeps up never has anything here: its frames go straight to the line. For one that
does not, ticks of a game merge to the latest (which then tells the prices it stands for), every
other message waits its turn, and a client beyond its budget is closed with 1013 and the reason.
Only the hub and the server call this; the server is known by the four calls of `Line`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from vectra_player.foundation.messages import Packed

TRY_AGAIN_LATER = 1013  # RFC 6455 registry: the client may come back, and resume
HIGH_BYTES = 32 << 10
"""Bytes in a line above which messages wait in the outbox; a line must drain from here on."""
_POINT_BYTES = 24  # a merged (tick, price) as JSON, generously


class Line(Protocol):
    """One client's connection, as far as an outbox knows it; the server behind can be exchanged."""

    def send(self, frames: bytes) -> None:
        """Take whole WebSocket frames; never blocks, does nothing once the line is closed."""
        ...

    def unsent(self) -> int:
        """Return the bytes taken that the system has not accepted yet."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say why and end the connection; never blocks. Bytes not yet sent may be lost."""
        ...

    def on_drain(self, call: Callable[[], None]) -> None:
        """Call back each time `unsent` has fallen well below `HIGH_BYTES` after it was above."""
        ...


class Budget(Struct, frozen=True, kw_only=True):
    """How far a client may fall behind before it is closed."""

    max_bytes: int = 1 << 20
    max_messages: int = 2_000
    max_stall_s: float = 3.0
    """Seconds without one byte taken, while messages wait."""


class Outbox:
    """The messages one client waits for."""

    def __init__(self, line: Line, types: frozenset[str] | None, budget: Budget) -> None:
        self.types = types
        self.sent = 0
        self.merged = 0
        self.closed = False
        self.too_slow = False
        self._line = line
        self._budget = budget
        self._waiting: OrderedDict[int, Packed] = OrderedDict()
        self._bytes = 0
        self._next_key = 0
        self._ticks: dict[tuple[str, str | None], int] = {}
        self._points: dict[int, list[tuple[int, float]]] = {}
        self._allowance = (0, 0)
        self._progress_s: float | None = None
        self._unsent_then = 0
        line.on_drain(self.pump)

    @property
    def waiting(self) -> int:
        """Return how many messages wait here."""
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        """Return the bytes that wait here or in the line."""
        return self._bytes + self._line.unsent()

    def wants(self, message: Packed) -> bool:
        """Tell whether the client asked for this type."""
        return self.types is None or message.type in self.types

    def deliver(self, frames: bytes, messages: Sequence[Packed]) -> None:
        """Send messages the client wants; `frames` are theirs, joined once for all clients."""
        if self.closed:
            return
        if self._waiting or self._line.unsent() > HIGH_BYTES:
            for message in messages:
                self._hold(message)
            self._keep_budget()
        else:
            self._line.send(frames)
            self.sent += len(messages)

    def offer(self, message: Packed) -> None:
        """Send one message whatever the client's filter says."""
        self.deliver(message.frame, (message,))

    def start(self, messages: Iterable[Packed]) -> None:
        """Send what a joining client gets first; it does not count against its budget."""
        for message in messages:
            self._hold(message)
        self._allowance = (self._bytes, len(self._waiting))
        self.pump()

    def pump(self) -> None:
        """Send what waits, until the line is full again."""
        while self._waiting and self._line.unsent() <= HIGH_BYTES:
            key, message = self._waiting.popitem(last=False)
            self._bytes -= len(message.frame)
            frame = message.frame
            points = self._points.pop(key, None)
            if points is not None:
                self._bytes -= len(points) * _POINT_BYTES
                frame = message.frame_with(points)
            if message.mergeable:
                del self._ticks[message.type, message.game_id]
            self._line.send(frame)
            self.sent += 1
            self._progress_s = None
        if not self._waiting:
            self._allowance = (0, 0)

    def sweep(self, now_s: float) -> None:
        """Close the client if messages wait and it took nothing for too long."""
        unsent = self._line.unsent()
        moved = unsent < self._unsent_then
        self._unsent_then = unsent
        if moved or not self._waiting or self._progress_s is None:
            self._progress_s = now_s
        elif now_s - self._progress_s > self._budget.max_stall_s:
            self._give_up(f"nothing read for {self._budget.max_stall_s:g} s")

    def close(self, code: int, reason: str) -> None:
        """Drop what waits and end the connection."""
        if self.closed:
            return
        self.closed = True
        self._waiting.clear()
        self._ticks.clear()
        self._points.clear()
        self._bytes = 0
        self._line.close(code, reason)

    def _hold(self, message: Packed) -> None:
        key = self._next_key
        self._next_key += 1
        self._waiting[key] = message
        self._bytes += len(message.frame)
        if message.mergeable:
            self._merge(message, key)

    def _merge(self, message: Packed, key: int) -> None:
        """Let the newest tick of a game stand for the one that waits; order stays that of seq."""
        of = (message.type, message.game_id)
        old_key = self._ticks.get(of)
        self._ticks[of] = key
        if old_key is None:
            return
        old = self._waiting.pop(old_key)
        self._bytes -= len(old.frame)
        points = self._points.pop(old_key, [])
        point = old.point()
        if point is not None:
            points.append(point)
            self._bytes += _POINT_BYTES
        if points:
            self._points[key] = points
        self.merged += 1

    def _keep_budget(self) -> None:
        extra_bytes, extra_messages = self._allowance
        if self.waiting_bytes > self._budget.max_bytes + extra_bytes:
            self._give_up(f"more than {self._budget.max_bytes} bytes unread")
        elif len(self._waiting) > self._budget.max_messages + extra_messages:
            self._give_up(f"more than {self._budget.max_messages} messages unread")

    def _give_up(self, reason: str) -> None:
        self.too_slow = True
        self.close(TRY_AGAIN_LATER, reason)
