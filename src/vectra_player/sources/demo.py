"""Play and record the built-in game server, heard like the public feed."""

from __future__ import annotations

import asyncio

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import SourceError
from vectra_player.sources.base import Emit
from vectra_player.sources.demo_process import DemoProcess, DemoServerSettings
from vectra_player.sources.public_ws import PublicWsSettings, PublicWsSource

LOGIN = '42["authenticate",{"token":"demo-player"}]'
"""The demo server accepts any token; with it the account's own events arrive too."""


class DemoSourceSettings(DemoServerSettings, frozen=True, kw_only=True):
    """How the built-in server plays, and how long it may be silent."""

    silence_s: float = 30.0


class DemoSource:
    """Starts a demo server and records it; see `sources.base.Source`."""

    def __init__(self, settings: DemoSourceSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._server = DemoProcess(settings)

    async def run(self, emit: Emit) -> None:
        """Start the server, then emit its packets until cancelled or the server ends."""
        url = await self._server.start()
        feed = PublicWsSource(
            PublicWsSettings(
                url=url, source="demo", silence_s=self._settings.silence_s, first_event=LOGIN
            ),
            self._clock,
        )
        listening = spawn(feed.run(emit), name="demo-feed")
        ended = spawn(self._server.ended(), name="demo-server-exit")
        try:
            await asyncio.wait({listening, ended}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                await listening
            raise SourceError(f"The demo server ended with exit code {ended.result()}.")
        finally:
            listening.cancel()
            ended.cancel()

    def acknowledge(self, receipt: int) -> None:
        """Do nothing: the server keeps no frames for us."""

    async def close(self) -> None:
        """End the server."""
        await self._server.close()
