"""How far each session has been sent, and how far the collector has it: survives restarts.

One SQLite file in `run/`, written by the one sender of a data directory. Losing its newest entries
is harmless: rows are sent again and known by their key. `sent` is what the broker acknowledged,
`collected` what has left the stream because it was collected; between them lies what has to be sent
again should the broker lose its stream. Used by `outlet.sender` and for status.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

from vectra_player.store.tail import Extent

FILE: Final = "outlet.sqlite"

MARKS: Final = 1_000
"""Open marks a session: while nobody collects for days, the newest is moved instead."""

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS targets (
    target TEXT PRIMARY KEY, created TEXT NOT NULL, stream_seq INTEGER NOT NULL, key TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    target TEXT NOT NULL, session_id TEXT NOT NULL, sent INTEGER NOT NULL,
    collected INTEGER NOT NULL, PRIMARY KEY (target, session_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    target TEXT NOT NULL, session_id TEXT NOT NULL, stream_seq INTEGER NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (target, session_id, stream_seq)
) WITHOUT ROWID;
COMMIT;
"""


class Receipt(NamedTuple):
    """The newest row the broker acknowledged: its place in the stream `created` then, its key."""

    created: str
    stream_seq: int
    key: str


class Position(NamedTuple):
    """How far a session is."""

    sent: int
    collected: int


class Positions:
    """Positions of one broker's stream; raises sqlite3.Error where the disk refuses."""

    def __init__(self, path: Path, target: str) -> None:
        self._target: Final = target
        self._db = _opened(path)
        self._sent = {name: place.sent for name, place in self.all().items()}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def begun(self) -> bool:
        """Tell whether this target has ever been sent to."""
        found = self._db.execute("SELECT 1 FROM targets WHERE target = ?", (self._target,))
        return found.fetchone() is not None

    def begin(self, extents: Sequence[Extent]) -> None:
        """Count what ended before the outlet was first set as sent: it is not sent."""
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO positions VALUES (?, ?, ?, ?)",
                [
                    (self._target, one.session_id, one.last_seq, one.last_seq)
                    for one in extents
                    if not one.open
                ],
            )
            self._db.execute("INSERT INTO targets VALUES (?, '', 0, '')", (self._target,))
        self._sent.update({one.session_id: one.last_seq for one in extents if not one.open})

    def sent(self, session_id: str) -> int:
        """Return the highest seq that was acknowledged in order; 0 for none."""
        return self._sent.get(session_id, 0)

    def all(self) -> dict[str, Position]:
        """Return the positions of every session, by its id."""
        rows = self._db.execute(
            "SELECT session_id, sent, collected FROM positions WHERE target = ?", (self._target,)
        )
        return {name: Position(sent, collected) for name, sent, collected in rows}

    def uncollected(self) -> list[str]:
        """Return the sessions of which the broker has something that was not collected."""
        return [name for name, place in self.all().items() if place.sent > place.collected]

    def advance(self, session_id: str, seq: int, receipt: Receipt | None) -> None:
        """Note that a session is sent up to `seq`; no receipt: nothing between had a row."""
        with self._db:
            self._db.execute(
                "INSERT INTO positions VALUES (?, ?, ?, 0) "
                "ON CONFLICT DO UPDATE SET sent = excluded.sent",
                (self._target, session_id, seq),
            )
            if receipt is not None:
                self._db.execute(
                    "UPDATE targets SET created = ?, stream_seq = ?, key = ? WHERE target = ?",
                    (*receipt, self._target),
                )
        self._sent[session_id] = seq

    def receipt(self) -> Receipt | None:
        """Return the newest receipt; None when nothing was acknowledged yet."""
        row = self._db.execute(
            "SELECT created, stream_seq, key FROM targets WHERE target = ? AND stream_seq > 0",
            (self._target,),
        ).fetchone()
        return Receipt(*row) if row else None

    def mark(self, session_id: str, stream_seq: int) -> None:
        """Note where in the stream a session has come to: collected up to there, it has that."""
        key = (self._target, session_id)
        with self._db:
            count, newest = self._db.execute(
                "SELECT count(*), max(stream_seq) FROM marks WHERE target = ? AND session_id = ?",
                key,
            ).fetchone()
            if count >= MARKS:
                self._db.execute(
                    "DELETE FROM marks WHERE target = ? AND session_id = ? AND stream_seq = ?",
                    (*key, newest),
                )
            self._db.execute(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)",
                (*key, stream_seq, self.sent(session_id)),
            )

    def collected(self, stream_seq: int) -> None:
        """Note that everything up to here has left the stream because it was collected."""
        rows = self._db.execute(
            "SELECT session_id, max(seq) FROM marks "
            "WHERE target = ? AND stream_seq <= ? GROUP BY session_id",
            (self._target, stream_seq),
        ).fetchall()
        with self._db:
            self._db.executemany(
                "UPDATE positions SET collected = max(collected, ?) "
                "WHERE target = ? AND session_id = ?",
                [(seq, self._target, name) for name, seq in rows],
            )
            self._db.execute(
                "DELETE FROM marks WHERE target = ? AND stream_seq <= ?", (self._target, stream_seq)
            )

    def rewind(self) -> int:
        """Go back to what was collected, the stream being lost; return how many seqs that is."""
        places = self.all()
        with self._db:
            self._db.execute(
                "UPDATE positions SET sent = collected WHERE target = ?", (self._target,)
            )
            self._db.execute("DELETE FROM marks WHERE target = ?", (self._target,))
            self._db.execute(
                "UPDATE targets SET created = '', stream_seq = 0, key = '' WHERE target = ?",
                (self._target,),
            )
        self._sent = {name: place.collected for name, place in places.items()}
        return sum(place.sent - place.collected for place in places.values())


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    try:
        connection.executescript(_TABLES)
    except sqlite3.Error:
        connection.close()
        raise
    path.chmod(0o600)
    return connection
