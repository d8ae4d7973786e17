"""Append an import's new records to their sessions, a few thousand at a time.

Used by `store.importers.run` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from vectra_player.model.frame import Frame
from vectra_player.store.reads import record_key

GROUP_FRAMES = 5000
GROUP_BYTES = 8 << 20


class Store(Protocol):
    """The part of `EventStore` an import needs."""

    def import_frames(
        self,
        session_id: str,
        frames: Sequence[Frame],
        first_seq: int,
        *,
        last: bool,
        fill: bool = False,
    ) -> object:
        """Store frames with consecutive seqs; durable when this returns.

        `last` ends the session's derivation; `fill`: none of these seqs is held.
        """
        ...


class SessionSink:
    """One session being written: what it holds already is left out, the rest gets the next seqs.

    `held` counts the records by key before this file; None when the session is new, which spares
    the hashing unless `remember` asks for it (another file of the same session is to come).
    `before_first` is told before the first new record is stored.
    """

    def __init__(
        self,
        store: Store,
        session_id: str,
        last_seq: int,
        held: Counter[bytes] | None,
        *,
        before_first: Callable[[str], None] = lambda session_id: None,
        remember: bool = False,
    ) -> None:
        self.session_id = session_id
        self.added = 0
        self.duplicates = 0
        self._store = store
        self._next_seq = last_seq + 1
        self._held = held if held is not None else (Counter() if remember else None)
        self._left = Counter(held) if held else None
        self._before_first = before_first
        self._waiting: list[Frame] = []
        self._bytes = 0

    def next_file(self) -> None:
        """Begin another file of this session: everything held so far may stand in it again."""
        self._left = Counter(self._held) if self._held else None

    def add(self, frames: list[Frame]) -> list[Frame]:
        """Take the records that are new and return them."""
        new = frames if self._held is None else self._unknown(frames, self._held)
        self.duplicates += len(frames) - len(new)
        self.added += len(new)
        if self._waiting and (
            len(self._waiting) + len(new) > GROUP_FRAMES or self._bytes > GROUP_BYTES
        ):
            self.flush(last=False)
        self._waiting += new
        self._bytes += sum(len(frame.raw) for frame in new)
        return new

    def flush(self, *, last: bool) -> None:
        """Store what waits; `last` ends the session's derivation, also if nothing waits."""
        if self._waiting:
            self._before_first(self.session_id)
        if self._waiting or (last and self._next_seq > 1):
            self._store.import_frames(self.session_id, self._waiting, self._next_seq, last=last)
            self._next_seq += len(self._waiting)
            self._waiting, self._bytes = [], 0

    def _unknown(self, frames: list[Frame], held: Counter[bytes]) -> list[Frame]:
        new = []
        left = self._left
        for frame in frames:
            key = record_key(frame.raw)
            if left is not None and left[key] > 0:
                left[key] -= 1
                continue
            held[key] += 1
            new.append(frame)
        return new
