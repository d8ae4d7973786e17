from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.live_support import packet, tick

from vectra_player.app.recorder import Recorder
from vectra_player.bus import Events
from vectra_player.errors import UsageError
from vectra_player.model.frame import Frame
from vectra_player.protocol.rugs import Event
from vectra_player.sources.base import Emit
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore

PRICES = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]


class ScriptedSource:
    """Emits what a test puts in; `receipts` are those it was told to be safe."""

    def __init__(self) -> None:
        self.receipts: list[int] = []
        self.emit: Emit | None = None
        self.running = asyncio.Event()
        self.closed = False

    async def run(self, emit: Emit) -> None:
        self.emit = emit
        self.running.set()
        await asyncio.Event().wait()

    def acknowledge(self, receipt: int) -> None:
        if receipt:
            self.receipts.append(receipt)

    async def close(self) -> None:
        self.closed = True


class Bench:
    """A recorder on a real store; `events` is what the bus carried."""

    def __init__(self, store: EventStore, *, recording: bool) -> None:
        self.source = ScriptedSource()
        self.store = store
        self.recorder = Recorder(store, self.source, "demo", recording=recording)
        self.events: list[Event] = []
        self.recorder.bus.attach(Events.EVENT, self.events.append)
        self.number = 0

    def frame(self, receipt: int = 0) -> None:
        assert self.source.emit is not None
        self.source.emit(packet("gameStateUpdate", tick(self.number % 8, PRICES), receipt=receipt))
        self.number += 1

    async def acknowledged(self, receipt: int) -> None:
        async with asyncio.timeout(30):
            while receipt not in self.source.receipts:
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def bench(root: Path, *, recording: bool = True) -> AsyncIterator[Bench]:
    with EventStore.open(root) as store:
        made = Bench(store, recording=recording)
        running = asyncio.ensure_future(made.recorder.run())  # noqa: TID251 - ends below
        await made.source.running.wait()
        try:
            yield made
        finally:
            made.recorder.stop("the test ends")
            await running


def stored(root: Path) -> dict[str, list[str]]:
    """Return the event names of each session in seq order."""
    with StoreReader(root) as reader:
        return {
            s.session_id: [str(w.event_name) for w in reader.read_ws_events(s.session_id)]
            for s in reader.sessions()
        }


async def test_frames_between_two_sessions_are_told_and_not_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        first = it.recorder.session_id
        it.frame()
        assert await it.recorder.stop_recording("a pause") == first
        it.frame()
        it.frame()
        second = await it.recorder.start_recording()
        it.frame()
        told = [(event.session_id, event.seq) for event in it.events]
        assert told == [(first, 2), ("", 0), ("", 0), (second, 2)]
        status = it.recorder.status()
        assert (status.sessions, status.events, status.recording) == (2, 1, True)
    assert stored(tmp_path) == {
        first: ["vectra.started", "gameStateUpdate", "vectra.stopped"],
        second: ["vectra.started", "gameStateUpdate", "vectra.stopped"],
    }


async def test_what_is_noted_when_a_session_ends_is_still_in_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        recorder = it.recorder
        recorder.bus.attach(
            Events.RECORDING_ENDING, lambda why: recorder.note("last", {"why": why}), name="test"
        )
        session = recorder.session_id
        await recorder.stop_recording("a pause")
    assert stored(tmp_path) == {session: ["vectra.started", "vectra.last", "vectra.stopped"]}


async def test_a_recorder_that_does_not_record_leaves_no_session(tmp_path: Path) -> None:
    async with bench(tmp_path, recording=False) as it:
        it.frame()
        assert it.recorder.status().recording is False
        assert len(it.events) == 1
    assert stored(tmp_path) == {}


async def test_frames_that_are_not_kept_are_acknowledged_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path, recording=False) as it:
        it.frame(receipt=5)
        assert it.source.receipts == [5]
        await it.recorder.start_recording()
        it.frame(receipt=6)
        await it.acknowledged(6)
        assert it.store.last_receipt == 6


async def test_a_receipt_never_covers_frames_that_are_not_durable_yet(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.frame(receipt=1)
        stopping = asyncio.ensure_future(  # noqa: TID251 - awaited below
            it.recorder.stop_recording("a pause")
        )
        await asyncio.sleep(0)
        assert not it.recorder.recording
        it.frame(receipt=2)
        assert 2 not in it.source.receipts
        await stopping
        assert it.store.last_receipt == 1
        assert it.source.receipts[-1] == 2 or 2 in it.source.receipts


async def test_start_and_stop_are_refused_where_they_make_no_sense(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        with pytest.raises(UsageError, match="Recording already"):
            await it.recorder.start_recording()
        await it.recorder.stop_recording("a pause")
        with pytest.raises(UsageError, match="Nothing is recorded"):
            await it.recorder.stop_recording("again")
        it.recorder.stop("the end")
        with pytest.raises(UsageError, match="stopping"):
            await it.recorder.start_recording()


async def test_pressing_start_and_stop_at_once_ends_in_one_of_both(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        calls: list[Any] = []
        for _ in range(5):
            calls += [it.recorder.stop_recording("pressed"), it.recorder.start_recording()]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(r, str | UsageError) for r in results)
        it.frame()
    for names in stored(tmp_path).values():
        assert names[0] == "vectra.started"
        assert names[-1] == "vectra.stopped"


async def test_start_and_stop_are_published_without_ending_the_connection(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        told: list[Event] = []
        for topic in (Events.RECORDING_STARTED, Events.RECORDING_STOPPED):
            it.recorder.bus.attach(topic, told.append)
        it.frame()
        first = await it.recorder.stop_recording("a pause")
        second = await it.recorder.start_recording()
        assert [(event.name, event.session_id) for event in told] == [
            ("vectra.stopped", first),
            ("vectra.started", second),
        ]
        assert told[0].value() == {"reason": "a pause", "events": 1}
        assert it.recorder.live.connection.connected is True


async def test_a_packet_nobody_can_read_is_told_by_name_and_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        assert it.source.emit is not None
        it.source.emit(Frame(ts=1, raw='42["gameStateUpdate",{"gameId":', source="demo"))
        it.source.emit(Frame(ts=2, raw="\ud800 no packet", source="demo"))
        assert [event.name for event in it.events] == ["gameStateUpdate", "undecodable"]
        assert all(event.mismatch for event in it.events)
        assert it.events[0].value() == '42["gameStateUpdate",{"gameId":'
        it.frame()
        assert it.recorder.live.tick == 0
    (names,) = stored(tmp_path).values()
    assert len(names) == 5


async def test_a_failing_consumer_does_not_stop_the_recording(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:

        def fail(event: Event) -> None:
            raise RuntimeError("a page failed")

        it.recorder.bus.attach(Events.EVENT, fail, name="page")
        for _ in range(3):
            it.frame()
        failed = {h.name: h.failed for h in it.recorder.bus.stats().handlers}
        assert failed["page"] == 3
        assert it.recorder.status().events == 3


async def test_a_note_is_kept_and_heard_after_the_frame_it_was_noted_at(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        seqs: list[int] = []

        def note(event: Event) -> None:
            if event.name == "gameStateUpdate":
                seqs.append(it.recorder.note("outcome_test", {"tick": it.recorder.live.tick}))

        heard: list[str] = []
        it.recorder.bus.attach(Events.EVENT, note, name="noting")
        it.recorder.bus.attach(Events.EVENT, lambda event: heard.append(event.name), name="later")
        it.frame()
        assert seqs == [3]
        assert heard == ["gameStateUpdate", "vectra.outcome_test"]
        await it.recorder.stop_recording("a pause")
        assert it.recorder.note("outcome_test", {}) == 0
    (names,) = stored(tmp_path).values()
    assert names == ["vectra.started", "gameStateUpdate", "vectra.outcome_test", "vectra.stopped"]
    with StoreReader(tmp_path) as reader:
        row = reader.fetch("SELECT source, raw FROM ws_event_rows WHERE seq = 3").to_pylist()[0]
    assert row == {"source": "ui", "raw": '{"tick":0}'}
