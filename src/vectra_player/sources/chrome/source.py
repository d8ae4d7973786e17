"""The Chrome source: what `app` builds for `--source chrome`."""

from __future__ import annotations

import asyncio

import structlog

from vectra_player.clock import Clock, SystemClock
from vectra_player.model.press import PressSeen
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome.attach import origin_of
from vectra_player.sources.chrome.page import GamePage
from vectra_player.sources.chrome.pipe import PipeRun
from vectra_player.sources.chrome.port import PortRun, browser_url
from vectra_player.sources.chrome.presses import OnPress
from vectra_player.sources.chrome.settings import ChromeSettings

log = structlog.get_logger(__name__)

__all__ = ["ChromeSettings", "ChromeSource"]


class ChromeSource:
    """Records all Engine.IO connections of the game page; see `sources.base.Source`."""

    def __init__(self, settings: ChromeSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._listeners: list[OnPress] = []
        self._run: PipeRun | PortRun = PipeRun(settings, self._clock, self._press)

    @property
    def origin(self) -> str:
        """Return the origin of the page."""
        return origin_of(self._settings.game_url)

    def page(self) -> GamePage | None:
        """Return the game page as trading may use it; None while there is none.

        Good on the event loop of `run` only. With two game tabs every use of it is refused.
        """
        return self._run.page()

    def on_press(self, callback: OnPress) -> None:
        """Have `callback` told of presses of the page's buttons; only if settings hold selectors.

        Called inside the reader: it must be quick. A press is told once; by a recorder that
        starts again, once more if it was not acknowledged before.
        """
        self._listeners.append(callback)

    def _press(self, press: PressSeen) -> None:
        for callback in self._listeners:
            try:
                callback(press)
            except Exception:
                log.exception("a press could not be passed on")

    async def run(self, emit: Emit) -> None:
        """Emit until the browser is closed by its user, or this task is cancelled.

        May be called again after a CaptureHaltedError: it goes on where it stopped.

        Raises:
            SourceError: Chrome is missing, too old, in use, or ends again and again.
        """
        port = self._settings.cdp_port
        if port and await self._somebody_elses(port):
            self._run = PortRun(self._settings, self._clock, port, self._press)
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
