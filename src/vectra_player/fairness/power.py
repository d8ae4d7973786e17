"""What a sample can show: how many games a wrong hazard needs before it is noticed.

Used by `fairness.audit` and the documentation's table.
"""

from __future__ import annotations

import math

from vectra_player.fairness.results import Hazard, Power, PowerRow

RATIOS = (1.5, 1.2, 1.1, 1.05, 1.02, 1.01)
SIGNIFICANCE = 0.05
CHANCE_TO_NOTICE = 0.80


def _reach() -> float:
    """Return the distance in standard errors that is noticed with the wanted chance."""
    from scipy.special import ndtri

    return float(ndtri(1 - SIGNIFICANCE / 2) + ndtri(CHANCE_TO_NOTICE))


def games_needed(ratio: float) -> int:
    """Return the rugs needed to notice a hazard of `ratio` times the published one.

    In 4 of 5 samples, at 5 %, two-sided. The logarithm of a hazard has a standard error of
    1 / sqrt(rugs). Raises ValueError for a ratio that is not positive, or 1.
    """
    if ratio <= 0 or ratio == 1:
        raise ValueError(f"a hazard {ratio} times the published one is nothing to notice")
    return math.ceil((_reach() / math.log(ratio)) ** 2)


def detectable_ratio(rugs: int) -> float | None:
    """Return the smallest ratio above 1 that so many rugs notice; None without a rug."""
    return math.exp(_reach() / math.sqrt(rugs)) if rugs else None


def power_of(hazard: Hazard) -> Power:
    """Say what a sample can notice and which hazards it excludes."""
    rows = [(ratio, games_needed(ratio)) for ratio in RATIOS]
    return Power(
        rugs=hazard.rugs,
        table=tuple(
            PowerRow(ratio=ratio, games=games, enough=hazard.rugs >= games) for ratio, games in rows
        ),
        detectable=detectable_ratio(hazard.rugs),
        lower=hazard.low / hazard.fair,
        upper=hazard.high / hazard.fair,
    )
