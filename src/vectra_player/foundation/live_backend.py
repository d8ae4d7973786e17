"""State and control of a recorder with a feed, for the monitor. Built by `app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import msgspec

from vectra_player import __version__
from vectra_player.bus import EventBus
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.foundation.live_feed import LiveFeed
from vectra_player.foundation.logring import LogRing
from vectra_player.foundation.monitor.answers import (
    FeedHealth,
    Health,
    RecordingAnswer,
    State,
)
from vectra_player.foundation.monitor.metrics import Metrics, Reading
from vectra_player.foundation.snapshot import snapshot_data
from vectra_player.foundation.store_worker import Question, StoreWorker

_COUNTERS = ("delivered", "merged", "closed_slow", "resumed", "gaps")


class RecorderStatus(Protocol):
    """What is read of a recorder's status; it is a struct with these fields and more."""

    source: str
    recording: bool
    session_id: str | None
    sessions: int
    events: int
    games: int
    gaps: int
    durable_seq: int
    events_per_s: float
    lag_ms: float | None
    disk_free_bytes: int
    halted: str | None


class Recording(Protocol):
    """What is asked of the recorder (`app.recorder.Recorder`)."""

    bus: EventBus

    def status(self) -> Any:
        """Return its status (`RecorderStatus`)."""
        ...

    async def start_recording(self) -> str:
        """Begin a session. Raises UsageError, DiskError."""
        ...

    async def stop_recording(self, reason: str) -> str:
        """End the session. Raises UsageError, DiskError."""
        ...


class LiveBackend:
    """Answers for one recorder; see `monitor.backend.Backend`.

    `source` is its name on the command line; `feed_facts` tells about the feed's server.
    """

    def __init__(
        self,
        recorder: Recording,
        feed: LiveFeed,
        worker: StoreWorker,
        log: LogRing,
        *,
        source: str,
        feed_facts: Callable[[], dict[str, Any]],
        clock: Clock | None = None,
    ) -> None:
        self._recorder = recorder
        self._feed = feed
        self._worker = worker
        self._log = log
        self._source = source
        self._feed_facts = feed_facts
        self._clock = clock or SystemClock()
        self._started = self._clock.monotonic()
        self._metrics = Metrics(self._readings)

    def health(self) -> Health:
        """Return whether it runs."""
        status, facts = self._status(), self._feed_facts()
        return Health(
            status="halted" if status.halted else "ok",
            version=__version__,
            uptime_s=round(self._uptime_s(), 3),
            recording=status.recording,
            feed=FeedHealth(facts["port"], facts["clients"], self._feed.hub.last_seq),
            dashboard=facts.get("dashboard"),
        )

    def recording(self) -> RecordingAnswer:
        """Return whether and what is recorded."""
        status = self._status()
        return RecordingAnswer(
            recording=status.recording,
            source=self._source,
            session_id=status.session_id,
            sessions=status.sessions,
            events=status.events,
            games=status.games,
            gaps=status.gaps,
            durable_seq=status.durable_seq,
            halted=status.halted,
        )

    def state(self) -> State:
        """Return everything the monitor page shows."""
        return State(
            mode=self._feed.mode,
            trading=self._feed.trading(),
            recording=self.recording(),
            feed={**self._feed_facts(), "hub": msgspec.to_builtins(self._feed.hub.stats())},
            recorder=msgspec.to_builtins(self._status()),
            state=snapshot_data(self._feed.state),
            gaps=self._feed.gaps,
            log=self._log.tail(),
        )

    async def record(self, action: Literal["start", "stop"], source: str | None) -> RecordingAnswer:
        """Start or stop recording. Raises UsageError, CaptureHaltedError."""
        if source not in (None, self._source):
            raise UsageError(
                f"The source is {self._source}.",
                advice=f"Stop and start again with --source {source}.",
            )
        if action == "start":
            await self._recorder.start_recording()
        else:
            await self._recorder.stop_recording("stopped from the monitor")
        return self.recording()

    async def ask(self, question: Question) -> msgspec.Raw:
        """Ask the store. Raises VectraError."""
        return await self._worker.ask(question)

    def metrics(self) -> bytes:
        """Return the metrics."""
        return self._metrics.render()

    def _status(self) -> RecorderStatus:
        status: RecorderStatus = self._recorder.status()
        return status

    def _uptime_s(self) -> float:
        return self._clock.monotonic() - self._started

    def _readings(self) -> Iterator[Reading]:
        yield Reading("vectra_info", "Version.", 1, labels={"version": __version__})
        yield Reading("vectra_uptime_seconds", "Time since the start.", self._uptime_s())
        yield from self._of_recorder(self._status())
        yield from self._of_feed()
        bus = self._recorder.bus.stats()
        yield Reading("vectra_bus_published", "Messages on the bus.", bus.published, True)
        yield Reading("vectra_bus_dropped", "Messages queues dropped.", bus.dropped, True)
        failed = sum(handler.failed for handler in bus.handlers)
        yield Reading("vectra_bus_handler_failures", "Failures of consumers.", failed, True)

    def _of_recorder(self, status: RecorderStatus) -> Iterator[Reading]:
        source = {"source": status.source}
        yield Reading("vectra_recording", "1 while recording.", status.recording, labels=source)
        yield Reading("vectra_halted", "1 while the disk refuses.", status.halted is not None)
        yield Reading("vectra_sessions", "Sessions since the start.", status.sessions, True)
        yield Reading("vectra_session_events", "Events of the session.", status.events)
        yield Reading("vectra_session_games", "Games of the session.", status.games)
        yield Reading("vectra_session_gaps", "Gaps of the session.", status.gaps)
        yield Reading("vectra_durable_seq", "Highest seq on disk.", status.durable_seq)
        yield Reading("vectra_events_per_second", "Frames heard a second.", status.events_per_s)
        lag_s = None if status.lag_ms is None else status.lag_ms / 1000
        yield Reading("vectra_lag_seconds", "Age of the last frame when stored.", lag_s)
        free = status.disk_free_bytes
        yield Reading("vectra_disk_free_bytes", "Room on the disk.", free)

    def _of_feed(self) -> Iterator[Reading]:
        facts, hub = self._feed_facts(), self._feed.hub.stats()
        yield Reading("vectra_feed_clients", "Connected clients.", facts["clients"])
        yield Reading("vectra_feed_slow_clients", "Clients that lag.", hub.slow_clients)
        yield Reading("vectra_feed_waiting_bytes", "Bytes clients wait for.", hub.waiting_bytes)
        yield Reading("vectra_feed_messages", "Messages published.", hub.last_seq, True)
        for name in _COUNTERS:
            value = getattr(hub, name)
            yield Reading(f"vectra_feed_{name}", f"Feed counter {name}.", value, True)
        malformed = self._feed.normaliser.malformed
        yield Reading("vectra_malformed_payloads", "Payloads of a wrong shape.", malformed, True)
        for reason, count in facts["refused"].items():
            labels = {"reason": reason}
            yield Reading("vectra_feed_refused", "Handshakes refused.", count, True, labels)
