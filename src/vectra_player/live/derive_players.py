"""Rows about players: the account's state, its short position, and the trades of others.

Used by `live.derive` only. The account's figures come from `playerUpdate` alone; trades of others
are a sample, and what the leaderboard shows of their makers is added.
"""

from __future__ import annotations

from msgspec import UNSET

from vectra_player.live import frames
from vectra_player.live.derive_state import DeriveState, Stamp
from vectra_player.live.values import sol, tick_value, whole
from vectra_player.model.rows import OtherPlayer, Row, ServerState, ShortPosition
from vectra_player.protocol.game_payloads import LeaderboardEntry, NewTrade, ShortState
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.player_payloads import LevelInfo, PlayerUpdate

ACTIONS = {
    "buy": "BUY",
    "sell": "SELL",
    "short_open": "SHORT_OPEN",
    "short_close": "SHORT_CLOSE",
}
"""Names of trades; one nobody has seen yet is kept in capitals."""

_NO_LEVEL = LevelInfo()


def server_state(state: DeriveState, stamp: Stamp, told: PlayerUpdate, rows: list[Row]) -> None:
    """Give the row of a playerUpdate, and of a short position it opens, changes or clears."""
    state.own_id = told.id
    rows.append(_state_row(state, stamp, told))
    if told.short_position is not UNSET and told.short_position != state.short:
        state.short = told.short_position
        rows.append(_short_row(state, stamp, told.id, told.short_position))


def _state_row(state: DeriveState, stamp: Stamp, told: PlayerUpdate) -> ServerState:
    fields = state.round.fields
    level = told.level_info or _NO_LEVEL
    coin = None if told.selected_coin is UNSET else told.selected_coin
    return ServerState(
        session_id=stamp.session_id,
        seq=stamp.seq,
        sub=state.next_sub(ServerState.doc_type),
        ts=stamp.ts,
        source=stamp.source,
        origin=stamp.origin,
        game_id=fields.game_id,
        player_id=told.id,
        username=state.own_name,
        tick=_tick(state),
        cash=sol(told.cash),
        position_qty=sol(told.position_qty),
        avg_cost=told.avg_cost,
        total_invested=sol(told.total_invested),
        cumulative_pnl=sol(told.cumulative_pnl),
        sidebet_pnl=sol(told.sidebet_pnl),
        pnl_percent=told.pnl_percent,
        bonus_balance=sol(told.bonus_balance),
        bonus_wager_req=sol(told.bonus_wager_req),
        bonus_wagered=sol(told.bonus_wagered),
        level=whole(level.level),
        total_xp=whole(level.total_xp),
        has_interacted=told.has_interacted,
        authenticated=told.authenticated,
        hit_max_win=told.hit_max_win,
        autobuys_enabled=told.autobuys_enabled,
        autosell_price=None if told.autosell_price is UNSET else told.autosell_price,
        selected_coin=coin.address if coin else None,
        has_sidebet=None if told.side_bet is UNSET else told.side_bet is not None,
        has_short=None if told.short_position is UNSET else told.short_position is not None,
    )


def other_player(state: DeriveState, stamp: Stamp, trade: NewTrade, rows: list[Row]) -> None:
    """Give the row of somebody else's trade."""
    if trade.player_id is not None and trade.player_id == state.own_id:
        return
    entry = _entry_of(state, trade) or LeaderboardEntry(id="")
    level = entry.level if trade.level is None else trade.level
    rows.append(
        OtherPlayer(
            session_id=stamp.session_id,
            seq=stamp.seq,
            sub=state.next_sub(OtherPlayer.doc_type),
            ts=stamp.ts,
            source=stamp.source,
            origin=stamp.origin,
            game_id=trade.game_id,
            player_id=trade.player_id,
            username=trade.username or entry.username,
            trade_id=None if trade.id is None else str(trade.id),
            action_type=ACTIONS.get(trade.type, trade.type.upper()),
            amount=sol(trade.amount),
            qty=sol(trade.qty),
            price=trade.price,
            tick=tick_value(trade.tick_index),
            game_phase=_phase(state, trade).value,
            coin=trade.coin,
            leverage=whole(trade.leverage),
            bonus_portion=sol(trade.bonus_portion),
            real_portion=sol(trade.real_portion),
            player_level=whole(level),
            leaderboard_rank=whole(entry.position),
            player_pnl=sol(entry.pnl),
            player_pnl_percent=entry.pnl_percent,
            player_position_qty=sol(entry.position_qty),
            player_avg_cost=entry.avg_cost,
            player_total_invested=sol(entry.total_invested),
        )
    )


def _short_row(
    state: DeriveState, stamp: Stamp, player_id: str, short: ShortState | None
) -> ShortPosition:
    told = short or ShortState()
    return ShortPosition(
        session_id=stamp.session_id,
        seq=stamp.seq,
        sub=state.next_sub(ShortPosition.doc_type),
        ts=stamp.ts,
        source=stamp.source,
        origin=stamp.origin,
        game_id=state.round.fields.game_id,
        player_id=player_id,
        username=state.own_name,
        has_short=short is not None,
        short_qty=sol(told.amount),
        short_entry_price=told.entry_price,
        short_entry_tick=tick_value(told.entry_tick),
        short_value=sol(told.current_value),
        short_pnl=sol(told.pnl),
    )


def _phase(state: DeriveState, trade: NewTrade) -> GamePhase:
    """Say the phase of the trade's game; of one that is not being played it is not known."""
    if trade.game_id in (None, state.round.fields.game_id):
        return state.round.phase
    return GamePhase.UNKNOWN


def _tick(state: DeriveState) -> int | None:
    """Return the tick of the game played; the counter runs on after a rug, the game does not."""
    fields = state.round.fields
    game = state.games.get(fields.game_id or "")
    if game is not None and game.rug_tick is not None:
        return game.rug_tick
    return tick_value(fields.tick) if fields.active else None


def _entry_of(state: DeriveState, trade: NewTrade) -> LeaderboardEntry | None:
    if trade.game_id != state.board_game or trade.player_id is None:
        return None
    found = (e for e in frames.leaderboard(state.board) if e.id == trade.player_id)
    return next(found, None)
