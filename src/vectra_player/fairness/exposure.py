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
from vectra_player.analysis.intervals import beta_limits, proportion
from vectra_player.analysis.survival import Exposure as CheckCounts
from vectra_player.analysis.survival import product_limit
from vectra_player.fairness.results import AgeBin, Finding, Hazard, Question, Survival
from vectra_player.game.price_path import V3

FAIR_HAZARD = V3.rug_chance
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


def hazard_of(exposure: Exposure) -> Hazard:
    """Estimate the chance of a rug a tick."""
    rugs, ticks = exposure.rugs, exposure.ticks
    found = proportion(rugs, ticks)
    return Hazard(
        rugs=rugs,
        ticks=ticks,
        fair=FAIR_HAZARD,
        estimate=found.value,
        low=0.0 if found.low is None else found.low,
        high=1.0 if found.high is None else found.high,
    )


def hazard_test(exposure: Exposure) -> Finding:
    """Test the chance of a rug against the published one, exactly (binomial)."""
    from scipy.stats import binomtest

    if exposure.rugs < FEWEST_RUGS:
        return _HAZARD.unanswered(exposure.ticks, f"needs {FEWEST_RUGS} rugs")
    found = binomtest(exposure.rugs, exposure.ticks, FAIR_HAZARD)
    return _HAZARD.answer(exposure.ticks, exposure.rugs / exposure.ticks, float(found.pvalue))


def age_bins(seen: CheckCounts) -> tuple[AgeBin, ...]:
    """Cut the ages into bins of about equally many rug checks, eight rugs expected or more."""
    count = min(MOST_BINS, int(seen.checks * FAIR_HAZARD / RUGS_A_BIN))
    if count < 2:
        return ()
    total = np.cumsum(seen.at_risk)
    cuts = np.searchsorted(total, total[-1] * np.arange(1, count) / count) + 1
    edges = np.unique(np.concatenate([[1], cuts, [len(total)]]))
    return tuple(_age_bin(int(first), int(last) - 1, seen) for first, last in pairwise(edges))


def _age_bin(first: int, last: int, seen: CheckCounts) -> AgeBin:
    ticks = int(seen.at_risk[first : last + 1].sum())
    count = int(seen.rugs[first : last + 1].sum())
    low, high = beta_limits(count, ticks)
    return AgeBin(
        first=first,
        last=last,
        ticks=ticks,
        rugs=count,
        estimate=count / ticks,
        low=float(low),
        high=float(high),
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


def survival_of(seen: CheckCounts) -> tuple[Survival, ...]:
    """Return the share of games alive after each tick (product limit), thinned for a plot."""
    if not seen.checks:
        return ()
    alive, _ = product_limit(seen.at_risk, seen.rugs)
    step = max(1, len(alive) // SURVIVAL_POINTS)
    return tuple(
        Survival(tick=tick, watched=float(alive[tick]), fair=(1 - FAIR_HAZARD) ** tick)
        for tick in range(0, len(alive), step)
        if seen.at_risk[tick] or not tick
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
