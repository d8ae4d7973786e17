"""Histories of games, fair and not, for judging the audit itself. Fixed seeds give fixed games.

A dishonest house is made of the real rules with one thing changed, never of rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from tests.unit.fairness.recordings import concatenated, with_times

from vectra_player.analysis.games import Games, generate_games
from vectra_player.game import price_path as rules
from vectra_player.game.price_path import V3

Paths = list[npt.NDArray[np.float64]]
ENDLESS_TICKS = 2_000


def fair(count: int, seed: int) -> Games:
    """Make a history of a fair house."""
    return with_times(generate_games(count, seed), seed)


def with_rules(count: int, seed: int, **changes: float) -> Games:
    """Make games by the real algorithm with some constants changed."""
    known = rules.RULES
    try:
        rules.RULES = {"v3": V3._replace(**changes)}  # type: ignore[misc,arg-type]
        return generate_games(count, seed)
    finally:
        rules.RULES = known  # type: ignore[misc]


def more_rugs(ratio: float) -> Callable[[int, int], Games]:
    """Return a house whose games rug `ratio` times as often as published."""
    return lambda count, seed: with_times(
        with_rules(count, seed, rug_chance=V3.rug_chance * ratio), seed
    )


def rugs_at_high_prices(count: int, seed: int) -> Games:
    """Rug twice as often above a price of 2, and so much less below that lengths stay about."""
    return _rugged_by(count, seed, lambda path: np.where(path > 2.0, 0.010, 0.0042))


def rugs_late(count: int, seed: int) -> Games:
    """Rug less often in the first 100 ticks and more often after them."""

    def chance(path: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(np.arange(len(path)) < 100, 0.0037, 0.0065)

    return _rugged_by(count, seed, chance)


def ground_seeds(count: int, seed: int) -> Games:
    """Draw two seeds a game and play the one with the lower peak."""
    games = generate_games(2 * count, seed)
    paths = [games.prices_of(game) for game in range(len(games))]
    pairs = zip(paths[::2], paths[1::2], strict=True)
    kept = [min(pair, key=lambda path: float(path[:-1].max())) for pair in pairs]
    return with_times(concatenated(kept), seed)


def tied_games(count: int, seed: int) -> Games:
    """Order fair games so that long ones follow long ones; each by itself is fair."""
    games = generate_games(count, seed)
    random = np.random.default_rng(seed)
    order = np.arange(count)
    for start in range(0, count, 4):
        part = order[start : start + 4]
        order[start : start + 4] = part[np.argsort(games.rug_ticks[part])]
    blocks = [order[start : start + 2] for start in range(0, count, 2)]
    mixed = np.concatenate([blocks[k] for k in random.permutation(len(blocks))])
    return with_times(games.take(mixed), seed)


def fewer_big_moves(count: int, seed: int) -> Games:
    """Make one big move in nine steps instead of one in eight."""
    return with_times(with_rules(count, seed, big_chance=1 / 9), seed)


def withheld_games(count: int, seed: int) -> Games:
    """Play every game and show none that climbed above 10: only its time is missing."""
    games = with_times(generate_games(count, seed), seed)
    return games.take([game for game in range(count) if games.prices_of(game).max() <= 10.0])


@cache
def _endless(count: int, seed: int) -> Games:
    return with_rules(count, seed, rug_chance=0.0, max_ticks=ENDLESS_TICKS)


def _rugged_by(
    count: int,
    seed: int,
    chance: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> Games:
    """Let games that never rug end by a chance that depends on their path."""
    endless = _endless(count, seed)
    random = np.random.default_rng(seed)
    paths: Paths = []
    for game in range(count):
        path = endless.prices_of(game)
        hits = np.flatnonzero(random.random(len(path)) < chance(path))
        end = int(hits[0]) if len(hits) else len(path) - 1
        alive = path[: end + 1]
        paths.append(np.append(alive, alive.min() * V3.rug_fraction))
    return with_times(concatenated(paths), seed)
