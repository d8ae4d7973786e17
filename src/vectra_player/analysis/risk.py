"""Risk figures with one definition each, and None where there is nothing to say.

Pure. Used by the simulation, the backtest and their pages; docs/risk-metrics.md explains every
figure. A return is what a run (or a game) brought as a fraction of what it began with: -1 is all
lost. Nothing here is scaled to a year, and the free alternative is not to bet: a return of 0.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
RiskLevel = Literal["Low", "Medium", "High", "Extreme"]

TAIL = 0.05
"""Share of the worst outcomes that VaR and CVaR speak of."""

LEVELS: tuple[tuple[float, RiskLevel], ...] = ((0.10, "Low"), (0.25, "Medium"), (0.50, "High"))
"""Mean largest drawdown below which a risk level applies; above the last it is Extreme."""


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Risk figures of many runs of one strategy; None where the runs do not define one."""

    runs: int
    mean_return: float | None
    deviation: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    var_95: float | None
    cvar_95: float | None
    mean_max_drawdown: float | None
    worst_drawdown: float | None
    probability_ruin: float | None
    risk_level: RiskLevel | None


def risk_of(returns: npt.ArrayLike, drawdowns: npt.ArrayLike, ruined: int) -> Risk:
    """Compute all figures of runs: returns and largest drawdowns, (n_runs,) each.

    Raises ValueError for a number that is not finite.
    """
    gains, falls = _finite(returns), _finite(drawdowns)
    drawdown = _mean(falls)
    return Risk(
        runs=len(gains),
        mean_return=_mean(gains),
        deviation=deviation(gains),
        sharpe_ratio=sharpe(gains),
        sortino_ratio=sortino(gains),
        calmar_ratio=calmar(gains, drawdown),
        var_95=value_at_risk(gains),
        cvar_95=conditional_value_at_risk(gains),
        mean_max_drawdown=drawdown,
        worst_drawdown=float(falls.max()) if len(falls) else None,
        probability_ruin=ruined / len(gains) if len(gains) else None,
        risk_level=None if drawdown is None else risk_level(drawdown),
    )


def deviation(returns: npt.ArrayLike) -> float | None:
    """Return the standard deviation of returns; None for fewer than two."""
    gains = _finite(returns)
    if len(gains) < 2:
        return None
    # Equal values have no deviation, whatever the rounding of their mean says.
    return 0.0 if np.ptp(gains) == 0 else float(gains.std(ddof=1))


def sharpe(returns: npt.ArrayLike) -> float | None:
    """Return the mean return over its standard deviation; None where that is zero."""
    spread = deviation(returns)
    return _ratio(_mean(_finite(returns)), spread)


def sortino(returns: npt.ArrayLike) -> float | None:
    """Return the mean return over the root mean square of the losses; None without a loss."""
    gains = _finite(returns)
    downside = math.sqrt(float(np.mean(np.minimum(gains, 0.0) ** 2))) if len(gains) else None
    return _ratio(_mean(gains), downside)


def calmar(returns: npt.ArrayLike, drawdown: float | None) -> float | None:
    """Return the mean return over the mean largest drawdown; None without a drawdown."""
    return _ratio(_mean(_finite(returns)), drawdown)


def value_at_risk(returns: npt.ArrayLike, tail: float = TAIL) -> float | None:
    """Return the loss that all but the worst `tail` of the outcomes stay within.

    A fraction, positive for a loss: minus the ceil(tail x n)-th smallest return. None without any.
    """
    worst = _worst(returns, tail)
    return None if worst is None else 0.0 - float(worst[-1])


def conditional_value_at_risk(returns: npt.ArrayLike, tail: float = TAIL) -> float | None:
    """Return the mean loss of the worst `tail` of the outcomes, at least one of them."""
    worst = _worst(returns, tail)
    return None if worst is None else 0.0 - float(worst.mean())


def max_drawdown(balances: npt.ArrayLike) -> float | None:
    """Return the largest fall of a balance below its highest so far, as a fraction of that.

    None for no balance, or for one that was never above zero.
    """
    path = _finite(balances)
    peaks = np.maximum.accumulate(path) if len(path) else path
    above = peaks > 0
    if not above.any():
        return None
    return float(np.max((peaks[above] - path[above]) / peaks[above]))


def risk_level(mean_max_drawdown: float) -> RiskLevel:
    """Put a mean largest drawdown into a word."""
    return next((name for limit, name in LEVELS if mean_max_drawdown < limit), "Extreme")


def _worst(returns: npt.ArrayLike, tail: float) -> Numbers | None:
    gains = _finite(returns)
    if not len(gains):
        return None
    count = max(1, math.ceil(tail * len(gains) - 1e-9))
    worst: Numbers = np.sort(np.partition(gains, count - 1)[:count])
    return worst


def _ratio(value: float | None, measure: float | None) -> float | None:
    return None if value is None or not measure else value / measure


def _mean(values: Numbers) -> float | None:
    return float(values.mean()) if len(values) else None


def _finite(values: npt.ArrayLike) -> Numbers:
    numbers = np.asarray(values, np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a return, drawdown or balance is not a finite number")
    return numbers
