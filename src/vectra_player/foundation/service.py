"""The two servers of foundation in one: feed and monitor, started and stopped together.

What they show comes from outside: hubs to join, a backend to ask. `app` joins them to a recorder or
to a replay; a failing page or client never reaches either.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.hub import FeedHub
from vectra_player.foundation.listen import hold_ipv6, release, take_port
from vectra_player.foundation.monitor.alerts import AlertControl
from vectra_player.foundation.monitor.app import Monitor, build_app
from vectra_player.foundation.monitor.backend import Backend, ReplayControl, TradeControl
from vectra_player.foundation.monitor.server import MonitorServer
from vectra_player.foundation.monitor.switch import SwitchControl
from vectra_player.foundation.registry import Registry
from vectra_player.web.security import Access

Hubs = Callable[[str | None], FeedHub | None]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers listen. Port 0 takes a free one.

    Pages of `dashboard_port` may join the feed; `dashboard`: one is served there.
    """

    data_dir: Path
    feed_port: int = 9000
    http_port: int = 9001
    dashboard_port: int = 5000
    dashboard: bool = False


class Service:
    """Feed and monitor. `open` takes the ports, `start` answers, `stop` ends both."""

    def __init__(self, access: Access, hubs: Hubs, settings: ServiceSettings) -> None:
        """Take the monitor's port.

        Raises:
            UsageError: somebody has it.
        """
        self._access = access
        self._settings = settings
        self._sockets = take_port(settings.http_port, "FOUNDATION_HTTP_PORT")
        self._held: list[socket.socket] = []
        self.http_port = int(self._sockets[0].getsockname()[1])
        pages = (self.http_port, settings.dashboard_port)
        self._feed = Feed(access, hubs, FeedSettings(port=settings.feed_port, page_ports=pages))
        self._monitor: MonitorServer | None = None

    @property
    def feed_port(self) -> int:
        """Return the feed's port; the real one once started."""
        return self._feed.port

    @property
    def feed_url(self) -> str:
        """Return where programs find the feed."""
        return f"ws://127.0.0.1:{self.feed_port}/feed"

    @property
    def monitor_url(self) -> str:
        """Return where the monitor is."""
        return f"http://127.0.0.1:{self.http_port}"

    def login_link(self, page: str = "/") -> str:
        """Make a link that logs a browser in once and shows a page."""
        return self.monitor_url + self._access.login_path(next_path=page)

    def feed_facts(self) -> dict[str, Any]:
        """Return address and counters of the feed's server."""
        counters = msgspec.structs.asdict(self._feed.stats())
        dashboard = self._settings.dashboard_port if self._settings.dashboard else None
        address = {"address": self.feed_url, "port": self.feed_port, "dashboard": dashboard}
        return {**address, **counters}

    async def start(
        self,
        backend: Backend,
        replay: ReplayControl | None = None,
        trade: TradeControl | None = None,
        alerts: AlertControl | None = None,
        switch: SwitchControl | None = None,
    ) -> None:
        """Answer on both ports.

        Raises:
            UsageError: somebody has the feed's port.
        """
        try:
            await self._feed.start()
            self._held = hold_ipv6(self.feed_port, "FOUNDATION_PORT")
            artifacts = self._settings.data_dir / "artifacts"
            monitor = Monitor(
                backend,
                self._access,
                user_artifacts=artifacts,
                artifacts=Registry(artifacts),
                replay=replay,
                trade=trade,
                alerts=alerts,
                switch=switch,
            )
            app = build_app(
                monitor, self._access, http_port=self.http_port, feed_port=self.feed_port
            )
            self._monitor = MonitorServer(app, self._sockets)
            await self._monitor.start()
        except BaseException:
            await self.stop("the start failed")
            raise

    async def stop(self, reason: str = "the service stops") -> None:
        """Close every client and both ports; idempotent."""
        async with contextlib.AsyncExitStack() as steps:
            steps.callback(release, [*self._sockets, *self._held])
            if self._monitor is not None:
                steps.push_async_callback(self._monitor.stop)
            steps.push_async_callback(self._feed.stop, reason)
