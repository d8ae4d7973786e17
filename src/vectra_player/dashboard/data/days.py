"""Counts by UTC day: each day is counted once, and again only when its files change.

Years of recordings then cost a pass at the first look, and the day that is being recorded after
that. The sums of the pages (sessions, coverage, counts of tables) are made of these.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vectra_player.dashboard.data.store import State, Store

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

Row = dict[str, Any]


class DayCounts:
    """Rows of one aggregate by day; `sql` groups by `date` and selects it, `{days}` filters."""

    def __init__(self, store: Store, doc_type: str, sql: str) -> None:
        self._store = store
        self._doc_type = doc_type
        self._sql = sql
        self._lock = threading.Lock()
        self._known: dict[dt.date, tuple[State, list[Row]]] = {}

    def rows(self) -> list[Row]:
        """Return the rows of all days, oldest first. Raises StoreBusyError."""
        days = _by_day(self._store.state((self._doc_type,)))
        with self._lock:
            changed = [day for day, files in days.items() if self._files_of(day) != files]
            if changed:
                self._count(days, changed)
            self._known = {day: self._known[day] for day in sorted(days)}
            return [row for _, rows in self._known.values() for row in rows]

    def _files_of(self, day: dt.date) -> State | None:
        known = self._known.get(day)
        return known[0] if known else None

    def _count(self, days: dict[dt.date, State], changed: Sequence[dt.date]) -> None:
        with self._store.reader() as reader:
            found = _fetch(reader, self._sql, changed)
        fresh: dict[dt.date, list[Row]] = {day: [] for day in changed}
        for row in found:
            fresh[row["date"]].append(row)
        for day, rows in fresh.items():
            self._known[day] = (days[day], rows)


def _fetch(reader: StoreReader, sql: str, days: Sequence[dt.date]) -> list[Row]:
    marks = ", ".join("?" * len(days))
    return reader.fetch(sql.format(days=f"date IN ({marks})"), list(days)).to_pylist()


def _by_day(state: State) -> dict[dt.date, State]:
    days: dict[dt.date, list[tuple[str, int]]] = {}
    for path, size in state:
        name = posixpath.basename(posixpath.dirname(path)).removeprefix("date=")
        days.setdefault(dt.date.fromisoformat(name), []).append((path, size))
    return {day: tuple(files) for day, files in days.items()}
