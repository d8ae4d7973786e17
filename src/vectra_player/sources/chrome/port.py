"""Record a Chrome that listens on a debugging port, over two connections at once.

When one is lost the other goes on while the first is made again: no frame is missed
(capture.md, loss modes).
"""

from __future__ import annotations

import asyncio
import http.client
import json

import structlog
import websockets
from websockets.asyncio.client import ClientConnection, connect

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import SourceError
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome import launch
from vectra_player.sources.chrome.capture import Capture
from vectra_player.sources.chrome.delivery import Delivery
from vectra_player.sources.chrome.merge import Merge
from vectra_player.sources.chrome.outbox import Item
from vectra_player.sources.chrome.page import GamePage
from vectra_player.sources.chrome.presses import OnPress
from vectra_player.sources.chrome.settings import ChromeSettings

log = structlog.get_logger(__name__)

TAPS = (0, 1)
TICK_S = 0.25
GIVE_UP_S = 60.0
"""How long nobody may listen on the port before the source gives up."""
FIRST_RETRY_S, LAST_RETRY_S = 0.1, 5.0


def browser_url(port: int) -> str | None:
    """Ask the Chrome on this port for its address; None when none listens. Blocks.

    Raises:
        SourceError: what listens there is no Chrome, or too old a one.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/json/version")
        answer = json.loads(connection.getresponse().read())
        launch.check_version(answer["Browser"])
        return str(answer["webSocketDebuggerUrl"])
    except (ConnectionError, TimeoutError):
        return None
    except (http.client.HTTPException, ValueError, KeyError, OSError) as error:
        raise SourceError(
            f"What listens on port {port} is no Chrome with remote debugging ({error}).",
            advice="Choose another CDP_PORT.",
        ) from error
    finally:
        connection.close()


class PortRun:
    """One recording of a Chrome that somebody else started."""

    def __init__(
        self, settings: ChromeSettings, clock: Clock, port: int, on_press: OnPress
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_press = on_press
        self._port = port
        self._delivery = Delivery()
        self._merge = Merge()
        self._captures: dict[int, Capture] = {}
        self._opened = False
        self._alone_since = clock.monotonic()

    async def run(self, emit: Emit) -> None:
        """Emit until cancelled.

        Raises:
            SourceError: nobody listens on the port any more.
        """
        self._alone_since = self._clock.monotonic()
        tasks = [spawn(self._keep(tap, emit), name=f"cdp-{tap}") for tap in TAPS]
        tasks.append(spawn(self._tick(emit), name="cdp-tick"))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def acknowledge(self, receipt: int) -> None:
        """Do nothing: Chrome's port keeps no frames."""

    def page(self) -> GamePage | None:
        """Return the game page, by the first connection only; None while that one is lost."""
        capture = self._captures.get(TAPS[0])
        return capture.page() if capture is not None else None

    async def close(self) -> None:
        """Do nothing: cancelling `run` closes the connections; the browser is not ours."""

    async def _keep(self, tap: int, emit: Emit) -> None:
        """Hold one connection for ever."""
        delay = FIRST_RETRY_S
        while True:
            url = await asyncio.to_thread(browser_url, self._port)
            if url is not None:
                delay = FIRST_RETRY_S
                await self._one_connection(tap, url, emit)
            if not self._captures and self._clock.monotonic() - self._alone_since > GIVE_UP_S:
                raise SourceError(
                    f"No Chrome has listened on port {self._port} for {GIVE_UP_S:g} s.",
                    advice="Start it again, or unset CDP_PORT.",
                )
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_RETRY_S)

    async def _one_connection(self, tap: int, url: str, emit: Emit) -> None:
        try:
            async with connect(
                url, max_size=None, max_queue=None, ping_interval=None, compression=None
            ) as socket:
                capture = self._take_up(tap, socket)
                try:
                    async for message in socket:
                        capture.feed(0, _bytes(message))
                        self._drain(tap, emit)
                finally:
                    self._lost(tap, emit)
        except (OSError, websockets.WebSocketException, TimeoutError) as error:
            log.info("lost a connection to Chrome", tap=tap, error=str(error))

    def _take_up(self, tap: int, socket: ClientConnection) -> Capture:
        def write(command: bytes) -> None:
            spawn(_send(socket, command), name="cdp-send")

        capture = Capture(
            write,
            game_url=self._settings.game_url,
            clock=self._clock,
            acts=tap == TAPS[0],
            selectors=self._settings.selectors,
            on_press=self._on_press,
        )
        for other in self._captures.values():
            capture.learn_from(other)
        self._captures[tap] = capture
        opens = tap == TAPS[0] and not self._opened
        self._opened = self._opened or opens
        capture.begin(open_page=opens, use_blank=False)
        return capture

    def _drain(self, tap: int, emit: Emit) -> None:
        outbox = self._captures[tap].outbox
        while (slot := outbox.ready()) is not None:
            while slot.items:
                item = slot.items[0]
                if not self._is_stale_news(tap, item) and self._merge.is_new(tap, item):
                    self._delivery.hand_over(item.frame, emit)
                del slot.items[0]
            outbox.done()

    def _is_stale_news(self, tap: int, item: Item) -> bool:
        """Tell whether a connection noted late what the other one knew all the time."""
        if item.frame.event_name != "vectra.late_attach":
            return False
        others = [capture for other, capture in self._captures.items() if other != tap]
        target = item.unique.partition(":")[2]
        known = any(other.attacher.of_target(target) for other in others)
        return known or self._merge.knows(item.stream)

    def _lost(self, tap: int, emit: Emit) -> None:
        capture = self._captures[tap]
        if len(self._captures) == 1:
            reason = "the connection to Chrome was lost"
            capture.end(reason)
            self._drain(tap, emit)
            self._delivery.interrupted(reason)
            self._alone_since = self._clock.monotonic()
        del self._captures[tap]
        self._merge.left(tap)

    async def _tick(self, emit: Emit) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for tap, capture in list(self._captures.items()):
                capture.tick()
                self._drain(tap, emit)


def _bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


async def _send(socket: ClientConnection, command: bytes) -> None:
    try:
        await socket.send(command.decode())
    except websockets.ConnectionClosed:
        return
