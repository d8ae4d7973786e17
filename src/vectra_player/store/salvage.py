"""Rescue what can be read from a journal whose database itself is damaged.

The damaged files are set aside in `quarantine/`, every readable group goes into a new journal, and
a gap fact stands where groups are missing between others. Used by `store.writer` before it opens
the journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from vectra_player.clock import Clock
from vectra_player.model.frame import fact, gap
from vectra_player.store.fsops import FileOps
from vectra_player.store.groups import Group, GroupEncoder
from vectra_player.store.journal import Journal, Session
from vectra_player.store.layout import DataDir

_DAMAGE = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


def damage(path: Path) -> str | None:
    """Say what is wrong with a journal file; None when it is whole or absent."""
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.split("_VTAB")[0] in _DAMAGE:
            return str(error)
        raise
    return None if answer == "ok" else answer


def salvage(data_dir: DataDir, clock: Clock, ops: FileOps) -> int:
    """Begin a new journal with all that the damaged one still gives; return the groups saved.

    Raises:
        OSError: the disk refused.
        sqlite3.Error: the new journal cannot be written.
    """
    old = data_dir.journal_file
    groups = [Group(*row) for row in _rows(old, "groups", _GROUP)]
    sessions = [Session(*row) for row in _rows(old, "sessions", "*")]
    new = _unfinished(data_dir)
    for suffix in _SUFFIXES:
        ops.unlink(new.with_name(new.name + suffix))
    journal = Journal(new)
    try:
        journal.commit(
            [*groups, *_gaps(groups, sessions, clock)],
            [partial(Journal.add_session, session=session) for session in sessions],
        )
        journal.reopen()  # its log goes into the database: one file to be moved
    finally:
        journal.close()
    aside = data_dir.quarantine / f"journal-{clock.now_us()}"
    ops.mkdir(aside)
    for suffix in _SUFFIXES:
        source = old.with_name(old.name + suffix)
        if source.exists():
            ops.rename(source, aside / source.name)
    finish(data_dir, ops)
    return len(groups)


def finish(data_dir: DataDir, ops: FileOps) -> None:
    """Put a rescued journal in its place, should a crash have come in between."""
    new = _unfinished(data_dir)
    if new.exists() and not data_dir.journal_file.exists():
        ops.rename(new, data_dir.journal_file)
        ops.fsync_dir(data_dir.journal)
        ops.fsync_dir(data_dir.quarantine)


def _unfinished(data_dir: DataDir) -> Path:
    return data_dir.journal / "rescued.sqlite"


_SUFFIXES = ("-shm", "-wal", "")

_GROUP = (
    "CAST(session_id AS TEXT), CAST(first_seq AS INTEGER), CAST(last_seq AS INTEGER), raw_bytes, "
    "final, crc, CAST(blob AS BLOB)"
)


def _rows(path: Path, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a table, passing over those that cannot be read."""
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        key = "id" if table == "groups" else "session_id"
        for found in _keys(connection, table, key):
            try:
                query = f"SELECT {columns} FROM {table} WHERE {key} = ?"  # noqa: S608 - literals
                row = connection.execute(query, found).fetchone()
            except sqlite3.DatabaseError:
                continue
            if row:
                yield row


def _keys(connection: sqlite3.Connection, table: str, key: str) -> list[tuple[Any, ...]]:
    """Collect the keys from both ends, up to where the damage begins."""
    found: dict[tuple[Any, ...], None] = {}
    for order in ("ASC", "DESC"):
        query = f"SELECT {key} FROM {table} ORDER BY {key} {order}"  # noqa: S608 - literals
        try:
            for row in connection.execute(query):
                found[row] = None
        except sqlite3.DatabaseError:
            continue
    return sorted(found)


def _gaps(groups: list[Group], sessions: list[Session], clock: Clock) -> Iterator[Group]:
    encoder = GroupEncoder()
    for session in sessions:
        expected = session.filed_seq + 1
        own = sorted(
            (group.first_seq, group.last_seq)
            for group in groups
            if group.session_id == session.session_id
        )
        for first, last in own:
            if session.kind == "live" and first > expected > 1:
                missing = f"{first - expected} events"
                lost = fact(
                    "gap",
                    gap(missing, "the journal was damaged", seqs=(expected, first - 1)),
                    ts=clock.now_us(),
                    source=session.source,
                    origin=session.origin,
                )
                yield encoder.encode(session.session_id, expected, [lost])
            expected = last + 1
