"""Record one source: scrub a frame, store it, and only then understand and publish it.

A recording survives everything but its own end: a source that fails is reported, a store that
halts (full disk) is waited for, and what is missing becomes a gap fact. Recording can be stopped
and started while the source runs on; frames between are published with no session and not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from vectra_player import __version__
from vectra_player.app.progress import Limits, Progress, Status, Summary
from vectra_player.bus import EventBus, Events, spawn
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import CaptureHaltedError, DecodeError, UsageError, VectraError
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.frame import Frame, StoredFrame, fact, gap
from vectra_player.model.units import Source as SourceLabel
from vectra_player.protocol.describe import describe
from vectra_player.protocol.redact import scrub
from vectra_player.protocol.rugs import Event, decode, undecodable
from vectra_player.sources.base import Source
from vectra_player.store.writer import EventStore

log = structlog.get_logger(__name__)

STATUS_INTERVAL_S = 0.25
HALT_POLL_S = 0.5

NOT_STORED = ""
"""Session of a frame that nobody keeps."""


class Recorder:
    """One source, recorded from the first frame to the last; runs on one event loop.

    With `recording=False` nothing is stored until `start_recording`.
    """

    def __init__(
        self,
        store: EventStore,
        source: Source,
        label: SourceLabel,
        *,
        origin: str = "",
        bus: EventBus | None = None,
        clock: Clock | None = None,
        recording: bool = True,
    ) -> None:
        self.bus = bus or EventBus()
        self.live = LiveStateProvider(self.bus)
        self._store = store
        self._source = source
        self._label: SourceLabel = label
        self._origin = origin
        self._heard_origin = origin
        self._waiting: deque[StoredFrame] = deque()
        self._publishing = False
        self._clock = clock or SystemClock()
        self._progress = Progress(self._clock.monotonic())
        self._session_id: str | None = None
        self._last_session: str | None = None
        self._sessions = 0
        self._switch = asyncio.Lock()
        self._switching = False
        self._held_receipt = 0
        self._stop = asyncio.Event()
        self._reason = "stopped"
        self._loop = asyncio.get_running_loop()
        if recording:
            self._begin(store.start_session(label, origin, {"version": __version__}))
        source.acknowledge(store.last_receipt)
        store.on_durable(self._acknowledge)

    @property
    def recording(self) -> bool:
        """Tell whether a session is open."""
        return self._session_id is not None

    @property
    def storing(self) -> bool:
        """Tell whether frames are stored: a session is open, and the disk takes it."""
        return self.recording and not self._store.halted

    @property
    def session_id(self) -> str | None:
        """Return the session that is recorded; None while nothing is."""
        return self._session_id

    def stop(self, reason: str) -> None:
        """End the run cleanly; the first reason counts."""
        if not self._stop.is_set():
            self._reason = reason
            self._stop.set()

    async def start_recording(self) -> str:
        """Begin a new session; return its id. Frames are stored from when this returns.

        Raises:
            UsageError: one is open already, or the run is ending.
            DiskError: the disk refuses.
        """
        async with self._switch:
            if self.recording or self._stop.is_set():
                raise UsageError(
                    f"Recording already: session {self._session_id}."
                    if self.recording
                    else "The recorder is stopping."
                )
            detail: dict[str, Any] = {"version": __version__}
            if self.live.connection.sockets:
                detail["sockets"] = list(self.live.connection.sockets)
            self._switching = True
            try:
                session_id = await asyncio.to_thread(
                    self._store.start_session, self._label, self._origin, detail
                )
            finally:
                self._switching = False
            self._begin(session_id)
            self._release()
            self._tell(Events.RECORDING_STARTED, "started", session_id, 1, detail)
            return session_id

    async def stop_recording(self, reason: str) -> str:
        """End the session; everything of it is durable and filed on return. Returns its id.

        Raises:
            UsageError: nothing is recorded.
            DiskError: the disk refuses; what was acknowledged is safe.
        """
        async with self._switch:
            return await self._end_session(reason)

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
            self.stop("cancelled")
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
            recording=self.recording,
            session_id=self._session_id,
            sessions=self._sessions,
            elapsed_s=self._clock.monotonic() - progress.started,
            game_id=live.game_id,
            tick=live.tick,
            price=live.price,
            phase=live.game_phase,
            games=progress.session.games,
            events=progress.session.events,
            events_per_s=progress.rate(self._clock.monotonic()),
            lag_ms=progress.lag_ms,
            durable_seq=stats.durable_seq,
            gaps=progress.session.gaps,
            disk_free_bytes=shutil.disk_usage(self._store.data_dir.root).free,
            halted=stats.halted_reason,
        )

    def emit(self, frame: Frame) -> None:
        """Store a frame if there is a session, then publish what it says.

        Raises:
            CaptureHaltedError: the store cannot take it; nothing was stored.
        """
        clean = scrub(frame)
        session_id = self._session_id
        if session_id is None:
            stored = StoredFrame(NOT_STORED, 0, clean)
            self._let_go(clean.receipt)
        else:
            stored = StoredFrame(session_id, self._store.append(clean), clean)
        self._progress.count(clean, self._clock.now_us(), recorded=session_id is not None)
        self._hand_out(stored)

    def note(self, kind: str, detail: object) -> int:
        """Store a fact of our own; return its seq, 0 while nothing is recorded: then it is lost.

        It is published after what is being published now: whoever notes something because of a
        frame must not be heard before it. `detail` must be JSON-encodable.

        Raises:
            CaptureHaltedError: the store cannot take it; nothing was stored.
        """
        if self._session_id is None:
            return 0
        now = self._clock.now_us()
        frame = scrub(fact(kind, detail, ts=now, source="ui", origin=self._heard_origin))
        stored = StoredFrame(self._session_id, self._store.append(frame), frame)
        self._progress.count(frame, now, recorded=True)
        self._hand_out(stored)
        return stored.seq

    def _hand_out(self, stored: StoredFrame) -> None:
        """Publish in the order of seq, also what consumers note while they are served."""
        self._waiting.append(stored)
        if self._publishing:
            return
        self._publishing = True
        try:
            while self._waiting:
                self._understand(self._waiting.popleft())
        finally:
            self._publishing = False

    def _understand(self, stored: StoredFrame) -> None:
        self.bus.publish(Events.WS_RAW_EVENT, stored)
        ws = describe(stored)
        try:
            event = decode(ws)
        except DecodeError as error:
            log.warning("undecodable", seq=stored.seq, error=error.message)
            event = undecodable(ws, error)
        if event is not None:
            self._publish(event)

    def _begin(self, session_id: str) -> None:
        self._session_id = self._last_session = session_id
        self._sessions += 1
        if self._sessions > 1:
            self._progress.next_session()

    def _acknowledge(self, seq: int, receipt: int) -> None:
        if receipt and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._source.acknowledge, receipt)

    def _let_go(self, receipt: int) -> None:
        """Acknowledge a frame that is not kept.

        A receipt covers all before it: while a session ends, frames before this one may not be
        durable yet, so it waits until they are.
        """
        self._held_receipt = max(self._held_receipt, receipt)
        if not self._switching:
            self._release()

    def _release(self) -> None:
        receipt, self._held_receipt = self._held_receipt, 0
        if receipt:
            self._source.acknowledge(receipt)

    def _publish(self, event: Event) -> None:
        if event.kind == "event" and event.origin:
            self._heard_origin = event.origin
        before = self.live.game_phase, self.live.game_id
        self.bus.publish(Events.EVENT, event)
        after = self.live.game_phase, self.live.game_id
        if self.recording and self._progress.count_game(before, after):
            self.stop(f"{self._progress.total.games} games recorded")

    def _tell(self, topic: Events, kind: str, session_id: str, seq: int, detail: object) -> None:
        """Publish a fact the store wrote by itself.

        Not as EVENT: the connection goes on, and the live state takes the end of a session for
        the end of its connection.
        """
        frame = fact(kind, detail, ts=self._clock.now_us(), source=self._label, origin=self._origin)
        event = decode(describe(StoredFrame(session_id, seq, frame)))
        self.bus.publish(topic, event)

    async def _capture(self) -> None:
        while True:
            try:
                await self._source.run(self.emit)
            except CaptureHaltedError as error:
                # A cancelled source tells of its end. A halted store refuses that fact, and the
                # refusal takes the place of the cancellation: waiting would be waiting for ever.
                if self._stop.is_set():
                    return
                log.error("capture halted", error=str(error))
                await self._wait_out_the_halt(str(error))
            else:
                return

    async def _wait_out_the_halt(self, reason: str) -> None:
        """Return once the store has taken the fact of what is missing."""
        halted_at = self._clock.now_us()
        while True:
            while self._store.halted and self.recording:  # noqa: ASYNC110 - a thread changes it
                await asyncio.sleep(HALT_POLL_S)
            with contextlib.suppress(CaptureHaltedError):  # halted again meanwhile
                self.emit(self._halt_gap(halted_at, reason))
                return

    def _halt_gap(self, halted_at: int, reason: str) -> Frame:
        now = self._clock.now_us()
        detail = gap("frames while halted", reason, times=(halted_at, now))
        return fact("gap", detail, ts=now, source=self._label)

    async def _finish(self) -> None:
        await self._source.close()
        async with self._switch:
            if self.recording:
                await self._end_session(self._reason)

    async def _end_session(self, reason: str) -> str:
        if self._session_id is None:
            raise UsageError("Nothing is recorded.")
        self.bus.publish(Events.RECORDING_ENDING, reason)
        session_id, self._session_id = self._session_id, None
        self._switching = True
        try:
            await asyncio.to_thread(self._store.stop_session, reason)
        finally:
            self._switching = False
            self._release()
        detail = {"reason": reason, "events": self._progress.session.events}
        seq = self._store.durable_seq
        self._tell(Events.RECORDING_STOPPED, "stopped", session_id, seq, detail)
        return session_id

    async def _report(self, on_status: Callable[[Status], None]) -> None:
        try:
            while True:
                on_status(self.status())
                await asyncio.sleep(STATUS_INTERVAL_S)
        finally:
            on_status(self.status())  # what came since: a halt, perhaps

    def _summary(self, error: str | None) -> Summary:
        stats, progress = self._store.stats(), self._progress
        return Summary(
            session_id=self._last_session,
            source=self._label,
            data_dir=str(self._store.data_dir.root),
            reason=self._reason,
            seconds=round(self._clock.monotonic() - progress.started, 3),
            events=progress.total.events,
            games=progress.total.games,
            gaps=progress.total.gaps,
            durable_seq=stats.durable_seq,
            sessions=self._sessions,
            halted=stats.halted_reason,
            error=error,
        )


def _error_of(task: asyncio.Task[None]) -> str | None:
    error = task.exception()
    if error is None:
        return None
    if isinstance(error, VectraError):
        return str(error)
    raise error
