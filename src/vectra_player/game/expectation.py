"""What holding brings on average by the published rules: the house's edge of a tick.

Any layer may use it. Source: docs/fairness.md; the figures follow from the constants of
`game.price_path` and are not fitted to anything.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vectra_player.game.kernels import Rules
from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.game.price_path import V3


def mean_growth(god_possible: bool, rules: Rules = V3) -> float:
    """Return the mean factor of a price over a tick that is survived.

    Big moves go up and down alike, noise too; what is left is the drift and the god candle.
    """
    usual = 1.0 + (1.0 - rules.big_chance) * (rules.drift_min + rules.drift_max) / 2.0
    chance = rules.god_chance if god_possible else 0.0
    return (1.0 - chance) * usual + chance * rules.god_factor


def typical_step(rules: Rules = V3) -> float:
    """Return the root mean square of a step of the price at 1.0x, god candles left out.

    Noise is wider above that, by little: at 100x the figure is 0.078 instead of 0.073.
    """
    big = _mean_square(rules.big_min, rules.big_max)
    small = _mean_square(rules.drift_min, rules.drift_max) + rules.noise**2 / 3.0
    return math.sqrt(rules.big_chance * big + (1.0 - rules.big_chance) * small)


def holding(ticks: int, rules: Rules = V3) -> float:
    """Return the mean change of one unit held so many ticks, where the rug pays nothing."""
    factor = (1.0 - rules.rug_chance) * mean_growth(god_possible=True, rules=rules)
    return float(factor**ticks - 1.0)


def _mean_square(low: float, high: float) -> float:
    """Return the mean square of a number drawn evenly between two."""
    return (high**3 - low**3) / (3.0 * (high - low))


def holding_edges(
    prices: npt.NDArray[np.float64], rules: Rules = V3, payout: RugPayout = RUG_PAYOUT
) -> npt.NDArray[np.float64]:
    """Return the mean change of one unit held from each tick to the next: (n_ticks,) float64.

    prices: (n_ticks,) from tick 0, before the rug; one that was missed counts as the last known.
    With the chance of a rug the unit brings the rug price, or nothing.
    """
    known = _carried(prices, rules.start_price)
    growth = np.where(
        known <= rules.god_price_limit, mean_growth(True, rules), mean_growth(False, rules)
    )
    edges = known * ((1.0 - rules.rug_chance) * growth - 1.0)
    if payout == "rug_price":
        edges += rules.rug_chance * rules.rug_fraction * np.minimum.accumulate(known)
    carried: npt.NDArray[np.float64] = edges
    return carried


def _carried(prices: npt.NDArray[np.float64], first: float) -> npt.NDArray[np.float64]:
    """Replace what was missed by the last price known."""
    missed = np.isnan(prices)
    if not missed.any():
        return prices
    at = np.maximum.accumulate(np.where(missed, -1, np.arange(len(prices))))
    return np.where(at < 0, first, prices[at])
