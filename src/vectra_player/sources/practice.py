"""Practice: the built-in game server's own page in a Chrome, recorded and pressed like the game's.

The server runs as for `demo`; a Chrome with a profile of its own opens its page, logged in. What
trading does here it does through real clicks, and nothing can be lost.
"""

from __future__ import annotations

import asyncio

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import SourceError
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome.page import GamePage
from vectra_player.sources.chrome.presses import OnPress
from vectra_player.sources.chrome.settings import ChromeSettings
from vectra_player.sources.chrome.source import ChromeSource
from vectra_player.sources.demo_process import DemoProcess, DemoServerSettings


class PracticeSource:
    """Starts a demo server and a Chrome at its page; see `sources.base.Source`."""

    def __init__(
        self, server: DemoServerSettings, chrome: ChromeSettings, clock: Clock | None = None
    ) -> None:
        """`chrome.game_url` is the page of `server.port`; its profile should be no other's."""
        self._server = DemoProcess(server)
        self._chrome = ChromeSource(chrome, clock)

    @property
    def origin(self) -> str:
        """Return the origin of the page."""
        return self._chrome.origin

    def page(self) -> GamePage | None:
        """Return the page to press on; None while there is none."""
        return self._chrome.page()

    def on_press(self, callback: OnPress) -> None:
        """Have `callback` told of presses of the page's buttons."""
        self._chrome.on_press(callback)

    async def run(self, emit: Emit) -> None:
        """Start both, then emit what the page exchanges until it is closed or the server ends.

        Raises:
            SourceError: one of them cannot start, or ends.
        """
        await self._server.start()
        playing = spawn(self._chrome.run(emit), name="practice-page")
        ended = spawn(self._server.ended(), name="demo-server-exit")
        try:
            await asyncio.wait({playing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                await playing
                return
            raise SourceError(f"The demo server ended with exit code {ended.result()}.")
        finally:
            playing.cancel()
            ended.cancel()

    def acknowledge(self, receipt: int) -> None:
        """Learn that everything up to `receipt` is durable."""
        self._chrome.acknowledge(receipt)

    async def close(self) -> None:
        """Close the browser, then end the server."""
        await self._chrome.close()
        await self._server.close()
