"""Risk figures are what their definitions say, and None where those say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vectra_player.analysis import risk
from vectra_player.analysis.risk import risk_of

finite = st.floats(-1.0, 100.0)


def test_figures_of_a_small_sample_are_those_worked_out_by_hand() -> None:
    returns = [-0.5, -0.1, 0.0, 0.2, 0.9]
    found = risk_of(returns, [0.5, 0.2, 0.1, 0.1, 0.1], ruined=1)
    assert found.mean_return == pytest.approx(0.1)
    assert found.deviation == pytest.approx(0.5147815)
    assert found.sharpe_ratio == pytest.approx(0.1 / 0.5147815)
    assert found.sortino_ratio == pytest.approx(0.1 / math.sqrt((0.25 + 0.01) / 5))
    assert found.mean_max_drawdown == pytest.approx(0.2)
    assert found.calmar_ratio == pytest.approx(0.5)
    assert (found.var_95, found.cvar_95) == (0.5, 0.5)
    assert (found.worst_drawdown, found.probability_ruin) == (0.5, 0.2)
    assert found.risk_level == "Medium"


def test_the_tail_is_the_worst_twentieth() -> None:
    returns = np.arange(100) / 100 - 0.5
    assert risk.value_at_risk(returns) == pytest.approx(0.46)
    assert risk.conditional_value_at_risk(returns) == pytest.approx(0.48)


def test_nothing_to_measure_gives_none() -> None:
    found = risk_of([], [], ruined=0)
    named = {name for name in found.__struct_fields__ if name != "runs"}
    assert {getattr(found, name) for name in named} == {None}


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3, 1e-17])
def test_equal_returns_have_no_spread_and_no_ratio(value: float) -> None:
    found = risk_of([value] * 7, [0.0] * 7, ruined=0)
    assert (found.deviation, found.sharpe_ratio, found.calmar_ratio) == (0.0, None, None)
    assert found.var_95 == -value
    assert (found.sortino_ratio is None) == (value >= 0)


def test_one_run_has_a_mean_but_no_deviation() -> None:
    found = risk_of([0.4], [0.1], ruined=0)
    assert (found.mean_return, found.deviation, found.sharpe_ratio) == (0.4, None, None)


@given(arrays.arrays(float, st.integers(0, 60), elements=finite))
def test_figures_are_finite_or_none_and_in_order(returns: np.ndarray) -> None:
    found = risk_of(returns, np.zeros(len(returns)), ruined=0)
    for name in found.__struct_fields__:
        value = getattr(found, name)
        assert value is None or isinstance(value, str) or math.isfinite(value)
    if found.var_95 is not None and found.cvar_95 is not None:
        assert found.cvar_95 >= found.var_95 - 1e-12
        assert (np.sum(-returns > found.var_95) <= 0.05 * len(returns)) or len(returns) < 20


@pytest.mark.parametrize(
    ("balances", "drawdown"),
    [
        ([], None),
        ([0.0, 0.0], None),
        ([5.0], 0.0),
        ([1.0, 2.0, 3.0], 0.0),
        ([4.0, 1.0, 8.0, 6.0], 0.75),
        ([2.0, 0.0], 1.0),
    ],
)
def test_a_drawdown_is_the_largest_fall_from_a_peak(
    balances: list[float], drawdown: float | None
) -> None:
    assert risk.max_drawdown(balances) == drawdown


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        risk_of([value], [0.0], ruined=0)


def test_levels_follow_the_mean_drawdown() -> None:
    levels = [risk.risk_level(drawdown) for drawdown in (0.05, 0.1, 0.3, 0.5, 1.0)]
    assert levels == ["Low", "Medium", "High", "Extreme", "Extreme"]
