"""Run the monitor on the loop that is there already: no process, thread or signal of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from vectra_player.bus import spawn
from vectra_player.errors import VectraError
from vectra_player.foundation.listen import ACCEPT_AT_ONCE, keep_waiting
from vectra_player.foundation.monitor.connections import PatientProtocol

START_S = 30.0
GRACE_S = 2
KEEP_ALIVE_S = 30
MAX_HEAD_BYTES = 16 * 1024


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the recorder, which files what it has before anything ends."""
        yield


class MonitorServer:
    """An HTTP server on sockets that listen already."""

    def __init__(self, app: ASGIApp, sockets: list[socket.socket]) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=PatientProtocol,
            loop="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            backlog=ACCEPT_AT_ONCE,
        )
        self._server = _Server(config)
        self._sockets = sockets
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer requests; returns once the server does. Raises VectraError if it cannot."""
        self._task = spawn(self._server.serve(self._sockets), name="monitor")
        async with asyncio.timeout(START_S):
            while not self._server.started:
                if self._task.done():
                    raise VectraError(f"The monitor did not start: {self._task.exception()}.")
                await asyncio.sleep(0.01)
        keep_waiting(self._sockets)

    async def stop(self) -> None:
        """Answer what was asked, then close every connection."""
        task, self._task = self._task, None
        if task is not None:
            self._server.should_exit = True
            await task
