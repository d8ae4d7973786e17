"""How long games last, against the published chance: tests on the randomised PIT.

Lengths are whole ticks, on which the usual tests are wrong; so each game becomes a number that a
fair game makes uniform on (0, 1) to the last bit. Used by `fairness.audit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vectra_player.fairness.exposure import FAIR_HAZARD, Exposure
from vectra_player.fairness.results import Finding, Question

BINS = 10
EXPECTED_A_BIN = 5
FEWEST = 20

Numbers = npt.NDArray[np.float64]


def length_pits(exposure: Exposure, random: np.random.Generator) -> Numbers:
    """Place each game's watched length in the fair distribution: (n_spells,), uniform if fair.

    A rug after n checks lies at random within its step of the distribution; a game that was lost
    from sight alive lies at random above where it was lost.
    """
    checks = exposure.last - exposure.first
    reached = (1 - FAIR_HAZARD) ** checks
    before = np.where(exposure.rugged, (1 - FAIR_HAZARD) ** (checks - 1), reached)
    after = np.where(exposure.rugged, reached, 0.0)
    pits: Numbers = 1 - before + random.random(len(checks)) * (before - after)
    return pits


def length_tests(pits: Numbers) -> tuple[Finding, ...]:
    """Test the lengths three ways: by classes, by the largest distance, and by the tails."""
    if len(pits) < FEWEST:
        return tuple(
            question.unanswered(len(pits), f"needs {FEWEST} games") for question, _ in _TESTS
        )
    return tuple(question.answer(len(pits), *test(pits)) for question, test in _TESTS)


def bin_counts(pits: Numbers) -> npt.NDArray[np.int64]:
    """Count the values in equal classes, ten or as many as have five expected values each."""
    bins = max(2, min(BINS, len(pits) // EXPECTED_A_BIN))
    return np.bincount((pits * bins).astype(np.int64).clip(0, bins - 1), minlength=bins)


def uniform_chi_square(pits: Numbers) -> tuple[float, float]:
    """Return (statistic, p) of the chi-square test of uniformity in equal classes."""
    from scipy.stats import chi2

    counts = bin_counts(pits)
    expected = len(pits) / len(counts)
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return statistic, float(chi2.sf(statistic, len(counts) - 1))


def uniform_ks(pits: Numbers, *, null_size: float = math.inf) -> tuple[float, float]:
    """Return (distance, p) of the Kolmogorov-Smirnov test of uniformity.

    null_size: games of the simulated null the values were ranked in; its own chance error widens
    the allowed distance.
    """
    from scipy.stats import kstwo

    size = len(pits)
    ordered = np.sort(pits)
    step = np.arange(1, size + 1) / size
    distance = float(max((step - ordered).max(), (ordered - step + 1 / size).max()))
    effective = max(1, round(size / (1 + size / null_size)))
    return distance, float(kstwo.sf(distance, effective))


def uniform_anderson_darling(pits: Numbers) -> tuple[float, float]:
    """Return (A squared, p) of the Anderson-Darling test of uniformity."""
    size = len(pits)
    ordered = np.clip(np.sort(pits), 1e-300, 1 - 1e-16)
    weights = 2 * np.arange(1, size + 1) - 1
    statistic = -size - float((weights * (np.log(ordered) + np.log1p(-ordered[::-1]))).mean())
    return statistic, 1 - _anderson_darling_cdf(statistic)


def _anderson_darling_cdf(z: float) -> float:
    """Return the limit distribution of A squared for a known law.

    Source: Marsaglia and Marsaglia, "Evaluating the Anderson-Darling Distribution" (2004); good to
    0.000002, and the limit is reached within 0.001 from 20 values on.
    """
    if z <= 0:
        return 0.0
    if z < 2:
        inner = (2.00012, 0.247105, -0.0649821, 0.0347962, -0.0116720, 0.00168691)
        series = sum(factor * z**power for power, factor in enumerate(inner))
        return math.exp(-1.2337141 / z) / math.sqrt(z) * series
    inner = (1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146)
    return math.exp(-math.exp(sum(factor * z**power for power, factor in enumerate(inner))))


_TESTS: tuple[tuple[Question, Callable[[Numbers], tuple[float, float]]], ...] = (
    (
        Question(
            "length_chi2",
            "Lengths in classes",
            "Are there as many games of each class of length as there should be?",
            "games",
        ),
        uniform_chi_square,
    ),
    (
        Question(
            "length_ks",
            "Lengths overall",
            "Does the whole distribution of lengths follow the published one?",
            "games",
        ),
        uniform_ks,
    ),
    (
        Question(
            "length_ad",
            "Shortest and longest games",
            "Are very short and very long games as frequent as published?",
            "games",
        ),
        uniform_anderson_darling,
    ),
)
