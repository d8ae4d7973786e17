"""Single price steps against the published law: how often, how far and which way a price moves.

Needs no seed, so it also covers games that were never revealed. Used by `fairness.audit`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.steps import Steps
from vectra_player.fairness.lengths import uniform_ks
from vectra_player.fairness.results import Finding, Question
from vectra_player.game.price_path import V3

FEWEST_STEPS = 500
FEWEST_BIG = 50
_TOLERANCE = 1e-9

Numbers = npt.NDArray[np.float64]

_STEPS = "price steps"
_BIG_SHARE = Question("big_share", "Share of big moves", "Is one step in eight a big move?", _STEPS)
_BIG_SIGN = Question(
    "big_sign", "Direction of big moves", "Do big moves go up as often as down?", "big moves"
)
_BIG_SIZE = Question(
    "big_size",
    "Size of big moves",
    "Are all sizes of big moves from 15 to 25 percent equally frequent?",
    "big moves",
)
_SMALL = Question(
    "small_size", "Small moves", "Do small moves drift and tremble as published?", "small moves"
)
_GOD = Question("god", "God candles", "Does the price jump tenfold once in 100,000 ticks?", _STEPS)


def impossible(steps: Steps) -> int:
    """Count the steps that no rule of the published game can make."""
    small = ~steps.big & ~steps.god
    centre, half = (V3.drift_max + V3.drift_min) / 2, (V3.drift_max - V3.drift_min) / 2
    beyond = np.abs(steps.change - centre) > half + _width(steps) + _TOLERANCE
    size = np.abs(steps.change)
    off = (size < V3.big_min - _TOLERANCE) | (size > V3.big_max + _TOLERANCE)
    jump = np.abs(steps.change - (V3.god_factor - 1)) > _TOLERANCE
    jump |= steps.price > V3.god_price_limit
    return int((small & beyond | steps.big & off | steps.god & jump).sum())


def step_tests(steps: Steps) -> tuple[Finding, ...]:
    """Test share, sign and size of big moves, the law of small ones, and god candles."""
    big = steps.change[steps.big]
    ordinary = int((~steps.god).sum())
    allowed = steps.price <= V3.god_price_limit
    god = int((steps.god & allowed).sum())
    sizes = (np.abs(big) - V3.big_min) / (V3.big_max - V3.big_min)
    return (
        _counted(_BIG_SHARE, len(big), ordinary, V3.big_chance, FEWEST_STEPS),
        _counted(_BIG_SIGN, int((big > 0).sum()), len(big), 0.5, FEWEST_BIG),
        _placed(_BIG_SIZE, sizes, FEWEST_BIG),
        _placed(_SMALL, small_pits(steps), FEWEST_STEPS),
        _counted(_GOD, god, int(allowed.sum()), V3.god_chance, FEWEST_STEPS),
    )


def small_pits(steps: Steps) -> Numbers:
    """Place small moves in the published law: the sum of a uniform drift and uniform noise."""
    small = ~steps.big & ~steps.god
    offset = steps.change[small] - (V3.drift_max + V3.drift_min) / 2
    drift, noise = (V3.drift_max - V3.drift_min) / 2, _width(steps)[small]
    wide, narrow = np.maximum(drift, noise), np.minimum(drift, noise)
    distance = np.abs(offset)
    tail = np.maximum(wide + narrow - distance, 0.0) ** 2 / (8 * wide * narrow)
    upper = np.where(distance <= wide - narrow, 0.5 - distance / (2 * wide), tail)
    return np.asarray(np.where(offset >= 0, 1 - upper, upper))


def _width(steps: Steps) -> Numbers:
    """Return the half width of the noise at each step."""
    return np.asarray(V3.noise * np.minimum(V3.noise_cap, np.sqrt(steps.price)))


def _counted(question: Question, hits: int, n: int, chance: float, fewest: int) -> Finding:
    from scipy.stats import binomtest

    if n < fewest:
        return question.unanswered(n, f"needs {fewest} steps")
    return question.answer(n, hits / n, float(binomtest(hits, n, chance).pvalue))


def _placed(question: Question, pits: Numbers, fewest: int) -> Finding:
    if len(pits) < fewest:
        return question.unanswered(len(pits), f"needs {fewest} steps")
    return question.answer(len(pits), *uniform_ks(np.clip(pits, 0.0, 1.0)))
