"""Record a Chrome of our own through its chrome-host: adopt one that runs, or launch one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import structlog

from vectra_player.clock import Clock
from vectra_player.errors import SourceError
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome import launch
from vectra_player.sources.chrome.capture import Capture
from vectra_player.sources.chrome.delivery import Delivery
from vectra_player.sources.chrome.hostlink import Heard, HostBusyError, HostLink
from vectra_player.sources.chrome.page import GamePage
from vectra_player.sources.chrome.presses import OnPress
from vectra_player.sources.chrome.settings import ChromeSettings

log = structlog.get_logger(__name__)

READ_S = 0.05
BUSY_S = 3.0
TICK_S = 0.25
DURABLE_S = 10.0
"""How long a dead Chrome's last frames may take to the disk before its host is left alone."""
CLOSE_S = 15.0
STEADY_S = 60.0
MAX_RELAUNCHES = 6
"""Relaunches without a steady minute in between before the source gives up."""


class PipeRun:
    """One recording of a Chrome of our own, through as many Chromes as it takes."""

    def __init__(self, settings: ChromeSettings, clock: Clock, on_press: OnPress) -> None:
        self._settings = settings
        self._clock = clock
        self._on_press = on_press
        self._delivery = Delivery()
        self._link: HostLink | None = None
        self._capture: Capture | None = None
        self._host_pid = 0
        self._fed = 0
        self._code: int | None = None
        self._replacing = False
        self._begun = False
        self._following = False
        self._next_tick = 0.0

    def acknowledge(self, receipt: int) -> None:
        """Note that frames up to this receipt are durable; told to the host within 50 ms."""
        receipts = self._delivery.receipts
        receipts.durable = max(receipts.durable, receipt)

    def page(self) -> GamePage | None:
        """Return the game page while a Chrome is followed."""
        return self._capture.page() if self._capture is not None and self._following else None

    async def host_runs(self) -> bool:
        """Tell whether a chrome-host of this profile runs; it is better than any port."""
        if self._link is not None:
            return True
        path = launch.socket_path(self._settings.profile_dir)
        try:
            _, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            return False
        writer.close()
        return True

    async def run(self, emit: Emit) -> None:
        """Emit until the user closes the browser.

        Raises:
            SourceError: Chrome cannot be started, or ends again and again.
        """
        relaunches = 0
        while True:
            began = self._clock.monotonic()
            await self._connect()
            self._following = True
            try:
                reason = await self._follow(emit)
            finally:
                self._following = False
            await self._ended(reason, emit)
            if self._code == 0 and not self._settings.headless and not self._replacing:
                log.info("the browser was closed")
                return
            self._replacing = False
            steady = self._clock.monotonic() - began > STEADY_S
            relaunches = 0 if steady else relaunches + 1
            if relaunches > MAX_RELAUNCHES:
                raise SourceError(f"Chrome ended {relaunches} times in a row: {reason}.")
            await asyncio.sleep(min(0.25 * 2.0**relaunches, 15.0))

    async def close(self) -> None:
        """Leave the browser open for the next start, or close it with us."""
        link, self._link = self._link, None
        if link is None:
            return
        await self._until_durable(link, 2.0)
        if self._settings.headless or self._settings.close_browser:
            link.close_browser()
            await self._until_closed(link)
        else:
            link.park()
        await link.close()

    async def _connect(self) -> None:
        settings = self._settings
        path = launch.socket_path(settings.profile_dir)
        durable = self._delivery.receipts.durable
        if self._link is not None:
            await self._link.close()
        link = await self._reach(path, durable)
        if link is None:
            chrome = launch.find_chrome(settings.chrome_path)
            launch.prepare_profile(settings.profile_dir)
            await launch.start_host(
                chrome, settings.profile_dir, headless=settings.headless, port=settings.cdp_port
            )
            link = await HostLink.connect(path, durable)
        if link is None:
            raise SourceError("chrome-host ended as soon as it had started.")
        launch.check_version(link.hello.version)
        self._link = link
        self._take_up(link)

    async def _reach(self, path: Path, durable: int) -> HostLink | None:
        """Connect to a host; one that has not yet noticed its last recorder's end gets a moment."""
        until = self._clock.monotonic() + BUSY_S
        while True:
            try:
                return await HostLink.connect(path, durable)
            except HostBusyError:
                if self._clock.monotonic() > until:
                    raise
                await asyncio.sleep(0.1)

    def _take_up(self, link: HostLink) -> None:
        """Go on with what we know of this Chrome, or learn it from its host."""
        hello = link.hello
        self._code = None
        self._delivery.receipts.renew()
        if self._capture is not None and self._host_pid == hello.host_pid:
            self._capture.cdp.rebind(link.command, hello.first_id)
            return
        self._host_pid = hello.host_pid
        self._begun = False
        self._capture = Capture(
            link.command,
            game_url=self._settings.game_url,
            clock=self._clock,
            first_id=hello.first_id,
            selectors=self._settings.selectors,
            on_press=self._on_press,
        )
        if hello.dropped:
            missing = f"{hello.dropped} messages of Chrome, dropped with no recorder there"
            self._capture.fact("gap", unique="dropped", missing=missing)
        if hello.headless != self._settings.headless:
            log.info("replacing a Chrome that runs in the other mode")
            self._replacing = True
            self._begun = True
            link.close_browser()
        elif hello.new:
            self._begun = True
            self._capture.begin(open_page=True, use_blank=True)

    async def _follow(self, emit: Emit) -> str:
        """Feed what the host says to the capture until Chrome or the host ends; say which."""
        link, capture = self._link, self._capture
        assert link is not None
        assert capture is not None
        while True:
            heard = await link.read(READ_S)
            if heard is None:
                return "chrome-host ended"
            for item in heard:
                self._hear(item, capture)
            if not self._begun and self._fed >= link.hello.next - 1:
                # After the replay: only now is known which pages there are.
                self._begun = True
                capture.begin(open_page=True, use_blank=False)
            self._after_reading(link, capture, emit)
            if self._code is not None:
                return f"Chrome ended with code {self._code}"

    def _hear(self, heard: Heard, capture: Capture) -> None:
        if heard.kind == b"M":
            if heard.number > self._fed:
                capture.feed(heard.number, heard.payload)
                self._fed = heard.number
        elif heard.kind == b"S":
            capture.adopt(heard.payload)
        elif heard.kind == b"W":
            missing = "frames that Chrome dropped: too much was waiting to be read"
            capture.fact("gap", unique="overload", missing=missing)
        elif heard.kind == b"E":
            self._code = _code(heard.payload)

    def _after_reading(self, link: HostLink, capture: Capture, emit: Emit) -> None:
        now = self._clock.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK_S
            capture.tick()
        self._delivery.drain(capture.outbox, emit)
        self._acknowledge_to(link)

    def _acknowledge_to(self, link: HostLink) -> None:
        if number := self._delivery.receipts.news():
            link.acknowledge(number)

    async def _ended(self, reason: str, emit: Emit) -> None:
        """Close the books of a Chrome that is gone."""
        log.warning("Chrome is gone", reason=reason)
        link, capture = self._link, self._capture
        assert link is not None
        assert capture is not None
        capture.end(reason)
        self._delivery.drain(capture.outbox, emit)
        self._delivery.interrupted(reason)
        self._capture, self._link = None, None
        await self._until_durable(link, DURABLE_S)
        await link.close()

    async def _until_durable(self, link: HostLink, wait_s: float) -> None:
        """Let the last frames reach the disk, so that the host keeps nothing for a successor."""
        until = self._clock.monotonic() + wait_s
        receipts = self._delivery.receipts
        while not receipts.all_durable and self._clock.monotonic() < until:  # noqa: ASYNC110 - acknowledged from a thread
            await asyncio.sleep(0.01)
        self._acknowledge_to(link)

    async def _until_closed(self, link: HostLink) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                while True:
                    heard = await link.read(CLOSE_S)
                    if heard is None or any(item.kind == b"E" for item in heard):
                        return
                    if heard:
                        link.acknowledge(heard[-1].number)
        except TimeoutError:
            log.warning("Chrome does not close")


def _code(payload: bytes) -> int:

    return int(json.loads(payload)["code"])
