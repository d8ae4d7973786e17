"""Who played which game, as recordings have it: ends of games, own accounts, paper, other players.

SQL beside `store.reads`, for `rl` and the dashboard. A game of the demo server that has the id of a
real one is another game: rows name a game by (game_id, is_real). An account is own where a
recording holds its `playerUpdate`: only whoever is logged in gets one.
"""

from __future__ import annotations

import pyarrow as pa

from vectra_player.store.reads import Origins, StoreReader
from vectra_player.store.reads import of_origins as _of
from vectra_player.store.views import REAL_ORIGIN

_IS_REAL = f"{REAL_ORIGIN} AS is_real"
_OWN_IDS = "SELECT player_id FROM server_state WHERE player_id IS NOT NULL"


def game_ends(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return the row of each session that saw a game end, the frame that told it included.

    Columns: game_id, is_real, session_id, seq, sub, ts, source, origin, started_at, ended_at
    (microseconds), rug_tick, rug_price, best (the row the view `game` shows).
    """
    return reader.fetch(
        f"""
        SELECT a.game_id, a.is_real, a.session_id, a.seq, a.sub, epoch_us(a.ts) AS ts, a.source,
          a.origin, epoch_us(a.started_at) AS started_at, epoch_us(a.ended_at) AS ended_at,
          a.rug_tick, a.rug_price, g.seq IS NOT NULL AS best
        FROM (SELECT *, {_IS_REAL} FROM game_all WHERE {_of(origins)}) a
        LEFT JOIN (SELECT session_id, seq, sub FROM game) g USING (session_id, seq, sub)
        ORDER BY a.session_id, a.seq, a.sub
        """  # noqa: S608 -- constants
    )


def account_states(
    reader: StoreReader, origins: Origins = "all", *, account: str | None = None
) -> pa.Table:
    """Return what own accounts, or one, were told of their money, session by session in order.

    Columns: player_id, username, session_id, game_id, is_real, ts (microseconds), tick, money
    (cash and bonus), qty, avg_cost, invested, bet, short, coin.
    """
    return reader.fetch(
        f"""
        SELECT player_id, username, session_id, game_id, {_IS_REAL}, epoch_us(ts) AS ts, tick,
          cash + coalesce(bonus_balance, 0) AS money, position_qty AS qty, avg_cost,
          total_invested AS invested, has_sidebet AS bet, has_short AS short, selected_coin AS coin
        FROM server_state
        WHERE player_id IS NOT NULL AND game_id IS NOT NULL AND (player_id = ? OR ? IS NULL)
          AND {_of(origins)}
        ORDER BY player_id, session_id, seq, sub
        """,  # noqa: S608 -- constants, values are parameters
        [account, account],
    )


def own_echoes(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return (game_id, is_real, ts in microseconds, data) of the echoes of own trades, in order.

    `data` is the payload's JSON text.
    """
    return reader.fetch(
        f"""
        SELECT game_id, {_IS_REAL}, epoch_us(ts) AS ts, CAST(data AS VARCHAR) AS data FROM ws_event
        WHERE event_name IN ('standard/newTrade', 'newTrade') AND direction = 'received'
          AND {_of(origins)} AND player_id IN ({_OWN_IDS})
        ORDER BY ts, session_id, seq
        """  # noqa: S608 -- constants
    )


def actions(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return what became of the orders that were pressed or made on paper, in order.

    Columns: session_id, game_id, is_real, player_id, action_type, actor, mode, outcome, strategy,
    amount, qty, executed_price, executed_tick, phase (in which it was decided).
    """
    return reader.fetch(
        f"""
        SELECT session_id, game_id, {_IS_REAL}, player_id, action_type, actor, mode, outcome,
          strategy, amount, qty, executed_price, executed_tick, game_context_phase AS phase
        FROM player_action
        WHERE game_id IS NOT NULL AND action_type IN ('BUY', 'SELL', 'SIDEBET') AND {_of(origins)}
        ORDER BY session_id, seq, sub
        """  # noqa: S608 -- constants
    )


def settled_bets(reader: StoreReader, origins: Origins, *, own: bool) -> pa.Table:
    """Return the settled sidebets of own accounts, or of everybody else, by game and tick.

    Columns: session_id, game_id, is_real, player_id, username, start_tick, stake, profit, coin.
    """
    who = f"player_id {'' if own else 'NOT'} IN ({_OWN_IDS})"
    return reader.fetch(
        f"""
        SELECT session_id, game_id, {_IS_REAL}, player_id, username, start_tick,
          bet_amount AS stake, profit, coin_address AS coin
        FROM sidebet
        WHERE outcome IN ('won', 'lost') AND bet_amount IS NOT NULL AND player_id IS NOT NULL
          AND {who} AND {_of(origins)}
        ORDER BY game_id, is_real, player_id, start_tick
        """  # noqa: S608 -- constants
    )


def other_trades(reader: StoreReader, origins: Origins) -> pa.Table:
    """Return the trades of others that were broadcast, each once, by game, player and tick.

    Columns: game_id, is_real, player_id, username, action_type, amount, qty, price, tick, coin,
    phase, leverage, practice (no part of the amount is bonus or real money).
    """
    return reader.fetch(
        f"""
        SELECT game_id, {_IS_REAL}, player_id, username, action_type, amount, qty, price, tick,
          coin, game_phase AS phase, leverage,
          coalesce(amount <> 0 AND bonus_portion = 0 AND real_portion = 0, false) AS practice
        FROM other_player
        WHERE player_id IS NOT NULL AND game_id IS NOT NULL AND player_id NOT IN ({_OWN_IDS})
          AND {_of(origins)}
        QUALIFY row_number() OVER (PARTITION BY game_id, is_real, player_id,
          coalesce(trade_id, session_id || '/' || seq || '/' || sub) ORDER BY session_id, seq) = 1
        ORDER BY game_id, is_real, player_id, ts, session_id, seq, sub
        """  # noqa: S608 -- constants
    )
