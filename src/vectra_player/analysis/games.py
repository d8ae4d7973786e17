"""Games as columns: what every analysis, audit, simulation and backtest takes.

Recorded ones come from a store, generated ones from seeds of our own by the published algorithm.
Used by `analysis`, `fairness`, `rl` and the commands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vectra_player.analysis.columns import UNKNOWN, game_keys, integers, places
from vectra_player.game.price_path import PricePaths, price_paths
from vectra_player.store.reads import GameFilter, StoreReader

FAIR_GAMES = 50_000
FAIR_SEED = 5_000_001

__all__ = ["UNKNOWN", "Games", "fair_games", "games_of", "generate_games", "load_games"]


@dataclass(frozen=True)
class Games:
    """Games in order of time; game k has prices[offsets[k]:offsets[k+1]], its tick 0 first.

    prices: (n_prices,) float64, NaN where a tick is not known, the rug price last.
    rug_ticks: (n_games,) int64, UNKNOWN where the rug was not seen.
    first_ticks: (n_games,) int64, where the watching began: 0, or the tick at which a game was met
    midway. Prices before it may be known from a snapshot or the reveal, but are no evidence of how
    long games last: a short game would not have been met.
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
        lengths = np.diff(self.offsets)[index]
        offsets = _offsets(lengths)
        shift = np.repeat(self.offsets[index] - offsets[:-1], lengths)
        return Games(
            game_ids=tuple(self.game_ids[game] for game in index),
            offsets=offsets,
            prices=self.prices[np.arange(offsets[-1]) + shift],
            rug_ticks=self.rug_ticks[index],
            first_ticks=self.first_ticks[index],
            ended_at=self.ended_at[index],
            versions=tuple(self.versions[game] for game in index),
        )

    def only_representative(self) -> Games:
        """Return the complete games that were not met midway: those favour no length."""
        return self.take(np.flatnonzero(self.complete & (self.first_ticks == 0)))

    def only_complete(self) -> Games:
        """Return the games known at every tick."""
        return self.take(np.flatnonzero(self.complete))


def load_games(
    reader: StoreReader,
    chosen: GameFilter = GameFilter(origins="real"),  # noqa: B008 -- immutable
    game_ids: Sequence[str] | None = None,
    *,
    unfinished: bool = False,
) -> Games:
    """Read games of a store in order of time, each with the best that is known of it.

    With `unfinished` also those that were watched but not seen to rug.
    """
    table: Any = reader.game_table(chosen, game_ids, unfinished=unfinished)
    keys = game_keys(table)
    rug_ticks = integers(table, "rug_tick")
    offsets, prices = _series(reader, table, keys, rug_ticks)
    first_ticks = np.zeros(len(keys), np.int64)
    joined = reader.joining_ticks()
    game = places(game_keys(joined), keys)
    chosen_too = game >= 0
    first_ticks[game[chosen_too]] = integers(joined, "tick")[chosen_too]
    return Games(
        game_ids=tuple(table.column("game_id").to_pylist()),
        offsets=offsets,
        prices=prices,
        rug_ticks=rug_ticks,
        first_ticks=first_ticks,
        ended_at=integers(table, "ended_at"),
        versions=tuple(table.column("game_version").to_pylist()),
    )


def generate_games(count: int, seed: int, version: str = "v3", *, threads: int = 1) -> Games:
    """Make fair games by the published algorithm from a seed: the same seed, the same games.

    Raises ValueError for an unknown version.
    """
    return generated(range(count), seed, version, threads=threads)


def generated(numbers: Sequence[int], seed: int, version: str = "v3", *, threads: int = 1) -> Games:
    """Make some of the games of a seed alone, as `generate_games` makes them among all."""
    random = np.random.default_rng(seed)
    seeds = [random.bytes(32).hex() for _ in range(max(numbers, default=-1) + 1)]
    game_ids = [f"generated-{seed}-{number}" for number in numbers]
    paths = price_paths([seeds[number] for number in numbers], game_ids, version, threads=threads)
    return games_of(paths, game_ids, version)


@cache
def fair_games() -> Games:
    """Return what a fair history looks like: FAIR_GAMES games from a seed of their own.

    The baseline of every figure that has no closed form; made once in a process.
    """
    return generate_games(FAIR_GAMES, FAIR_SEED, threads=2)


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


def _series(
    reader: StoreReader, table: Any, keys: Any, rug_ticks: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Lay the prices end to end: those the game's row tells, else those that were watched."""
    told = table.column("prices").combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(told), 0).to_numpy().astype(np.int64)
    whole = ~told.is_null().to_numpy(zero_copy_only=False)
    lacking = np.flatnonzero(~whole)
    watched: Any = reader.watched_ticks(table.column("game_id").take(pa.array(lacking)).to_pylist())
    game, tick = places(game_keys(watched), keys), integers(watched, "tick")
    seen = (game >= 0) & ~whole[game]
    seen &= (tick <= rug_ticks[game]) | (rug_ticks[game] == UNKNOWN)
    game, tick = game[seen], tick[seen]
    lengths[lacking] = rug_ticks[lacking] + 1
    np.maximum.at(lengths, game, tick + 1)
    offsets = _offsets(lengths)
    prices = np.full(offsets[-1], np.nan)
    prices[np.repeat(whole, lengths)] = told.flatten().to_numpy()
    prices[offsets[game] + tick] = watched.column("price").to_numpy()[seen]
    rug_prices = table.column("rug_price").to_numpy()
    rugged = lacking[(rug_ticks[lacking] != UNKNOWN) & ~np.isnan(rug_prices[lacking])]
    prices[offsets[rugged] + rug_ticks[rugged]] = rug_prices[rugged]
    return offsets, prices


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
