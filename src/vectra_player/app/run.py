"""Run one recording from open to close: store, source, signals, sockets."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import msgspec
import structlog

from vectra_player import __version__
from vectra_player.app.build import SOURCES, build_source, store_settings
from vectra_player.app.control import Handlers, serve_control
from vectra_player.app.outlet import address_of, outlet
from vectra_player.app.progress import Limits, Status, Summary
from vectra_player.app.recorder import Recorder
from vectra_player.app.upkeep import refresh
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.sources.base import Source
from vectra_player.store.hold import Lender
from vectra_player.store.writer import EventStore

log = structlog.get_logger(__name__)


class Opened(NamedTuple):
    """An open store, the recorder that writes to it, and what it records."""

    store: EventStore
    recorder: Recorder
    source: Source


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, name: str, *, close_browser: bool, recording: bool, clock: Clock
) -> AsyncIterator[Opened]:
    """Open store and source and stop on signals; close the store at the end.

    Raises:
        StoreLockedError, StoreVersionError: the data directory cannot be written.
        UsageError: there is no such source, or the outlet that is set cannot be.
    """
    broker = address_of(settings)
    source = build_source(name, settings, clock, close_browser=close_browser)
    store = await asyncio.to_thread(
        EventStore.open, settings.data_dir, clock=clock, settings=store_settings(settings)
    )
    lender = Lender(store)
    try:
        lender.start()
        recorder = Recorder(store, source, SOURCES[name], clock=clock, recording=recording)
        _stop_on_signals(recorder)
        async with outlet(settings.data_dir, broker, store):
            yield Opened(store, recorder, source)
    finally:
        await asyncio.to_thread(lender.close)
        await asyncio.to_thread(store.close)
        await asyncio.to_thread(refresh, settings.data_dir)


async def record_source(
    settings: Settings,
    name: str,
    limits: Limits,
    on_status: Callable[[Status], None],
    *,
    close_browser: bool = False,
    clock: Clock | None = None,
) -> Summary:
    """Record until a limit, a signal or the end of the source; all is filed at return.

    Raises:
        StoreLockedError, StoreVersionError: the data directory cannot be written.
        UsageError: there is no such source.
    """
    clock = clock or SystemClock()
    async with (
        opened(settings, name, close_browser=close_browser, recording=True, clock=clock) as pair,
        serve_control(
            settings.data_dir, handlers_of(pair.store, pair.recorder, pair.recorder.status)
        ),
    ):
        return await run_to_end(pair.recorder, name, limits, on_status)


async def run_to_end(
    recorder: Recorder, name: str, limits: Limits, on_status: Callable[[Status], None]
) -> Summary:
    """Run a recorder and log what it came to."""
    log.info("recording", source=name, version=__version__)
    summary = await recorder.run(limits, on_status)
    log.info("recorded", **msgspec.structs.asdict(summary))
    return summary


def handlers_of(
    store: EventStore, recorder: Recorder, read_status: Callable[[], Status]
) -> Handlers:
    """Return what the control socket answers."""

    async def status() -> Status:
        return read_status()

    async def flush() -> Any:
        return await asyncio.to_thread(store.flush)

    async def stop() -> str:
        recorder.stop("asked to stop")
        return "stopping"

    return {"status": status, "flush": flush, "stop": stop}


def _stop_on_signals(recorder: Recorder) -> None:
    """Stop cleanly on the first SIGINT or SIGTERM; a second SIGINT ends at once."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        recorder.stop(f"stopped by {number.name}")
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
