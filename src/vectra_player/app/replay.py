"""Run a replay as the main feed: feed and monitor, but no source, no store and no trade.

The directory's lock is held all the same: two services of one directory would share its instance
file, and nobody should record into a directory whose pages show a replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from vectra_player.app.control import Handlers, serve_control
from vectra_player.app.foundation import (
    Ready,
    announced,
    login_handlers,
    ready_of,
    service_settings,
)
from vectra_player.app.instance import cookie_instance
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.foundation.hub import FeedHub
from vectra_player.foundation.logring import LogRing
from vectra_player.foundation.monitor.answers import ReplayRequest
from vectra_player.foundation.replay_backend import ReplayBackend
from vectra_player.foundation.replays import ReplayDesk
from vectra_player.foundation.service import Service
from vectra_player.foundation.store_worker import StoreWorker
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.web.security import Access, new_token

log = structlog.get_logger(__name__)


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay as the main feed came to."""

    title: str
    reason: str
    messages: int


async def serve_replay(
    settings: Settings,
    request: ReplayRequest,
    *,
    duration_s: float | None = None,
    ready: Callable[[Ready], None] = lambda _: None,
    clock: Clock | None = None,
) -> ReplaySummary:
    """Serve a replay until a signal or for a time; at its end it stays.

    Raises:
        UsageError: a port is taken, the directory is in use, or there is nothing to replay.
    """
    clock = clock or SystemClock()
    main: list[FeedHub] = []
    desk = ReplayDesk(settings.data_dir, clock=clock)

    def hub_of(replay_id: str | None) -> FeedHub | None:
        if replay_id is not None:
            return desk.hub(replay_id)
        return main[0] if main else None

    token = new_token()
    access = Access(token, instance=cookie_instance(settings.data_dir), clock=clock)
    async with contextlib.AsyncExitStack() as steps:
        steps.enter_context(WriterLock.acquire(DataDir(settings.data_dir).lock_file, clock))
        service = Service(access, hub_of, service_settings(settings))
        steps.push_async_callback(service.stop)
        steps.push_async_callback(desk.close)
        opened = await desk.open(request, pinned=True)
        stage = desk.stage(opened["id"])
        assert stage is not None
        main.append(stage.hub)
        worker, ring = StoreWorker(settings.data_dir), LogRing()
        steps.push_async_callback(worker.close)
        ring.attach()
        steps.callback(ring.detach)
        backend = ReplayBackend(
            stage,
            worker,
            ring,
            source=f"replay:{opened['title']}",
            feed_facts=service.feed_facts,
            clock=clock,
        )
        await service.start(backend, desk)
        stopping = _stop_on_signals()
        handlers = _handlers(service, lambda: stage.status, stopping)
        await steps.enter_async_context(serve_control(settings.data_dir, handlers))
        steps.enter_context(announced(settings, token, service, clock))
        ready(ready_of(service))
        reason = await _until_stopped(stopping, duration_s)
        return ReplaySummary(title=opened["title"], reason=reason, messages=stage.hub.last_seq)


async def _until_stopped(stopping: asyncio.Future[str], duration_s: float | None) -> str:
    try:
        async with asyncio.timeout(duration_s):
            return await stopping
    except TimeoutError:
        return "duration reached"


def _stop_on_signals() -> asyncio.Future[str]:
    """Return what SIGINT and SIGTERM fulfil; a second SIGINT ends at once."""
    loop = asyncio.get_running_loop()
    stopping: asyncio.Future[str] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not stopping.done():
            stopping.set_result(f"stopped by {number.name}")
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    return stopping


def _handlers(
    service: Service, read_status: Callable[[], dict[str, Any]], stopping: asyncio.Future[str]
) -> Handlers:
    async def status() -> dict[str, Any]:
        return read_status()

    async def stop() -> str:
        if not stopping.done():
            stopping.set_result("asked to stop")
        return "stopping"

    return {"status": status, "stop": stop, **login_handlers(service)}
