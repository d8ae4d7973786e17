"""Run one recording from open to close: store, source, signals, control socket."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from vectra_player import __version__
from vectra_player.app.build import SOURCES, build_source, store_settings
from vectra_player.app.control import serve_control
from vectra_player.app.progress import Limits, Status, Summary
from vectra_player.app.recorder import Recorder
from vectra_player.app.upkeep import refresh
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.store.writer import EventStore

log = structlog.get_logger(__name__)


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
    source = build_source(name, settings, clock, close_browser=close_browser)
    store = await asyncio.to_thread(
        EventStore.open, settings.data_dir, clock=clock, settings=store_settings(settings)
    )
    try:
        recorder = Recorder(store, source, SOURCES[name], clock=clock)
        _stop_on_signals(recorder)
        handlers = {"status": _answer(recorder), "flush": _flush(store), "stop": _end(recorder)}
        async with serve_control(settings.data_dir, handlers):
            log.info("recording", source=name, version=__version__)
            summary = await recorder.run(limits, on_status)
            log.info("recorded", **msgspec.structs.asdict(summary))
            return summary
    finally:
        await asyncio.to_thread(store.close)
        await asyncio.to_thread(refresh, settings.data_dir)


def _stop_on_signals(recorder: Recorder) -> None:
    """Stop cleanly on the first SIGINT or SIGTERM; a second SIGINT ends at once."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        recorder.stop(f"stopped by {number.name}")
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)


def _answer(recorder: Recorder) -> Callable[[], Any]:
    async def status() -> Status:
        return recorder.status()

    return status


def _flush(store: EventStore) -> Callable[[], Any]:
    async def flush() -> Any:
        return await asyncio.to_thread(store.flush)

    return flush


def _end(recorder: Recorder) -> Callable[[], Any]:
    async def stop() -> str:
        recorder.stop("asked to stop")
        return "stopping"

    return stop
