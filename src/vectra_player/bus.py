"""Typed publish/subscribe between the parts of one process, and the one way to start a task.

Everything between sources below and foundation or app above may use it; the layers below `bus`
never do. Publishing never blocks: every subscriber has its own bounded queue and says beforehand
what is to happen when that is full, and everything that is dropped is counted.

Threads: a bus belongs to the thread of its event loop. All its methods are called there; another
thread hands over with `loop.call_soon_threadsafe(bus.publish, topic, message)`. `stats()` may be
read anywhere.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
import structlog

from vectra_player.errors import CaptureHaltedError
from vectra_player.model.frame import StoredFrame

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

DEFAULT_CAPACITY = 1024


class Events(StrEnum):
    """What is published. `EVENT` carries every decoded event, the wire topics a part of them.

    `RECORDING_ENDING` carries the reason, while what is noted is still recorded.
    """

    WS_RAW_EVENT = "ws_raw_event"
    EVENT = "event"
    GAME_TICK = "game_tick"
    GAME_START = "game_start"
    GAME_RUG = "game_rug"
    GAME_SETTLED = "game_settled"
    PLAYER_UPDATE = "player_update"
    TRADE = "trade"
    SIDEBET_PLACED = "sidebet_placed"
    SIDEBET_RESULT = "sidebet_result"
    CONNECTION = "connection"
    GAP = "gap"
    SYSTEM = "system"
    BUTTON_PRESS = "button_press"
    ACTION = "action"
    ALERT = "alert"
    RECORDING_STARTED = "recording_started"
    RECORDING_ENDING = "recording_ending"
    RECORDING_STOPPED = "recording_stopped"


MESSAGE_TYPES: Mapping[Events, type] = MappingProxyType({Events.WS_RAW_EVENT: StoredFrame})
"""Topics whose messages are checked when published; the others take any frozen record."""


class Overflow(Enum):
    """What becomes of a message that meets a full queue."""

    HALT = "halt"
    """The publisher gets a CaptureHaltedError and nobody gets the message."""
    DROP_OLDEST = "drop_oldest"
    """The oldest message makes room and is counted."""
    LATEST = "latest"
    """Only the newest message of each topic waits; what it replaces is counted."""


class Published(NamedTuple):
    """A message with the topic it was published under."""

    topic: Events
    message: Any


class SubscriptionStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of one queue; `published` = `delivered` + `dropped` + `queued`."""

    name: str
    topics: tuple[str, ...]
    overflow: str
    capacity: int
    published: int
    delivered: int
    dropped: int
    queued: int
    high_water: int


class HandlerStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of one synchronous consumer."""

    name: str
    topic: str
    served: int
    failed: int


class BusStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of a bus; `refused` counts messages that met a full HALT queue."""

    published: int
    refused: int
    handlers: tuple[HandlerStats, ...]
    subscriptions: tuple[SubscriptionStats, ...]

    @property
    def dropped(self) -> int:
        """Return how many messages any queue dropped or merged away."""
        return sum(queue.dropped for queue in self.subscriptions)


class Subscription:
    """One consumer's queue: iterate it with `async for topic, message in subscription`.

    The iteration ends once the subscription is closed and what was queued has been taken.
    """

    def __init__(
        self,
        bus: EventBus,
        topics: tuple[Events, ...],
        *,
        name: str,
        capacity: int,
        overflow: Overflow,
    ) -> None:
        self.name = name
        self.topics = topics
        self.capacity = capacity
        self.overflow = overflow
        self._bus = bus
        self._queue: deque[Published] = deque()
        self._ready = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._taken = False
        self._closed = False
        self._published = self._delivered = self._dropped = self._high_water = 0

    @property
    def full(self) -> bool:
        """Tell whether the next message overflows."""
        return len(self._queue) >= self.capacity

    def stats(self) -> SubscriptionStats:
        """Return the counters as of now."""
        return SubscriptionStats(
            name=self.name,
            topics=tuple(topic.value for topic in self.topics),
            overflow=self.overflow.value,
            capacity=self.capacity,
            published=self._published,
            delivered=self._delivered,
            dropped=self._dropped,
            queued=len(self._queue),
            high_water=self._high_water,
        )

    def get_nowait(self) -> Published | None:
        """Take the oldest message, None when there is none."""
        if not self._queue:
            return None
        item = self._take()
        self._settle()
        return item

    async def get(self) -> Published:
        """Take the oldest message, waiting for one. Raises StopAsyncIteration once closed."""
        self._taken = False
        self._settle()
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        self._taken = True
        return self._take()

    def close(self) -> None:
        """Queue nothing more; what is queued can still be taken."""
        self._closed = True
        self._bus._forget(self)
        self._ready.set()
        self._taken = False
        self._settle()

    async def quiet(self) -> None:
        """Wait until every message was taken and the last one dealt with."""
        await self._quiet.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Published:
        return await self.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _offer(self, item: Published) -> None:
        self._published += 1
        if self.overflow is Overflow.LATEST:
            self._replace(item.topic)
        elif self.full:
            self._queue.popleft()
            self._dropped += 1
        self._queue.append(item)
        self._high_water = max(self._high_water, len(self._queue))
        self._quiet.clear()
        self._ready.set()

    def _replace(self, topic: Events) -> None:
        for item in self._queue:
            if item.topic is topic:
                self._queue.remove(item)
                self._dropped += 1
                return

    def _take(self) -> Published:
        self._delivered += 1
        return self._queue.popleft()

    def _settle(self) -> None:
        if not self._queue and not self._taken:
            self._quiet.set()


class _Handler:
    """A synchronous consumer of one topic."""

    def __init__(
        self, topic: Events, call: Callable[[Any], object], name: str, *, essential: bool
    ) -> None:
        self.topic = topic
        self.call = call
        self.name = name
        self.essential = essential
        self.served = self.failed = 0

    def serve(self, message: object) -> None:
        """Hand over a message; only an essential consumer's failure reaches the publisher."""
        try:
            self.call(message)
        except Exception as error:
            self.failed += 1
            if self.essential:
                raise
            log.error("bus handler failed", handler=self.name, topic=self.topic.value, error=error)
        else:
            self.served += 1


class EventBus:
    """Hands each message to synchronous consumers in rank order, then to every queue."""

    def __init__(self) -> None:
        self._handlers: dict[Events, tuple[_Handler, ...]] = {}
        self._queues: dict[Events, tuple[Subscription, ...]] = {}
        self._subscriptions: list[Subscription] = []
        self._published = self._refused = 0

    def attach(
        self,
        topic: Events,
        handler: Callable[[Any], object],
        *,
        name: str = "",
        essential: bool = False,
    ) -> Callable[[], None]:
        """Serve a function synchronously, before any queue; returns the function that detaches it.

        Essential ones come first and their errors reach the publisher, who then knows that
        nobody else got the message. The failures of others are counted and logged.
        """
        entry = _Handler(
            topic, handler, name or getattr(handler, "__qualname__", "handler"), essential=essential
        )
        ranked = sorted((*self._handlers.get(topic, ()), entry), key=lambda h: not h.essential)
        self._handlers[topic] = tuple(ranked)
        return lambda: self._detach(entry)

    def subscribe(
        self,
        *topics: Events,
        name: str,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> Subscription:
        """Open a queue of `capacity` messages. With LATEST it holds one message a topic."""
        if not topics or capacity < 1:
            raise ValueError("a subscription needs a topic and room for a message")
        if overflow is Overflow.LATEST:
            capacity = len(set(topics))
        queue = Subscription(self, topics, name=name, capacity=capacity, overflow=overflow)
        self._subscriptions.append(queue)
        for topic in dict.fromkeys(topics):
            self._queues[topic] = (*self._queues.get(topic, ()), queue)
        return queue

    def publish(self, topic: Events, message: object) -> None:
        """Hand a message to every consumer of the topic; never blocks.

        Raises:
            CaptureHaltedError: a HALT queue is full; nobody got the message.
            TypeError: the message is not what the topic carries.
            Exception: what an essential consumer raised; nobody after it got the message.
        """
        wanted = MESSAGE_TYPES.get(topic)
        if wanted is not None and not isinstance(message, wanted):
            raise TypeError(f"{topic.value} carries {wanted.__name__}, not {type(message)}")
        queues = self._queues.get(topic, ())
        for queue in queues:
            if queue.overflow is Overflow.HALT and queue.full:
                self._refused += 1
                raise CaptureHaltedError(
                    f"{queue.name} does not keep up: {queue.capacity} messages wait for it."
                )
        for handler in self._handlers.get(topic, ()):
            handler.serve(message)
        self._published += 1
        if queues:
            item = Published(topic, message)
            for queue in queues:
                queue._offer(item)

    def stats(self) -> BusStats:
        """Return the counters as of now."""
        return BusStats(
            published=self._published,
            refused=self._refused,
            handlers=tuple(
                HandlerStats(name=h.name, topic=h.topic.value, served=h.served, failed=h.failed)
                for handlers in list(self._handlers.values())
                for h in handlers
            ),
            subscriptions=tuple(queue.stats() for queue in list(self._subscriptions)),
        )

    async def drain(self, limit_s: float | None = None) -> int:
        """Wait until every queue was emptied and dealt with; return how many messages are left."""
        try:
            async with asyncio.timeout(limit_s):
                for queue in list(self._subscriptions):
                    await queue.quiet()
        except TimeoutError:
            log.warning("bus not drained", left=self._left())
        return self._left()

    async def close(self, limit_s: float | None = None) -> int:
        """Drain, then end every subscription; return how many messages nobody took."""
        left = await self.drain(limit_s)
        for queue in list(self._subscriptions):
            queue.close()
        return left

    def _left(self) -> int:
        return sum(len(queue._queue) for queue in self._subscriptions)

    def _detach(self, entry: _Handler) -> None:
        handlers = self._handlers.get(entry.topic, ())
        self._handlers[entry.topic] = tuple(h for h in handlers if h is not entry)

    def _forget(self, queue: Subscription) -> None:
        if queue in self._subscriptions:
            self._subscriptions.remove(queue)
        for topic in queue.topics:
            self._queues[topic] = tuple(q for q in self._queues.get(topic, ()) if q is not queue)


_running: set[asyncio.Task[Any]] = set()


def spawn(coro: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
    """Start a task, keep it alive until it ends, and log it if it fails.

    Raw `asyncio.create_task` is banned: the loop keeps only a weak reference to a task, and the
    error of one that nobody awaits is never seen.
    """
    task = asyncio.create_task(coro, name=name)  # noqa: TID251 - the one place
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if error is not None:
        log.error("task failed", task=task.get_name(), error=error)
