"""What the store already holds of the sessions an import brings: so that nothing enters twice.

Records are compared by their exact text, as a multiset: a record that stands twice in a file
stands twice in the store. Used by `store.importers.run` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from vectra_player.store.check_rows import read_deletions
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import Span, StoreReader, record_key

WINDOW_BYTES = 48 << 20
"""Raw text of small sessions that is read in one query."""


class Held(Struct, frozen=True):
    """One session in the store."""

    last_seq: int
    raw_bytes: int


class KnownRecords:
    """The store's records as it was when the import began; its own additions are not in it."""

    def __init__(self, root: Path) -> None:
        self._reader = StoreReader(root)
        table = self._reader.fetch(
            "SELECT session_id, max(seq) AS last, sum(size_bytes)::BIGINT AS size"
            " FROM ws_event_rows GROUP BY 1"
        )
        self.sessions = {
            row["session_id"]: Held(int(row["last"]), int(row["size"])) for row in table.to_pylist()
        }
        self._deleted = {one.session_id: one.records for one in read_deletions(DataDir(root))}
        self._keys: dict[str, Counter[bytes]] = {}
        self._order: list[str] = []

    def close(self) -> None:
        """Free the connection."""
        self._reader.close()

    def expect(self, order: Iterable[str]) -> None:
        """Announce the order sessions will be asked for, so that small ones are read together."""
        self._order = [name for name in dict.fromkeys(order) if name in self.sessions]

    def last_seq(self, session_id: str) -> int:
        """Return the highest seq held, 0 for none."""
        held = self.sessions.get(session_id)
        return held.last_seq if held else 0

    def keys(self, session_id: str) -> Counter[bytes]:
        """Return how often each record is held, by `record_key`; yours to change, asked once.

        One that the user had deleted or masked counts as held: it does not come back.
        """
        if session_id not in self.sessions:
            return Counter()
        if session_id not in self._keys:
            self._read(self._window(session_id))
        return self._keys.pop(session_id)

    def by_seq(self, session_id: str) -> dict[int, bytes]:
        """Return the key of each seq held."""
        found: dict[int, bytes] = {}
        if session_id in self.sessions:
            for span in self._reader.spans("ws_event", sessions=[session_id]):
                table = self._reader.fetch(
                    "SELECT seq, raw FROM ws_event_rows WHERE session_id = ?"
                    " AND seq BETWEEN ? AND ?",
                    [session_id, span.first, span.last],
                )
                raws = table.column(1).to_pylist()
                seqs: list[Any] = table.column(0).to_pylist()
                for seq, raw in zip(seqs, raws, strict=True):
                    found[seq] = record_key(str(raw))
        return found

    def _window(self, session_id: str) -> Sequence[str]:
        names = [session_id]
        size = self.sessions[session_id].raw_bytes
        start = self._order.index(session_id) + 1 if session_id in self._order else 0
        for name in self._order[start:] if start else ():
            size += self.sessions[name].raw_bytes
            if size > WINDOW_BYTES:
                break
            names.append(name)
        return names

    def _read(self, names: Sequence[str]) -> None:
        for name in names:
            self._keys[name] = Counter(map(bytes.fromhex, self._deleted.get(name, ())))
        spans = self._reader.spans("ws_event", sessions=names)
        if len(names) > 1:
            spans = [Span(tuple(names), 0, max(self.sessions[name].last_seq for name in names))]
        for span in spans:
            marks = ", ".join("?" * len(span.sessions))
            table = self._reader.fetch(
                f"SELECT session_id, raw FROM ws_event_rows WHERE session_id IN ({marks})"  # noqa: S608
                " AND seq BETWEEN ? AND ?",
                [*span.sessions, span.first, span.last],
            )
            holders: list[Any] = table.column(0).to_pylist()
            for name, raw in zip(holders, table.column(1).to_pylist(), strict=True):
                self._keys[name][record_key(str(raw))] += 1
