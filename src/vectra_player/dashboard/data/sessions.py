"""Sessions, coverage and totals of the store, as the home and recording pages show them.

Made of counts by day (`data.days`). A session's line says what `vectra-player sessions` says.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import msgspec

from vectra_player.dashboard.data.days import DayCounts, Row
from vectra_player.dashboard.data.store import Store
from vectra_player.errors import VectraError

_EVENTS = """
    SELECT date, session_id, any_value(source) AS source,
      coalesce(max(origin) FILTER (origin <> ''), '') AS origin,
      epoch_us(min(ts)) AS first_ts, epoch_us(max(ts)) AS last_ts, count(*) AS events,
      sum(size_bytes)::BIGINT AS bytes,
      count(*) FILTER (event_name IN ('vectra.gap', 'vectra.silence')) AS gaps,
      count(*) FILTER (event_name = 'vectra.disconnected') AS disconnects,
      bool_or(coalesce(event_name = 'vectra.crash_recovered', false)) AS crashed,
      bool_or(coalesce(event_name = 'vectra.stopped', false)) AS stopped
    FROM rows GROUP BY date, session_id
"""
_GAMES = """
    SELECT date, session_id, count(*) AS games FROM rows GROUP BY date, session_id
"""
_ROWS = "SELECT date, count(*) AS n FROM rows GROUP BY date"


class SessionLine(msgspec.Struct, frozen=True):
    """One recording session. Times in microseconds UTC; `bytes`: of its packets as captured.

    `ended`: stopped, crashed, imported or open.
    """

    session_id: str
    source: str
    origin: str
    started_at: int
    ended_at: int
    events: int
    games: int
    gaps: int
    disconnects: int
    bytes: int
    ended: str


class CoveredDay(msgspec.Struct, frozen=True):
    """What one UTC day holds."""

    date: str
    events: int
    games: int
    gaps: int
    sessions: int


class DocType(msgspec.Struct, frozen=True):
    """One table of the store."""

    name: str
    rows: int
    files: int
    bytes: int
    last_day: str | None
    last_day_rows: int


class SessionData:
    """Answers about sessions, days and tables."""

    def __init__(self, store: Store) -> None:
        from vectra_player.model.rows import DOC_TYPES

        self._store = store
        self._events = DayCounts(store, "ws_event", _EVENTS)
        self._games = DayCounts(store, "game", _GAMES)
        self._rows = {name: DayCounts(store, name, _ROWS) for name in DOC_TYPES}

    def warm(self) -> None:
        """Count what is not counted yet, so that the first look need not wait for it."""
        with contextlib.suppress(VectraError, OSError):  # whoever asks is told
            for counts in (self._events, self._games, *self._rows.values()):
                counts.rows()

    def sessions(self) -> list[SessionLine]:
        """Return the sessions, newest first."""
        games: dict[str, int] = {}
        for row in self._games.rows():
            games[row["session_id"]] = games.get(row["session_id"], 0) + row["games"]
        merged: dict[str, Row] = {}
        for row in self._events.rows():
            known = merged.get(row["session_id"])
            merged[row["session_id"]] = dict(row) if known is None else _join(known, row)
        lines = [_line(row, games.get(session, 0)) for session, row in merged.items()]
        return sorted(lines, key=lambda line: (-line.started_at, line.session_id))

    def days(self) -> list[CoveredDay]:
        """Return the days that hold anything, oldest first."""
        found: dict[dt.date, dict[str, Any]] = {}
        for row in self._events.rows():
            day = found.setdefault(row["date"], {"events": 0, "gaps": 0, "ids": set(), "games": 0})
            day["events"] += row["events"]
            day["gaps"] += row["gaps"]
            day["ids"].add(row["session_id"])
        for row in self._games.rows():
            if row["date"] in found:
                found[row["date"]]["games"] += row["games"]
        return [
            CoveredDay(str(date), day["events"], day["games"], day["gaps"], len(day["ids"]))
            for date, day in sorted(found.items())
        ]

    def doc_types(self) -> list[DocType]:
        """Return the tables of the store with what they hold."""
        return [self._doc_type(name, counts) for name, counts in self._rows.items()]

    def _doc_type(self, name: str, counts: DayCounts) -> DocType:
        rows = counts.rows()
        files = self._store.state((name,))
        last_day = rows[-1]["date"] if rows else None
        return DocType(
            name=name,
            rows=sum(row["n"] for row in rows),
            files=len(files),
            bytes=sum(size for _, size in files),
            last_day=None if last_day is None else str(last_day),
            last_day_rows=sum(row["n"] for row in rows if row["date"] == last_day),
        )


def _join(one: Row, other: Row) -> Row:
    """Join two counts of one session: of two days, or of one day's earlier and later files."""
    return {
        **one,
        "origin": max(one["origin"], other["origin"]),
        "first_ts": min(one["first_ts"], other["first_ts"]),
        "last_ts": max(one["last_ts"], other["last_ts"]),
        **{name: one[name] + other[name] for name in ("events", "bytes", "gaps", "disconnects")},
        "crashed": one["crashed"] or other["crashed"],
        "stopped": one["stopped"] or other["stopped"],
    }


def _line(row: Row, games: int) -> SessionLine:
    ended = (
        "crashed"
        if row["crashed"]
        else "stopped"
        if row["stopped"]
        else "imported"
        if row["source"] == "import"
        else "open"
    )
    return SessionLine(
        session_id=row["session_id"],
        source=row["source"],
        origin=row["origin"],
        started_at=row["first_ts"],
        ended_at=row["last_ts"],
        events=row["events"],
        games=games,
        gaps=row["gaps"],
        disconnects=row["disconnects"],
        bytes=row["bytes"],
        ended=ended,
    )
