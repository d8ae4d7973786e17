"""What recordings say independently of each other about a game: the readings an audit rests on.

SQL beside `store.reads`, for `fairness` only. A price that was recomputed from the seed is no
observation and never appears here.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from vectra_player.store.reads import Origins, StoreReader
from vectra_player.store.reads import of_origins as _of
from vectra_player.store.views import REAL_ORIGIN

PRACTICE_COIN = "0xPractice"
"""Sidebets in practice coins (docs/protocol.md section 7): no money the house could lose."""


def revealed_ids(reader: StoreReader, origins: Origins) -> list[str]:
    """Return the ids of games with a revealed seed, in order."""
    return _ids(reader, f"server_seed IS NOT NULL AND {_of(origins)}")


def unrevealed_count(reader: StoreReader, origins: Origins) -> int:
    """Count the finished games whose seed no recording has."""
    table = reader.fetch(
        f"SELECT count(*) FROM (SELECT game_id FROM game_all WHERE {_of(origins)}"  # noqa: S608
        f" GROUP BY game_id, {REAL_ORIGIN} HAVING count(server_seed) = 0)"
    )
    return int(table.column(0)[0].as_py())


def claims(reader: StoreReader, first: str, last: str, origins: Origins) -> pa.Table:
    """Return what each session claims of revealed games with ids from `first` to `last`.

    One row for each different claim: game_id, is_real, server_seed, server_seed_hash,
    game_version, peak, rug_tick, rug_price, prices, rebuilt (its prices came from the seed, so
    they prove nothing), decided_at (microseconds: the rug or the reveal, whichever came first),
    watched (a session heard ticks live). Ordered by game.
    """
    return reader.fetch(
        f"""
        WITH recomputed AS (
          SELECT DISTINCT session_id, game_id FROM game_tick
          WHERE price_source = 'recomputed' AND game_id BETWEEN ? AND ?
        )
        SELECT game_id, {REAL_ORIGIN} AS is_real, server_seed, server_seed_hash, game_version,
          peak, rug_tick, rug_price, prices,
          (session_id, game_id) IN (SELECT (session_id, game_id) FROM recomputed) AS rebuilt,
          epoch_us(min(least(coalesce(ended_at, ts), ts))) AS decided_at,
          bool_or(ticks_live > 0) AS watched
        FROM game_all
        WHERE server_seed IS NOT NULL AND game_id BETWEEN ? AND ? AND {_of(origins)}
        GROUP BY ALL ORDER BY game_id, is_real
        """,  # noqa: S608 -- constants, values are parameters
        [first, last, first, last],
    )


def heard_ticks(reader: StoreReader, first: str, last: str, origins: Origins) -> pa.Table:
    """Return (game_id, is_real, tick, price) heard while revealed games ran, over all sessions.

    Sessions that heard different prices at a tick give a row each.
    """
    return reader.fetch(
        f"""
        SELECT DISTINCT game_id, {REAL_ORIGIN} AS is_real, tick, price FROM game_tick
        WHERE price_source IN ('live', 'partial') AND game_id BETWEEN ? AND ? AND {_of(origins)}
          AND game_id IN (SELECT game_id FROM game_all WHERE server_seed IS NOT NULL)
        ORDER BY game_id, is_real, tick
        """,  # noqa: S608 -- constants, values are parameters
        [first, last],
    )


def announced_hashes(reader: StoreReader, first: str, last: str, origins: Origins) -> pa.Table:
    """Return (game_id, is_real, hash, first_seen in microseconds) as the rows of games have them.

    `first_seen` is null where no frame before the reveal showed this hash.
    """
    return reader.fetch(
        f"""
        SELECT game_id, {REAL_ORIGIN} AS is_real, server_seed_hash AS hash,
          epoch_us(min(commitment_first_seen_at)) AS first_seen
        FROM game_all WHERE server_seed_hash IS NOT NULL AND game_id BETWEEN ? AND ?
          AND {_of(origins)}
        GROUP BY ALL
        """,  # noqa: S608 -- constants, values are parameters
        [first, last],
    )


def hashes_in_frames(reader: StoreReader, game_ids: Sequence[str], origins: Origins) -> pa.Table:
    """Return (game_id, is_real, hash, first_seen) from the frames of a few games themselves.

    For games that were watched while no frame showed the hash revealed later: a hash that was
    exchanged stands only there. Reads every frame of those games.
    """
    return reader.fetch(
        f"""
        SELECT game_id, {REAL_ORIGIN} AS is_real, epoch_us(min(ts)) AS first_seen,
          json_extract_string(data, '$.provablyFair.serverSeedHash') AS hash
        FROM ws_event WHERE event_name = 'gameStateUpdate' AND {_of(origins)}
          AND game_id IN (SELECT unnest(?::VARCHAR[]))
        GROUP BY ALL HAVING hash IS NOT NULL
        """,  # noqa: S608 -- constants, values are parameters
        [list(game_ids)],
    )


def sightings(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return (game_id, is_real, session_id, seq, live): which row of which session tells a game.

    `seq` is the frame that told it; `live` says whether the session heard the game itself.
    """
    return reader.fetch(
        f"""
        SELECT game_id, {REAL_ORIGIN} AS is_real, session_id, seq, ticks_live > 0 AS live
        FROM game_all WHERE {_of(origins)} ORDER BY session_id, seq
        """  # noqa: S608 -- constants
    )


def interruptions(reader: StoreReader) -> pa.Table:
    """Return (session_id, ts in microseconds) of every gap and lost connection of a recording."""
    return reader.fetch(
        "SELECT session_id, epoch_us(ts) AS ts FROM system_event"
        " WHERE kind IN ('gap', 'disconnected', 'crash_recovered') ORDER BY session_id, ts"
    )


def trade_counts(reader: StoreReader, game_ids: Sequence[str], origins: Origins) -> pa.Table:
    """Return (game_id, tick, trade_count) of the ticks that told how many trades there were."""
    return reader.fetch(
        f"""
        SELECT game_id, tick, max(trade_count) AS trade_count FROM game_tick
        WHERE trade_count IS NOT NULL AND {_of(origins)}
          AND game_id IN (SELECT unnest(?::VARCHAR[]))
        GROUP BY ALL ORDER BY game_id, tick
        """,  # noqa: S608 -- constants, values are parameters
        [list(game_ids)],
    )


def open_stakes(reader: StoreReader, game_ids: Sequence[str], origins: Origins) -> pa.Table:
    """Return (game_id, start_tick, end_tick, stake) of sidebets for SOL in revealed games.

    Only a reveal lists all sidebets of a game, so games without one are left out.
    """
    return reader.fetch(
        f"""
        SELECT game_id, start_tick, end_tick, bet_amount::DOUBLE AS stake FROM sidebet
        WHERE bet_amount IS NOT NULL AND coalesce(coin_address, '') <> '{PRACTICE_COIN}'
          AND {_of(origins)} AND game_id IN (SELECT unnest(?::VARCHAR[]))
          AND game_id IN (SELECT game_id FROM game_all WHERE sidebets IS NOT NULL)
        """,  # noqa: S608 -- constants, values are parameters
        [list(game_ids)],
    )


def games_with_sidebets(
    reader: StoreReader, game_ids: Sequence[str], origins: Origins
) -> list[str]:
    """Return those of the games whose reveal listed their sidebets."""
    table = reader.fetch(
        f"SELECT DISTINCT game_id FROM game_all WHERE sidebets > 0 AND {_of(origins)}"  # noqa: S608
        " AND game_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY game_id",
        [list(game_ids)],
    )
    return [str(name) for name in table.column(0).to_pylist()]


def _ids(reader: StoreReader, where: str) -> list[str]:
    table = reader.fetch(f"SELECT DISTINCT game_id FROM game_all WHERE {where} ORDER BY game_id")  # noqa: S608
    return [str(name) for name in table.column(0).to_pylist()]
