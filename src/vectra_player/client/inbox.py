"""Events that wait for a subscriber: bounded, and open about what a full queue means.

Used by `client` only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum

from vectra_player.client.base import FeedEvent
from vectra_player.client.events import ConnectionChange, Gap


class Overflow(Enum):
    """What becomes of a message that meets a full queue."""

    WAIT = "wait"
    """Reading stops. The feed then merges ticks, and drops nothing else while it can resume us."""
    DROP_OLDEST = "drop_oldest"
    """The oldest makes room, and a `Gap` of scope `client` says how many."""


class Inbox:
    """A queue of events with one consumer."""

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        if capacity < 1:
            raise ValueError("an inbox has room for an event")
        self.capacity = capacity
        self.overflow = overflow
        self.dropped = 0
        self._events: deque[FeedEvent] = deque()
        self._missing = 0
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._events)

    async def put(self, event: FeedEvent) -> None:
        """Queue an event; with WAIT, wait for room first. News of the connection always fits."""
        if not isinstance(event, ConnectionChange):
            while self._full() and not self._closed:
                if self.overflow is Overflow.DROP_OLDEST:
                    self._drop()
                    continue
                self._room.clear()
                await self._room.wait()
        if not self._closed:
            self._events.append(event)
            self._ready.set()

    async def get(self) -> FeedEvent:
        """Take the oldest event.

        Raises:
            StopAsyncIteration: the inbox was closed.
            VectraError: what it was closed with, after what was queued.
        """
        while not self._events:
            if self._closed:
                raise self._error or StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        oldest = self._events[0]
        if self._missing:
            missing, self._missing = self._missing, 0
            return _overflowed(oldest, missing)
        self._room.set()
        return self._events.popleft()

    def close(self, error: BaseException | None = None) -> None:
        """End it: what is queued is still taken if there is an error to tell, else forgotten."""
        if self._closed:
            return
        self._closed = True
        self._error = error
        if error is None:
            self._events.clear()
        self._ready.set()
        self._room.set()

    def _full(self) -> bool:
        if len(self._events) < self.capacity:
            return False
        news = sum(1 for event in self._events if isinstance(event, ConnectionChange))
        return len(self._events) - news >= self.capacity

    def _drop(self) -> None:
        told = next(i for i, e in enumerate(self._events) if not isinstance(e, ConnectionChange))
        del self._events[told]
        self._missing += 1
        self.dropped += 1


def _overflowed(before: FeedEvent, missing: int) -> Gap:
    reason = "the subscriber does not keep up"
    return Gap(
        type="gap",
        ts=before.ts,
        game_id=before.game_id,
        seq=before.seq,
        data={"scope": "client", "missing": missing, "reason": reason},
        scope="client",
        missing=missing,
        reason=reason,
    )
