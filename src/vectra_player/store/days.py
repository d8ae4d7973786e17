"""Replacing days of the dataset as a whole: for rebuild, delete and episodes.

A day's directory is written anew in `staging/` and exchanged in one step, as compaction does: a
reader sees the old day or the new one. Callers have the right to change filed rows, by `exclusive`
or by `store.turn`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, make_directories, remove_tree
from vectra_player.store.journal import Journal
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.parquet import encode

STAGING_PREFIX = "retired-days-"
"""What a killed process left under such a name goes with the next one that does the same."""

RETIRE_S = 1.0
"""How long a replaced day stays readable for those who listed it before."""

Keep = Callable[[pa.Table], pa.Table]


@contextmanager
def exclusive(data_dir: DataDir) -> Iterator[None]:
    """Hold the right to change filed rows.

    Raises:
        StoreLockedError: a recorder is running.
        UsageError: events wait in the journal: their rows would not be seen; or a session was cut
            short: its end, which recovery has still to write, would make its last rows twice.
    """
    with WriterLock.acquire(data_dir.lock_file):
        unfinished = _unfinished(data_dir)
        if unfinished:
            raise UsageError(unfinished, advice="Run `vectra-player store flush` first.")
        yield


def _unfinished(data_dir: DataDir) -> str:
    if not data_dir.journal_file.exists():
        return ""
    journal = Journal(data_dir.journal_file)
    try:
        waiting, cut_short = journal.backlog().frames, journal.open_sessions("live")
    finally:
        journal.close()
    if waiting:
        return f"{waiting} events wait in the journal."
    return f"Session {cut_short[0].session_id} was cut short." if cut_short else ""


def day_files(data_dir: DataDir, doc_type: str) -> dict[str, list[Path]]:
    """Return the files of a doc type by date."""
    days: dict[str, list[Path]] = {}
    for path in sorted(data_dir.events.glob(f"doc_type={doc_type}/date=*/*.parquet")):
        days.setdefault(path.parent.name.removeprefix("date="), []).append(path)
    return days


class DayReplacer:
    """New contents of days, staged side by side and exchanged at the end."""

    def __init__(self, data_dir: DataDir, name: str, ops: FileOps | None = None) -> None:
        self._data_dir = data_dir
        self._ops = ops or FileOps()
        self._base = data_dir.staging / f"{STAGING_PREFIX}{name}"
        sweep(data_dir, name, self._ops)
        make_directories(self._ops, self._base)

    def put(
        self, doc_type: str, date: str, name: str, data: bytes | memoryview | pa.Buffer
    ) -> None:
        """Stage a file of a day; durable once the day is exchanged."""
        path = self._day(doc_type, date) / name
        self._ops.write(path, memoryview(data))
        self._ops.fsync(path)

    def put_table(self, doc_type: str, date: str, name: str, table: pa.Table) -> None:
        """Stage a table as a file; an empty one is left out."""
        if table.num_rows:
            self.put(doc_type, date, name, encode(table))

    def keep(self, doc_type: str, date: str, path: Path, change: Keep) -> int:
        """Stage a file of today's dataset with `change` applied; return how many rows went."""
        before = pq.read_table(path, partitioning=None)
        after = change(before)
        self.put_table(doc_type, date, path.name, after)
        return before.num_rows - after.num_rows

    def exchange(self, days: Sequence[tuple[str, str]]) -> None:
        """Give each (doc_type, date) its staged contents; a day with none goes."""
        for doc_type, date in days:
            self._exchange_day(doc_type, date)
        time.sleep(RETIRE_S if days else 0)
        remove_tree(self._ops, self._base)

    def discard(self) -> None:
        """Remove what was staged; the dataset stays as it is."""
        remove_tree(self._ops, self._base)

    def _exchange_day(self, doc_type: str, date: str) -> None:
        target = self._data_dir.day(doc_type, date)
        staged = self._base / f"{doc_type}@{date}"
        filled = staged.is_dir()
        if filled:
            self._ops.fsync_dir(staged)
            self._ops.fsync_dir(self._base)
        if filled and target.is_dir():
            self._ops.exchange(staged, target)
        elif filled:
            make_directories(self._ops, target.parent)
            self._ops.rename(staged, target)
        elif target.is_dir():
            self._ops.rename(target, staged)
        else:
            return
        self._ops.fsync_dir(target.parent)
        self._ops.fsync_dir(self._base)

    def _day(self, doc_type: str, date: str) -> Path:
        path = self._base / f"{doc_type}@{date}"
        if not path.is_dir():
            self._ops.mkdir(path)
        return path


def sweep(data_dir: DataDir, name: str, ops: FileOps) -> None:
    """Remove what a killed replacer of this name left, if it left anything.

    An exchange may be visible but not on disk yet: it is made durable before the old day goes.
    """
    base = data_dir.staging / f"{STAGING_PREFIX}{name}"
    if not base.is_dir():
        return
    for doc_type in data_dir.events.iterdir():
        if doc_type.is_dir():
            ops.fsync_dir(doc_type)
    ops.fsync_dir(base)
    remove_tree(ops, base)


def without_sessions(table: pa.Table, sessions: Sequence[str]) -> pa.Table:
    """Return the rows of all other sessions."""
    named: Any = pc.is_in(table.column("session_id"), value_set=pa.array(sessions, pa.string()))
    return table.filter(pc.invert(named))


def sessions_in(path: Path) -> set[str]:
    """Return the sessions whose rows a file holds."""
    table = pq.read_table(path, columns=["session_id"], partitioning=None)
    return {str(name) for name in table.column(0).unique().to_pylist()}
