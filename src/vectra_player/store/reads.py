"""What the platform asks of a store, as typed functions: the only SQL outside `query` is here.

Reading only, over a data directory or an fsspec URL of a copy. Used by `importers`, `rebuild`,
`export`, `cli`, `replay`, `analysis` and everything above; none of them writes SQL for these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vectra_player.model.rows import DOC_TYPES, Row, WsEvent
from vectra_player.store.dataset import StoreRoot
from vectra_player.store.listing import GameInfo, SessionInfo
from vectra_player.store.query import QueryLimits, QuerySession, open_query
from vectra_player.store.schema import arrow_schema
from vectra_player.store.views import REAL_ORIGIN, REGISTERED_AS

R = TypeVar("R", bound=Row)
Origins = Literal["real", "demo", "all"]

READ_LIMITS = QueryLimits(timeout_s=3600.0, memory_mb=2000)
"""For our own statements: as long as a full pass over years of recordings may take."""

CHUNK_ROWS = 50_000
CHUNK_EVENTS = 5_000
"""Rows read at a time; ws_event rows carry up to half a megabyte each."""


class GameFilter(NamedTuple):
    """Which games to list, newest first. `since` and `until` are microseconds, until excluded."""

    origins: Origins = "all"
    since: int | None = None
    until: int | None = None
    completeness: tuple[str, ...] = ()
    limit: int | None = None


class StoreTotals(NamedTuple):
    """Totals of a store."""

    sessions: int
    games: int
    first_ts: int | None
    last_ts: int | None
    rows: dict[str, int]
    bytes: dict[str, int]
    files: dict[str, int]
    events: dict[str, int]


_ALL_GAMES = GameFilter()

_WITH_UNFINISHED = f"""(
    FROM game UNION ALL BY NAME SELECT * EXCLUDE (is_real) FROM (
      SELECT game_id, {REAL_ORIGIN} AS is_real, max(origin) AS origin,
        min(session_id) AS session_id, min(ts) AS ts, min(ts) FILTER (tick = 0) AS started_at,
        'unfinished' AS completeness
      FROM game_tick WHERE game_id IS NOT NULL GROUP BY ALL
    ) ANTI JOIN (SELECT game_id, {REAL_ORIGIN} AS is_real FROM game_all) USING (game_id, is_real)
)"""  # noqa: S608 -- a constant


class Span(NamedTuple):
    """Rows of one doc type: some sessions whole, or one session from `first` to `last` seq."""

    sessions: tuple[str, ...]
    first: int
    last: int


class StoreReader:
    """Typed queries over one store. Not shared between threads."""

    def __init__(self, location: str | Path | StoreRoot, limits: QueryLimits = READ_LIMITS) -> None:
        self._session: QuerySession = open_query(location, limits)
        self.root: StoreRoot = self._session.root

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the connection."""
        self._session.close()

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a SELECT of this project whole; never one a user wrote."""
        return self._session.fetch(sql, list(parameters))

    def sessions(self) -> list[SessionInfo]:
        """List the sessions, newest first."""
        table = self.fetch(
            """
            SELECT session_id, any_value(source) AS source,
              coalesce(max(origin) FILTER (origin <> ''), '') AS origin,
              epoch_us(min(ts)) AS started_at, epoch_us(max(ts)) AS ended_at,
              count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq,
              coalesce(any_value(g.games), 0) AS games,
              CASE WHEN bool_or(event_name = 'vectra.crash_recovered') THEN 'crashed'
                WHEN bool_or(event_name = 'vectra.stopped') THEN 'stopped'
                WHEN any_value(source) = 'import' THEN 'imported' ELSE 'open' END AS ended
            FROM ws_event_rows e LEFT JOIN (
              SELECT session_id, count(*) AS games FROM game_all GROUP BY session_id
            ) g USING (session_id)
            GROUP BY session_id ORDER BY started_at DESC, session_id
            """
        )
        return [SessionInfo(**row) for row in table.to_pylist()]

    def games(self, chosen: GameFilter = _ALL_GAMES) -> list[GameInfo]:
        """List games, each once with its most complete row, newest first."""
        where, parameters = game_conditions(chosen)
        limit = "" if chosen.limit is None else f"LIMIT {int(chosen.limit)}"
        table = self.fetch(
            f"""
            SELECT game_id, session_id, origin, source, epoch_us(started_at) AS started_at,
              epoch_us(ended_at) AS ended_at, rug_tick, peak, rug_price, game_version,
              server_seed IS NOT NULL AS has_seed, prices IS NOT NULL AS has_prices,
              ticks_live, ticks_missing, trade_count, completeness
            FROM game WHERE {where}
            ORDER BY coalesce(started_at, ended_at, ts) DESC, game_id {limit}
            """,  # noqa: S608 -- conditions are ours, values are parameters
            parameters,
        )
        return [GameInfo(**row) for row in table.to_pylist()]

    def stats(self) -> StoreTotals:
        """Return totals of sessions, games, rows, files and bytes, and the count of each event."""
        return _totals(self)

    def game_ticks(self, game_id: str) -> pa.Table:
        """Return (tick, price, phase, ts, trade_count, connected_players, price_source) by tick.

        Over all sessions each tick once: a live row before a recovered one.
        """
        return self.fetch(
            """
            SELECT tick, price, phase, ts, trade_count, connected_players, price_source
            FROM game_tick WHERE game_id = ?
            QUALIFY row_number() OVER (PARTITION BY tick ORDER BY
              list_position(['live', 'partial', 'history', 'recomputed'], price_source),
              session_id, seq) = 1
            ORDER BY tick
            """,
            [game_id],
        )

    def game_columns(
        self, chosen: GameFilter, game_ids: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return `game_table` row by row."""
        return self.game_table(chosen, game_ids).to_pylist()

    def game_table(
        self,
        chosen: GameFilter,
        game_ids: Sequence[str] | None = None,
        *,
        unfinished: bool = False,
    ) -> pa.Table:
        """Return what is known of games, in order of time, prices included.

        Columns: game_id, is_real, origin, rug_tick, rug_price, peak, started_at and ended_at
        (microseconds), game_version, server_seed, server_seed_hash, first_seen (of the hash),
        prices, completeness, session_id. With `unfinished` also games that were watched but not
        seen to rug; their completeness is `unfinished`.
        """
        where, parameters = game_conditions(chosen)
        if game_ids is not None:
            where = f"({where}) AND game_id IN (SELECT unnest(?::VARCHAR[]))"
            parameters = [*parameters, list(game_ids)]
        limit = "" if chosen.limit is None else f"LIMIT {int(chosen.limit)}"
        games = _WITH_UNFINISHED if unfinished else "game"
        return self.fetch(
            f"""
            FROM (
              SELECT game_id, {REAL_ORIGIN} AS is_real, origin, rug_tick, rug_price, peak,
                epoch_us(started_at) AS started_at, epoch_us(ended_at) AS ended_at, game_version,
                server_seed, server_seed_hash, epoch_us(commitment_first_seen_at) AS first_seen,
                prices, completeness, session_id, coalesce(ended_at, started_at, ts) AS moment
              FROM {games} WHERE {where} ORDER BY moment DESC, game_id DESC {limit}
            ) SELECT * EXCLUDE (moment) ORDER BY moment, game_id
            """,  # noqa: S608 -- conditions are ours, values are parameters
            parameters,
        )

    def watched_ticks(self, game_ids: Sequence[str]) -> pa.Table:
        """Return (game_id, is_real, tick, price) of games by game and tick, each tick once.

        Over all sessions, a live row before a recovered one; recomputed prices are no observation
        and are left out.
        """
        return self.fetch(
            f"""
            SELECT game_id, {REAL_ORIGIN} AS is_real, tick, price FROM game_tick
            WHERE price_source <> 'recomputed' AND game_id IN (SELECT unnest(?::VARCHAR[]))
            QUALIFY row_number() OVER (PARTITION BY game_id, is_real, tick ORDER BY
              list_position(['live', 'partial', 'history'], price_source), session_id, seq) = 1
            ORDER BY game_id, is_real, tick
            """,  # noqa: S608 -- a constant, values are parameters
            [list(game_ids)],
        )

    def joining_ticks(self) -> pa.Table:
        """Return (game_id, is_real, tick) of the games that were met midway: where that was.

        A snapshot tells earlier ticks too; that the game lasted until somebody looked is no
        evidence of how long games last.
        """
        return self.fetch(
            f"""
            SELECT game_id, {REAL_ORIGIN} AS is_real, coalesce(
              min(tick) FILTER (price_source = 'live'),
              max(tick) FILTER (price_source = 'partial')) AS tick
            FROM game_tick GROUP BY game_id, is_real HAVING tick > 0
            """  # noqa: S608 -- a constant
        )

    def game_prices(self, game_id: str) -> npt.NDArray[np.float64]:
        """Return the prices of a game, (n_ticks,) float64: revealed ones if known, else recorded.

        Missing ticks of a game that was never revealed are NaN.
        """
        known = self.fetch("SELECT prices FROM game WHERE game_id = ?", [game_id]).column(0)
        for prices in known.to_pylist():
            if prices is not None:
                return np.asarray(prices, dtype=np.float64)
        ticks = self.game_ticks(game_id)
        index = ticks.column("tick").to_numpy()
        path = np.full(int(index.max()) + 1 if len(index) else 0, np.nan)
        path[index] = ticks.column("price").to_numpy()
        return path

    def read_ws_events(self, session_id: str, first_seq: int = 1) -> Iterator[WsEvent]:
        """Yield the events of a session in seq order, a bounded number in memory at a time."""
        for span in self.spans("ws_event", sessions=[session_id]):
            if span.last >= first_seq:
                wanted = span._replace(first=max(span.first, first_seq))
                yield from rows_of(WsEvent, self.read_span("ws_event", wanted))

    def spans(
        self, doc_type: str, where: str = "true", parameters: Sequence[object] = (), *,
        sessions: Sequence[str] | None = None,
    ) -> list[Span]:  # fmt: skip
        """Cut a doc type into parts that fit in memory, in (session_id, seq) order."""
        if sessions is not None:
            where = f"({where}) AND session_id IN ({', '.join('?' * len(sessions)) or 'NULL'})"
            parameters = [*parameters, *sessions]
        table = self.fetch(
            f"SELECT session_id, min(seq) AS first, max(seq) AS last, count(*) AS n"  # noqa: S608
            f" FROM {REGISTERED_AS.get(doc_type, doc_type)} WHERE {where}"
            f" GROUP BY session_id ORDER BY session_id",
            parameters,
        )
        chunk = CHUNK_EVENTS if doc_type == "ws_event" else CHUNK_ROWS
        return list(_cut(table.to_pylist(), chunk))

    def read_span(
        self, doc_type: str, span: Span, where: str = "true", parameters: Sequence[object] = ()
    ) -> pa.Table:
        """Read one part in (session_id, seq, sub) order with the columns of the files."""
        marks = ", ".join("?" * len(span.sessions))
        return self.fetch(
            f"SELECT * EXCLUDE (date) FROM {REGISTERED_AS.get(doc_type, doc_type)}"  # noqa: S608
            f" WHERE session_id IN ({marks}) AND seq BETWEEN ? AND ? AND ({where})"
            f" ORDER BY session_id, seq, sub",
            [*span.sessions, span.first, span.last, *parameters],
        )


def record_key(raw: str) -> bytes:
    """Return the 16-byte hash that identifies a record's exact text."""
    return hashlib.blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def rows_of(row_type: type[R], table: pa.Table) -> Iterator[R]:
    """Turn a table of a doc type back into its rows: the inverse of `schema.to_table`."""
    names = [field.name for field in msgspec.structs.fields(row_type)]
    schema = arrow_schema(row_type)
    columns = [_plain(table.column(name), schema.field(name).type) for name in names]
    for values in zip(*columns, strict=True):
        yield row_type(**dict(zip(names, values, strict=True)))


def _plain(column: pa.ChunkedArray[Any], kind: pa.DataType) -> list[Any]:
    if pa.types.is_timestamp(kind):
        # The file may say milliseconds; a query hands out microseconds all the same.
        column = column.cast(kind).cast(pa.int64())
    return column.to_pylist()


def _cut(sessions: list[dict[str, Any]], chunk: int) -> Iterator[Span]:
    """Join small sessions and split large ones; a split assumes rows spread evenly over seq."""
    joined: list[str] = []
    rows, last = 0, 0
    for session in sessions:
        if session["n"] > chunk:
            parts = -(-session["n"] // chunk)
            width = -(-(session["last"] - session["first"] + 1) // parts)
            if joined:
                yield Span(tuple(joined), 0, last)
                joined, rows, last = [], 0, 0
            for first in range(session["first"], session["last"] + 1, width):
                yield Span((session["session_id"],), first, min(first + width - 1, session["last"]))
            continue
        if rows + session["n"] > chunk or len(joined) >= 500:
            yield Span(tuple(joined), 0, last)
            joined, rows, last = [], 0, 0
        joined.append(session["session_id"])
        rows, last = rows + session["n"], max(last, session["last"])
    if joined:
        yield Span(tuple(joined), 0, last)


def of_origins(origins: Origins) -> str:
    """Return the condition that a row is of the real site, of the demo server, or of any."""
    return {"real": REAL_ORIGIN, "demo": f"NOT ({REAL_ORIGIN})", "all": "true"}[origins]


def game_conditions(
    chosen: GameFilter, moment: str = "epoch_us(coalesce(started_at, ended_at, ts))"
) -> tuple[str, list[object]]:
    """Return the condition of a filter and its parameters; `moment` is the time of a row."""
    terms: list[tuple[str, list[object]]] = []
    if chosen.origins != "all":
        terms.append((of_origins(chosen.origins), []))
    if chosen.since is not None:
        terms.append((f"{moment} >= ?", [chosen.since]))
    if chosen.until is not None:
        terms.append((f"{moment} < ?", [chosen.until]))
    if chosen.completeness:
        marks = ", ".join("?" * len(chosen.completeness))
        terms.append((f"completeness IN ({marks})", list(chosen.completeness)))
    where = " AND ".join(term for term, _ in terms) or "true"
    return where, [value for _, values in terms for value in values]


def _totals(reader: StoreReader) -> StoreTotals:
    root = reader.root
    files = {name: root.files(name) for name in DOC_TYPES}
    rows = {
        name: int(reader.fetch(f"SELECT count(*) FROM {REGISTERED_AS.get(name, name)}")  # noqa: S608
                  .column(0)[0].as_py())
        for name in DOC_TYPES
    }  # fmt: skip
    span = reader.fetch(
        "SELECT epoch_us(min(ts)) AS a, epoch_us(max(ts)) AS b,"
        " count(DISTINCT session_id) AS n FROM ws_event_rows"
    ).to_pylist()[0]
    events = reader.fetch(
        "SELECT coalesce(event_name, packet_type) AS name, count(*) AS n"
        " FROM ws_event_rows GROUP BY 1 ORDER BY n DESC, name"
    )
    games = reader.fetch("SELECT count(*) FROM game").column(0)[0].as_py()
    return StoreTotals(
        sessions=int(span["n"]),
        games=int(games),
        first_ts=span["a"],
        last_ts=span["b"],
        rows=rows,
        bytes={name: sum(file.size for file in listed) for name, listed in files.items()},
        files={name: len(listed) for name, listed in files.items()},
        events={row["name"]: row["n"] for row in events.to_pylist()},
    )
