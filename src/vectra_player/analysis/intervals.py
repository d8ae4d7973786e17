"""Estimates with their doubt: a value, its interval, how much it rests on, and the fair baseline.

Pure. Used by every analysis and the audit. docs/statistics.md explains each kind of interval. All
intervals are two-sided at LEVEL.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

LEVEL = 0.95

Floats = npt.NDArray[np.float64]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure taken from `n` observations. `value`, `low` and `high` are None where n is too few.

    fair: what the same figure is in a fair game, None where that is not known.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    fair: float | None = None

    @property
    def fair_is_inside(self) -> bool | None:
        """Tell whether the fair value lies in the interval; None where either is unknown."""
        if self.low is None or self.high is None or self.fair is None:
            return None
        return self.low <= self.fair <= self.high

    def scaled(self, factor: float, shift: float = 0.0) -> Estimate:
        """Return the estimate of factor x figure + shift; `factor` is above 0."""

        def move(number: float | None) -> float | None:
            return None if number is None else factor * number + shift

        return Estimate(
            value=move(self.value),
            low=move(self.low),
            high=move(self.high),
            n=self.n,
            fair=move(self.fair),
        )

    def clipped(self, lowest: float, highest: float) -> Estimate:
        """Return the estimate with limits that lie where the figure can."""
        if self.low is None or self.high is None:
            return self
        return msgspec.structs.replace(
            self, low=max(self.low, lowest), high=min(self.high, highest)
        )


def nothing(n: int = 0, fair: float | None = None) -> Estimate:
    """Return the estimate of a figure that too few observations tell."""
    return Estimate(value=None, low=None, high=None, n=n, fair=fair)


def proportion(hits: int, trials: int, fair: float | None = None) -> Estimate:
    """Estimate a chance from independent trials, with the exact (Clopper-Pearson) interval."""
    if trials == 0:
        return nothing(0, fair)
    low, high = beta_limits(hits, trials)
    return Estimate(value=hits / trials, low=float(low), high=float(high), n=trials, fair=fair)


def beta_limits(hits: Any, trials: Any) -> tuple[Floats, Floats]:
    """Return the Clopper-Pearson limits of hits among trials, arrays or numbers.

    Neither has to be whole: a variance can be told as an effective number of trials.
    """
    from scipy.special import betaincinv

    hits, trials = np.broadcast_arrays(np.asarray(hits, float), np.asarray(trials, float))
    misses = np.maximum(trials - hits, 0.0)
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.zeros(hits.shape), np.ones(hits.shape)
    some, short = hits > 0, misses > 0
    low[some] = betaincinv(hits[some], misses[some] + 1.0, tail)
    high[short] = betaincinv(hits[short] + 1.0, misses[short], 1.0 - tail)
    return low, high


def mean(values: npt.ArrayLike, fair: float | None = None) -> Estimate:
    """Estimate a mean of independent values with Student's interval; at least two are needed."""
    numbers = np.asarray(values, np.float64)
    if len(numbers) < 2:
        return nothing(len(numbers), fair)
    error = float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    return around(float(numbers.mean()), error, len(numbers), len(numbers) - 1, fair)


def around(
    value: float, error: float, n: int, freedom: float, fair: float | None = None
) -> Estimate:
    """Return value +- Student's quantile x its standard error."""
    from scipy.special import stdtrit

    reach = float(stdtrit(freedom, 0.5 + LEVEL / 2)) * error
    return Estimate(value=value, low=value - reach, high=value + reach, n=n, fair=fair)


def clustered_ratio(
    parts: npt.ArrayLike,
    wholes: npt.ArrayLike,
    clusters: npt.ArrayLike,
    fair: float | None = None,
) -> Estimate:
    """Estimate sum(parts) / sum(wholes) when observations of one cluster hang together.

    The interval is Student's on the linearised ratio, by cluster; there is none where all clusters
    agree, as they do not tell how far they might not. parts, wholes, clusters: (n,); clusters are
    whole numbers from 0.
    """
    part, whole = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    if whole.sum() <= 0:
        return nothing(len(part), fair)
    value, error, groups = _linearised(part, whole, np.asarray(clusters, np.int64))
    if groups < 2 or error < 1e-12 * abs(value):
        return Estimate(value=value, low=None, high=None, n=len(part), fair=fair)
    return around(value, error, len(part), groups - 1, fair)


def clustered_proportion(
    hits: npt.ArrayLike,
    trials: npt.ArrayLike,
    clusters: npt.ArrayLike,
    fair: float | None = None,
) -> Estimate:
    """Estimate a chance when trials of one cluster hang together, as bets on one rug do.

    Clopper-Pearson on the effective number of trials, after Korn and Graubard (1998): as many
    independent ones as would vary like these clusters. All hits or none: a trial each cluster.
    """
    from scipy.special import stdtrit

    good, tried = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    total = float(tried.sum())
    if total <= 0:
        return nothing(0, fair)
    value, error, groups = _linearised(good, tried, np.asarray(clusters, np.int64))
    size = float(groups)
    if groups > 1 and error > 0 and 0 < value < 1:
        size = value * (1 - value) / error**2
        quantile = 0.5 + LEVEL / 2
        size *= float(stdtrit(max(total - 1, 1), quantile) / stdtrit(groups - 1, quantile)) ** 2
    size = min(size, total)
    low, high = beta_limits(value * size, size)
    return Estimate(value=value, low=float(low), high=float(high), n=round(total), fair=fair)


def _linearised(part: Floats, whole: Floats, index: Any) -> tuple[float, float, int]:
    """Return sum(part) / sum(whole), its standard error by cluster, and how many clusters."""
    groups = len(np.unique(index))
    total = float(whole.sum())
    value = float(part.sum()) / total
    apart = np.bincount(index, part - value * whole)
    error = math.sqrt(groups / max(groups - 1, 1) * float(apart @ apart)) / total
    return value, error, groups


def quantiles(values: npt.ArrayLike, chances: tuple[float, ...]) -> tuple[Estimate, ...]:
    """Estimate quantiles with intervals that hold whatever the distribution (order statistics).

    A limit the sample is too small to tell is None.
    """
    from scipy.stats import binom

    numbers = np.sort(np.asarray(values, np.float64))
    count = len(numbers)
    if count == 0:
        return tuple(nothing() for _ in chances)
    tail = (1.0 - LEVEL) / 2.0
    found = []
    for chance in chances:
        # The k-th smallest lies above the quantile unless at least k values lie below it.
        below = int(binom.ppf(tail, count, chance)) - 1
        above = int(binom.ppf(1.0 - tail, count, chance))
        found.append(
            Estimate(
                value=float(np.quantile(numbers, chance)),
                low=float(numbers[below]) if below >= 0 else None,
                high=float(numbers[above]) if above < count else None,
                n=count,
            )
        )
    return tuple(found)
