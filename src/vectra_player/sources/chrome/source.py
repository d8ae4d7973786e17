"""The Chrome source: what `app` builds for `--source chrome`."""

from __future__ import annotations

import asyncio

from vectra_player.clock import Clock, SystemClock
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome.pipe import PipeRun
from vectra_player.sources.chrome.port import PortRun, browser_url
from vectra_player.sources.chrome.settings import ChromeSettings

__all__ = ["ChromeSettings", "ChromeSource"]


class ChromeSource:
    """Records all Engine.IO connections of the game page; see `sources.base.Source`."""

    def __init__(self, settings: ChromeSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._run: PipeRun | PortRun = PipeRun(settings, self._clock)

    async def run(self, emit: Emit) -> None:
        """Emit until the browser is closed by its user, or this task is cancelled.

        May be called again after a CaptureHaltedError: it goes on where it stopped.

        Raises:
            SourceError: Chrome is missing, too old, in use, or ends again and again.
        """
        port = self._settings.cdp_port
        if port and await self._somebody_elses(port):
            self._run = PortRun(self._settings, self._clock, port)
        await self._run.run(emit)

    def acknowledge(self, receipt: int) -> None:
        """Learn that everything up to `receipt` is durable; also before `run`, for an adopted
        browser: the last receipt in the journal."""
        self._run.acknowledge(receipt)

    async def close(self) -> None:
        """Leave the browser to its user, or close it with us; safe to call twice."""
        await self._run.close()

    async def _somebody_elses(self, port: int) -> bool:
        """Tell whether a Chrome that is not held by a host of ours listens on `port`."""
        if isinstance(self._run, PipeRun) and not await self._run.host_runs():
            return await asyncio.to_thread(browser_url, port) is not None
        return False
