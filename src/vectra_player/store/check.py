"""Prove a store whole, or say exactly what is not.

Reads every byte of every file; changes nothing unless told to repair, which only sets damaged
files aside. Used by `cli` (`store check`) and by the tests of every fault.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vectra_player.errors import DamageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.check_rows import Gap, check_rows, find_gaps
from vectra_player.store.dataset import DataFile, StoreRoot, open_root, retrying, vanished
from vectra_player.store.fsops import FileOps, make_directories
from vectra_player.store.groups import decode
from vectra_player.store.journal import Plan, read_plan
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import was_interrupted
from vectra_player.store.schema import arrow_schema

ProblemKind = Literal[
    "damaged", "schema", "foreign", "wrong_date", "duplicate", "orphan", "prices", "journal",
    "interrupted", "missing",
]  # fmt: skip

_EVERYTHING = Plan(0, 2**62)


class Problem(NamedTuple):
    """One thing that is wrong, where, and what to do about it."""

    kind: ProblemKind
    where: str
    detail: str
    advice: str


class CheckReport(NamedTuple):
    """What was read and found. Gaps are losses the store knows of; problems are faults."""

    files: int
    rows: dict[str, int]
    sessions: int
    journal_events: int
    problems: list[Problem]
    gaps: list[Gap]
    quarantined: list[str]

    @property
    def whole(self) -> bool:
        """Nothing is wrong; gaps are no fault of the store."""
        return not self.problems


def check(
    data_dir: DataDir, *, repair: bool = False, progress: Callable[[int], None] = lambda files: None
) -> CheckReport:
    """Check everything. `repair` moves files that cannot be read to `quarantine/`.

    Raises:
        StoreLockedError: `repair` while a recorder is running.
    """
    if repair:
        with WriterLock.acquire(data_dir.lock_file):
            return _check(data_dir, repair=True, progress=progress)
    # A day that a recorder compacts meanwhile is looked at again, with everything else.
    return retrying(lambda: _check(data_dir, repair=False, progress=progress))


def _check(data_dir: DataDir, *, repair: bool, progress: Callable[[int], None]) -> CheckReport:
    problems = list(_foreign(data_dir))
    root = open_root(data_dir.root)
    # One moment's files, ws_event last: a filing makes it visible first (`store.filing`), so no row
    # that is listed lacks its event.
    listed = {doc_type: root.files(doc_type) for doc_type in reversed(DOC_TYPES)}
    good: dict[str, list[DataFile]] = {}
    bad: list[tuple[Path, Problem]] = []
    seen = 0
    for doc_type in DOC_TYPES:
        good[doc_type] = []
        for file in listed[doc_type]:
            fault = _file_fault(data_dir, file)
            if fault is None or fault.kind == "wrong_date":
                good[doc_type].append(file)
            else:
                bad.append((Path(file.path), fault))
            problems += [fault] if fault else []
            seen += 1
            progress(seen)
    quarantined = [_quarantine(data_dir, path, fault) for path, fault in bad] if repair else []
    events, journal_problems = _check_journal(data_dir)
    problems += journal_problems + list(_interrupted(data_dir))
    with StoreReader(_GoodFiles(root, good)) as reader:
        problems += [Problem(*found) for found in check_rows(reader)]
        gaps = find_gaps(reader, data_dir)
        totals = reader.stats()
    return CheckReport(seen, totals.rows, totals.sessions, events, problems, gaps, quarantined)


class _GoodFiles(StoreRoot):
    """The store without the files that cannot be read."""

    def __init__(self, root: StoreRoot, good: dict[str, list[DataFile]]) -> None:
        super().__init__(root.filesystem, root.base)
        self._good = good

    def files(self, doc_type: str) -> list[DataFile]:
        return self._good[doc_type]


def _foreign(data_dir: DataDir) -> Iterator[Problem]:
    """Find what does not belong under the canonical tree: one such file breaks every glob."""
    for path in sorted(data_dir.events.rglob("*")):
        parts = path.relative_to(data_dir.events).parts
        if not _belongs(path, parts):
            yield Problem(
                "foreign",
                str(path.relative_to(data_dir.root)),
                "does not belong under events_parquet",
                "Move it elsewhere: readers of the whole tree fail on it.",
            )


def _belongs(path: Path, parts: tuple[str, ...]) -> bool:
    if path.is_symlink() or parts[0].removeprefix("doc_type=") not in DOC_TYPES:
        return False
    if len(parts) >= 2 and not parts[1].startswith("date="):
        return False
    if len(parts) == 3:
        return path.is_file() and path.suffix == ".parquet" and not path.name.startswith(".")
    return len(parts) < 3 and path.is_dir()


def _file_fault(data_dir: DataDir, file: DataFile) -> Problem | None:
    where = str(Path(file.path).relative_to(data_dir.root))
    advice = "Run `store check --repair` to set it aside, then `store rebuild` or a restore."
    expected = arrow_schema(DOC_TYPES[file.doc_type])
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
            table = parquet.read()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        if vanished(error):
            raise
        return Problem("damaged", where, str(error).split("\n", 1)[0], advice)
    if difference := _schema_difference(expected, table):
        return Problem("schema", where, difference, advice)
    days = set(pc.unique(table.column("ts").cast(pa.date32())).to_pylist()) - {file.date}
    if days:
        return Problem(
            "wrong_date", where, f"holds rows of {min(map(str, days))}",
            "Move the rows' file to its own day, or import the recording again.",
        )  # fmt: skip
    return None


def _schema_difference(expected: pa.Schema, table: pa.Table) -> str:
    if table.schema.names != expected.names:
        odd = set(table.schema.names) ^ set(expected.names)
        return f"columns differ: {', '.join(sorted(odd)) or 'their order'}"
    for field, column in zip(expected, table.columns, strict=True):
        if column.type != field.type:
            return f"column {field.name} is {column.type}, not {field.type}"
        if not field.nullable and column.null_count:
            return f"column {field.name} has {column.null_count} nulls"
    return ""


def _check_journal(data_dir: DataDir) -> tuple[int, list[Problem]]:
    if not data_dir.journal_file.exists():
        return 0, []
    events, problems = 0, []
    advice = "The next start or `store flush` sets the damaged group aside and files the rest."
    try:
        groups = read_plan(data_dir.journal_file, _EVERYTHING).groups
    except (sqlite3.Error, DamageError) as error:
        return 0, [Problem("journal", "journal/journal.sqlite", str(error), advice)]
    for journaled in groups:
        group = journaled.group
        try:
            events += len(decode(group))
        except DamageError as error:
            where = f"{group.session_id} {group.first_seq}-{group.last_seq}"
            problems.append(Problem("journal", where, error.message, advice))
    return events, problems


def _interrupted(data_dir: DataDir) -> Iterator[Problem]:
    if was_interrupted(data_dir):
        yield Problem(
            "interrupted", "manifests", "a rebuild was cut short: some days are old, some new",
            "Run `store rebuild` again.",
        )  # fmt: skip


def _quarantine(data_dir: DataDir, path: Path, fault: Problem) -> str:
    """Move a file aside with the reason beside it; return its new place."""
    ops = FileOps()
    make_directories(ops, data_dir.quarantine)
    name = "@".join(path.relative_to(data_dir.events).parts)
    target = data_dir.quarantine / name
    reason = target.with_name(name + ".json")
    ops.unlink(reason)
    ops.write(reason, msgspec.json.encode(fault._asdict()))
    ops.rename(path, target)
    ops.fsync_dir(data_dir.quarantine)
    ops.fsync_dir(path.parent)
    return str(target.relative_to(data_dir.root))
