"""What an index tells of recordings: sessions, games, events, interruptions, alerts, in few rows.

SQL beside `store.reads`, for `rag` only. `origins` says whose rounds: the real site's, the demo
server's, or all. Nothing here returns a name or a text that a player wrote.
"""

from __future__ import annotations

import pyarrow as pa

from vectra_player.store.reads import Origins, StoreReader
from vectra_player.store.reads import of_origins as _of
from vectra_player.store.views import REAL_ORIGIN

SAMPLED_PACKETS = 200
"""Packets of an event that its fields are described from, chosen by a hash of their number."""

LARGEST_SAMPLED_BYTES = 64_000
"""A frame of half a megabyte repeats ten games; its small copies show the same fields."""

_NOT_PRACTICE = "coalesce(coin_address, '') <> '0xPractice'"
_PACKET = "coalesce(event_name, packet_type)"


def session_marks(reader: StoreReader) -> dict[str, int]:
    """Return the last seq that is filed of each session."""
    table = reader.fetch("SELECT session_id, max(seq) AS seq FROM ws_event_rows GROUP BY 1")
    return {row["session_id"]: row["seq"] for row in table.to_pylist()}


def sessions(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return (session_id, source, origin, started_at, ended_at, events, received, sent, first_seq,
    last_seq, top) by time; `top`: the five commonest events as [name, count].

    A session counts as the origin of its packets; one without any, by the origin of its facts.
    """
    return reader.fetch(
        f"""
        WITH counted AS (
          SELECT session_id, {_PACKET} AS name, count(*) AS n FROM ws_event_rows GROUP BY ALL
        ), top AS (
          SELECT session_id, list([name, n::VARCHAR] ORDER BY n DESC, name)[:5] AS top
          FROM counted GROUP BY session_id
        )
        SELECT session_id, any_value(source) AS source,
          coalesce(max(origin) FILTER (origin <> ''), '') AS origin,
          epoch_us(min(ts)) AS started_at, epoch_us(max(ts)) AS ended_at, count(*) AS events,
          count(*) FILTER (direction = 'received') AS received,
          count(*) FILTER (direction = 'sent') AS sent,
          min(seq) AS first_seq, max(seq) AS last_seq, any_value(top) AS top
        FROM ws_event_rows JOIN top USING (session_id) GROUP BY session_id
        HAVING {_of(origins).replace("origin", "coalesce(max(origin) FILTER (origin <> ''), '')")}
        ORDER BY started_at, session_id
        """  # noqa: S608 -- constants
    )


def games(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return what is told of each finished game, by time, the most complete row of each.

    Columns: game_id, session_id, seq, sub, origin, started_at, ended_at, rug_tick, peak, peak_tick,
    lowest, rug_price, game_version, has_seed, completeness, ticks_live, ticks_missing,
    trade_count, players_max, bets, bets_won, staked (SOL), own_bets, presses.
    """
    return reader.fetch(
        f"""
        WITH bets AS (
          SELECT game_id, {REAL_ORIGIN} AS is_real, count(*) AS bets,
            count(*) FILTER (outcome = 'won') AS bets_won,
            sum(bet_amount) FILTER ({_NOT_PRACTICE}) AS staked, count(*) FILTER (own) AS own_bets
          FROM sidebet GROUP BY ALL
        ), presses AS (
          SELECT game_id, count(*) AS presses FROM player_action GROUP BY game_id
        )
        SELECT game_id, session_id, seq, sub, origin, epoch_us(started_at) AS started_at,
          epoch_us(ended_at) AS ended_at, rug_tick, peak, rug_price, game_version,
          list_position(prices, peak) - 1 AS peak_tick, list_min(prices[:-2]) AS lowest,
          server_seed IS NOT NULL AS has_seed, completeness, ticks_live, ticks_missing,
          trade_count, players_max, bets, bets_won, staked, own_bets, presses
        FROM (SELECT *, {REAL_ORIGIN} AS is_real FROM game WHERE {_of(origins)})
        LEFT JOIN bets USING (game_id, is_real) LEFT JOIN presses USING (game_id)
        ORDER BY coalesce(started_at, ended_at, ts), game_id
        """  # noqa: S608 -- constants
    )


def events(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return what is told of each event; session_id, seq and sub name its latest packet.

    Columns: name, direction, n, sessions, first_ts, last_ts, bytes, largest, session_id, seq, sub.
    """
    return reader.fetch(
        f"""
        SELECT {_PACKET} AS name, direction, count(*) AS n, count(DISTINCT session_id) AS sessions,
          epoch_us(min(ts)) AS first_ts, epoch_us(max(ts)) AS last_ts,
          sum(size_bytes)::BIGINT AS bytes, max(size_bytes) AS largest,
          max_by(session_id, (ts, session_id, seq)) AS session_id,
          max_by(seq, (ts, session_id, seq)) AS seq, 0 AS sub
        FROM ws_event_rows WHERE {_of(origins)} GROUP BY ALL ORDER BY n DESC, name, direction
        """  # noqa: S608 -- constants
    )


def sampled_payloads(reader: StoreReader, origins: Origins, names: list[str]) -> pa.Table:
    """Return (name, direction, ts, size_bytes, data) of some packets of each event named.

    The same packets in every build: they are chosen by a hash of session and seq.
    """
    return reader.fetch(
        f"""
        WITH chosen AS (
          SELECT session_id, seq FROM ws_event_rows
          WHERE {_of(origins)} AND {_PACKET} IN (SELECT unnest(?::VARCHAR[]))
            AND size_bytes <= {LARGEST_SAMPLED_BYTES}
          QUALIFY row_number() OVER (PARTITION BY {_PACKET}, direction
            ORDER BY hash(session_id, seq)) <= {SAMPLED_PACKETS}
        )
        SELECT {_PACKET} AS name, direction, epoch_us(ts) AS ts, size_bytes,
          CAST(data AS VARCHAR) AS data
        FROM ws_event SEMI JOIN chosen USING (session_id, seq) ORDER BY ts, session_id, seq
        """,  # noqa: S608 -- constants, values are parameters
        [names],
    )


def interruptions(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return (session_id, kind, n, first_ts, last_ts, rows) of what went wrong while recording.

    `rows`: the first of them as [session_id, seq, sub, ts in microseconds, detail].
    """
    return reader.fetch(
        f"""
        SELECT session_id, kind, count(*) AS n, epoch_us(min(ts)) AS first_ts,
          epoch_us(max(ts)) AS last_ts,
          list({{'session_id': session_id, 'seq': seq, 'sub': sub, 'ts': epoch_us(ts),
            'detail': detail}} ORDER BY seq, sub)[:10] AS rows
        FROM system_event
        WHERE kind NOT IN ('connected', 'started', 'stopped', 'finished') AND {_of(origins)}
        GROUP BY session_id, kind ORDER BY session_id, kind
        """  # noqa: S608 -- constants
    )


def alerts(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return (session_id, alert_type, severity, n, first_ts, last_ts, games, rows) of alerts."""
    return reader.fetch(
        f"""
        SELECT session_id, alert_type, max(severity) AS severity, count(*) AS n,
          epoch_us(min(ts)) AS first_ts, epoch_us(max(ts)) AS last_ts,
          list_sort(list_distinct(list(game_id) FILTER (game_id IS NOT NULL)))[:10] AS games,
          list({{'session_id': session_id, 'seq': seq, 'sub': sub}} ORDER BY seq, sub)[:10] AS rows
        FROM alert_trigger WHERE {_of(origins)}
        GROUP BY session_id, alert_type ORDER BY session_id, alert_type
        """  # noqa: S608 -- constants
    )
