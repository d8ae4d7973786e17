"""A connection to the feed that keeps itself: it comes back, and goes on where it was cut.

Used by users' programs, directly or through `BaseSubscriber`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Self

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from vectra_player.client.base import FeedEvent
from vectra_player.client.decode import event_of
from vectra_player.client.endpoint import Endpoint, Finder, with_query
from vectra_player.client.events import ConnectionChange, Gap, Snapshot
from vectra_player.client.inbox import Inbox, Overflow
from vectra_player.clock import SystemClock
from vectra_player.errors import DecodeError, SourceError, UsageError

log = structlog.get_logger(__name__)

_clock = SystemClock()

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_TRIES_A_TOKEN = 3
"""A file may be read in the moment before a restarted Foundation replaces it."""
_FINAL_CODES = frozenset({1003, 1008, 4404})
"""Close codes after which another attempt would end the same way."""
_MAX_MESSAGE_BYTES = 64 << 20
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait before attempt n: doubled each time, capped, then shortened at random."""

    first_s: float = 0.25
    cap_s: float = 10.0
    shortest: float = 0.5
    """Least part of the wait that is kept, so that many clients do not come back at once."""

    def wait_s(self, attempt: int) -> float:
        """Return the seconds to wait before attempt `attempt`, from 0."""
        most = min(self.cap_s, self.first_s * 2.0 ** min(attempt, 30))
        return most * random.uniform(self.shortest, 1.0)  # noqa: S311 - no secret


class Position(msgspec.Struct, frozen=True):
    """A place in a stream, to go on from there."""

    feed: str
    seq: int


class ClientStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of one client since its start."""

    connected: bool
    connects: int
    received: int
    delivered: int
    dropped: int
    waiting: int
    gaps: int
    malformed: int


class FoundationClient:
    """Follows the feed: `async with FoundationClient() as client: async for event in client: …`.

    Without `url` and `token` it finds the running instance of `data_dir` (default: the setting).
    `types`: only these messages (snapshots and gaps always come). `replay`: a replay's id instead
    of the main feed. `resume`: go on from a position of an earlier run. `patience_s`: raise when
    no connection came about for so long; None waits for ever.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        token: str | None = None,
        data_dir: Path | str | None = None,
        types: Sequence[str] | None = None,
        replay: str | None = None,
        resume: Position | None = None,
        capacity: int = 2_048,
        overflow: Overflow = Overflow.WAIT,
        backoff: Backoff | None = None,
        patience_s: float | None = None,
    ) -> None:
        self._finder = Finder(url, token, data_dir)
        self._types = None if types is None else ",".join(types)
        self._replay = replay
        self._received_at = resume
        self._delivered_at = resume
        self._inbox = Inbox(capacity, overflow)
        self._backoff = backoff or Backoff()
        self._patience_s = patience_s
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        self._connected = False
        self._attempt = 0
        self._refusals: tuple[str, int] = ("", 0)
        self._connects = self._received = self._delivered = self._gaps = self._malformed = 0

    @property
    def position(self) -> Position | None:
        """Return the place of the last event handed over; None before the first snapshot."""
        return self._delivered_at

    def stats(self) -> ClientStats:
        """Return the counters as of now."""
        return ClientStats(
            connected=self._connected,
            connects=self._connects,
            received=self._received,
            delivered=self._delivered,
            dropped=self._inbox.dropped,
            waiting=len(self._inbox),
            gaps=self._gaps,
            malformed=self._malformed,
        )

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise UsageError("A client is used once.", advice="Make another one.")
        self._loop = asyncio.get_running_loop()
        # `bus.spawn` is a layer above; this reference keeps the task, and what fails it is
        # raised by the iteration.
        self._task = self._loop.create_task(self._run(), name="foundation client")
        # A task that is cancelled before it began runs no `finally` of its own.
        self._task.add_done_callback(lambda _: self._inbox.close())
        if self._stopped:
            self._task.cancel()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._inbox.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedEvent:
        """Return the next event.

        Raises:
            StopAsyncIteration: after `stop`.
            UsageError: the token is refused, or there is no such replay.
            SourceError: `patience_s` is over.
        """
        event = await self._inbox.get()
        if not isinstance(event, ConnectionChange) or event.scope != "feed":
            self._delivered += 1
            self._delivered_at = _place(event, self._delivered_at)
        return event

    def stop(self) -> None:
        """End the iteration after the event that is being handled; any thread may call it."""
        self._stopped = True
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        """Stay connected until stopped or for good refused."""
        error: BaseException | None = None
        try:
            await self._stay()
        except asyncio.CancelledError:
            pass  # stop() or the end of the with block; nothing else knows this task
        except Exception as failure:
            error = failure  # raised by the iteration
        finally:
            self._connected = False
            self._inbox.close(error)

    async def _stay(self) -> None:
        since_s = _clock.monotonic()
        while True:
            await self._news("connecting", None)
            endpoint = self._finder.find()
            if endpoint is None:
                state, reason = "waiting", f"no Foundation runs: there is no {self._finder.file}"
            else:
                state, reason = await self._follow(endpoint)
            now_s = _clock.monotonic()
            if self._connected:
                self._connected, since_s = False, now_s
            if self._patience_s is not None and now_s - since_s > self._patience_s:
                raise SourceError(
                    f"No connection to the feed in {self._patience_s:g} s: {reason}.",
                    advice="Start it with `vectra-player up`.",
                )
            wait_s = self._backoff.wait_s(self._attempt)
            self._attempt += 1
            log.info("feed not connected", reason=reason, retry_in_s=round(wait_s, 2))
            await self._news(state, reason, wait_s)
            await asyncio.sleep(wait_s)

    async def _follow(self, endpoint: Endpoint) -> tuple[str, str]:
        """Connect and read until the connection ends; return how it stands, and why."""
        place = self._received_at
        url = with_query(
            endpoint.url,
            types=self._types,
            replay=self._replay,
            since=None if place is None else place.seq,
            feed=None if place is None else place.feed,
        )
        try:
            async with connect(
                url,
                additional_headers={"Authorization": f"Bearer {endpoint.token}"},
                compression=None,
                proxy=None,  # the token must not leave this machine
                user_agent_header=None,
                max_size=_MAX_MESSAGE_BYTES,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
            ) as socket:
                return await self._read(socket)
        except InvalidStatus as answer:
            return self._refused(endpoint, answer)
        except (OSError, TimeoutError, InvalidHandshake) as error:
            return "waiting", f"{type(error).__name__}: {error}"

    async def _read(self, socket: ClientConnection) -> tuple[str, str]:
        try:
            async for text in socket:
                if not self._connected:
                    await self._opened()
                await self._take(text)
        except ConnectionClosed:
            pass  # code and reason are told below
        code, reason = socket.close_code, socket.close_reason or ""
        if code in _FINAL_CODES:
            raise UsageError(f"The feed ended the connection: {reason or code}.")
        return "waiting", reason or f"the connection was cut (code {code})"

    async def _opened(self) -> None:
        self._connected = True
        self._connects += 1
        self._attempt = 0
        self._refusals = ("", 0)
        await self._news("open", None)

    async def _take(self, text: str | bytes) -> None:
        try:
            event = event_of(text)
        except DecodeError as error:
            self._malformed += 1
            log.warning("message not understood", error=str(error))
            return
        self._received += 1
        if isinstance(event, Gap):
            self._gaps += 1
        self._received_at = _place(event, self._received_at)
        await self._inbox.put(event)

    async def _news(self, state: str, reason: str | None, wait_s: float | None = None) -> None:
        place = self._received_at
        change = ConnectionChange(
            type="connection",
            ts=_clock.now_us() // 1000,
            seq=place.seq if place else 0,
            data={},
            scope="feed",
            connected=self._connected,
            state=state,
            reason=reason,
            attempts=self._attempt,
            retry_in_s=wait_s,
        )
        await self._inbox.put(change)

    def _refused(self, endpoint: Endpoint, answer: InvalidStatus) -> tuple[str, str]:
        """Tell a wrong token from a busy server.

        Raises:
            UsageError: the token is wrong, and no other one comes.
        """
        response = answer.response
        told = (response.body or b"").decode("utf-8", "replace").strip()
        reason = told or f"HTTP {response.status_code}"
        if response.status_code not in _REFUSED:
            return "waiting", reason
        token, times = self._refusals
        times = times + 1 if token == endpoint.token else 1
        self._refusals = (endpoint.token, times)
        if self._finder.fixed or times >= _TRIES_A_TOKEN:
            where = "the one given" if self._finder.fixed else f"that of {self._finder.file}"
            raise UsageError(
                f"The feed at {endpoint.url} refused the token, {where}: {reason}.",
                advice="Every start of Foundation makes a new one, in run/instance.json.",
            )
        return "refused", reason


def _place(event: FeedEvent, known: Position | None) -> Position | None:
    """Return where a stream stands after an event; a snapshot or gap may begin another stream."""
    feed = event.data.get("feed_id") if isinstance(event, Snapshot | Gap) else None
    if isinstance(feed, str):
        return Position(feed, event.seq)
    return None if known is None else Position(known.feed, max(known.seq, event.seq))
