"""What every source of frames looks like to the recorder (`app`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from vectra_player.model.frame import Frame

Emit = Callable[[Frame], None]
"""Takes a frame into the store at once; raises CaptureHaltedError when the store cannot."""


class Source(Protocol):
    """Yields frames and facts (connected, disconnected, gap, silence) in the order they happen."""

    async def run(self, emit: Emit) -> None:
        """Emit frames until the source has ended for good, or this task is cancelled.

        Raises:
            SourceError: the source cannot start or cannot go on.
        """
        ...

    def acknowledge(self, receipt: int) -> None:
        """Learn that the frame with this receipt, and all before it, are on disk."""
        ...

    async def close(self) -> None:
        """Release what `run` left behind; safe to call twice."""
        ...
