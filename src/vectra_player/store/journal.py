"""The journal: frames that are durable but not yet filed, in one SQLite database.

Its crash safety is SQLite's (WAL, synchronous=FULL); what is ours is one compressed, checksummed
blob a group and the bookkeeping that makes filing happen exactly once. A `Journal` belongs to one
thread (`store.ingest`); `read_plan` opens its own short-lived connection and may be called from
any thread.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import zstandard

from vectra_player.model.units import Source
from vectra_player.store.groups import Group

SessionKind = Literal["live", "import"]
SessionState = Literal["open", "ended"]

# Evidence for each setting: dependencies.md, "Journal". The two fullfsync settings matter on macOS
# only, where a plain fsync does not reach the disk.
_SETTINGS = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
PRAGMA secure_delete = OFF;
PRAGMA journal_size_limit = 16777216;
PRAGMA wal_autocheckpoint = 1000;
"""

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    origin TEXT NOT NULL,
    started_us INTEGER NOT NULL,
    state TEXT NOT NULL,
    filed_seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS states (
    session_id TEXT PRIMARY KEY,
    state BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    final INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    blob BLOB NOT NULL,
    UNIQUE (session_id, first_seq)
);
CREATE TABLE IF NOT EXISTS plan (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    from_id INTEGER NOT NULL,
    to_id INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
COMMIT;
"""

_VACUUM_PAGES = 2_000
"""Pages given back to the file system after a filing: 8 MB, about 10 ms of the writer's time."""

_GROUPS_OF_PLAN = """
SELECT id, CAST(session_id AS TEXT), first_seq, last_seq, raw_bytes, final, crc,
    CAST(blob AS BLOB) FROM groups
WHERE id BETWEEN ? AND ? ORDER BY id
"""

_STATES_OF_PLAN = """
SELECT session_id, state FROM states
WHERE session_id IN (SELECT session_id FROM groups WHERE id BETWEEN ? AND ?)
"""


class Session(NamedTuple):
    """One start-stop of recording, or one import, as the journal knows it."""

    session_id: str
    kind: SessionKind
    source: Source
    origin: str
    started_us: int
    state: SessionState
    filed_seq: int


class Plan(NamedTuple):
    """Which groups the next Parquet files hold; fixed before the first file is written."""

    from_id: int
    to_id: int


class Backlog(NamedTuple):
    """What is durable but not filed."""

    frames: int
    raw_bytes: int
    groups: int


class JournaledGroup(NamedTuple):
    """A group with its place in the journal."""

    id: int
    group: Group


class PlannedWork(NamedTuple):
    """What a plan is carried out with."""

    groups: list[JournaledGroup]
    states: dict[str, bytes]


class Filed(NamedTuple):
    """How far a session is filed, and the derive state to go on with."""

    session_id: str
    filed_seq: int
    state: bytes


Operation = Callable[["Journal"], object]
"""Something done inside a transaction. It may be repeated after a failed commit: idempotent."""


class Journal:
    """The one writing connection. Every method may raise `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = self._connect()

    def reopen(self) -> None:
        """Start over after a failed commit, assuming nothing about what reached the disk.

        A failed fsync may have dropped pages that a later fsync reports as safe, so the log is
        copied into the database and synced there before anything is added to it.
        """
        self.close()
        self._connection = self._connect()
        busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise sqlite3.OperationalError("database is locked: a reader is in the way")

    def close(self) -> None:
        """Close the connection; never raises."""
        try:
            self._connection.close()
        except sqlite3.Error:
            return  # whatever the disk did not take is in the log, which the next open reads

    def commit(self, groups: Iterable[Group], operations: Sequence[Operation] = ()) -> None:
        """Store groups and carry out operations in one transaction; durable when this returns."""
        with self._transaction():
            for group in groups:
                self.put(group)
            for operation in operations:
                operation(self)

    def put(self, group: Group) -> None:
        """Store a group; the same one again (or a longer one in its place) replaces it."""
        self._connection.execute(
            "INSERT OR REPLACE INTO groups "
            "(session_id, first_seq, last_seq, raw_bytes, final, crc, blob) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            group,
        )

    def replace(self, group_id: int, group: Group) -> None:
        """Put another group in the place of a damaged one, in the same plan.

        Where its damaged key is that of another group, it only goes.
        """
        changed = self._connection.execute(
            "UPDATE OR IGNORE groups SET session_id = ?, first_seq = ?, last_seq = ?, "
            "raw_bytes = ?, final = ?, crc = ?, blob = ? WHERE id = ?",
            (*group, group_id),
        )
        if not changed.rowcount:
            self._connection.execute("DELETE FROM groups WHERE id = ?", (group_id,))

    def add_session(self, session: Session) -> None:
        """Record that a session exists; a known one stays as it is."""
        self._connection.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", session
        )

    def set_state(self, session_id: str, state: SessionState) -> None:
        """Mark a session open or ended."""
        self._connection.execute(
            "UPDATE sessions SET state = ? WHERE session_id = ?", (state, session_id)
        )

    def session(self, session_id: str) -> Session | None:
        """Return a session, None when it is not known."""
        row = self._connection.execute(
            "SELECT * FROM sessions WHERE session_id = ?", (session_id,)
        ).fetchone()
        return Session(*row) if row else None

    def open_sessions(self, kind: SessionKind) -> list[Session]:
        """Return the sessions that have not ended."""
        rows = self._connection.execute(
            "SELECT * FROM sessions WHERE state = 'open' AND kind = ? ORDER BY started_us", (kind,)
        )
        return [Session(*row) for row in rows]

    def last_seq(self, session_id: str) -> int:
        """Return the highest durable seq of a session, filed or not; 0 for none."""
        row = self._connection.execute(
            "SELECT max(coalesce((SELECT filed_seq FROM sessions WHERE session_id = :s), 0), "
            "coalesce((SELECT max(last_seq) FROM groups WHERE session_id = :s), 0))",
            {"s": session_id},
        ).fetchone()
        return int(row[0])

    def forget_session(self, session_id: str) -> None:
        """Drop everything known of a session, for `store delete`."""
        for table in ("groups", "states", "sessions"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE session_id = ?",  # noqa: S608 - names are literals
                (session_id,),
            )

    def plan(self) -> Plan | None:
        """Return the plan that was fixed and not completed."""
        row = self._connection.execute("SELECT from_id, to_id FROM plan").fetchone()
        return Plan(*row) if row else None

    def fix_plan(self, max_frames: int, max_bytes: int) -> Plan | None:
        """Return the unfinished plan, or fix one over the oldest groups; None: nothing to file."""
        if plan := self.plan():
            return plan
        rows = self._connection.execute(
            "SELECT id, last_seq - first_seq + 1, raw_bytes FROM groups ORDER BY id"
        )
        first = last = frames = size = 0
        for group_id, group_frames, group_bytes in rows:
            if first and (frames + group_frames > max_frames or size + group_bytes > max_bytes):
                break
            first, last = first or group_id, group_id
            frames, size = frames + group_frames, size + group_bytes
        if not first:
            return None
        self._connection.execute("INSERT INTO plan VALUES (1, ?, ?)", (first, last))
        return Plan(first, last)

    def complete_plan(self, plan: Plan, filed: Sequence[Filed]) -> None:
        """Remove what was filed and keep the derive states, with the plan gone."""
        run = self._connection.execute
        run("DELETE FROM groups WHERE id BETWEEN ? AND ?", plan)
        compress = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
        for session_id, filed_seq, state in filed:
            run(
                "UPDATE sessions SET filed_seq = max(filed_seq, ?) WHERE session_id = ?",
                (filed_seq, session_id),
            )
            run("INSERT OR REPLACE INTO states VALUES (?, ?)", (session_id, compress(state)))
        run(
            "DELETE FROM states WHERE session_id IN (SELECT session_id FROM sessions s WHERE "
            "kind = 'live' AND state = 'ended' AND NOT EXISTS "
            "(SELECT 1 FROM groups g WHERE g.session_id = s.session_id))"
        )
        run("DELETE FROM plan")

    def newest(self) -> int:
        """Return the id of the newest group; 0 for none."""
        row = self._connection.execute("SELECT coalesce(max(id), 0) FROM groups").fetchone()
        return int(row[0])

    def backlog(self) -> Backlog:
        """Count what waits to be filed."""
        row = self._connection.execute(
            "SELECT coalesce(sum(last_seq - first_seq + 1), 0), coalesce(sum(raw_bytes), 0), "
            "count(*) FROM groups"
        ).fetchone()
        return Backlog(*row)

    def receipt(self) -> int:
        """Return the last receipt that is durable."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'receipt'").fetchone()
        return int(row[0]) if row else 0

    def set_receipt(self, receipt: int) -> None:
        """Store the last receipt."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('receipt', ?)", (receipt,))

    def shrink(self) -> None:
        """Give free pages back to the file system; call it outside a transaction."""
        free = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        if free > _VACUUM_PAGES // 4:
            # `execute` would free one page a call.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            _create_private(self._path)
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            connection.executescript(_SETTINGS)
            connection.executescript(_TABLES)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                try:
                    self._connection.execute("ROLLBACK")
                except sqlite3.Error:
                    self.close()  # the next attempt opens a new connection
            raise


def read_plan(path: Path, plan: Plan) -> PlannedWork:
    """Read the groups of a plan, in order, and the derive states of their sessions.

    Uses a connection of its own. A state whose checksum fails is empty.

    Raises:
        sqlite3.Error: the database cannot be read.
    """
    # One fetch and away: an open read transaction keeps the log from being reset.
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        connection.execute("BEGIN")
        rows = connection.execute(_GROUPS_OF_PLAN, plan).fetchall()
        packed = connection.execute(_STATES_OF_PLAN, plan).fetchall()
    states = {session_id: _unpack(state) for session_id, state in packed}
    return PlannedWork([JournaledGroup(row[0], Group(*row[1:])) for row in rows], states)


def _unpack(state: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(state)
    except zstandard.ZstdError:
        return b""


def journal_bytes(path: Path) -> int:
    """Return the size of the database and its log."""
    total = 0
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            total += name.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _create_private(path: Path) -> None:
    # SQLite would create it readable by others, and gives the log the mode of the database.
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o600))
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
