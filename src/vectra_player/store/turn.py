"""The right to change filed rows: lent by the recorder that runs, or taken where none does.

Whether a recorder comes, stops or is killed meanwhile does not matter: each turn asks anew. What
was recorded before a turn is filed when it begins. Used by `store.importers` and `rl.episodes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from vectra_player.clock import Clock
from vectra_player.errors import StoreLockedError
from vectra_player.store.hold import ask_to_hold
from vectra_player.store.layout import DataDir
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore

SETTINGS = StoreSettings(
    auto_compact=False, file_frames=1 << 30, file_bytes=1 << 40, file_interval_s=1e6
)
"""The store files when its owner says so: few, large files instead of whatever has gathered."""

START_S = 3.0
"""A recorder that has just taken the lock answers by then, or it cannot lend it."""

_RETRY_S = 0.1


@contextmanager
def turn(data_dir: DataDir, clock: Clock, patience_s: float = START_S) -> Iterator[str | None]:
    """Have the right to change filed rows while the block runs; yields the session recorded now.

    Raises:
        StoreLockedError: after `patience_s` a writer still has the directory and cannot lend it.
        DiskError: the disk is in the way of filing what waits.
    """
    ends = monotonic() + patience_s
    while True:
        lent = ask_to_hold(data_dir)
        if lent is not None:
            try:
                yield lent.session
            finally:
                lent.release()
            return
        store = free_store(data_dir, clock, strict=monotonic() > ends)
        if store is not None:
            with store, store.hold():
                yield None
            return
        sleep(_RETRY_S)


def free_store(data_dir: DataDir, clock: Clock, *, strict: bool = False) -> EventStore | None:
    """Open the store; None when another process has it, `strict`: raise StoreLockedError then."""
    try:
        return EventStore.open(data_dir.root, clock=clock, settings=SETTINGS)
    except StoreLockedError:
        if strict:
            raise
        return None
