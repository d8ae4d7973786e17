"""The last games as the home page draws them: a thinned price line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vectra_player.dashboard.data.store import Store

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

POINTS = 60


class MiniGame(msgspec.Struct, frozen=True):
    """One finished game; `line`: its prices thinned to highs and lows, the rug left out."""

    game_id: str
    origin: str
    started_at: int | None
    rug_tick: int | None
    peak: float | None
    completeness: str
    has_seed: bool
    line: list[float]


def last_games(store: Store, count: int) -> list[MiniGame]:
    """Return the newest games. Raises StoreBusyError."""
    return store.kept(("strip", count), ("game",), lambda reader: _read(reader, count))


def _read(reader: StoreReader, count: int) -> list[MiniGame]:
    rows = reader.fetch(
        "SELECT game_id, origin, epoch_us(coalesce(started_at, ended_at)) AS started_at, rug_tick,"
        " peak, completeness, server_seed IS NOT NULL AS has_seed, prices FROM game"
        " ORDER BY coalesce(started_at, ended_at, ts) DESC, game_id LIMIT ?",
        [count],
    )
    return [_mini(row) for row in rows.to_pylist()]


def _mini(row: dict[str, Any]) -> MiniGame:
    prices = [price for price in (row.pop("prices") or [])[:-1] if price is not None]
    return MiniGame(**row, line=thinned(prices))


def thinned(prices: list[float], points: int = POINTS) -> list[float]:
    """Return at most about `points` prices that keep every step's lowest and highest, in order."""
    step = max(1, -(-2 * len(prices) // points))
    if step == 1:
        return prices
    line: list[float] = []
    for first in range(0, len(prices), step):
        part = prices[first : first + step]
        low, high = min(part), max(part)
        line += [low, high] if part.index(low) <= part.index(high) else [high, low]
    return line
