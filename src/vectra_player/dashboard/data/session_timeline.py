"""One session over time: rows of each doc type in equal steps, its gaps, its reconnects."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.sessions import SessionLine
from vectra_player.dashboard.data.store import Store
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.layout import utc_date
from vectra_player.store.views import REGISTERED_AS

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

MOST_FACTS = 500
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class TimelineWanted(msgspec.Struct, frozen=True):
    """How fine."""

    steps: Annotated[int, Meta(ge=10, le=1000, description="a number of steps, 10 to 1000")] = 240


class TypeBars(msgspec.Struct, frozen=True):
    """Rows of one doc type in each step."""

    doc_type: str
    rows: int
    bars: list[int]


class TimelineGap(msgspec.Struct, frozen=True):
    """Something that is missing from a session, in microseconds UTC."""

    from_ts: int
    to_ts: int
    words: str


class SessionTimeline(msgspec.Struct, frozen=True):
    """One session over time, in microseconds UTC. `connects`, `lost`: of its sockets."""

    session_id: str
    first_ts: int
    last_ts: int
    step_us: int
    types: list[TypeBars]
    gaps: list[TimelineGap]
    connects: list[int]
    lost: list[int]


def read_timeline(store: Store, session: SessionLine, wanted: TimelineWanted) -> SessionTimeline:
    """Return a session over time. Raises StoreBusyError."""

    def read(reader: StoreReader) -> SessionTimeline:
        return _read(reader, session, wanted.steps)

    key = ("session timeline", session.session_id, wanted.steps)
    return store.kept(key, tuple(DOC_TYPES), read)


def _read(reader: StoreReader, session: SessionLine, steps: int) -> SessionTimeline:
    first, last = session.started_at, session.ended_at
    step = max(1, -(-(last - first + 1) // steps))
    facts = _facts(reader, session)
    return SessionTimeline(
        session_id=session.session_id,
        first_ts=first,
        last_ts=last,
        step_us=step,
        types=_bars(reader, session, step, steps),
        gaps=[_gap(fact) for fact in facts if fact["kind"] in ("gap", "silence")],
        connects=[fact["ts"] for fact in facts if fact["kind"] == "connected"],
        lost=[fact["ts"] for fact in facts if fact["kind"] == "disconnected"],
    )


def _bars(reader: StoreReader, session: SessionLine, step: int, steps: int) -> list[TypeBars]:
    names = list(DOC_TYPES)
    counts = (
        f"SELECT {number} AS kind, (epoch_us(ts) - ?) // ? AS at, count(*) AS n"  # noqa: S608
        f" FROM {REGISTERED_AS.get(name, name)} WHERE session_id = ?"
        " AND date BETWEEN ?::DATE AND ?::DATE GROUP BY ALL"
        for number, name in enumerate(names)
    )
    days = (utc_date(session.started_at), utc_date(session.ended_at))
    asked = [session.started_at, step, session.session_id, *days]
    found: dict[str, list[int]] = {}
    for row in reader.fetch(" UNION ALL ".join(counts), asked * len(names)).to_pylist():
        bars = found.setdefault(names[row["kind"]], [0] * steps)
        bars[max(0, min(steps - 1, row["at"]))] += row["n"]
    return [TypeBars(name, sum(found[name]), found[name]) for name in names if name in found]


def _facts(reader: StoreReader, session: SessionLine) -> list[dict[str, Any]]:
    found = reader.fetch(
        "SELECT kind, epoch_us(ts) AS ts, detail FROM system_event WHERE session_id = ?"
        " AND date BETWEEN ?::DATE AND ?::DATE"
        " AND kind IN ('gap', 'silence', 'connected', 'disconnected')"
        " ORDER BY ts, seq, sub LIMIT ?",
        [
            session.session_id,
            utc_date(session.started_at),
            utc_date(session.ended_at),
            MOST_FACTS,
        ],
    )
    return found.to_pylist()


class _Detail(msgspec.Struct):
    """The detail of a gap or silence, as far as it is told; any type, as files may hold any."""

    start: Any = msgspec.field(default=None, name="from")
    end: Any = msgspec.field(default=None, name="to")
    missing: Any = None
    reason: Any = None
    seconds: Any = None


def _gap(fact: dict[str, Any]) -> TimelineGap:
    """Return a gap with its limits; without any it is a moment. A silence ends where it is told."""
    try:
        detail = msgspec.json.decode(fact["detail"], type=_Detail)
    except msgspec.DecodeError:
        detail = _Detail()
    at = fact["ts"]
    if fact["kind"] == "silence":
        seconds = detail.seconds if isinstance(detail.seconds, int | float) else 0
        return TimelineGap(at - int(seconds * 1e6), at, "nothing was heard")
    words = ": ".join(str(part) for part in (detail.missing, detail.reason) if part)
    start, end = _micros(detail.start), _micros(detail.end)
    return TimelineGap(start or at, max(end or at, start or at), words or "a gap was noted")


def _micros(text: Any) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
