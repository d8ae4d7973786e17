"""Play and record the built-in game server: a process of its own, heard like the public feed.

The server runs in a child process, as the real one runs elsewhere, so that its work never delays
a frame; it ends when our end of its standard input closes, whatever happens to us.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import msgspec

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import SourceError
from vectra_player.sources.base import Emit
from vectra_player.sources.public_ws import PublicWsSettings, PublicWsSource

START_TIMEOUT_S = 60.0
LOGIN = '42["authenticate",{"token":"demo-player"}]'
"""The demo server accepts any token; with it the account's own events arrive too."""


class DemoSourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the built-in server plays."""

    speed: float = 1.0
    seed: int | None = None
    silence_s: float = 30.0


class DemoSource:
    """Starts a demo server and records it; see `sources.base.Source`."""

    def __init__(self, settings: DemoSourceSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._server: Process | None = None

    async def run(self, emit: Emit) -> None:
        """Start the server, then emit its packets until cancelled or the server ends."""
        self._server = await self._start()
        url = await self._announced_url(self._server)
        feed = PublicWsSource(
            PublicWsSettings(
                url=url, source="demo", silence_s=self._settings.silence_s, first_event=LOGIN
            ),
            self._clock,
        )
        listening = spawn(feed.run(emit), name="demo-feed")
        ended = spawn(self._server.wait(), name="demo-server-exit")
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
        server = self._server
        if server is None or server.returncode is not None:
            return
        if server.stdin is not None:
            server.stdin.close()
        try:
            await asyncio.wait_for(server.wait(), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                server.kill()
            await server.wait()

    async def _start(self) -> Process:
        seed = [] if self._settings.seed is None else ["--seed", str(self._settings.seed)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vectra_player", "demo-server", "--port", "0", "--json"),
            *("--speed", str(self._settings.speed), "--until-stdin-closes", *seed),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )

    async def _announced_url(self, server: Process) -> str:
        assert server.stdout is not None
        try:
            line = await asyncio.wait_for(server.stdout.readline(), START_TIMEOUT_S)
            return str(msgspec.json.decode(line)["url"])
        except (TimeoutError, msgspec.DecodeError, KeyError) as error:
            raise SourceError(
                f"The demo server did not start ({type(error).__name__}).",
                advice="`vectra-player demo-server` alone shows why.",
            ) from None
