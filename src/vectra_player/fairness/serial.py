"""Does a game depend on those before it? Tests within blocks of games with none missing between.

Used by `fairness.audit`, on the randomised PIT of lengths, which a fair game makes independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from vectra_player.fairness.exposure import Exposure
from vectra_player.fairness.results import Finding, Question

LAGS = 5
FEWEST_PAIRS = 20

Numbers = npt.NDArray[np.float64]
Spells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

_UNIT = "neighbouring games"
_RUNS = Question(
    "runs",
    "Runs of long and short games",
    "Do long and short games alternate as chance has it?",
    _UNIT,
)
_LAG1 = Question(
    "lag1", "A game and the next", "Does a long game make the next one longer or shorter?", _UNIT
)
_PORTMANTEAU = Question(
    "portmanteau",
    f"A game and the next {LAGS}",
    "Is any of the next five games tied to a game's length?",
    _UNIT,
)


def neighbours(exposure: Exposure, adjacent: npt.NDArray[np.bool_], lag: int) -> Spells:
    """Return the spells of games `lag` apart with every game between them known.

    adjacent: (n_games - 1,), whether no game is missing between a game and the next.
    """
    breaks = np.concatenate([[0], np.cumsum(~adjacent)])
    spell_of = np.full(len(breaks), -1)
    spell_of[exposure.game] = np.arange(len(exposure))
    first = np.arange(len(breaks) - lag) if len(breaks) > lag else np.empty(0, np.int64)
    second = first + lag
    known = (spell_of[first] >= 0) & (spell_of[second] >= 0) & (breaks[first] == breaks[second])
    return spell_of[first[known]], spell_of[second[known]]


def serial_tests(
    exposure: Exposure, pits: Numbers, adjacent: npt.NDArray[np.bool_]
) -> tuple[Finding, ...]:
    """Test neighbours: whether they change sides, whether they go together, and up to five back."""
    far = [neighbours(exposure, adjacent, lag) for lag in range(1, LAGS + 1)]
    one, other = pits[far[0][0]], pits[far[0][1]]
    fewest = min(len(first) for first, _ in far)
    return (
        _finding(_RUNS, len(one), lambda: _changes(one, other)),
        _finding(_LAG1, len(one), lambda: _rank_correlation(one, other)),
        _finding(_PORTMANTEAU, fewest, lambda: _ljung_box(pits, far)),
    )


def _finding(question: Question, pairs: int, test: Callable[[], tuple[float, float]]) -> Finding:
    if pairs < FEWEST_PAIRS:
        return question.unanswered(pairs, f"needs {FEWEST_PAIRS} neighbours")
    return question.answer(pairs, *test())


def _changes(one: Numbers, other: Numbers) -> tuple[float, float]:
    """Count changes between above and below the fair median: exactly a fair coin, if fair."""
    from scipy.stats import binomtest

    changes = int(((one > 0.5) != (other > 0.5)).sum())
    return changes / len(one), float(binomtest(changes, len(one), 0.5).pvalue)


def _rank_correlation(one: Numbers, other: Numbers) -> tuple[float, float]:
    """Spearman's correlation of neighbours; its error is that of independent pairs."""
    from scipy.stats import norm, spearmanr

    correlation = float(spearmanr(one, other).statistic)
    return correlation, float(2 * norm.sf(abs(correlation) * np.sqrt(len(one) - 1)))


def _ljung_box(pits: Numbers, far: Sequence[Spells]) -> tuple[float, float]:
    """Sum the squared correlations of normal scores over the lags; mean and variance are known."""
    from scipy.special import ndtri
    from scipy.stats import chi2

    scores = ndtri(np.clip(pits, 1e-12, 1 - 1e-12))
    statistic = sum(
        float((scores[first] * scores[second]).sum() ** 2 / len(first)) for first, second in far
    )
    return statistic, float(chi2.sf(statistic, len(far)))
