"""The store: one writer, a durable journal, Parquet that any tool can read.

Used by the layers above (sources, app, cli, ...); reaches down to `live`, `protocol` and `model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vectra_player.store.writer import EventStore

__all__ = ["EventStore"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a reader of paths or schemas needs no writer.
    if name != "EventStore":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vectra_player.store.writer import EventStore

    return EventStore
