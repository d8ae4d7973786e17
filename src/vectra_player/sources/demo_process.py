"""The built-in game server as a process of its own: started, announced, ended with us.

It runs in a child process, as the real one runs elsewhere, so that its work never delays a frame;
it ends when our end of its standard input closes, whatever happens to us. Used by the sources that
play against it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import msgspec

from vectra_player.errors import SourceError

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 5.0


class DemoServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the built-in server plays. `port` 0: any free one."""

    speed: float = 1.0
    seed: int | None = None
    port: int = 0


class DemoProcess:
    """One demo server; `start` once, `close` at the end."""

    def __init__(self, settings: DemoServerSettings) -> None:
        self._settings = settings
        self._process: Process | None = None
        self._url = ""

    async def start(self) -> str:
        """Start the server unless it runs; return its address. Raises SourceError."""
        if self._process is not None and self._process.returncode is None:
            return self._url
        seed = [] if self._settings.seed is None else ["--seed", str(self._settings.seed)]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vectra_player", "demo-server", "--json"),
            *("--port", str(self._settings.port)),
            *("--speed", str(self._settings.speed), "--until-stdin-closes", *seed),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await self._process.stdout.readline()
            self._url = str(msgspec.json.decode(line)["url"])
        except (TimeoutError, msgspec.DecodeError, KeyError) as error:
            raise SourceError(
                f"The demo server did not start ({type(error).__name__}).",
                advice="`vectra-player demo-server` alone shows why.",
            ) from None
        return self._url

    async def ended(self) -> int:
        """Wait for its end; return the exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def close(self) -> None:
        """End the server; safe to call twice."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
