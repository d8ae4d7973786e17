"""`coverage`: what is recorded, day by day, and where something is missing."""

from __future__ import annotations

from vectra_player.mcp.answers import CoverageAnswer, DayCovered, Fact
from vectra_player.mcp.facts import fact_of
from vectra_player.store.layout import iso
from vectra_player.store.reads import StoreReader

MAX_DAYS = 60
MAX_GAPS = 50

_GAP_KINDS = "('gap', 'silence')"
_GAP_EVENTS = "('vectra.gap', 'vectra.silence')"
_EVER = (-(1 << 62), 1 << 62)


def coverage_answer(
    reader: StoreReader, since: int | None = None, until: int | None = None
) -> CoverageAnswer:
    """Sum up what is recorded between two times in microseconds, `until` excluded."""
    days = _days(reader, since, until)
    gaps, total = _gaps(reader, since, until)
    totals = reader.fetch(
        "SELECT epoch_us(min(ts)) AS first, epoch_us(max(ts)) AS last,"
        " count(DISTINCT session_id) AS sessions FROM ws_event_rows"
        " WHERE epoch_us(ts) >= ? AND epoch_us(ts) < ?",
        _span(since, until),
    ).to_pylist()[0]
    return CoverageAnswer(
        first=None if totals["first"] is None else iso(totals["first"]),
        last=None if totals["last"] is None else iso(totals["last"]),
        sessions=totals["sessions"],
        games=sum(day.games for day in days),
        days=days[-MAX_DAYS:],
        days_left_out=max(0, len(days) - MAX_DAYS),
        gaps=gaps,
        gaps_total=total,
    )


def _days(reader: StoreReader, since: int | None, until: int | None) -> list[DayCovered]:
    table = reader.fetch(
        f"""
        SELECT strftime(d, '%Y-%m-%d') AS date, any_value(sessions) AS sessions,
          any_value(events) AS events, coalesce(any_value(games), 0) AS games,
          any_value(gaps) AS gaps
        FROM (
          SELECT date AS d, count(DISTINCT session_id) AS sessions, count(*) AS events,
            count(*) FILTER (event_name IN {_GAP_EVENTS}) AS gaps
          FROM ws_event_rows WHERE epoch_us(ts) >= $1 AND epoch_us(ts) < $2 GROUP BY date
        ) LEFT JOIN (
          SELECT ended::DATE AS d, count(*) AS games
          FROM (SELECT coalesce(ended_at, started_at, ts) AS ended FROM game)
          WHERE epoch_us(ended) >= $1 AND epoch_us(ended) < $2 GROUP BY 1
        ) USING (d) GROUP BY d ORDER BY d
        """,  # noqa: S608 -- a constant
        _span(since, until),
    )
    return [DayCovered(**row) for row in table.to_pylist()]


def _gaps(reader: StoreReader, since: int | None, until: int | None) -> tuple[list[Fact], int]:
    where = f"kind IN {_GAP_KINDS} AND epoch_us(ts) >= ? AND epoch_us(ts) < ?"
    table = reader.fetch(
        f"""
        SELECT session_id, seq, sub, epoch_us(ts) AS ts, kind, detail, count(*) OVER () AS total
        FROM system_event WHERE {where} ORDER BY ts DESC, session_id, seq LIMIT ?
        """,  # noqa: S608 -- a constant
        [*_span(since, until), MAX_GAPS],
    ).to_pylist()
    return [fact_of(row) for row in table], table[0]["total"] if table else 0


def _span(since: int | None, until: int | None) -> list[object]:
    return [_EVER[0] if since is None else since, _EVER[1] if until is None else until]
