"""Counts by UTC day, made of each file once: files never change, they only come and go.

Years of recordings then cost a pass at the first look, and after that only what was filed since. A
day whose files were exchanged (compacted, deleted from) is counted anew. The sums of the pages
(sessions, coverage, counts of tables) are made of these rows.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from vectra_player.dashboard.data.store import Store, day_of

Row = dict[str, Any]
File = tuple[str, int]


class _Day(NamedTuple):
    files: frozenset[File]
    rows: list[Row]


class DayCounts:
    """Rows of one aggregate over `rows`; the statement groups by `date` and selects it.

    A key may come in several rows, one for each time files were counted: whoever reads them sums.
    """

    def __init__(self, store: Store, doc_type: str, sql: str) -> None:
        self._store = store
        self._doc_type = doc_type
        self._sql = sql
        self._lock = threading.Lock()
        self._known: dict[dt.date, _Day] = {}

    def rows(self) -> list[Row]:
        """Return the rows of all days, oldest day first. Raises StoreBusyError."""
        with self._lock:
            days = _by_day(self._store.state((self._doc_type,)))
            kept = {
                day: known
                for day, known in self._known.items()
                if day in days and known.files <= days[day]
            }
            nothing = _Day(frozenset(), [])
            fresh = {day: files - kept.get(day, nothing).files for day, files in days.items()}
            new = [file for files in fresh.values() for file in files]
            found: dict[dt.date, list[Row]] = {}
            for row in self._store.count(self._doc_type, new, self._sql) if new else ():
                found.setdefault(row["date"], []).append(row)
            self._known = {
                day: _Day(files, kept.get(day, nothing).rows + found.get(day, []))
                for day, files in sorted(days.items())
            }
            return [row for known in self._known.values() for row in known.rows]


def _by_day(files: Iterable[File]) -> dict[dt.date, frozenset[File]]:
    days: dict[dt.date, set[File]] = {}
    for path, size in files:
        days.setdefault(day_of(path), set()).add((path, size))
    return {day: frozenset(found) for day, found in days.items()}
