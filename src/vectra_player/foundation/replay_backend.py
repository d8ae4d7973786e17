"""State for the monitor where a replay is the main feed: nothing is captured, nothing is recorded.

Built by `app.replay`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from vectra_player import __version__
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.foundation.logring import LogRing
from vectra_player.foundation.monitor.answers import FeedHealth, Health, RecordingAnswer, State
from vectra_player.foundation.monitor.metrics import Metrics, Reading
from vectra_player.foundation.replays import PRACTICE, ReplayStage
from vectra_player.foundation.snapshot import snapshot_data
from vectra_player.foundation.store_worker import Question, StoreWorker


class ReplayBackend:
    """Answers for a service that only replays; see `monitor.backend.Backend`."""

    def __init__(
        self,
        stage: ReplayStage,
        worker: StoreWorker,
        log: LogRing,
        *,
        source: str,
        feed_facts: Callable[[], dict[str, Any]],
        clock: Clock | None = None,
    ) -> None:
        self._stage = stage
        self._worker = worker
        self._log = log
        self._source = source
        self._feed_facts = feed_facts
        self._clock = clock or SystemClock()
        self._started = self._clock.monotonic()
        self._metrics = Metrics(self._readings)

    def health(self) -> Health:
        """Return whether it runs."""
        facts = self._feed_facts()
        return Health(
            status="ok",
            version=__version__,
            uptime_s=round(self._uptime_s(), 3),
            recording=False,
            feed=FeedHealth(facts["port"], facts["clients"], self._stage.hub.last_seq),
            dashboard=facts.get("dashboard"),
        )

    def recording(self) -> RecordingAnswer:
        """Return that nothing is recorded."""
        return RecordingAnswer(
            recording=False,
            source=self._source,
            session_id=None,
            sessions=0,
            events=0,
            games=0,
            gaps=0,
            durable_seq=0,
            halted=None,
        )

    def state(self) -> State:
        """Return everything the monitor page shows."""
        return State(
            mode="REPLAY",
            trading=PRACTICE,
            recording=self.recording(),
            feed=self._feed_facts(),
            recorder={"source": self._source, "recording": False, "replay": self._stage.status},
            state=snapshot_data(self._stage.state),
            gaps=[],
            log=self._log.tail(),
        )

    async def record(self, action: Literal["start", "stop"], source: str | None) -> RecordingAnswer:
        """Refuse: a replay is never recorded again. Raises UsageError."""
        raise UsageError("A replay is never recorded.", advice="Start again with another --source.")

    async def ask(self, question: Question) -> msgspec.Raw:
        """Ask the store. Raises VectraError."""
        return await self._worker.ask(question)

    def metrics(self) -> bytes:
        """Return the metrics."""
        return self._metrics.render()

    def _uptime_s(self) -> float:
        return self._clock.monotonic() - self._started

    def _readings(self) -> Iterator[Reading]:
        hub = self._stage.hub.stats()
        yield Reading("vectra_info", "Version.", 1, labels={"version": __version__})
        yield Reading("vectra_uptime_seconds", "Time since the start.", self._uptime_s())
        yield Reading("vectra_recording", "1 while recording.", 0)
        yield Reading("vectra_feed_clients", "Connected clients.", self._feed_facts()["clients"])
        yield Reading("vectra_feed_messages", "Messages published.", hub.last_seq, True)
