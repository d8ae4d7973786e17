"""Run foundation: a recorder with feed and monitor beside it, in one process on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import NamedTuple

import msgspec
import structlog

from vectra_player.app.control import Handlers, serve_control
from vectra_player.app.dashboard import Supervisor
from vectra_player.app.instance import cookie_instance, remove_instance, write_instance
from vectra_player.app.progress import Limits, Status, Summary
from vectra_player.app.recorder import Recorder
from vectra_player.app.run import Opened, handlers_of, opened, run_to_end
from vectra_player.app.trade_control import trade_handlers
from vectra_player.app.trading import Trading, trading
from vectra_player.bus import Events
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.foundation.alert_desk import AlertDesk
from vectra_player.foundation.hub import FeedHub
from vectra_player.foundation.live_backend import LiveBackend
from vectra_player.foundation.live_feed import LiveFeed
from vectra_player.foundation.logring import LogRing
from vectra_player.foundation.messages import Message
from vectra_player.foundation.paper_desk import PaperDesk
from vectra_player.foundation.paper_memory import PaperMemory
from vectra_player.foundation.replays import ReplayDesk
from vectra_player.foundation.run_book import RunBook
from vectra_player.foundation.service import Service, ServiceSettings
from vectra_player.foundation.store_worker import StoreWorker
from vectra_player.foundation.trade_desks import TradeDesks
from vectra_player.store.layout import DataDir
from vectra_player.store.settings import Halt
from vectra_player.store.writer import EventStore
from vectra_player.web.security import Access, new_token

log = structlog.get_logger(__name__)

SWITCH_INTERVAL_S = 0.0005
"""How long the loop may wait for a thread of the store that computes. With Python's 5 ms the p99
from frame to feed was twice as long (benchmarks/bench_frame_to_feed.py)."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Where a started instance is found. `login` works once; `new_login` makes more.

    Both lead to the dashboard where one is served, else to the monitor; a login serves both.
    """

    feed: str
    monitor: str
    dashboard: str | None
    login: str
    new_login: Callable[[], str]


class _Hubs:
    """Finds the hub a feed client asks for."""

    def __init__(self, desk: ReplayDesk) -> None:
        self.main: FeedHub | None = None
        self._desk = desk

    def __call__(self, replay_id: str | None) -> FeedHub | None:
        return self.main if replay_id is None else self._desk.hub(replay_id)


async def run_foundation(
    settings: Settings,
    name: str,
    limits: Limits,
    on_status: Callable[[Status], None],
    *,
    recording: bool = True,
    dashboard: bool = False,
    close_browser: bool = False,
    allow_live: bool = False,
    ready: Callable[[Ready], None] = lambda _: None,
    clock: Clock | None = None,
) -> Summary:
    """Serve feed and monitor until a limit, a signal or the end of the source.

    With `recording=False` nothing is stored until a page asks for it. With `dashboard` that runs
    beside it as a process of its own. All is filed at return.

    Raises:
        UsageError: a port is taken, the data directory cannot be written, or no such source.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    clock = clock or SystemClock()
    desk = ReplayDesk(settings.data_dir, clock=clock)
    hubs = _Hubs(desk)
    token = new_token()
    access = Access(token, instance=cookie_instance(settings.data_dir), clock=clock)
    async with contextlib.AsyncExitStack() as steps:
        beside = Supervisor(settings, token) if dashboard else None
        if beside is not None:
            steps.push_async_callback(beside.stop)
        service = Service(access, hubs, service_settings(settings, beside))
        steps.push_async_callback(service.stop)
        steps.push_async_callback(desk.close)
        pair = await steps.enter_async_context(
            opened(settings, name, close_browser=close_browser, recording=False, clock=clock)
        )
        # Clients are told the end before the store is closed, and after everything is filed.
        steps.push_async_callback(service.stop)
        joined = _live(pair, name, hubs, service, settings, clock, allow_live=allow_live)
        live = await steps.enter_async_context(joined)
        await service.start(
            live.backend, desk, live.trade, alerts=live.alerts, switch=live.trading.switch
        )
        status = _status_with_feed(pair.recorder, service)
        handlers = handlers_of(pair.store, pair.recorder, status)
        handlers |= login_handlers(service, beside) | trade_handlers(
            live.trading.gate, live.trading.check
        )
        await steps.enter_async_context(serve_control(settings.data_dir, handlers))
        if recording:
            await pair.recorder.start_recording()
        steps.enter_context(announced(settings, token, service, clock, beside))
        if beside is not None:
            beside.start()
            steps.push_async_callback(beside.stop)
        ready(ready_of(service, beside))
        return await run_to_end(pair.recorder, name, limits, lambda _: on_status(status()))


def service_settings(settings: Settings, beside: Supervisor | None = None) -> ServiceSettings:
    """Take from the user's settings where the servers listen."""
    return ServiceSettings(
        data_dir=settings.data_dir,
        feed_port=settings.foundation_port,
        http_port=settings.foundation_http_port,
        dashboard_port=settings.dashboard_port if beside is None else beside.port,
        dashboard=beside is not None,
    )


def ready_of(service: Service, beside: Supervisor | None = None) -> Ready:
    """Tell where a started instance is found."""
    front = service if beside is None else beside
    return Ready(
        feed=service.feed_url,
        monitor=service.monitor_url,
        dashboard=None if beside is None else beside.url,
        login=front.login_link(),
        new_login=front.login_link,
    )


class _Live(NamedTuple):
    """What is joined to a running recorder."""

    backend: LiveBackend
    trade: TradeDesks
    alerts: AlertDesk
    trading: Trading


@contextlib.asynccontextmanager
async def _live(
    pair: Opened,
    name: str,
    hubs: _Hubs,
    service: Service,
    settings: Settings,
    clock: Clock,
    *,
    allow_live: bool,
) -> AsyncIterator[_Live]:
    """Join the recorder's bus to the main hub, the accounts, alerts and the monitor.

    Accounts before the feed: what a frame did to them is told before the frame.
    """
    recorder = pair.recorder

    def publish(message: Message) -> None:
        feed.hub.publish(message)

    async with contextlib.AsyncExitStack() as steps:
        paper = _paper_of(recorder, settings, publish, clock)
        steps.callback(paper.close)
        joined = trading(
            pair.source,
            recorder,
            pair.store,
            settings,
            publish,
            allow_live=allow_live,
            clock=clock,
        )
        pressing = await steps.enter_async_context(joined)
        feed = _feed_of(recorder, name, pressing, clock)
        steps.callback(feed.close)
        rules = DataDir(settings.data_dir).rules
        alerts = AlertDesk(recorder.bus, recorder.live, recorder.note, publish, rules)
        steps.callback(alerts.close)
        _tell_halts(pair.store, feed)
        hubs.main = feed.hub
        worker = StoreWorker(settings.data_dir)
        steps.push_async_callback(worker.close)
        facts, ring = service.feed_facts, LogRing()
        ring.attach()
        steps.callback(ring.detach)
        backend = LiveBackend(
            recorder, feed, worker, ring, source=name, feed_facts=facts, clock=clock
        )
        yield _Live(backend, TradeDesks(paper, pressing.desk), alerts, pressing)


def _paper_of(
    recorder: Recorder, settings: Settings, publish: Callable[[Message], None], clock: Clock
) -> PaperDesk:
    """Open the paper account; a recording that begins is told of the strategy runs again."""
    runs = RunBook(recorder.note, clock)
    recorder.bus.attach(Events.RECORDING_STARTED, lambda _: runs.tell_again(), name="runs")
    return PaperDesk(
        recorder.bus,
        recorder.live,
        publish,
        memory=PaperMemory(DataDir(settings.data_dir).run / "paper.json"),
        clock=clock,
        note=recorder.note,
        runs=runs,
    )


def _feed_of(recorder: Recorder, name: str, pressing: Trading, clock: Clock) -> LiveFeed:
    return LiveFeed(
        recorder.bus,
        recorder.live,
        demo=name in ("demo", "practice"),
        recording=lambda: recorder.session_id,
        trading=lambda: pressing.switch.trading,
        gate=pressing.switch.brief,
        clock=clock,
    )


def _tell_halts(store: EventStore, feed: LiveFeed) -> None:
    """Publish halts of the store, which come from its own thread."""
    loop = asyncio.get_running_loop()

    def tell(halt: Halt | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
            loop.call_soon_threadsafe(feed.halted, halt.reason if halt else None)

    store.on_halt(tell)


@contextlib.contextmanager
def announced(
    settings: Settings,
    token: str,
    service: Service,
    clock: Clock,
    beside: Supervisor | None = None,
) -> Iterator[None]:
    """Keep the instance file while the block runs."""
    instance = write_instance(
        settings.data_dir,
        token,
        feed=service.feed_port,
        monitor=service.http_port,
        dashboard=None if beside is None else beside.port,
        now_us=clock.now_us(),
    )
    try:
        yield
    finally:
        remove_instance(settings.data_dir, instance)


def _status_with_feed(recorder: Recorder, service: Service) -> Callable[[], Status]:
    def status() -> Status:
        clients = service.feed_facts()["clients"]
        return msgspec.structs.replace(recorder.status(), feed=service.feed_url, clients=clients)

    return status


def login_handlers(service: Service, beside: Supervisor | None = None) -> Handlers:
    """Return what the control socket answers to who wants a login link; null: no such page."""

    async def monitor() -> str:
        return service.login_link()

    async def dashboard() -> str | None:
        return None if beside is None else beside.login_link()

    return {"login": monitor, "login-dashboard": dashboard}
