"""Estimates: exact where that is possible, and right as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vectra_player.analysis.intervals import (
    LEVEL,
    Estimate,
    around,
    beta_limits,
    clustered_proportion,
    clustered_ratio,
    mean,
    proportion,
    quantiles,
)


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (7, 7), (1, 1), (422, 2195), (3, 20_000)])
def test_a_chance_has_the_exact_interval(hits: int, trials: int) -> None:
    found = proportion(hits, trials, fair=0.5)
    limits = stats.binomtest(hits, trials).proportion_ci(LEVEL, "exact")
    assert (found.value, found.n, found.fair) == (hits / trials, trials, 0.5)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high))


def test_nothing_is_known_without_observations() -> None:
    assert proportion(0, 0, 0.2) == Estimate(value=None, low=None, high=None, n=0, fair=0.2)
    assert proportion(0, 0, 0.2).fair_is_inside is None
    assert mean([4.0]).value is None
    assert quantiles([], (0.5,))[0].value is None
    assert clustered_ratio([], [], []).value is None
    assert clustered_proportion([], [], []).value is None


def test_limits_of_broken_numbers_lie_between_those_of_whole_ones() -> None:
    low, high = beta_limits([1.0, 1.5, 2.0], 10.0)
    assert low[0] < low[1] < low[2]
    assert high[0] < high[1] < high[2]


def test_a_mean_has_students_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, 12)
    found = mean(values)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(LEVEL)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_scaled_estimate_keeps_its_place_to_the_fair_value() -> None:
    found = proportion(30, 100, fair=0.18).scaled(5, -1)
    assert found.value == pytest.approx(0.5)
    assert found.fair == pytest.approx(-0.1)
    assert found.fair_is_inside is False
    assert proportion(20, 100, fair=0.18).scaled(5, -1).fair_is_inside is True
    assert proportion(0, 0).scaled(5).value is None


def test_limits_can_be_kept_where_the_figure_can_be() -> None:
    wide = around(0.1, 1.0, 5, 4).clipped(-1.0, 1.0)
    assert (wide.value, wide.low, wide.high) == (0.1, -1.0, 1.0)
    assert proportion(0, 0).clipped(0.0, 1.0).low is None


def test_a_quantile_lies_between_order_statistics() -> None:
    (median, high) = quantiles(np.arange(1, 101), (0.5, 0.99))
    assert (median.value, median.low, median.high) == (50.5, 40.0, 61.0)
    assert high.high is None


def test_intervals_hold_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    rounds = 600
    held = {"median": 0, "mean": 0, "ratio": 0, "chance": 0}
    for _ in range(rounds):
        values = random.exponential(1.0, 80)
        (median,) = quantiles(values, (0.5,))
        assert median.low is not None
        assert median.high is not None
        held["median"] += median.low <= np.log(2) <= median.high
        centre = mean(values, 1.0)
        held["mean"] += bool(centre.fair_is_inside)
        # Every observation of a cluster is the same: only 40 are independent.
        hits = np.repeat(random.random(40) < 0.3, 5)
        stakes = np.repeat(random.uniform(0.1, 1, 40), 5)
        found = clustered_ratio(hits * stakes, stakes, np.repeat(np.arange(40), 5), 0.3)
        held["ratio"] += bool(found.fair_is_inside)
        chance = clustered_proportion(hits, np.ones(200), np.repeat(np.arange(40), 5), 0.3)
        held["chance"] += bool(chance.fair_is_inside)
    for name, count in held.items():
        assert 0.90 <= count / rounds <= 0.985, name


def test_clusters_widen_an_interval() -> None:
    hits = np.repeat([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 10)
    together = clustered_ratio(hits, np.ones(60), np.repeat(np.arange(6), 10))
    apart = clustered_ratio(hits, np.ones(60), np.arange(60))
    assert together.value == apart.value
    assert together.low is not None
    assert apart.low is not None
    assert together.low < apart.low


def test_clusters_that_agree_tell_no_limits_of_a_ratio() -> None:
    found = clustered_ratio([2.0, 4.0], [1.0, 2.0], [0, 1])
    assert (found.value, found.low, found.high) == (2.0, None, None)
    assert clustered_ratio([1.0, 2.0], [1.0, 1.0], [0, 0]).low is None


def test_clusters_of_one_trial_have_nearly_the_exact_interval() -> None:
    hits = np.arange(200) % 5 == 0
    found = clustered_proportion(hits, np.ones(200), np.arange(200))
    exact = proportion(40, 200)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-3)


def test_all_or_none_of_the_trials_count_a_trial_each_cluster() -> None:
    none = clustered_proportion(np.zeros(90), np.ones(90), np.arange(90) % 3)
    exact = proportion(0, 3)
    assert (none.value, none.low, none.high, none.n) == (0.0, 0.0, exact.high, 90)
    every = clustered_proportion(np.ones(90), np.ones(90), np.arange(90) % 3)
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(proportion(3, 3).low)


def test_students_quantile_nears_the_normal_one() -> None:
    assert around(0.0, 1.0, 10**6, 10**6).high == pytest.approx(1.96, abs=1e-3)
