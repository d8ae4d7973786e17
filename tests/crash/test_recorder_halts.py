"""A recorder on a store that refuses: it ends when told to, and goes on when there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.faults import FailingJournal
from tests.live_support import packet, tick
from tests.store_support import SMALL, read

from vectra_player.app.progress import Summary
from vectra_player.app.recorder import Recorder
from vectra_player.errors import DiskError, StoreFullError
from vectra_player.model.frame import Frame, fact
from vectra_player.sources.base import Emit
from vectra_player.store.journal import Journal
from vectra_player.store.writer import EventStore

PRICES = [1.0, 1.1, 1.2, 1.3]
IMPATIENT = msgspec.structs.replace(SMALL, stop_timeout_s=1)


class TalkingSource:
    """Emits what a test puts in and, as real ones do, tells of its end when it is cancelled."""

    def __init__(self) -> None:
        self.wanted: asyncio.Queue[Frame] = asyncio.Queue()
        self.emitted = 0

    async def run(self, emit: Emit) -> None:
        try:
            while True:
                emit(await self.wanted.get())
                self.emitted += 1
        finally:
            emit(fact("disconnected", {"reason": "the source ends"}, ts=1, source="demo"))

    def acknowledge(self, receipt: int) -> None: ...

    async def close(self) -> None: ...

    def say(self, number: int) -> None:
        self.wanted.put_nowait(packet("gameStateUpdate", tick(number, PRICES)))


class RefusesOneGap(EventStore):
    """Halts again just when the recorder wants to tell what the last halt cost."""

    refused = 0

    def append(self, frame: Frame) -> int:
        if frame.event_name == "vectra.gap" and not self.refused:
            self.refused += 1
            raise StoreFullError("Recording halted: again.")
        return super().append(frame)


@pytest.fixture(autouse=True)
def healthy_journal() -> None:
    FailingJournal.set(0, after=False, sticky=False)


def opened(root: Path, kind: type[EventStore] = EventStore) -> EventStore:
    def journal() -> Journal:
        return FailingJournal(root / "journal" / "journal.sqlite")

    return kind.open(root, settings=IMPATIENT, open_journal=journal)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def ended(running: asyncio.Future[Summary]) -> Summary:
    """Wait for the end. Not `wait_for`: its cancellation would free a run that hangs."""
    done, _ = await asyncio.wait({running}, timeout=20)
    assert done, "the run hangs"
    return running.result()


@pytest.mark.parametrize("heard", [False, True], ids=["nothing was refused", "a frame was refused"])
async def test_a_halted_recorder_ends_when_it_is_told_to(tmp_path: Path, heard: bool) -> None:
    source = TalkingSource()
    with opened(tmp_path) as store:
        recorder = Recorder(store, source, "demo")
        running = asyncio.ensure_future(recorder.run())  # noqa: TID251 - ends below
        FailingJournal.set(1, after=False, sticky=True)
        source.say(0)
        await until(lambda: store.halted)
        assert (recorder.recording, recorder.storing) == (True, False)
        if heard:
            source.say(1)
            await until(lambda: store.stats().refused)
        recorder.stop("the user is done")
        # The disk stays broken: the stop fact cannot be stored, and the run says so.
        with pytest.raises(DiskError, match="does not take"):
            await ended(running)


async def test_a_recorder_cancelled_while_halted_ends(tmp_path: Path) -> None:
    source = TalkingSource()
    with opened(tmp_path) as store:
        running = asyncio.ensure_future(Recorder(store, source, "demo").run())  # noqa: TID251
        FailingJournal.set(1, after=False, sticky=True)
        source.say(0)
        await until(lambda: store.halted)
        running.cancel()
        with pytest.raises((DiskError, asyncio.CancelledError)):
            await ended(running)


async def test_a_halt_that_comes_back_at_once_is_waited_out_as_well(tmp_path: Path) -> None:
    source = TalkingSource()
    with opened(tmp_path, RefusesOneGap) as store:
        recorder = Recorder(store, source, "demo")
        running = asyncio.ensure_future(recorder.run())  # noqa: TID251 - ends below
        FailingJournal.set(1, after=False, sticky=True)
        source.say(0)
        await until(lambda: store.halted)
        source.say(1)
        await until(lambda: store.stats().refused)
        FailingJournal.set(0, after=False, sticky=False)
        source.say(2)
        await until(lambda: source.emitted == 2)
        recorder.stop("enough")
        summary = await ended(running)
    assert isinstance(store, RefusesOneGap)
    assert store.refused == 1
    assert (summary.reason, summary.error) == ("enough", None)
    kinds = [kind for _, kind in sorted(read(tmp_path, "system_event", "seq, kind"))]
    assert kinds.count("gap") == 2  # what the store refused, and the recorder's own
