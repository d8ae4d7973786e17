"""How much prices move from tick to tick: big moves, volatility of games and of ages.

Volatility is the standard deviation of log returns a tick, the rug left out. Every step between two
known neighbouring ticks counts, whichever game it is from: how a price moves does not depend on how
long its game lasts. Pure. docs/statistics.md explains each figure.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games, fair_games
from vectra_player.analysis.intervals import Estimate, proportion, quantiles
from vectra_player.analysis.steps import Steps, steps_of
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import WINDOW_TICKS

CHANCES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST_STEPS = 20
"""Steps a game needs for a volatility of its own."""

BLOCKS_SHOWN = 10
FAIR_MEASURED = 10_000
"""Fair games the baseline is measured on: two million steps tell it to a percent of its value."""

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


class VolatilityQuantile(msgspec.Struct, frozen=True, kw_only=True):
    """The volatility that a share `chance` of games does not exceed."""

    chance: float
    volatility: Estimate


class AgeBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Median volatility within ticks `first` to `last`, over games watched through them."""

    first: int
    last: int
    median: Estimate


class Volatility(msgspec.Struct, frozen=True, kw_only=True):
    """How prices moved. by_game: over the `games_measured` with at least FEWEST_STEPS steps.

    fit: p-value of the two-sample Kolmogorov-Smirnov test of the games' volatilities against
    those of `fair_games` simulated ones; None with too few games.
    """

    games: int
    games_measured: int
    steps: int
    fair_games: int
    block_ticks: int
    step_volatility: float | None
    fair_step_volatility: float
    big_moves: Estimate
    big_moves_up: Estimate
    god_candles: int
    fair_god_candles: float
    by_game: tuple[VolatilityQuantile, ...]
    by_age: tuple[AgeBlock, ...]
    fit: float | None


class _Fair(NamedTuple):
    """What fair games show: volatility of all steps, of each game, and the median by block."""

    step: float
    games: Floats
    medians: tuple[float, ...]


def volatility(games: Games, block_ticks: int = WINDOW_TICKS) -> Volatility:
    """Describe how prices move, over games and over blocks of `block_ticks` ticks."""
    steps = _measured(games)
    change, god, big = steps.change, steps.god, steps.big
    by_game = _by_game(steps, len(games))
    fair = _fair(block_ticks)
    return Volatility(
        games=len(games),
        games_measured=len(by_game),
        steps=len(steps),
        fair_games=FAIR_MEASURED,
        block_ticks=block_ticks,
        step_volatility=_spread(steps),
        fair_step_volatility=fair.step,
        big_moves=proportion(int(big.sum()), int((~god).sum()), V3.big_chance),
        big_moves_up=proportion(int((change[big] > 0).sum()), int(big.sum()), 0.5),
        god_candles=int(god.sum()),
        fair_god_candles=V3.god_chance * len(steps),
        by_game=tuple(
            VolatilityQuantile(
                chance=chance,
                volatility=msgspec.structs.replace(
                    found, fair=float(np.quantile(fair.games, chance))
                ),
            )
            for chance, found in zip(CHANCES, quantiles(by_game, CHANCES), strict=True)
        ),
        by_age=_by_age(_by_block(steps, len(games), block_ticks), block_ticks, fair.medians),
        fit=_fit(by_game, fair.games),
    )


def _measured(games: Games) -> Steps:
    """Return the steps that have a log return: not those to a price of zero."""
    steps = steps_of(games)
    return steps.take(steps.change > -1.0)


def _by_game(steps: Steps, games: int) -> Floats:
    """Return the volatility of each game with enough steps."""
    spreads = _spreads(steps.change, steps.game, games, FEWEST_STEPS)
    return spreads[~np.isnan(spreads)]


def _by_block(steps: Steps, games: int, ticks: int) -> list[Floats]:
    """Return the volatilities within each block of ticks, of games watched all through it."""
    inside = steps.tick <= ticks * BLOCKS_SHOWN
    block = (steps.tick[inside] - 1) // ticks
    group = steps.game[inside] * BLOCKS_SHOWN + block
    spreads = _spreads(steps.change[inside], group, games * BLOCKS_SHOWN, ticks)
    return [found[~np.isnan(found)] for found in spreads.reshape(games, BLOCKS_SHOWN).T]


def _by_age(blocks: list[Floats], ticks: int, fair: tuple[float, ...]) -> tuple[AgeBlock, ...]:
    found = []
    for number, volatilities in enumerate(blocks):
        (median,) = quantiles(volatilities, (0.5,))
        if median.n:
            median = msgspec.structs.replace(median, fair=fair[number])
            found.append(
                AgeBlock(first=number * ticks + 1, last=(number + 1) * ticks, median=median)
            )
    return tuple(found)


def _spreads(change: Floats, group: Whole, groups: int, fewest: int) -> Floats:
    """Return the standard deviation of log returns of each group, NaN with less than `fewest`."""
    logs = np.log1p(change)
    count = np.bincount(group, minlength=groups)
    centre = np.bincount(group, logs, groups) / np.maximum(count, 1)
    square = np.bincount(group, (logs - centre[group]) ** 2, groups)
    enough = count >= max(fewest, 2)
    spreads: Floats = np.full(groups, np.nan)
    spreads[enough] = np.sqrt(square[enough] / (count[enough] - 1))
    return spreads


def _spread(steps: Steps) -> float | None:
    return float(np.log1p(steps.change).std(ddof=1)) if len(steps) > 1 else None


@cache
def _fair(block_ticks: int) -> _Fair:
    games = fair_games().take(np.arange(FAIR_MEASURED))
    steps = _measured(games)
    medians = tuple(
        float(np.median(block)) if len(block) else math.nan
        for block in _by_block(steps, len(games), block_ticks)
    )
    return _Fair(_spread(steps) or math.nan, _by_game(steps, len(games)), medians)


def _fit(found: Floats, fair: Floats) -> float | None:
    from scipy.stats import ks_2samp

    if len(found) < 2:
        return None
    result: Any = ks_2samp(found, fair, method="asymp")
    return float(result.pvalue)
