"""What a client learns first: everything known at this moment, as plain JSON values.

Pure. Called by `foundation.service` for the live feed and `/api/state`, and by replays.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from vectra_player.live.live_state import LiveState, OpenSidebet, SidebetResult


def snapshot_data(state: LiveState) -> dict[str, Any]:
    """Return a state as JSON values: null where unknown, amounts in SOL, times in ms.

    `leaderboard`, `rugpool` and `short` keep the wire's keys; `prices` is by tick with null where
    a tick was never told.
    """
    return {
        "game_id": state.game_id,
        "phase": state.game_phase.value,
        "paused": state.paused,
        "tick": state.tick,
        "price": state.price,
        "prices": list(state.prices),
        "cooldown_ms": state.cooldown_ms,
        "trade_count": state.trade_count,
        "players": state.connected_players,
        "server_seed_hash": state.server_seed_hash,
        "game_version": state.game_version,
        "settled_game_id": state.settled_game_id,
        "leaderboard": _wire(state.leaderboard),
        "rugpool": _wire(state.rugpool),
        "player": {
            "id": state.player_id,
            "username": state.username,
            "balance": _sol(state.balance),
            "bonus_balance": _sol(state.bonus_balance),
            "cumulative_pnl": _sol(state.cumulative_pnl),
        },
        "position": {
            "qty": _sol(state.position_qty),
            "avg_cost": state.avg_cost,
            "total_invested": _sol(state.total_invested),
            "entry_tick": state.entry_tick,
            "time_in_position": state.time_in_position,
        },
        "has_short": state.has_short,
        "short": _wire(state.short),
        "has_sidebet": state.has_sidebet,
        "sidebet": _bet(state.sidebet),
        "last_sidebet_result": _result(state.last_sidebet_result),
        "connection": _connection(state),
    }


def _wire(value: object) -> Any:
    return None if value is None else msgspec.to_builtins(value)


def _sol(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _bet(bet: OpenSidebet | None) -> dict[str, Any] | None:
    if bet is None:
        return None
    return {**msgspec.structs.asdict(bet), "amount": _sol(bet.amount)}


def _result(result: SidebetResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    amounts = {"payout": _sol(result.payout), "profit": _sol(result.profit)}
    return {**msgspec.structs.asdict(result), **amounts}


def _connection(state: LiveState) -> dict[str, Any]:
    health = state.connection
    last = health.last_frame_ts
    return {
        "connected": health.connected,
        "sockets": len(health.sockets),
        "silent": health.silent,
        "gaps": health.gaps,
        "delay_ms": health.delay_ms,
        "last_frame_ts": None if last is None else last // 1000,
        "last_seq": health.last_seq,
    }
