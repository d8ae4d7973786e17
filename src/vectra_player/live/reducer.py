"""Carry what is known over one event: `reduce(state, event)`, pure and total.

Called by `live.provider` and by replays. The server is the authority: balance and position come
from `playerUpdate` alone, never from our own arithmetic and never from a leaderboard entry, which
may lag it by one update (protocol reference section 10). Absent means "not sent" and changes
nothing. The phase is that of `protocol.phases`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from vectra_player.errors import DecodeError
from vectra_player.game import sidebet
from vectra_player.live import frames
from vectra_player.live.derive_state import MAX_TICK
from vectra_player.live.live_state import Connection, LiveState, OpenSidebet, SidebetResult
from vectra_player.live.values import sol
from vectra_player.protocol.game_payloads import (
    GameState,
    LegacyTick,
    NewTrade,
    Rugpool,
    RunningSidebet,
    SidebetEvent,
)
from vectra_player.protocol.phases import GamePhase, Round, RoundFields, advance, advance_fields
from vectra_player.protocol.player_payloads import (
    ChatMessage,
    GameStatePlayerUpdate,
    PlayerUpdate,
    UsernameStatus,
)
from vectra_player.protocol.rugs import Event

_T = TypeVar("_T")


def reduce(state: LiveState, event: Event) -> LiveState:
    """Return what is known after an event; an event that tells nothing new returns the same."""
    if event.kind == "fact":
        return replace(state, connection=_fact(state.connection, event))
    state = replace(state, connection=_heard(state.connection, event))
    if event.direction != "received":
        return state
    handler = _HANDLERS.get(event.name)
    return state if handler is None or event.payload is None else handler(state, event)


def _game_state(state: LiveState, event: Event) -> LiveState:
    update = event.payload
    if not isinstance(update, GameState):
        return state
    moved = advance(state.round, update)
    if moved.late:
        return _late(state, update, moved)
    same = moved.fields.game_id == state.game_id
    base = state if same else _next_game(state)
    tick, price = _position(base, update, moved)
    hashed = update.provably_fair.server_seed_hash if update.provably_fair else None
    return replace(
        base,
        round=moved,
        tick=tick,
        price=price,
        prices=_filled(base.prices, _told(update, moved)),
        trade_count=_sent(update.trade_count if update.active else None, base.trade_count),
        connected_players=_sent(update.connected_players, base.connected_players),
        server_seed_hash=_sent(hashed, base.server_seed_hash),
        game_version=_sent(update.game_version, base.game_version),
        leaderboard=_sent(update.leaderboard, base.leaderboard),
        rugpool=_merged(base.rugpool, update.rugpool),
        settled_game_id=_sent(_settled(update), base.settled_game_id),
    )


def _late(state: LiveState, update: GameState, moved: Round) -> LiveState:
    """Take from a frame that came late only what nobody had told."""
    state = replace(
        state,
        round=replace(moved, late=False),
        settled_game_id=_sent(_settled(update), state.settled_game_id),
    )
    if update.game_id != state.game_id:
        return state
    return replace(state, prices=_filled(state.prices, _told(update, moved)))


def _next_game(state: LiveState) -> LiveState:
    """Forget what belongs to one game only. Position and balance stay until the server speaks."""
    bet = state.sidebet
    keep = bet is not None and bet.game_id not in (None, state.game_id)
    return replace(
        state,
        tick=None,
        price=None,
        prices=(),
        trade_count=None,
        server_seed_hash=None,
        entry_tick=None,
        own_trade_tick=None,
        sidebet=bet if keep else None,
        has_sidebet=state.has_sidebet if keep or bet is None else None,
    )


def _position(base: LiveState, update: GameState, moved: Round) -> tuple[int | None, float | None]:
    """Return tick and price after a frame; after the rug the counter runs on, the game does not."""
    if moved.phase is GamePhase.RUGGED:
        window = update.partial_prices
        if window is not None and update.tick_count is not None:
            return min(window.end_tick, update.tick_count), _sent(update.price, base.price)
        if base.game_phase is GamePhase.RUGGED and base.tick is not None:
            return base.tick, base.price
    return _sent(update.tick_count, base.tick), _sent(update.price, base.price)


def _told(update: GameState, moved: Round) -> list[tuple[int, float]]:
    """Return the prices a frame of a running game tells, by tick."""
    if not update.active:
        return []
    told = list(enumerate(update.prices)) if update.prices else []
    window = update.partial_prices
    if window is not None:
        for tick, price in window.values.items():
            if tick.isdecimal() and len(tick) < 6:
                told.append((int(tick), price))
    if update.price is not None:
        if window is None and update.tick_count is not None:
            told.append((update.tick_count, update.price))
        elif window is not None and moved.phase is GamePhase.LIVE:
            told.append((update.tick_count or 0, update.price))
    return told


def _filled(
    known: tuple[float | None, ...], told: Iterable[tuple[int, float]]
) -> tuple[float | None, ...]:
    """Add told prices where none is known; the first one told stays."""
    size = len(known)
    new = {t: p for t, p in told if 0 <= t <= MAX_TICK and (t >= size or known[t] is None)}
    if not new:
        return known
    if len(new) == 1 and size in new:
        return known + (new[size],)  # noqa: RUF005 - half the copying of (*known, price)
    prices = [*known, *([None] * (max(new) + 1 - size))]
    for tick, price in new.items():
        prices[tick] = price
    return tuple(prices)


def _settled(update: GameState) -> str | None:
    """Return the newest game whose seed a frame reveals."""
    if not update.game_history:
        return None
    try:
        ids = frames.history_ids(update.game_history)
    except DecodeError:
        return None
    return ids[0] if ids else None


def _legacy_tick(state: LiveState, event: Event) -> LiveState:
    row = event.payload
    if not isinstance(row, LegacyTick):
        return state
    fields = RoundFields(
        game_id=row.game_id,
        active=row.active,
        rugged=row.rugged,
        cooldown_timer=row.cooldown_timer,
        tick=row.tick,
    )
    moved = advance_fields(state.round, fields)
    if moved.late:
        return replace(state, round=replace(moved, late=False))
    base = state if moved.fields.game_id == state.game_id else _next_game(state)
    if moved.phase is GamePhase.RUGGED and base.game_phase is GamePhase.RUGGED:
        return replace(base, round=moved)
    told = [(row.tick, row.price)] if row.active else []
    return replace(
        base,
        round=moved,
        tick=row.tick,
        price=row.price,
        prices=_filled(base.prices, told),
        trade_count=_sent(row.trade_count, base.trade_count),
    )


def _player_update(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    if not isinstance(told, PlayerUpdate):
        return state
    qty = _sent(sol(told.position_qty), state.position_qty)
    new = replace(
        state,
        player_id=told.id,
        balance=_sent(sol(told.cash), state.balance),
        bonus_balance=_sent(sol(told.bonus_balance), state.bonus_balance),
        position_qty=qty,
        avg_cost=_sent(told.avg_cost, state.avg_cost),
        total_invested=_sent(sol(told.total_invested), state.total_invested),
        cumulative_pnl=_sent(sol(told.cumulative_pnl), state.cumulative_pnl),
        entry_tick=_entry_tick(state, qty),
        own_trade_tick=state.own_trade_tick if qty else None,
    )
    if told.short_position is not UNSET:
        short = told.short_position
        new = replace(new, has_short=short is not None, short=short)
    if told.side_bet is not UNSET:
        new = replace(new, has_sidebet=told.side_bet is not None, sidebet=_running(told.side_bet))
    return new


def _entry_tick(state: LiveState, qty: object) -> int | None:
    """Return where the position began: where it was seen to open, or where an own buy says."""
    if not qty:
        return None
    if state.entry_tick is not None:
        return state.entry_tick
    if state.own_trade_tick is not None:
        return state.own_trade_tick
    opened_now = state.position_qty is not None and not state.position_qty
    if not opened_now:
        return None
    return state.tick if state.game_phase is GamePhase.LIVE else 0


def _running(bet: RunningSidebet | None) -> OpenSidebet | None:
    if bet is None or bet.started_at_tick is None:
        return None
    start = bet.started_at_tick
    return OpenSidebet(
        game_id=bet.game_id,
        start_tick=start,
        end_tick=sidebet.end_of(start) if bet.end is None else bet.end,
        amount=sol(bet.bet_amount),
        x_payout=bet.x_payout,
        coin_address=bet.coin_address,
    )


def _player_frame(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    if not isinstance(told, GameStatePlayerUpdate):
        return state
    return replace(state, rugpool=_merged(state.rugpool, told.rugpool))


def _username(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    if not isinstance(told, UsernameStatus):
        return state
    return replace(
        state,
        player_id=_sent(told.id, state.player_id),
        username=_sent(told.username, state.username),
    )


def _trade(state: LiveState, event: Event) -> LiveState:
    """Note where the account itself bought; positions are never computed from trades."""
    told = event.payload
    own = isinstance(told, NewTrade) and told.player_id == state.player_id is not None
    if not own or not isinstance(told, NewTrade):
        return state
    if told.type != "buy" or told.game_id != state.game_id or state.own_trade_tick is not None:
        return state
    return replace(state, own_trade_tick=told.tick_index)


def _own_bet(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    if not isinstance(told, SidebetEvent) or told.start_tick is None:
        return state
    start = told.start_tick
    bet = OpenSidebet(
        game_id=told.game_id,
        start_tick=start,
        end_tick=sidebet.end_of(start) if told.end_tick is None else told.end_tick,
        amount=sol(told.bet_amount),
        x_payout=told.x_payout,
        coin_address=told.coin_address,
    )
    return _stamped(replace(state, has_sidebet=True, sidebet=bet), event, told.timestamp)


def _own_result(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    if not isinstance(told, SidebetEvent):
        return state
    result = SidebetResult(
        game_id=told.game_id,
        start_tick=told.start_tick,
        won=None if told.payout is None else told.payout > 0,
        payout=sol(told.payout),
        profit=sol(told.profit),
        settled_at=told.timestamp,
    )
    new = replace(state, has_sidebet=False, sidebet=None, last_sidebet_result=result)
    return _stamped(new, event, told.timestamp)


def _public_bet(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    return _stamped(state, event, told.timestamp) if isinstance(told, SidebetEvent) else state


def _chat(state: LiveState, event: Event) -> LiveState:
    told = event.payload
    return _stamped(state, event, told.timestamp) if isinstance(told, ChatMessage) else state


def _stamped(state: LiveState, event: Event, stamp_ms: int | None) -> LiveState:
    """Measure the delay of an event the server stamped as it sent it (section 11)."""
    if stamp_ms is None:
        return state
    offset = event.ts - stamp_ms * 1000
    known = state.connection.least_offset_us
    least = offset if known is None else min(known, offset)
    health = replace(state.connection, least_offset_us=least, delay_ms=(offset - least) / 1000)
    return replace(state, connection=health)


def _heard(health: Connection, event: Event) -> Connection:
    return replace(health, connected=True, last_frame_ts=event.ts, last_seq=event.seq, silent=False)


def _fact(health: Connection, event: Event) -> Connection:
    health = replace(health, last_seq=event.seq)
    if event.name == "vectra.silence":
        return replace(health, silent=True)
    if event.name == "vectra.gap":
        return replace(health, gaps=health.gaps + 1)
    if event.name == "vectra.connected":
        sockets = (*(s for s in health.sockets if s != _socket_of(event)), _socket_of(event))
        return replace(health, connected=True, sockets=sockets)
    if event.name == "vectra.disconnected":
        left = tuple(s for s in health.sockets if s != _socket_of(event))
        return replace(health, connected=bool(left), sockets=left)
    if event.name in ("vectra.stopped", "vectra.crash_recovered"):
        return replace(health, connected=False, sockets=())
    return health


class _Socket(msgspec.Struct):
    socket_id: str = ""


def _socket_of(event: Event) -> str:
    try:
        return msgspec.json.decode(event.data, type=_Socket).socket_id or event.socket_id
    except (msgspec.DecodeError, ValueError, RecursionError):
        return event.socket_id


def _merged(known: Rugpool | None, sent: Rugpool | None) -> Rugpool | None:
    """Lay a rugpool over the known one: the public form has three of its keys."""
    if known is None or sent is None:
        return known if sent is None else sent
    names = known.__struct_fields__
    told = {n: v for n in names if (v := getattr(sent, n)) not in (None, ())}
    return replace(known, **told)


def _sent(value: _T | None, known: _T | None) -> _T | None:
    return known if value is None else value


_HANDLERS: dict[str, Callable[[LiveState, Event], LiveState]] = {
    "gameStateUpdate": _game_state,
    "gameStatePlayerUpdate": _player_frame,
    "playerUpdate": _player_update,
    "usernameStatus": _username,
    "standard/newTrade": _trade,
    "newTrade": _trade,
    "currentSidebet": _own_bet,
    "currentSidebetResult": _own_result,
    "newSideBet": _public_bet,
    "newChatMessage": _chat,
    "legacy.tick": _legacy_tick,
}
