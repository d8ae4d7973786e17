"""Record one source: scrub a frame, store it, and only then understand and publish it.

A recording survives everything but its own end: a source that fails is reported, a store that
halts (full disk) is waited for, and what is missing becomes a gap fact.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable

import msgspec
import structlog

from vectra_player import __version__
from vectra_player.bus import EventBus, Events, spawn
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import CaptureHaltedError, DecodeError, VectraError
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.frame import FACT_PREFIX, Frame, StoredFrame, fact
from vectra_player.model.units import Source as SourceLabel
from vectra_player.protocol.describe import describe
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.redact import scrub
from vectra_player.protocol.rugs import Event, decode
from vectra_player.sources.base import Source
from vectra_player.store.writer import EventStore

log = structlog.get_logger(__name__)

STATUS_INTERVAL_S = 0.25
HALT_POLL_S = 0.5
DRAIN_S = 10.0

GAP_FACTS = frozenset({"gap", "silence"})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to stop by itself; None: never."""

    games: int | None = None
    duration_s: float | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a viewer of the recorder wants to know, as of now."""

    source: str
    session_id: str
    elapsed_s: float
    game_id: str | None
    tick: int | None
    price: float | None
    phase: str
    games: int
    events: int
    events_per_s: float
    lag_ms: float | None
    durable_seq: int
    gaps: int
    disk_free_bytes: int
    halted: str | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording came to."""

    session_id: str
    source: str
    data_dir: str
    reason: str
    seconds: float
    events: int
    games: int
    gaps: int
    durable_seq: int
    halted: str | None = None
    error: str | None = None


class Recorder:
    """One recording, from the first frame to the last; runs on one event loop."""

    def __init__(
        self,
        store: EventStore,
        source: Source,
        label: SourceLabel,
        *,
        origin: str = "",
        bus: EventBus | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.bus = bus or EventBus()
        self.live = LiveStateProvider(self.bus)
        self._store = store
        self._source = source
        self._label: SourceLabel = label
        self._clock = clock or SystemClock()
        self._session_id = store.start_session(label, origin, {"version": __version__})
        self._progress = _Progress(self._clock.monotonic())
        self._stop = asyncio.Event()
        self._reason = "stopped"
        self._loop = asyncio.get_running_loop()
        source.acknowledge(store.last_receipt)
        store.on_durable(self._acknowledge)

    def stop(self, reason: str) -> None:
        """End the recording cleanly; the first reason counts."""
        if not self._stop.is_set():
            self._reason = reason
            self._stop.set()

    async def run(
        self, limits: Limits | None = None, on_status: Callable[[Status], None] | None = None
    ) -> Summary:
        """Record until a limit, `stop()`, or the end of the source.

        Every frame taken in is durable and filed when this returns.
        """
        limits = limits or Limits()
        self._progress.games_wanted = limits.games
        capturing = spawn(self._capture(), name="capture")
        waiting = spawn(self._stop.wait(), name="stop")
        reporting = spawn(self._report(on_status), name="status") if on_status else None
        error: str | None = None
        try:
            await asyncio.wait(
                {capturing, waiting},
                timeout=limits.duration_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if capturing.done():
                self.stop("the source ended")
                error = _error_of(capturing)
            self.stop("duration reached")
        finally:
            for task in filter(None, (capturing, waiting, reporting)):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, VectraError):
                    await task
            await self._finish()
        return self._summary(error)

    def status(self) -> Status:
        """Return the state of the recording."""
        live, stats, progress = self.live.snapshot(), self._store.stats(), self._progress
        return Status(
            source=self._label,
            session_id=self._session_id,
            elapsed_s=self._clock.monotonic() - progress.started,
            game_id=live.game_id,
            tick=live.tick,
            price=live.price,
            phase=live.game_phase,
            games=progress.games,
            events=progress.events,
            events_per_s=progress.rate(self._clock.monotonic()),
            lag_ms=progress.lag_ms,
            durable_seq=stats.durable_seq,
            gaps=progress.gaps,
            disk_free_bytes=shutil.disk_usage(self._store.data_dir.root).free,
            halted=stats.halted_reason,
        )

    def emit(self, frame: Frame) -> None:
        """Store a frame, then publish what it says.

        Raises:
            CaptureHaltedError: the store cannot take it; nothing was stored.
        """
        clean = scrub(frame)
        seq = self._store.append(clean)
        stored = StoredFrame(self._session_id, seq, clean)
        self._progress.count(clean, self._clock.now_us())
        self.bus.publish(Events.WS_RAW_EVENT, stored)
        try:
            event = decode(describe(stored))
        except DecodeError as error:
            log.warning("undecodable", seq=seq, error=error.message)
            return
        if event is not None:
            self._publish(event)

    def _acknowledge(self, seq: int, receipt: int) -> None:
        if receipt and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._source.acknowledge, receipt)

    def _publish(self, event: Event) -> None:
        before = self.live.game_phase, self.live.game_id
        self.bus.publish(Events.EVENT, event)
        after = self.live.game_phase, self.live.game_id
        if self._progress.count_game(before, after):
            self.stop(f"{self._progress.games} games recorded")

    async def _capture(self) -> None:
        while True:
            try:
                return await self._source.run(self.emit)
            except CaptureHaltedError as error:
                log.error("capture halted", error=str(error))
                halted_at = self._clock.now_us()
                await self._until_the_store_accepts()
                self.emit(self._halt_gap(halted_at, str(error)))

    async def _until_the_store_accepts(self) -> None:
        while self._store.halted:  # noqa: ASYNC110 - a thread of the store changes it
            await asyncio.sleep(HALT_POLL_S)

    def _halt_gap(self, halted_at: int, reason: str) -> Frame:
        now = self._clock.now_us()
        detail = {"from": halted_at, "to": now, "missing": "frames while halted", "reason": reason}
        return fact("gap", detail, ts=now, source=self._label)

    async def _finish(self) -> None:
        await self._source.close()
        await asyncio.to_thread(self._store.stop_session, self._reason)

    async def _report(self, on_status: Callable[[Status], None]) -> None:
        while True:
            on_status(self.status())
            await asyncio.sleep(STATUS_INTERVAL_S)

    def _summary(self, error: str | None) -> Summary:
        stats, progress = self._store.stats(), self._progress
        return Summary(
            session_id=self._session_id,
            source=self._label,
            data_dir=str(self._store.data_dir.root),
            reason=self._reason,
            seconds=round(self._clock.monotonic() - progress.started, 3),
            events=progress.events,
            games=progress.games,
            gaps=progress.gaps,
            durable_seq=stats.durable_seq,
            halted=stats.halted_reason,
            error=error,
        )


class _Progress:
    """Running counts of one recording."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.events = 0
        self.games = 0
        self.gaps = 0
        self.lag_ms: float | None = None
        self.games_wanted: int | None = None
        self._marks: list[tuple[float, int]] = [(started, 0)]

    def count(self, frame: Frame, now_us: int) -> None:
        self.events += 1
        if frame.raw_format == "engineio":
            self.lag_ms = max(0.0, (now_us - frame.ts) / 1000)
        elif frame.event_name.removeprefix(FACT_PREFIX) in GAP_FACTS:
            self.gaps += 1

    def count_game(
        self, before: tuple[GamePhase, str | None], after: tuple[GamePhase, str | None]
    ) -> bool:
        """Count a game once the next one follows its rug; True when enough were seen."""
        if before[0] is GamePhase.RUGGED and after[1] != before[1]:
            self.games += 1
        return self.games_wanted is not None and self.games >= self.games_wanted

    def rate(self, now: float) -> float:
        """Events a second over the last few seconds."""
        self._marks = [*self._marks[-20:], (now, self.events)]
        (then, events), seconds = self._marks[0], now - self._marks[0][0]
        return (self.events - events) / seconds if seconds > 0 and then < now else 0.0


def _error_of(task: asyncio.Task[None]) -> str | None:
    error = task.exception()
    if error is None:
        return None
    if isinstance(error, VectraError):
        return str(error)
    raise error
