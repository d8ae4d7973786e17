"""How high games go, and what holding from the start is worth.

Beside each figure stands the fair one: exact where the law gives it, else from `fair_games`. Only
whole games count that were not met midway. Pure. docs/statistics.md explains each figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import FAIR_SEED, Games, fair_games
from vectra_player.analysis.intervals import LEVEL, Estimate, mean, proportion, quantiles
from vectra_player.game.expectation import mean_growth
from vectra_player.game.price_path import V3

CHANCES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
LEVELS = (1.5, 2.0, 5.0, 10.0, 50.0, 100.0)
HOLD_TICKS = (20, 40, 100, 200)

Floats = npt.NDArray[np.float64]

_HISTORIES = 2_000
_FEW = 5_000


class PeakQuantile(msgspec.Struct, frozen=True, kw_only=True):
    """The peak that a share `chance` of games does not exceed."""

    chance: float
    peak: Estimate


class PeakReach(msgspec.Struct, frozen=True, kw_only=True):
    """The share of games whose price reaches `level`."""

    level: float
    share: Estimate


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Buying at the start and holding `ticks` ticks: profit of a stake of 1, and chance of one.

    rug_pays_nothing, rug_pays_price: what a holder gets at the rug is not settled by any data
    (docs/fairness.md section 7), so both are given. fair_range: between these two 95 of 100
    histories of as many fair games have their mean profit, the rug paying nothing. A few high games
    carry the mean, so this tells more than the interval does while games are few.
    """

    ticks: int
    rug_pays_nothing: Estimate
    rug_pays_price: Estimate
    profit_chance: Estimate
    fair_range: tuple[float, float] | None


class Peaks(msgspec.Struct, frozen=True, kw_only=True):
    """Peaks and holding of `games` whole games; `left_out` were incomplete or met midway."""

    games: int
    left_out: int
    fair_games: int
    fair_edge_a_tick: float
    quantiles: tuple[PeakQuantile, ...]
    reaches: tuple[PeakReach, ...]
    holding: tuple[Holding, ...]


def peaks(games: Games, hold_ticks: Sequence[int] = HOLD_TICKS) -> Peaks:
    """Describe how high games go and what holding gives."""
    whole = games.only_representative()
    highest, fair = peaks_of(whole), fair_peaks()
    return Peaks(
        games=len(whole),
        left_out=len(games) - len(whole),
        fair_games=len(fair),
        fair_edge_a_tick=1.0 - _fair_factor(),
        quantiles=tuple(
            PeakQuantile(
                chance=chance,
                peak=msgspec.structs.replace(found, fair=float(np.quantile(fair, chance))),
            )
            for chance, found in zip(CHANCES, quantiles(highest, CHANCES), strict=True)
        ),
        reaches=tuple(
            PeakReach(
                level=level,
                share=proportion(
                    int((highest >= level).sum()), len(highest), float((fair >= level).mean())
                ),
            )
            for level in LEVELS
        ),
        holding=tuple(_holding(whole, ticks) for ticks in hold_ticks),
    )


def peaks_of(games: Games) -> Floats:
    """Return the highest price of each game; every game has at least one price: (n_games,)."""
    if not len(games):
        return np.empty(0)
    highest: Floats = np.maximum.reduceat(games.prices, games.offsets[:-1])
    return highest


@cache
def fair_peaks() -> Floats:
    """Return the peaks of fair games."""
    return peaks_of(fair_games())


def _fair_factor() -> float:
    """Return the mean factor of a stake held one tick when the rug pays nothing."""
    return (1.0 - V3.rug_chance) * mean_growth(god_possible=True)


def _holding(games: Games, ticks: int) -> Holding:
    without, rug = _held(games, ticks)
    nothing_fair = _fair_factor() ** ticks - 1.0
    fair_rug = _fair_rug_value(ticks)
    return Holding(
        ticks=ticks,
        rug_pays_nothing=mean(without, nothing_fair),
        rug_pays_price=mean(without + rug, nothing_fair + fair_rug),
        profit_chance=proportion(int((without > 0).sum()), len(games), fair_profit_chance(ticks)),
        fair_range=fair_range(ticks, len(games)),
    )


@cache
def fair_range(ticks: int, games: int) -> tuple[float, float] | None:
    """Return where the mean profit of so many fair games lies 95 times of 100; None for none."""
    if games == 0:
        return None
    pool, _ = _held(fair_games(), ticks)
    pool = pool - pool.mean() + (_fair_factor() ** ticks - 1.0)
    tail = (1.0 - LEVEL) / 2.0
    if games > _FEW:  # the mean is normal by then
        reach = NormalDist().inv_cdf(1.0 - tail) * float(pool.std()) / math.sqrt(games)
        return float(pool.mean()) - reach, float(pool.mean()) + reach
    random = np.random.default_rng(FAIR_SEED)
    means = np.asarray(
        [pool[random.integers(len(pool), size=games)].mean() for _ in range(_HISTORIES)]
    )
    low, high = np.quantile(means, (tail, 1.0 - tail))
    return float(low), float(high)


@cache
def fair_profit_chance(ticks: int) -> float:
    """Return the chance that a fair game lasts longer than `ticks` and is higher by then."""
    without, _ = _held(fair_games(), ticks)
    return float((without > 0).mean())


@cache
def _fair_rug_value(ticks: int) -> float:
    """Return what the rug price adds on average within `ticks` ticks of a fair game."""
    _, rug = _held(fair_games(), ticks)
    return float(rug.mean())


def _held(games: Games, ticks: int) -> tuple[Floats, Floats]:
    """Return the profit if the rug pays nothing, and the rug's price where it came in time."""
    alive = games.rug_ticks > ticks
    without = np.full(len(games), -1.0)
    without[alive] += games.prices[games.offsets[:-1][alive] + ticks]
    rug = np.where(alive, 0.0, games.prices[games.offsets[1:] - 1])
    return without, rug
