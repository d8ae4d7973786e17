"""Read what is durable, from any seq on, beside the one writer: in the journal or filed already.

For a process of its own that follows a recording: it opens the journal for reading only, for a
moment at a time, and asks the files where the journal has let go. Used by `outlet`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from vectra_player.errors import DamageError, DiskError
from vectra_player.model.frame import StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.store.derivation import Deriver
from vectra_player.store.groups import Group, decode
from vectra_player.store.layout import DataDir

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

_EXTENT = """
SELECT session_id, state = 'open', max(filed_seq, coalesce(
    (SELECT max(last_seq) FROM groups g WHERE g.session_id = s.session_id), 0))
FROM sessions s WHERE kind = 'live'
"""
_ORDER = " ORDER BY started_us, session_id"
_MOVING = " AND (state = 'open' OR session_id IN (SELECT session_id FROM groups))"

_GROUPS = """
SELECT CAST(session_id AS TEXT), first_seq, last_seq, raw_bytes, final, crc, CAST(blob AS BLOB)
FROM groups WHERE session_id = ? AND last_seq > ? ORDER BY first_seq
"""


class Extent(NamedTuple):
    """A session that was recorded here, and how far it is durable."""

    session_id: str
    open: bool
    last_seq: int


class Stretch(NamedTuple):
    """Rows of one session in order of seq; `through` is the seq to go on from.

    Seqs between that have no row are missing for good: a damaged group, rows that were deleted.
    """

    rows: Sequence[WsEvent]
    through: int


class Tail:
    """Follows the sessions recorded in a data directory; imported ones are not among them."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir: Final = data_dir
        self._describe: Final = Deriver.standard().event
        self._reader: StoreReader | None = None

    def extents(self, *, all_sessions: bool) -> list[Extent]:
        """Return the sessions, oldest first; without `all_sessions` those open or not filed whole.

        Raises:
            DiskError: the journal cannot be read.
        """
        where = "" if all_sessions else _MOVING
        with self._journal() as journal:
            rows = journal.execute(_EXTENT + where + _ORDER).fetchall() if journal else []
        return [Extent(name, bool(is_open), last) for name, is_open, last in rows]

    def read(self, session_id: str, after: int, limit: int, limit_bytes: int) -> Stretch:
        """Return the next rows behind seq `after`: about `limit` of them, none if there are none.

        Raises:
            DiskError: journal or files cannot be read.
        """
        with self._journal() as journal:
            if journal is None:
                return Stretch((), after)
            journal.execute("BEGIN")  # filed_seq and groups of one moment
            row = journal.execute(
                "SELECT filed_seq FROM sessions WHERE session_id = ?", (session_id,)
            ).fetchone()
            filed = int(row[0]) if row else 0
            if after >= filed:
                groups = _until(journal.execute(_GROUPS, (session_id, after)), limit, limit_bytes)
                return self._described(groups, after)
        return self._filed(session_id, after, min(filed, after + limit))

    def close(self) -> None:
        """Free what reading the files took; the next read opens it again."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _described(self, groups: Sequence[Group], after: int) -> Stretch:
        rows: list[WsEvent] = []
        for group in groups:
            try:
                frames = decode(group)
            except DamageError:
                break  # filing sets it aside and tells what is missing; the files have that then
            rows += (
                self._describe(StoredFrame(group.session_id, seq, frame))
                for seq, frame in enumerate(frames, group.first_seq)
                if seq > after
            )
            after = group.last_seq
        return Stretch(rows, after)

    def _filed(self, session_id: str, after: int, last: int) -> Stretch:
        # Who keeps up with the journal needs no DuckDB: it would be most of its memory.
        from vectra_player.store.query import QueryLimits
        from vectra_player.store.reads import Span, StoreReader, rows_of

        if self._reader is None:
            limits = QueryLimits(timeout_s=3600.0, memory_mb=400, threads=1)
            self._reader = StoreReader(self._data_dir.root, limits)
        table = self._reader.read_span("ws_event", Span((session_id,), after + 1, last))
        return Stretch(list(rows_of(WsEvent, table)), last)

    @contextmanager
    def _journal(self) -> Iterator[sqlite3.Connection | None]:
        path = self._data_dir.journal_file
        if not path.exists():
            yield None
            return
        try:
            uri = f"{path.as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None)) as found:
                yield found
        except sqlite3.Error as error:
            raise DiskError(f"The journal cannot be read: {error}.") from error


def _until(rows: sqlite3.Cursor, limit: int, limit_bytes: int) -> list[Group]:
    groups: list[Group] = []
    frames = size = 0
    for row in rows:
        group = Group(*row)
        groups.append(group)
        frames, size = frames + group.frames, size + group.raw_bytes
        if frames >= limit or size >= limit_bytes:
            break
    return groups
