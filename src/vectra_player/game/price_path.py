"""The price series of a game from its revealed seed: exact, versioned, one game or a batch.

Any layer may use it: the demo server plays these paths, derivation and audits replay them.
It can say nothing about a game whose seed is not revealed. Source: docs/protocol.md sections
5.1 and 16; replayed bit for bit for 46 of 46 revealed v3 games with published prices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from vectra_player.game import kernels
from vectra_player.game.kernels import Rules
from vectra_player.game.seedrandom import key_of, pack_keys

Version = Literal["v1", "v2", "v3"]

RUG_FRACTION = 1 - 0.98  # 887 of 887 games: last price = lowest price x (1 - 0.98); section 16

V3 = Rules(
    start_price=1.0,
    max_ticks=5000,  # published verifier; chance of reaching it 1.3e-11
    rug_chance=0.005,  # 56 revealed games admit only (0.004971, 0.005147], never 0.011
    god_chance=0.00001,  # the same games admit only (1.78e-6, 9.80e-5]
    god_factor=10.0,  # one replayed game (Feb 2026) and one in older recordings
    god_price_limit=100.0,  # published verifier; a suppressed one was never seen
    big_chance=0.125,  # the same games admit only (0.124987, 0.125127]
    big_min=0.15,  # upward above a draw of 0.5: the same games admit (0.49740, 0.50021]
    big_max=0.25,
    drift_min=-0.02,  # as all here: every price of 46 games follows to the last bit
    drift_max=0.03,
    noise=0.005,
    noise_cap=10.0,  # pinned by one game with 335 ticks above 100
    rug_fraction=RUG_FRACTION,
)
V2 = V3._replace(god_chance=0.0)  # published, one page example (July 2025); never seen on the feed
V1 = V2._replace(noise_cap=float("inf"))  # as v2; they differ only above a price of 100

RULES: Mapping[str, Rules] = MappingProxyType({"v1": V1, "v2": V2, "v3": V3})
"""Constants of each version. Only v3 was checked against games of the feed."""

_MEAN_SLOTS = 210
"""First guess of slots a game needs in a batch: the mean game has 201 prices."""


@dataclass(frozen=True, slots=True)
class PricePath:
    """One game: `prices` as published (the rug price last when rugged), `peak` before the rug."""

    prices: tuple[float, ...]
    rugged: bool
    peak: float
    low: float
    draws: int

    @property
    def path(self) -> tuple[float, ...]:
        """Return the prices before the rug, which is what the generator itself makes."""
        return self.prices[:-1] if self.rugged else self.prices

    @property
    def rug_tick(self) -> int | None:
        """Return the index of the rug in `prices`, None where the tick limit ended the game."""
        return len(self.prices) - 1 if self.rugged else None


@dataclass(frozen=True, slots=True)
class PricePaths:
    """Many games. Game k has prices[offsets[k]:offsets[k+1]]; the other arrays are (n_games,)."""

    offsets: npt.NDArray[np.int64]
    prices: npt.NDArray[np.float64]
    rugged: npt.NDArray[np.bool_]
    peaks: npt.NDArray[np.float64]
    lows: npt.NDArray[np.float64]
    draws: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rugged)

    @property
    def rug_ticks(self) -> npt.NDArray[np.int64]:
        """Return each game's rug tick, -1 where the tick limit ended it."""
        return np.where(self.rugged, np.diff(self.offsets) - 1, -1)

    def prices_of(self, game: int) -> npt.NDArray[np.float64]:
        """Return a view of one game's published prices."""
        return self.prices[self.offsets[game] : self.offsets[game + 1]]


def commitment(server_seed: str) -> str:
    """Return the hash published before the game: SHA-256 of the seed's own text, lower-case hex."""
    return hashlib.sha256(server_seed.encode()).hexdigest()


def seed_text(server_seed: str, game_id: str) -> str:
    """Join seed and game id to the text that keys the generator."""
    return f"{server_seed}-{game_id}"


def rug_price(path: Sequence[float]) -> float:
    """Return the price published at the rug: two percent of the lowest price before it."""
    return min(path) * RUG_FRACTION


def rules_of(version: str) -> Rules:
    """Return the constants of a game version. Raises ValueError for a version nobody described."""
    rules = RULES.get(version)
    if rules is None:
        raise ValueError(f"unknown game version {version!r}, known: {', '.join(RULES)}")
    return rules


def price_path(server_seed: str, game_id: str, version: str = "v3") -> PricePath:
    """Compute one game in plain Python, about 3 ms. Raises ValueError for an unknown version."""
    rules = rules_of(version)
    state = [0] * kernels.STATE_SIZE
    slots = [0.0] * (rules.max_ticks + 2)
    kernels.schedule(key_of(seed_text(server_seed, game_id)), state)
    length, rugged, draws, low, high = kernels.walk(state, rules, slots)
    return PricePath(tuple(slots[:length]), rugged, high, low, draws)


def price_paths(
    server_seeds: Sequence[str], game_ids: Sequence[str], version: str = "v3", *, threads: int = 1
) -> PricePaths:
    """Compute many games compiled, equal to `price_path` to the last bit, in `threads` threads.

    Raises ValueError for an unknown version or when seeds and ids are not as many.
    """
    rules = rules_of(version)
    seeds = [seed_text(seed, game) for seed, game in zip(server_seeds, game_ids, strict=True)]
    keys, key_offsets = pack_keys(seeds)
    facts = np.zeros((len(seeds), 5), np.float64)
    walk_batch = kernels.compiled(kernels.walk_batch)

    def part(first: int, last: int) -> list[npt.NDArray[np.float64]]:
        parts = []
        while first < last:
            buffer = np.empty((last - first) * _MEAN_SLOTS + rules.max_ticks + 2, np.float64)
            first, used = walk_batch(keys, key_offsets, rules, first, last, buffer, facts)
            parts.append(buffer[:used])
        return parts

    bounds = [len(seeds) * k // max(threads, 1) for k in range(max(threads, 1) + 1)]
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            pieces = [p for ps in pool.map(part, bounds[:-1], bounds[1:]) for p in ps]
    else:
        pieces = part(0, len(seeds))
    offsets = np.zeros(len(seeds) + 1, np.int64)
    np.cumsum(facts[:, 0].astype(np.int64), out=offsets[1:])
    return PricePaths(
        offsets=offsets,
        prices=np.concatenate([np.empty(0), *pieces]),
        rugged=facts[:, 1] > 0.0,
        peaks=facts[:, 4].copy(),
        lows=facts[:, 3].copy(),
        draws=facts[:, 2].astype(np.int64),
    )
