"""Price rows: one for each session, game and tick, from whatever told the price first.

Used by `live.derive` only. Rules (protocol reference sections 1.3, 3 and 4): only frames of a
running game tell a tick; the first rugged frame is the rug tick, and the rug-history frame after
it, whose counter runs on, tells none; a tick nobody sent is taken from the sliding window, from a
snapshot, from the history or from the revealed seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Raw

from vectra_player.live import frames
from vectra_player.live.derive_state import MAX_TICK, DeriveState, OpenGame, Stamp
from vectra_player.live.frames import HotState
from vectra_player.live.values import whole
from vectra_player.model.rows import GameTick, PriceSource, Row
from vectra_player.protocol.game_payloads import LegacyTick
from vectra_player.protocol.phases import RoundFields, phase_of

SUB_STRIDE = 1 << 16
"""`sub` of a tick row is its tick; where one frame reveals several games, those after the first
add multiples of this, so that (session, doc_type, seq, sub) stays unique."""

_LIVE = phase_of(RoundFields("-", active=True, rugged=False)).value
_RUGGED = phase_of(RoundFields("-", active=True, rugged=True)).value

WINDOW_TICKS = 4
"""Ticks before the newest that `partialPrices` shows."""


def frame_ticks(
    state: DeriveState, stamp: Stamp, game: OpenGame, hot: HotState, rows: list[Row]
) -> None:
    """Add the rows of a running game's frame, recovered ticks first."""
    tick, price = hot.tick_count, hot.price
    if tick is None or price is None or not 0 <= tick <= MAX_TICK:
        return
    _count(game, hot)
    if hot.rugged and game.rug_tick is None:
        game.rug_tick = _rug_tick(hot, tick)
        game.ended_at = stamp.ts
    told = _told(game, hot, tick)
    if told:
        recover(state, stamp, hot.game_id, game, told, "partial", rows)
    if game.rug_tick is not None and tick > game.rug_tick:
        return
    if GameTick.doc_type not in state.subs:
        # Rows of this game have no shift: a game that the same frame's history reveals gets one.
        state.next_sub(GameTick.doc_type)
    live_tick(
        stamp,
        hot.game_id,
        game,
        tick,
        price,
        rows,
        trades=hot.trade_count,
        players=hot.connected_players,
    )


def legacy_tick(stamp: Stamp, game: OpenGame, tick: LegacyTick, rows: list[Row]) -> None:
    """Add the row of a normalised frame of a per-game file."""
    if not tick.active or not 0 <= tick.tick <= MAX_TICK:
        return
    if tick.rugged and game.rug_tick is None:
        game.rug_tick = tick.tick
        game.ended_at = stamp.ts
    if game.rug_tick is not None and tick.tick > game.rug_tick:
        return
    game.trade_count = _larger(game.trade_count, tick.trade_count)
    live_tick(stamp, tick.game_id, game, tick.tick, tick.price, rows, trades=tick.trade_count)


def live_tick(
    stamp: Stamp,
    game_id: str,
    game: OpenGame,
    tick: int,
    price: float,
    rows: list[Row],
    *,
    trades: int | None = None,
    players: int | None = None,
) -> None:
    """Add the row of a tick with a frame of its own, unless its price is known."""
    if not game.put(tick, price):
        return
    game.own += 1
    game.live += 1
    if game.first_tick is None or tick < game.first_tick:
        game.first_tick = tick
    if tick == 0:
        game.started_at = stamp.ts
    rugged = tick == game.rug_tick
    rows.append(
        GameTick(
            session_id=stamp.session_id,
            seq=stamp.seq,
            sub=tick,
            ts=stamp.ts,
            source=stamp.source,
            origin=stamp.origin,
            game_id=game_id,
            tick=tick,
            price=price,
            phase=_RUGGED if rugged else _LIVE,
            active=True,
            rugged=rugged,
            trade_count=whole(trades),
            connected_players=whole(players),
            price_source="live",
        )
    )


def recover(
    state: DeriveState,
    stamp: Stamp,
    game_id: str,
    game: OpenGame,
    prices: Iterable[tuple[int, float]],
    source: PriceSource,
    rows: list[Row],
) -> None:
    """Add the rows of ticks that had no frame of their own and are told by this one."""
    new = [(tick, price) for tick, price in prices if game.put(tick, price)]
    if not new:
        return
    if source == "partial":
        game.own += len(new)
        first = new[0][0]
        game.first_tick = first if game.first_tick is None else min(first, game.first_tick)
    shift = state.next_sub(GameTick.doc_type) * SUB_STRIDE
    for tick, price in new:
        rugged = tick == game.rug_tick
        rows.append(
            GameTick(
                session_id=stamp.session_id,
                seq=stamp.seq,
                sub=shift + tick,
                ts=stamp.ts,
                source=stamp.source,
                origin=stamp.origin,
                game_id=game_id,
                tick=tick,
                price=price,
                phase=_RUGGED if rugged else _LIVE,
                active=True,
                rugged=rugged,
                price_source=source,
            )
        )


def numbered(prices: Sequence[float]) -> list[tuple[int, float]]:
    """Number prices by tick, as far as a game can last."""
    return list(enumerate(prices[: MAX_TICK + 1]))


def _count(game: OpenGame, hot: HotState) -> None:
    game.trade_count = _larger(game.trade_count, hot.trade_count)
    game.players_max = _larger(game.players_max, hot.connected_players)
    if hot.game_version is not None:
        game.version = hot.game_version


def _rug_tick(hot: HotState, tick: int) -> int:
    """Return the rug's tick: the window of a rugged frame ends there, the counter may run on."""
    partial = frames.window(hot.partial_prices)
    if partial is not None and 0 <= partial.end_tick <= tick:
        return partial.end_tick
    prices = frames.series(hot.prices)
    return min(len(prices) - 1, tick) if prices else tick


def _told(game: OpenGame, hot: HotState, tick: int) -> list[tuple[int, float]]:
    """Return the prices of earlier ticks a frame tells; none where they are all known."""
    if hot.prices:
        told = numbered(frames.series(hot.prices))
    elif all(game.has(t) for t in range(max(0, tick - WINDOW_TICKS), tick)):
        return []
    else:
        told = _window(hot.partial_prices)
    last = game.rug_tick if game.rug_tick is not None else tick
    # The frame's own tick is live: it is left to the caller, unless the counter ran on.
    return [(t, price) for t, price in told if t < tick and t <= last]


def _window(raw: Raw) -> list[tuple[int, float]]:
    partial = frames.window(raw)
    if partial is None:
        return []
    told = [
        (int(tick), price)
        for tick, price in partial.values.items()
        if tick.isdecimal() and len(tick) < 6 and int(tick) <= MAX_TICK
    ]
    return sorted(told)


def _larger(known: int | None, sent: int | None) -> int | None:
    return sent if known is None or (sent is not None and sent > known) else known
