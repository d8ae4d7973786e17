"""Rug checks that were watched: the base of every test of the rug's chance.

A game that was met midway counts from there, one that was lost from sight counts until then, so
that neither makes games look longer or shorter than they are. Used by `fairness.audit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games
from vectra_player.fairness.results import AgeBin, Finding, Hazard, Question, Survival
from vectra_player.game.price_path import V3

FAIR_HAZARD = V3.rug_chance
CONFIDENCE = 0.95
FEWEST_RUGS = 10
RUGS_A_BIN = 8
MOST_BINS = 12
SURVIVAL_POINTS = 200

_CHECKS = "rug checks"
_HAZARD = Question(
    "hazard",
    "Chance of a rug",
    "Do games rug as often as published, 5 times in 1,000 ticks?",
    _CHECKS,
)
_AGE = Question(
    "age", "Chance of a rug by age", "Is a rug as likely early in a game as late?", _CHECKS
)
BY_PRICE = Question(
    "price",
    "Chance of a rug by price",
    "Is a rug as likely at a high price as at a low one?",
    _CHECKS,
)
BY_TRADES = Question(
    "trades",
    "Chance of a rug by trades",
    "Is a rug as likely with many trades as with few?",
    _CHECKS,
)
BY_STAKES = Question(
    "stakes",
    "Chance of a rug by open sidebets",
    "Is a rug as likely with much money on sidebets as with little?",
    _CHECKS,
)


@dataclass(frozen=True)
class Exposure:
    """Spells of watching, one a game: alive at tick `first`, watched through tick `last`.

    All arrays are (n_spells,); `game` is the index among the games. A rug, if any, is at `last`.
    """

    game: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    rugged: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.game)

    @property
    def rugs(self) -> int:
        """Count the rugs."""
        return int(self.rugged.sum())

    @property
    def ticks(self) -> int:
        """Count the rug checks."""
        return int((self.last - self.first).sum())


def exposure_of(games: Games) -> Exposure:
    """Find what was watched of each game; games of which no rug check was seen are left out."""
    rugged = games.rug_ticks >= 0
    last = np.where(rugged, games.rug_ticks, games.last_ticks)
    game = np.flatnonzero(last > games.first_ticks)
    return Exposure(game, games.first_ticks[game], last[game], rugged[game])


def interval(rugs: int, ticks: int) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a chance; (0, 1) without data."""
    from scipy.stats import beta

    if not ticks:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, rugs, ticks - rugs + 1)) if rugs else 0.0
    high = float(beta.ppf(1 - tail, rugs + 1, ticks - rugs)) if rugs < ticks else 1.0
    return low, high


def hazard_of(exposure: Exposure) -> Hazard:
    """Estimate the chance of a rug a tick."""
    rugs, ticks = exposure.rugs, exposure.ticks
    low, high = interval(rugs, ticks)
    return Hazard(
        rugs=rugs,
        ticks=ticks,
        fair=FAIR_HAZARD,
        estimate=rugs / ticks if ticks else None,
        low=low,
        high=high,
    )


def hazard_test(exposure: Exposure) -> Finding:
    """Test the chance of a rug against the published one, exactly (binomial)."""
    from scipy.stats import binomtest

    if exposure.rugs < FEWEST_RUGS:
        return _HAZARD.unanswered(exposure.ticks, f"needs {FEWEST_RUGS} rugs")
    found = binomtest(exposure.rugs, exposure.ticks, FAIR_HAZARD)
    return _HAZARD.answer(exposure.ticks, exposure.rugs / exposure.ticks, float(found.pvalue))


def at_risk(exposure: Exposure) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rug checks and the rugs at each age: two (max_age + 1,) arrays, none at age 0."""
    size = int(exposure.last.max(initial=0)) + 2
    change = np.bincount(exposure.first + 1, minlength=size)[:size].astype(np.int64)
    change -= np.bincount(exposure.last + 1, minlength=size)[:size]
    rugs = np.bincount(exposure.last[exposure.rugged], minlength=size)[:size]
    return np.cumsum(change)[:-1], rugs[:-1].astype(np.int64)


def age_bins(exposure: Exposure) -> tuple[AgeBin, ...]:
    """Cut the ages into bins of about equally many rug checks, eight rugs expected or more."""
    count = min(MOST_BINS, int(exposure.ticks * FAIR_HAZARD / RUGS_A_BIN))
    if count < 2:
        return ()
    checks, rugs = at_risk(exposure)
    total = np.cumsum(checks)
    cuts = np.searchsorted(total, total[-1] * np.arange(1, count) / count) + 1
    edges = np.unique(np.concatenate([[1], cuts, [len(checks)]]))
    return tuple(
        _age_bin(int(first), int(last) - 1, checks, rugs) for first, last in pairwise(edges)
    )


def _age_bin(
    first: int, last: int, checks: npt.NDArray[np.int64], rugs: npt.NDArray[np.int64]
) -> AgeBin:
    ticks, count = int(checks[first : last + 1].sum()), int(rugs[first : last + 1].sum())
    low, high = interval(count, ticks)
    return AgeBin(
        first=first, last=last, ticks=ticks, rugs=count, estimate=count / ticks, low=low, high=high
    )


def age_test(exposure: Exposure, bins: Sequence[AgeBin]) -> Finding:
    """Test whether the chance of a rug is the same at every age, whatever it is (chi-square)."""
    from scipy.stats import chi2

    ticks, rugs = exposure.ticks, exposure.rugs
    if len(bins) < 2 or not rugs:
        needed = round(2 * RUGS_A_BIN / FAIR_HAZARD)
        return _AGE.unanswered(ticks, f"needs {needed:,} rug checks")
    expected = np.asarray([b.ticks for b in bins]) * rugs / ticks
    spread = expected * (1 - rugs / ticks)
    statistic = float((((np.asarray([b.rugs for b in bins]) - expected) ** 2) / spread).sum())
    return _AGE.answer(ticks, statistic, float(chi2.sf(statistic, len(bins) - 1)))


def survival_of(exposure: Exposure) -> tuple[Survival, ...]:
    """Return the share of games alive after each tick (product limit), thinned for a plot."""
    if not len(exposure):
        return ()
    checks, rugs = at_risk(exposure)
    alive = np.cumprod(1 - np.divide(rugs, checks, out=np.zeros(len(rugs)), where=checks > 0))
    step = max(1, len(alive) // SURVIVAL_POINTS)
    return tuple(
        Survival(tick=tick, watched=float(alive[tick]), fair=(1 - FAIR_HAZARD) ** tick)
        for tick in range(0, len(alive), step)
        if checks[tick] or not tick
    )


def score_test(
    question: Question, exposure: Exposure, games: Games, known_before: npt.NDArray[np.float64]
) -> Finding:
    """Test whether the chance of a rug depends on something that was known a tick before.

    known_before: (n_prices,), laid out as the games' prices; NaN where it is not known. The score
    test of a hazard that changes with it, against one that does not, whatever its level.
    """
    from scipy.stats import norm

    checks = exposure.last - exposure.first
    spell = np.repeat(np.arange(len(exposure)), checks)
    step = np.arange(len(spell)) - (np.cumsum(checks) - checks)[spell]
    tick = exposure.first[spell] + step
    values = known_before[games.offsets[exposure.game][spell] + tick]
    rugged = exposure.rugged[spell] & (tick == exposure.last[spell] - 1)
    known = ~np.isnan(values)
    values, rugged = values[known], rugged[known]
    rugs, ticks = int(rugged.sum()), len(values)
    if rugs < FEWEST_RUGS or np.ptp(values) == 0:
        return question.unanswered(ticks, f"needs {FEWEST_RUGS} rugs where this is known")
    chance = rugs / ticks
    apart = values - values.mean()
    z = float(apart[rugged].sum() / np.sqrt(chance * (1 - chance) * (apart**2).sum()))
    return question.answer(ticks, z, float(2 * norm.sf(abs(z))))
