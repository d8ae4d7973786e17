"""What the monitor asks of the running service. Implemented by `foundation.service` and `app`."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from vectra_player.foundation.monitor.answers import (
    Health,
    RecordingAnswer,
    ReplayAction,
    ReplayRequest,
    State,
)
from vectra_player.foundation.store_worker import Question


class Backend(Protocol):
    """State and control of the service."""

    def health(self) -> Health:
        """Return whether it runs."""
        ...

    def state(self) -> State:
        """Return everything the monitor page shows."""
        ...

    def recording(self) -> RecordingAnswer:
        """Return whether and what is recorded."""
        ...

    async def record(self, action: Literal["start", "stop"], source: str | None) -> RecordingAnswer:
        """Start or stop recording.

        Raises:
            UsageError: it is so already, or another source was asked for.
            CaptureHaltedError: the disk refuses.
        """
        ...

    async def ask(self, question: Question) -> msgspec.Raw:
        """Ask the store, in the worker process. Raises VectraError."""
        ...

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus text format."""
        ...


class ReplayControl(Protocol):
    """Opens replays and drives them; `app` hands in the one of the replay package."""

    def list(self) -> list[dict[str, Any]]:
        """Return the status of every open replay."""
        ...

    async def open(self, request: ReplayRequest) -> dict[str, Any]:
        """Open a replay; return its status with `id`. Raises UsageError."""
        ...

    async def act(self, replay_id: str, action: ReplayAction) -> dict[str, Any]:
        """Drive a replay; return its status. Raises KeyError for an unknown id, UsageError."""
        ...

    async def close(self) -> None:
        """End every replay."""
        ...


class Artifacts(Protocol):
    """Knows the tools: built-in ones and the user's."""

    def list(self) -> list[dict[str, Any]]:
        """Return every tool, broken ones with their reason."""
        ...
