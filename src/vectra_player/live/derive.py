"""The one function that makes rows from recorded events: `derive(state, ws_event)`.

Used by the store at filing, at import and in `store rebuild`, for each session in seq order. Pure:
the same events give the same rows, whether the state was packed in between or not. A frame that
says something impossible gives a `decode_failure` row; nothing here stops filing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.live import (
    derive_actions,
    derive_alerts,
    derive_bets,
    derive_games,
    derive_players,
    derive_ticks,
    frames,
)
from vectra_player.live.derive_state import (
    DeriveState,
    Stamp,
    decode_state,
    encode_state,
    enter,
    new_state,
    stamp_of,
)
from vectra_player.live.frames import HotState
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.model.rows import Row, SystemEvent, WsEvent
from vectra_player.protocol import rugs, socketio
from vectra_player.protocol.game_payloads import LegacyTick, NewTrade, SidebetEvent
from vectra_player.protocol.phases import GamePhase, advance_fields
from vectra_player.protocol.player_payloads import PlayerUpdate, UsernameStatus

__all__ = ["DeriveState", "decode_state", "derive", "encode_state", "finish", "new_state"]

ENDING_FACTS = frozenset({"vectra.stopped", "vectra.crash_recovered"})
"""Facts after which a session has no further events."""

FAILURE = "decode_failure"

_legacy_tick = msgspec.json.Decoder(LegacyTick).decode


def derive(state: DeriveState, ws: WsEvent) -> tuple[DeriveState, list[Row]]:
    """Make the rows of one event; the state is handed over and may come back changed.

    `sub` numbers the rows of one doc type; for a tick it is the tick (see
    `derive_ticks.SUB_STRIDE`).
    """
    rows: list[Row] = []
    stamp = enter(state, ws)
    handler = _handler(ws)
    if handler is not None:
        try:
            handler(state, stamp, ws, rows)
        except DecodeError as error:
            rows.append(_failure(state, stamp, ws, error.message))
    return state, rows


def finish(state: DeriveState) -> tuple[DeriveState, list[Row]]:
    """Give the rows of what stayed open at the end: rugged games, sidebets. Idempotent."""
    rows: list[Row] = []
    stamp = stamp_of(state)
    for game_id, game in list(state.games.items()):
        derive_games.conclude(state, stamp, game_id, game, rows)
    return state, rows


def _handler(ws: WsEvent) -> _Handler | None:
    if ws.packet_type == "undecodable":
        return _undecodable
    if ws.raw_format == "fact":
        return _fact
    if ws.direction != "received" or ws.event_name is None:
        return None
    if ws.packet_type not in ("event", "record"):
        return None
    return _HANDLERS.get(ws.event_name)


def _undecodable(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    rugs.decode(ws)
    raise DecodeError("not a packet or record of its format")


def _fact(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    name = ws.event_name or ""
    if name == derive_alerts.ALERT_EVENT:
        rows.append(derive_alerts.alert_trigger(state, stamp, ws))
        return
    kind = name.removeprefix(FACT_PREFIX)
    rows.append(_system(state, stamp, ws, kind, ws.raw))
    if name == derive_actions.OUTCOME_EVENT:
        derive_actions.player_action(state, stamp, ws, rows)
    if name in ENDING_FACTS:
        rows.extend(finish(state)[1])


def _game_state(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    hot = frames.game_state(ws)
    if hot is None:
        return
    state.round = advance_fields(state.round, hot.fields())
    game = derive_games.open_game(state, stamp, hot.game_id, rows)
    if game is not None:
        if hot.provably_fair is not None:
            derive_games.commit(game, hot.provably_fair.server_seed_hash, stamp)
        if hot.active:
            derive_ticks.frame_ticks(state, stamp, game, hot, rows)
    _keep_leaderboard(state, hot)
    if hot.game_history:
        _history(state, stamp, ws, hot, rows)


def _keep_leaderboard(state: DeriveState, hot: HotState) -> None:
    """Keep the newest leaderboard of the game played; the cooldown still shows the last one's."""
    if not hot.leaderboard or state.round.late:
        return
    if state.round.phase is GamePhase.COOLDOWN:
        state.board_game, state.board = "", b""
    else:
        state.board_game, state.board = hot.game_id, bytes(hot.leaderboard)


def _history(state: DeriveState, stamp: Stamp, ws: WsEvent, hot: HotState, rows: list[Row]) -> None:
    if all(state.is_done(game_id) for game_id in frames.history_ids(hot.game_history)):
        return
    for game_id, raw in frames.history(hot.game_history):
        if not game_id or state.is_done(game_id):
            continue
        try:
            entry = frames.history_entry(raw)
        except DecodeError as error:
            rows.append(_failure(state, stamp, ws, error.message))
            continue
        game = derive_games.open_game(state, stamp, game_id, rows)
        if game is not None:
            derive_games.reveal(state, stamp, game, entry, rows)


def _history_record(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    socketio.check_limits(ws.raw)
    entry = frames.history_entry(ws.raw)
    game = derive_games.open_game(state, stamp, entry.id, rows)
    if game is not None:
        derive_games.reveal(state, stamp, game, entry, rows)


def _legacy(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    try:
        tick = _legacy_tick(ws.raw)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"legacy.tick: {problem}") from problem
    game = derive_games.open_game(state, stamp, tick.game_id, rows)
    if game is not None:
        derive_ticks.legacy_tick(stamp, game, tick, rows)


def _legacy_end(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    game = state.games.get(ws.game_id or "")
    if game is not None and game.rug_tick is not None:
        derive_games.report(state, stamp, ws.game_id or "", game, rows)


def _player_update(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    told = _payload(ws, PlayerUpdate)
    if told is not None:
        derive_players.server_state(state, stamp, told, rows)


def _username(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    told = _payload(ws, UsernameStatus)
    if told is not None and told.id is not None:
        state.own_id, state.own_name = told.id, told.username


def _trade(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    trade = _payload(ws, NewTrade)
    if trade is not None:
        derive_players.other_player(state, stamp, trade, rows)


def _public_bet(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    _bet(state, stamp, ws, rows, own=False)


def _own_bet(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row]) -> None:
    _bet(state, stamp, ws, rows, own=True)


def _bet(state: DeriveState, stamp: Stamp, ws: WsEvent, rows: list[Row], *, own: bool) -> None:
    told = _payload(ws, SidebetEvent)
    if told is None:
        return
    if own and told.player_id is not None:
        state.own_id = told.player_id
    game_id = told.game_id or state.round.fields.game_id
    game = derive_games.open_game(state, stamp, game_id, rows) if game_id else None
    if game is None or game_id is None:
        return
    bet = derive_bets.live_bet(state, stamp, game, told, own=own)
    if bet is not None and bet.own and bet.paid:
        derive_bets.settle(state, stamp, game_id, game, bet, rows)


_P = TypeVar("_P", bound=rugs.Payload)


def _payload(ws: WsEvent, kind: type[_P]) -> _P | None:
    """Decode the payload of an event. Raises DecodeError when it is not what it should be."""
    event = rugs.decode(ws)
    if event is None:
        return None
    if event.mismatch is not None:
        raise DecodeError(event.mismatch)
    return event.payload if isinstance(event.payload, kind) else None


def _system(state: DeriveState, stamp: Stamp, ws: WsEvent, kind: str, detail: str) -> SystemEvent:
    return SystemEvent(
        session_id=stamp.session_id,
        seq=stamp.seq,
        sub=state.next_sub(SystemEvent.doc_type),
        ts=stamp.ts,
        source=stamp.source,
        origin=stamp.origin,
        game_id=ws.game_id,
        player_id=ws.player_id,
        username=ws.username,
        kind=kind,
        detail=detail,
    )


def _failure(state: DeriveState, stamp: Stamp, ws: WsEvent, error: str) -> SystemEvent:
    detail = {"seq": ws.seq, "error": error[:500], "event_name": ws.event_name}
    return _system(state, stamp, ws, FAILURE, msgspec.json.encode(detail).decode())


_Handler = Callable[[DeriveState, Stamp, WsEvent, list[Row]], None]

_HANDLERS: dict[str, _Handler] = {
    "gameStateUpdate": _game_state,
    "standard/newTrade": _trade,
    "newTrade": _trade,
    "playerUpdate": _player_update,
    "usernameStatus": _username,
    "newSideBet": _public_bet,
    "currentSidebet": _own_bet,
    "currentSidebetResult": _own_bet,
    "legacy.tick": _legacy,
    "legacy.game_end": _legacy_end,
    "history.game": _history_record,
}
