"""What players did, as recordings have it: settled sidebets, sampled trades, final leaderboards.

SQL beside `store.reads`, for `analysis`. A game of the demo server that has the id of a real one
is another game: rows name a game by (game_id, is_real).
"""

from __future__ import annotations

import pyarrow as pa

from vectra_player.store.observations import PRACTICE_COIN
from vectra_player.store.reads import GameFilter, StoreReader, game_conditions
from vectra_player.store.views import REAL_ORIGIN

BOARD_SIZE = 10
"""Most entries a leaderboard shows (docs/protocol.md section 6)."""

_AFTER_RUG = 1000
"""Packets after a rug among which its last leaderboard is looked for: some 20 s."""


def settled_sidebets(reader: StoreReader, chosen: GameFilter) -> pa.Table:
    """Return the settled sidebets of finished games by game and start tick.

    Columns: game_id, is_real, player_id, username, own, practice, start_tick, end_tick, stake,
    payout, won, rug_tick (of the game, null where nobody knows it).
    """
    where, parameters = game_conditions(chosen)
    return reader.fetch(
        f"""
        SELECT game_id, is_real, player_id, username, own,
          coalesce(coin_address, '') = '{PRACTICE_COIN}' AS practice, start_tick, end_tick,
          bet_amount::DOUBLE AS stake, payout::DOUBLE AS payout, outcome = 'won' AS won, rug_tick
        FROM (SELECT *, {REAL_ORIGIN} AS is_real FROM sidebet WHERE outcome IN ('won', 'lost'))
        JOIN (SELECT game_id, {REAL_ORIGIN} AS is_real, rug_tick FROM game WHERE {where})
          USING (game_id, is_real)
        ORDER BY game_id, is_real, start_tick, player_id
        """,  # noqa: S608 -- conditions are ours, values are parameters
        parameters,
    )


def sampled_trades(reader: StoreReader, chosen: GameFilter) -> pa.Table:
    """Return the trades of others that were broadcast, each once, by game and tick.

    Columns: game_id, is_real, player_id, username, action_type, amount, price, tick. Whoever was
    logged in on this machine is no other: a second, anonymous recording sees their trades too.
    """
    where, parameters = game_conditions(chosen, moment="epoch_us(ts)")
    return reader.fetch(
        f"""
        SELECT game_id, {REAL_ORIGIN} AS is_real, player_id, username, action_type,
          amount::DOUBLE AS amount, price, tick
        FROM other_player
        WHERE player_id IS NOT NULL AND game_id IS NOT NULL AND {where} AND player_id NOT IN (
          SELECT player_id FROM server_state WHERE player_id IS NOT NULL)
        QUALIFY row_number() OVER (PARTITION BY game_id, is_real, player_id,
          coalesce(trade_id, session_id || '/' || seq || '/' || sub) ORDER BY session_id, seq) = 1
        ORDER BY game_id, is_real, tick, player_id
        """,  # noqa: S608 -- conditions are ours, values are parameters
        parameters,
    )


def trade_coverage(reader: StoreReader, chosen: GameFilter) -> pa.Table:
    """Return (game_id, is_real, sampled, made): trades broadcast and trades made before the rug.

    One row for each session that heard the broadcasts and watched the game; `made` is the rise of
    the game's own count between the first and the last tick watched, `sampled` what was broadcast
    of the trades between the same ticks.
    """
    where, parameters = game_conditions(chosen, moment="epoch_us(ts)")
    return reader.fetch(
        f"""
        WITH watched AS (
          SELECT session_id, game_id, {REAL_ORIGIN} AS is_real, min(tick) AS first,
            max(tick) AS last, max(trade_count) - min(trade_count) AS made
          FROM game_tick
          WHERE trade_count IS NOT NULL AND price_source = 'live' AND NOT rugged AND {where}
            AND session_id IN (SELECT session_id FROM other_player)
          GROUP BY ALL
        )
        SELECT w.game_id, w.is_real, w.made::BIGINT AS made,
          count(DISTINCT coalesce(o.trade_id, o.seq || '/' || o.sub)) AS sampled
        FROM watched w LEFT JOIN other_player o ON o.session_id = w.session_id
          AND o.game_id = w.game_id AND o.tick > w.first AND o.tick <= w.last
        WHERE w.made > 0 GROUP BY w.session_id, w.game_id, w.is_real, w.made
        ORDER BY w.game_id, w.is_real
        """,  # noqa: S608 -- conditions are ours, values are parameters
        parameters,
    )


def final_boards(reader: StoreReader, chosen: GameFilter) -> pa.Table:
    """Return the last leaderboard shown of each game that was seen to rug, an entry a row.

    Columns: game_id, is_real, player_id, username, place, practice, pnl, sidebet_pnl, invested
    (SOL, or practice coins), entries (of that board).
    """
    where, parameters = game_conditions(chosen, moment="epoch_us(ts)")
    shape = (
        '[{"id":"VARCHAR","username":"VARCHAR","position":"INTEGER","pnl":"DOUBLE",'
        '"sidebetPnl":"DOUBLE","totalInvested":"DOUBLE","selectedCoin":{"address":"VARCHAR"}}]'
    )
    return reader.fetch(
        f"""
        WITH rug AS (
          SELECT session_id, game_id, {REAL_ORIGIN} AS is_real, min(seq) AS seq FROM game_tick
          WHERE rugged AND price_source = 'live' AND {where} GROUP BY ALL
        ), board AS (
          SELECT r.game_id, r.is_real,
            from_json(json_extract(e.data, '$.leaderboard'), '{shape}') AS entries
          FROM rug r JOIN ws_event e ON e.session_id = r.session_id AND e.game_id = r.game_id
            AND e.seq BETWEEN r.seq AND r.seq + {_AFTER_RUG}
          WHERE e.event_name = 'gameStateUpdate'
          QUALIFY row_number() OVER (PARTITION BY r.game_id, r.is_real ORDER BY e.seq DESC) = 1
        )
        SELECT game_id, is_real, entry.id AS player_id, entry.username AS username,
          entry.position AS place, entry.selectedCoin IS NOT NULL AS practice, entry.pnl AS pnl,
          entry.sidebetPnl AS sidebet_pnl, entry.totalInvested AS invested, len(entries) AS entries
        FROM (SELECT game_id, is_real, entries, unnest(entries) AS entry FROM board)
        WHERE entry.id NOT IN (SELECT player_id FROM server_state WHERE player_id IS NOT NULL)
        ORDER BY game_id, is_real, place
        """,  # noqa: S608 -- conditions are ours, values are parameters
        parameters,
    )
