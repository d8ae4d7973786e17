"""One stream of the feed: numbers its messages, remembers the latest, and hands them to clients.

The main feed is one hub, each replay is another. Everything happens on one event loop and nothing
blocks. Messages published in one turn of the loop are joined and written once a client. Only
`foundation` calls this.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from vectra_player.clock import Clock, SystemClock
from vectra_player.foundation.messages import GAP, PONG, SNAPSHOT, Message, Packed
from vectra_player.foundation.outbox import Budget, Line, Outbox

_GOING_AWAY = 1001
_SNAPSHOT_AGE_S = 1.0  # fields that count time down may be this old for clients that join at once


class HubSettings(Struct, frozen=True, kw_only=True):
    """How much a hub remembers and how it treats clients."""

    ring_messages: int = 4_096
    ring_bytes: int = 16 << 20
    batch_messages: int = 64
    """Most messages joined into one write; more are flushed at once."""
    batch_bytes: int = 64 << 10
    budget: Budget = Budget()


class HubStats(Struct, frozen=True, kw_only=True):
    """Counters of one hub since its start."""

    feed_id: str
    last_seq: int
    clients: int
    slow_clients: int
    delivered: int
    merged: int
    closed_slow: int
    resumed: int
    gaps: int
    ring_messages: int
    ring_bytes: int
    waiting_bytes: int


class _Group:
    """Clients that asked for the same types share one joined block of frames."""

    def __init__(self, types: frozenset[str] | None) -> None:
        self.types = types
        self.outboxes: dict[Outbox, None] = {}


class FeedHub:
    """One stream and its clients.

    `snapshot` returns a `snapshot` message with the current state; `feed_id` and `last_seq` are
    added to its data here.
    """

    def __init__(
        self,
        snapshot: Callable[[], Message],
        *,
        settings: HubSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.feed_id = secrets.token_hex(8)
        self.last_seq = 0
        self.closed = False
        self._snapshot = snapshot
        self._settings = settings or HubSettings()
        self._clock = clock or SystemClock()
        self._ring: deque[Packed] = deque()
        self._ring_bytes = 0
        self._resumable_from = 0
        self._groups: dict[frozenset[str] | None, _Group] = {}
        self._fresh: list[Packed] = []
        self._fresh_bytes = 0
        self._cached: tuple[int, float, Packed] | None = None
        self._delivered = self._merged = self._closed_slow = self._resumed = self._gaps = 0

    def publish(self, message: Message) -> int:
        """Number a message and give it to every client that wants it; return its seq.

        It is written at the end of this turn of the loop. Publish long bursts in portions and
        yield between them, else clients cannot drain and run over their budget.
        """
        self.last_seq += 1
        packed = Packed(message, self.last_seq)
        self._remember(packed)
        if not self._groups:
            return self.last_seq
        if not self._fresh:
            asyncio.get_running_loop().call_soon(self.flush)
        self._fresh.append(packed)
        self._fresh_bytes += len(packed.frame)
        settings = self._settings
        if len(self._fresh) >= settings.batch_messages or self._fresh_bytes >= settings.batch_bytes:
            self.flush()
        return self.last_seq

    def flush(self) -> None:
        """Write what was published since the last turn of the loop."""
        fresh, self._fresh, self._fresh_bytes = self._fresh, [], 0
        if not fresh:
            return
        for types, group in list(self._groups.items()):
            wanted = fresh if types is None else [p for p in fresh if p.type in types]
            if not wanted:
                continue
            frames = wanted[0].frame if len(wanted) == 1 else b"".join([p.frame for p in wanted])
            for outbox in list(group.outboxes):
                outbox.deliver(frames, wanted)

    def join(
        self,
        line: Line,
        types: frozenset[str] | None = None,
        since: int | None = None,
        feed: str | None = None,
    ) -> Outbox:
        """Add a client; it gets a snapshot, or what it missed since `since` of `feed`.

        `types` None means all. What cannot be resumed is answered with `gap` and `snapshot`;
        both reach the client whatever its types.
        """
        self.flush()
        outbox = Outbox(line, types, self._settings.budget)
        outbox.start(self._greeting(outbox, since, feed))
        self._group(types).outboxes[outbox] = None
        return outbox

    def leave(self, outbox: Outbox) -> None:
        """Forget a client; unknown ones are ignored."""
        if not self._detach(outbox):
            return
        self._delivered += outbox.sent
        self._merged += outbox.merged
        self._closed_slow += outbox.too_slow

    def subscribe(self, outbox: Outbox, types: frozenset[str] | None) -> None:
        """Change what a client gets from now on."""
        self.flush()
        if self._detach(outbox):
            outbox.types = types
            self._group(types).outboxes[outbox] = None

    def pong(self, outbox: Outbox, ping_id: Any) -> None:
        """Answer a client's ping, after everything published before it."""
        self.flush()
        outbox.offer(self._aside(PONG, {"id": ping_id}))

    def reset(self) -> None:
        """Send everybody a new snapshot: the stream jumped, and nothing before can be resumed."""
        self.flush()
        self._ring.clear()
        self._ring_bytes = 0
        self._resumable_from = self.last_seq + 1
        self._cached = None
        snapshot = self._current()
        for outbox in self._outboxes():
            outbox.offer(snapshot)

    def sweep(self) -> None:
        """Close clients that stopped reading; the server calls it about once a second."""
        now_s = self._clock.monotonic()
        for outbox in self._outboxes():
            outbox.sweep(now_s)

    def close(self, code: int = _GOING_AWAY, reason: str = "the feed ends") -> None:
        """End every client; later ones are turned away by the server."""
        self.flush()
        self.closed = True
        for outbox in self._outboxes():
            outbox.close(code, reason)

    def stats(self) -> HubStats:
        """Return the counters as of now."""
        outboxes = self._outboxes()
        return HubStats(
            feed_id=self.feed_id,
            last_seq=self.last_seq,
            clients=len(outboxes),
            slow_clients=sum(1 for outbox in outboxes if outbox.waiting),
            delivered=self._delivered + sum(outbox.sent for outbox in outboxes),
            merged=self._merged + sum(outbox.merged for outbox in outboxes),
            closed_slow=self._closed_slow,
            resumed=self._resumed,
            gaps=self._gaps,
            ring_messages=len(self._ring),
            ring_bytes=self._ring_bytes,
            waiting_bytes=sum(outbox.waiting_bytes for outbox in outboxes),
        )

    def _outboxes(self) -> list[Outbox]:
        return [outbox for group in self._groups.values() for outbox in group.outboxes]

    def _detach(self, outbox: Outbox) -> bool:
        group = self._groups.get(outbox.types)
        if group is None or outbox not in group.outboxes:
            return False
        del group.outboxes[outbox]
        if not group.outboxes:
            del self._groups[outbox.types]
        return True

    def _group(self, types: frozenset[str] | None) -> _Group:
        return self._groups.setdefault(types, _Group(types))

    def _remember(self, packed: Packed) -> None:
        self._ring.append(packed)
        self._ring_bytes += len(packed.frame)
        settings = self._settings
        while len(self._ring) > settings.ring_messages or self._ring_bytes > settings.ring_bytes:
            self._ring_bytes -= len(self._ring.popleft().frame)

    def _greeting(self, outbox: Outbox, since: int | None, feed: str | None) -> list[Packed]:
        if since is None:
            return [self._current()]
        oldest = max(self.last_seq - len(self._ring), self._resumable_from)
        if feed == self.feed_id and oldest <= since <= self.last_seq:
            self._resumed += 1
            return [p for p in self._ring if p.seq > since and outbox.wants(p)]
        self._gaps += 1
        same = feed == self.feed_id
        detail = {
            "from": since,
            "to": self.last_seq,
            "feed_id": self.feed_id,
            "reason": "too old to resume" if same else "another feed",
        }
        return [self._aside(GAP, detail), self._current()]

    def _current(self) -> Packed:
        now_s = self._clock.monotonic()
        if self._cached is not None:
            seq, made_s, packed = self._cached
            if seq == self.last_seq and now_s - made_s < _SNAPSHOT_AGE_S:
                return packed
        message = self._snapshot()
        if not isinstance(message.data, dict) or message.type != SNAPSHOT:
            raise TypeError("a snapshot message carries its state as a dict")
        data = {**message.data, "feed_id": self.feed_id, "last_seq": self.last_seq}
        packed = Packed(
            Message(SNAPSHOT, message.ts, message.game_id, data, message.src), self.last_seq
        )
        self._cached = (self.last_seq, now_s, packed)
        return packed

    def _aside(self, kind: str, data: dict[str, Any]) -> Packed:
        """Make a message for one client only; it carries the last seq and is not remembered."""
        return Packed(Message(kind, self._clock.now_us() // 1000, None, data), self.last_seq)
