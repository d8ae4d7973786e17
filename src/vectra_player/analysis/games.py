"""Games as columns: what every analysis, audit, simulation and backtest takes.

Recorded ones come from a store, generated ones from seeds of our own by the published algorithm.
Used by `analysis`, `fairness`, `rl` and the commands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vectra_player.game.price_path import PricePaths, price_paths
from vectra_player.store.reads import GameFilter, StoreReader

UNKNOWN = -1
"""A rug tick or time that nobody saw."""


@dataclass(frozen=True)
class Games:
    """Games in order of time; game k has prices[offsets[k]:offsets[k+1]], its tick 0 first.

    prices: (n_prices,) float64, NaN where a tick is not known, the rug price last.
    rug_ticks: (n_games,) int64, UNKNOWN where the rug was not seen.
    first_ticks: (n_games,) int64, the first tick that was watched; 0 where all is known.
    ended_at: (n_games,) int64, microseconds UTC, UNKNOWN where not known.
    """

    game_ids: tuple[str, ...]
    offsets: npt.NDArray[np.int64]
    prices: npt.NDArray[np.float64]
    rug_ticks: npt.NDArray[np.int64]
    first_ticks: npt.NDArray[np.int64]
    ended_at: npt.NDArray[np.int64]
    versions: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.game_ids)

    def prices_of(self, game: int) -> npt.NDArray[np.float64]:
        """Return a view of one game's prices."""
        return self.prices[self.offsets[game] : self.offsets[game + 1]]

    @cached_property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Tell which games are known at every tick from 0 to the rug: (n_games,)."""
        holes = np.zeros(len(self.prices) + 1, np.int64)
        np.cumsum(np.isnan(self.prices), out=holes[1:])
        whole = holes[self.offsets[1:]] == holes[self.offsets[:-1]]
        rugged: npt.NDArray[np.bool_] = self.rug_ticks >= 0
        known: npt.NDArray[np.bool_] = rugged & whole & (self.last_ticks == self.rug_ticks)
        return known

    @cached_property
    def last_ticks(self) -> npt.NDArray[np.int64]:
        """Return the last tick known of each game, its rug where that was seen: (n_games,)."""
        return np.diff(self.offsets) - 1

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of ids, rug ticks and prices: two equal ones are the same data."""
        text = hashlib.sha256("\n".join(self.game_ids).encode())
        for column in (self.offsets, self.rug_ticks, self.first_ticks, self.prices):
            text.update(np.ascontiguousarray(column).tobytes())
        return text.hexdigest()

    def take(self, chosen: Sequence[int] | npt.NDArray[np.int64]) -> Games:
        """Return some games by their index, in the order given."""
        index = np.asarray(chosen, np.int64)
        parts = [self.prices_of(int(game)) for game in index]
        offsets = np.zeros(len(index) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return Games(
            game_ids=tuple(self.game_ids[game] for game in index),
            offsets=offsets,
            prices=np.concatenate([np.empty(0), *parts]),
            rug_ticks=self.rug_ticks[index],
            first_ticks=self.first_ticks[index],
            ended_at=self.ended_at[index],
            versions=tuple(self.versions[game] for game in index),
        )

    def only_complete(self) -> Games:
        """Return the games known at every tick."""
        return self.take(np.flatnonzero(self.complete))


def load_games(
    reader: StoreReader,
    chosen: GameFilter = GameFilter(origins="real"),  # noqa: B008 -- immutable
    game_ids: Sequence[str] | None = None,
) -> Games:
    """Read games of a store in order of time, each with the best that is known of it."""
    rows = reader.game_columns(chosen, game_ids)
    lacking = [row["game_id"] for row in rows if row["prices"] is None]
    watched = _watched(reader.watched_ticks(lacking)) if lacking else {}
    paths = [
        _path(row["prices"], watched.get(row["game_id"]), row["rug_tick"], row["rug_price"])
        for row in rows
    ]
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(path) for path in paths], out=offsets[1:])
    first = [
        0 if row["prices"] is not None else _first_known(path)
        for row, path in zip(rows, paths, strict=True)
    ]
    return Games(
        game_ids=tuple(row["game_id"] for row in rows),
        offsets=offsets,
        prices=np.concatenate([np.empty(0), *paths]),
        rug_ticks=np.asarray([_or_unknown(row["rug_tick"]) for row in rows], np.int64),
        first_ticks=np.asarray(first, np.int64),
        ended_at=np.asarray([_or_unknown(row["ended_at"]) for row in rows], np.int64),
        versions=tuple(row["game_version"] for row in rows),
    )


def generate_games(count: int, seed: int, version: str = "v3", *, threads: int = 1) -> Games:
    """Make fair games by the published algorithm from a seed: the same seed, the same games.

    Raises ValueError for an unknown version.
    """
    random = np.random.default_rng(seed)
    seeds = [random.bytes(32).hex() for _ in range(count)]
    game_ids = [f"generated-{seed}-{index}" for index in range(count)]
    paths = price_paths(seeds, game_ids, version, threads=threads)
    return games_of(paths, game_ids, version)


def games_of(paths: PricePaths, game_ids: Sequence[str], version: str = "v3") -> Games:
    """Take price paths as games, known at every tick, without times."""
    return Games(
        game_ids=tuple(game_ids),
        offsets=paths.offsets,
        prices=paths.prices,
        rug_ticks=paths.rug_ticks,
        first_ticks=np.zeros(len(paths), np.int64),
        ended_at=np.full(len(paths), UNKNOWN, np.int64),
        versions=(version,) * len(paths),
    )


def _watched(table: pa.Table) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    names: list[str] = table.column("game_id").to_pylist()  # type: ignore[assignment]
    ticks = table.column("tick").to_numpy().astype(np.int64)
    prices = table.column("price").to_numpy()
    bounds = [0, *(k for k in range(1, len(names)) if names[k] != names[k - 1]), len(names)]
    return {
        names[first]: (ticks[first:last], prices[first:last])
        for first, last in pairwise(bounds)
        if first < last
    }


def _path(
    known: list[float] | None,
    watched: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None,
    rug_tick: int | None,
    rug_price: float | None,
) -> npt.NDArray[np.float64]:
    if known is not None:
        return np.asarray(known, np.float64)
    ticks, prices = watched if watched is not None else (np.empty(0, np.int64), np.empty(0))
    last = max(int(ticks[-1]) if len(ticks) else -1, -1 if rug_tick is None else rug_tick)
    path = np.full(last + 1, np.nan)
    path[ticks] = prices
    if rug_tick is not None:
        path = path[: rug_tick + 1]
        if rug_price is not None:
            path[rug_tick] = rug_price
    return path


def _first_known(path: npt.NDArray[np.float64]) -> int:
    known = np.flatnonzero(~np.isnan(path))
    return int(known[0]) if len(known) else len(path)


def _or_unknown(value: int | None) -> int:
    return UNKNOWN if value is None else value
