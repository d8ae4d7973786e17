"""HTTP connections that ask for nothing: they are not waited for, and make room for others.

uvicorn lets a connection without a request stay for ever and refuses everybody (503) once there are
many; so any program of this machine could switch the monitor off without a login. Only
`monitor.server` uses this.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""Least seconds for the head of a request, from its connection or from its first byte."""
MAX_CONNECTIONS = 2_000


class PatientProtocol(H11Protocol):
    """One connection: cut when no whole request comes in time, or the oldest idle one of many."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since = self.loop.time()
        self._patience: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Tell whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request; where there are too many connections one goes."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait no more once a request is whole, and again for the rest of another."""
        super().data_received(data)
        if not self.idle:
            self._stop_waiting()
        elif self._patience is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Count as idle from now."""
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def _wait(self) -> None:
        # A crowd that came at once must not end, and come again, at once.
        patience_s = HEAD_S * random.uniform(1.0, 1.5)  # noqa: S311 - no secret
        self._patience = self.loop.call_later(patience_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if self.idle:
            self.transport.abort()

    def _make_room(self) -> None:
        """Cut the connection that is idle for longest; this one when all are busy."""
        others: list[PatientProtocol] = [
            one
            for one in self.connections
            if isinstance(one, PatientProtocol) and not one.transport.is_closing()
        ]
        if len(others) > MAX_CONNECTIONS:
            idle = [one for one in others if one.idle and one is not self]
            min(idle, key=lambda one: one.idle_since, default=self).transport.abort()
