"""The row of an action, from the fact that tells what became of it. Used by `live.derive` only."""

from __future__ import annotations

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.live.derive_state import DeriveState, Stamp
from vectra_player.live.values import millis, sol, tick_value
from vectra_player.model.action import OUTCOME, ActionRecord
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.model.rows import PlayerAction, Row, WsEvent
from vectra_player.protocol import socketio

OUTCOME_EVENT = FACT_PREFIX + OUTCOME

_record = msgspec.json.Decoder(ActionRecord, strict=False).decode


def player_action(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    """Give the row of one action. Raises DecodeError: the fact is not what we write."""
    try:
        told = _record(ws.raw)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"{OUTCOME_EVENT}: {problem}") from problem
    before, after = told.state_before, told.state_after
    rows.append(
        PlayerAction(
            session_id=stamp.session_id,
            seq=stamp.seq,
            sub=state.next_sub(PlayerAction.doc_type),
            ts=stamp.ts,
            source=stamp.source,
            origin=stamp.origin,
            game_id=told.game_id,
            player_id=None if told.mode == "paper" else state.own_id,
            username=None if told.mode == "paper" else state.own_name,
            action_id=told.action_id,
            action_type=told.action_type,
            button=told.button,
            amount=sol(told.amount),
            percentage=told.percentage,
            actor=told.actor,
            mode=told.mode,
            intent_ts=millis(told.intent_ts),
            press_ts=millis(told.press_ts),
            game_context_tick=tick_value(told.game_context_tick),
            game_context_price=told.game_context_price,
            game_context_phase=told.game_context_phase,
            state_before_cash=sol(before.cash),
            state_before_position_qty=sol(before.position_qty),
            state_before_avg_cost=before.avg_cost,
            state_after_cash=sol(after.cash),
            state_after_position_qty=sol(after.position_qty),
            state_after_avg_cost=after.avg_cost,
            client_ts=millis(told.client_ts),
            server_ts=millis(told.server_ts),
            server_ts_kind=told.server_ts_kind,
            confirmed_ts=millis(told.confirmed_ts),
            send_latency_ms=told.send_latency_ms,
            confirm_latency_ms=told.confirm_latency_ms,
            total_latency_ms=told.total_latency_ms,
            outcome=told.outcome,
            executed_price=told.executed_price,
            executed_tick=tick_value(told.executed_tick),
            qty=sol(told.qty),
            profit=sol(told.profit),
            strategy=told.strategy,
            sequence=told.sequence,
            trace_id=told.trace_id,
            error=told.error,
        )
    )
