"""Game rows: one for each session and finished game, as complete as the session could know it.

Used by `live.derive` only. A game is told in full by its history entry, which any later frame may
repeat; one that was never revealed gets its row when the session ends.
"""

from __future__ import annotations

from typing import Literal

from vectra_player.game import price_path
from vectra_player.live import derive_bets, derive_ticks
from vectra_player.live.derive_state import (
    MAX_OPEN_GAMES,
    MAX_TICK,
    DeriveState,
    OpenGame,
    Stamp,
)
from vectra_player.live.values import millis, whole
from vectra_player.model.rows import Game, PriceSource, Row
from vectra_player.protocol.game_payloads import HistoryEntry, ProvablyFair

UNSTATED_VERSION = "v3"
"""Rules tried where an entry does not name them; all entries since 2025 say v3."""


def open_game(state: DeriveState, stamp: Stamp, game_id: str, rows: list[Row]) -> OpenGame | None:
    """Find a game, or begin it; None when nothing more can be learnt of it."""
    game = state.games.get(game_id)
    if game is None and not state.is_done(game_id):
        if len(state.games) >= MAX_OPEN_GAMES:
            oldest = next(iter(state.games))
            conclude(state, stamp, oldest, state.games[oldest], rows)
            state.close(oldest)
        game = state.games[game_id] = OpenGame()
    return game


def commit(game: OpenGame, seed_hash: str | None, stamp: Stamp) -> None:
    """Note the commitment a frame shows before the reveal."""
    if seed_hash is not None and game.hash is None:
        game.hash, game.hash_at = seed_hash, stamp.ts


def reveal(
    state: DeriveState, stamp: Stamp, game: OpenGame, entry: HistoryEntry, rows: list[Row]
) -> None:
    """Take a game's history entry: missing ticks, sidebets, and its row."""
    own = game.own
    _add_series(state, stamp, game, entry, rows)
    if game.ended_at is None and millis(entry.timestamp) is not None:
        game.ended_at = (entry.timestamp or 0) * 1000
    derive_bets.history_bets(state, game, entry.global_sidebets)
    derive_bets.settle_all(state, stamp, entry.id, game, rows)
    report(state, stamp, entry.id, game, rows, entry=entry, own=own)
    if game.complete or entry.rugged is False:
        state.close(entry.id)


def conclude(
    state: DeriveState, stamp: Stamp, game_id: str, game: OpenGame, rows: list[Row]
) -> None:
    """Give what is known of a game that will not be revealed: its open bets, its row if rugged."""
    derive_bets.settle_all(state, stamp, game_id, game, rows)
    if game.rug_tick is not None:
        report(state, stamp, game_id, game, rows)


def report(
    state: DeriveState,
    stamp: Stamp,
    game_id: str,
    game: OpenGame,
    rows: list[Row],
    *,
    entry: HistoryEntry | None = None,
    own: int = 0,
) -> None:
    """Give the row of a finished game, once. `own`: prices told by the game's own frames."""
    if game.reported:
        return
    game.reported = True
    rows.append(_game_row(state, stamp, game_id, game, entry, own))


def _game_row(
    state: DeriveState,
    stamp: Stamp,
    game_id: str,
    game: OpenGame,
    entry: HistoryEntry | None,
    own: int,
) -> Game:
    fair = (entry.provably_fair if entry else None) or ProvablyFair()
    prices = _whole_series(game, entry)
    missing = game.rug_tick + 1 - game.known if game.rug_tick is not None else None
    peak = entry.peak_multiplier if entry else None
    seed_hash = fair.server_seed_hash or game.hash
    return Game(
        session_id=stamp.session_id,
        seq=stamp.seq,
        sub=state.next_sub(Game.doc_type),
        ts=stamp.ts,
        source=stamp.source,
        origin=stamp.origin,
        game_id=game_id,
        started_at=game.started_at,
        ended_at=game.ended_at,
        rug_tick=game.rug_tick,
        peak=max(prices) if peak is None and prices else peak,
        rug_price=_rug_price(game),
        prices=prices,
        game_version=(entry.game_version if entry else None) or game.version,
        server_seed=fair.server_seed,
        server_seed_hash=seed_hash,
        commitment_first_seen_at=game.hash_at if game.hash == seed_hash else None,
        first_tick_seen=game.first_tick,
        ticks_live=game.live,
        ticks_missing=None if missing is None else max(missing, 0),
        trade_count=whole(game.trade_count),
        players_max=whole(game.players_max),
        sidebets=len(game.settled) if entry else None,
        completeness=_completeness(game, entry, prices, own),
    )


def _add_series(
    state: DeriveState, stamp: Stamp, game: OpenGame, entry: HistoryEntry, rows: list[Row]
) -> None:
    """Add the ticks the entry tells, or its seed where it tells none."""
    source: PriceSource = "history"
    prices = entry.prices
    if not prices:
        source, prices = "recomputed", _recomputed(game, entry)
    if not prices or len(prices) > MAX_TICK:
        return
    if entry.rugged is not False:
        game.rug_tick = len(prices) - 1
    if game.known < len(prices):
        told = derive_ticks.numbered(prices)
        derive_ticks.recover(state, stamp, entry.id, game, told, source, rows)


def _recomputed(game: OpenGame, entry: HistoryEntry) -> tuple[float, ...] | None:
    """Compute a game from its seed; None when the seed, or a price seen, says otherwise."""
    fair = entry.provably_fair
    seed = fair.server_seed if fair else None
    if fair is None or seed is None:
        return None
    if fair.server_seed_hash not in (None, price_path.commitment(seed)):
        return None
    try:
        version = entry.game_version or game.version or UNSTATED_VERSION
        prices = price_path.price_path(seed, entry.id, version).prices
    except ValueError:
        return None
    seen = list(enumerate(game.prices))
    fits = all(price is None or prices[tick : tick + 1] == (price,) for tick, price in seen)
    return prices if fits else None


def _whole_series(game: OpenGame, entry: HistoryEntry | None) -> list[float] | None:
    """Return all prices; null while one is missing."""
    if entry is not None and entry.prices:
        return list(entry.prices)
    if game.rug_tick is None:
        return None
    prices = [price for price in game.prices[: game.rug_tick + 1] if price is not None]
    return prices if len(prices) == game.rug_tick + 1 else None


def _rug_price(game: OpenGame) -> float | None:
    tick = game.rug_tick
    return game.prices[tick] if tick is not None and tick < len(game.prices) else None


def _completeness(
    game: OpenGame, entry: HistoryEntry | None, prices: list[float] | None, own: int
) -> Literal["full", "revealed", "partial", "unrevealed"]:
    if prices is None:
        return "partial"
    if entry is None:
        return "unrevealed"
    return "full" if own == len(prices) else "revealed"
