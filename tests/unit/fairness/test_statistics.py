"""Each test of the battery against other libraries, published figures and simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.unit.fairness.histories import with_rules
from tests.unit.fairness.recordings import censored, vars_of, with_times

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.steps import Steps, steps_of
from vectra_player.fairness.correction import holm
from vectra_player.fairness.exposure import exposure_of
from vectra_player.fairness.lengths import (
    length_pits,
    length_tests,
    uniform_anderson_darling,
    uniform_chi_square,
    uniform_ks,
)
from vectra_player.fairness.null import FairNull, extremes, fair_null, null_size, rank_pits
from vectra_player.fairness.power import RATIOS, detectable_ratio, games_needed
from vectra_player.fairness.serial import neighbours, serial_tests
from vectra_player.fairness.steps import impossible, small_pits, step_tests
from vectra_player.fairness.timing import Watched, adjacent_of, residuals_of, timing_of


@cache
def many() -> Games:
    """Return fair games; made when the first test asks."""
    return generate_games(20_000, 41)


def null() -> FairNull:
    """Return what fair games look like."""
    return fair_null(20_000)


def random() -> np.random.Generator:
    return np.random.default_rng(1)


# Lengths -----------------------------------------------------------------------------------------


def test_lengths_of_fair_games_are_uniform_once_placed() -> None:
    pits = length_pits(exposure_of(many()), random())
    assert stats.kstest(pits, "uniform").pvalue > 0.01
    assert 0.0 <= pits.min() < pits.max() < 1.0


def test_lengths_stay_uniform_when_games_are_lost_from_sight() -> None:
    games = many().take(np.arange(400))
    for game in range(0, 400, 2):
        if games.rug_ticks[game] > 40:
            games = censored(games, game, first=10, last=40)
    exposure = exposure_of(games)
    assert exposure.rugs < 260
    assert stats.kstest(length_pits(exposure, random()), "uniform").pvalue > 0.01


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    values = random().random(300) ** 1.1
    expected = stats.kstest(values, "uniform", method="exact")
    assert uniform_ks(values) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-6)


def test_a_null_of_finite_size_widens_the_allowed_distance() -> None:
    one, other = random().random(400), np.random.default_rng(2).random(4000)
    ranks = np.searchsorted(np.sort(other), one) / len(other)
    both = stats.ks_2samp(one, other, method="asymp")
    assert uniform_ks(ranks, null_size=4000)[1] == pytest.approx(both.pvalue, rel=0.15)


@pytest.mark.parametrize(("critical", "p"), [(1.933, 0.10), (2.492, 0.05), (3.878, 0.01)])
def test_the_anderson_darling_p_has_the_tabled_critical_values(critical: float, p: float) -> None:
    from vectra_player.fairness.lengths import _anderson_darling_cdf

    assert 1 - _anderson_darling_cdf(critical) == pytest.approx(p, rel=0.01)


def test_the_anderson_darling_statistic_is_right_and_its_p_uniform() -> None:
    values = np.sort(random().random(200))
    ranks = np.arange(1, 201)
    expected = -200 - np.mean((2 * ranks - 1) * (np.log(values) + np.log(1 - values[::-1])))
    assert uniform_anderson_darling(values)[0] == pytest.approx(expected)
    draws = np.random.default_rng(3)
    p = [uniform_anderson_darling(draws.random(25))[1] for _ in range(2000)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_the_chi_square_has_classes_of_five_or_more() -> None:
    values = random().random(1000)
    counts = np.histogram(values, 10, (0, 1))[0]
    assert uniform_chi_square(values) == pytest.approx(tuple(stats.chisquare(counts)))
    few = uniform_chi_square(random().random(22))
    assert few[0] == pytest.approx(
        stats.chisquare(np.histogram(random().random(22), 4, (0, 1))[0]).statistic
    )


def test_too_few_games_have_no_length_test() -> None:
    pits = length_pits(exposure_of(generate_games(19, 1)), random())
    assert {finding.p for finding in length_tests(pits)} == {None}


# Peaks and lowest prices -------------------------------------------------------------------------


def test_simulated_peaks_have_the_published_quantiles() -> None:
    """docs/fairness.md section 6: 4 million games. Errors are those of a quantile of 20,000."""
    peaks, _ = extremes(many())
    for share, expected in ((0.5, 1.776), (0.75, 3.37), (0.9, 7.87), (0.95, 15.0), (0.99, 67.7)):
        error = np.sqrt(share * (1 - share) / len(peaks))
        low, high = np.quantile(peaks, [share - 3.5 * error, share + 3.5 * error])
        assert low < expected < high
    for limit, expected in ((2.0, 0.439), (10.0, 0.0774), (100.0, 0.0066)):
        found = float((peaks >= limit).mean())
        assert abs(found - expected) < 3.5 * np.sqrt(expected / len(peaks))
    assert float((peaks == 1.0).mean()) == pytest.approx(0.042, abs=0.005)


def test_simulated_hazard_and_lowest_prices_are_those_of_the_notes() -> None:
    assert many().rug_ticks.mean() == pytest.approx(200, abs=3.5 * 200 / np.sqrt(len(many())))
    assert float(np.median(many().rug_ticks)) == pytest.approx(139, abs=5)
    _, lows = extremes(many())
    assert float((lows >= 1.0).mean()) == pytest.approx(0.119, abs=0.008)


def test_extremes_leave_the_rug_price_out() -> None:
    games = generate_games(30, 2)
    peaks, lows = extremes(games)
    for game in range(30):
        path = games.prices_of(game)[:-1]
        assert (peaks[game], lows[game]) == (path.max(), path.min())


def test_fair_peaks_rank_uniformly_among_games_of_their_length() -> None:
    games = generate_games(1500, 77)
    peaks, lows = extremes(games)
    for values, null_values in ((peaks, null().peaks), (lows, null().lows)):
        pits = rank_pits(games.rug_ticks, values, null(), null_values, random())
        assert stats.kstest(pits, "uniform").pvalue > 0.01


def test_leaving_long_games_out_does_not_bend_the_peaks() -> None:
    games = generate_games(1500, 78)
    short = games.take(np.flatnonzero(games.rug_ticks < 150))
    pits = rank_pits(short.rug_ticks, extremes(short)[0], null(), null().peaks, random())
    assert stats.kstest(pits, "uniform").pvalue > 0.01
    assert np.median(extremes(short)[0]) < 1.5


def test_the_null_is_made_once_and_only_as_large_as_needed() -> None:
    assert fair_null(20_000) is null()
    assert (null_size(3), null_size(100), null_size(1000)) == (0, 20_000, 50_000)
    assert null_size(10**6) == 200_000
    assert len(fair_null(0)) == 0


# Steps -------------------------------------------------------------------------------------------


def test_steps_of_fair_games_pass_every_test_and_none_is_impossible() -> None:
    steps = steps_of(many().take(np.arange(2000)))
    assert impossible(steps) == 0
    assert {f.key for f in step_tests(steps)} == {
        *("big_share", "big_sign", "big_size", "small_size", "god")
    }
    assert all(f.p is not None and f.p > 0.005 for f in step_tests(steps))


def steps_from(price: np.ndarray, change: np.ndarray) -> Steps:
    anywhere = np.zeros(len(price), np.int64)
    return Steps(price, change, anywhere, anywhere)


def test_small_moves_are_placed_by_the_law_of_their_sum() -> None:
    draws = np.random.default_rng(4)
    for price in (1.0, 30.0, 400.0):
        width = 0.005 * min(10, np.sqrt(price))
        change = draws.uniform(-0.02, 0.03, 4000) + draws.uniform(-width, width, 4000)
        pits = small_pits(steps_from(np.full(4000, price), change))
        assert stats.kstest(pits, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("price", "change", "wrong"),
    [
        (1.0, 0.0349999, 0),
        (1.0, 0.0350001, 1),
        (1.0, -0.0250001, 1),
        (400.0, 0.0799999, 0),
        (400.0, 0.0801, 1),
        (1.0, 0.15, 0),
        (1.0, 0.149, 1),
        (1.0, -0.251, 1),
        (50.0, 9.0, 0),
        (100.5, 9.0, 1),
        (50.0, 8.0, 1),
    ],
)
def test_a_step_no_rule_can_make_is_found(price: float, change: float, wrong: int) -> None:
    assert impossible(steps_from(np.array([price]), np.array([change]))) == wrong


def test_another_share_of_big_moves_is_found() -> None:
    found = step_tests(steps_of(with_rules(300, 5, big_chance=1 / 9)))
    assert found[0].key == "big_share"
    assert found[0].p is not None
    assert found[0].p < 1e-6


# Neighbours and times ----------------------------------------------------------------------------


def test_neighbours_have_every_game_between_them() -> None:
    exposure = exposure_of(generate_games(6, 1))
    adjacent = np.array([True, True, False, True, True])
    first, second = neighbours(exposure, adjacent, 1)
    assert list(zip(first, second, strict=True)) == [(0, 1), (1, 2), (3, 4), (4, 5)]
    first, second = neighbours(exposure, adjacent, 2)
    assert list(zip(first, second, strict=True)) == [(0, 2), (3, 5)]
    assert len(neighbours(exposure, adjacent, 9)[0]) == 0


def test_fair_games_are_independent_and_repeated_ones_are_not() -> None:
    exposure = exposure_of(many().take(np.arange(400)))
    adjacent = np.ones(399, np.bool_)
    pits = length_pits(exposure, random())
    assert all(f.p is not None and f.p > 0.005 for f in serial_tests(exposure, pits, adjacent))
    tied = np.repeat(pits[::2], 2)
    assert all(f.p is not None and f.p < 1e-4 for f in serial_tests(exposure, tied, adjacent))


def test_times_of_an_unbroken_recording_leave_no_room() -> None:
    games = with_times(many().take(np.arange(60)))
    found = timing_of(games, residuals_of(games), None)
    assert (found.pairs, found.adjacent, found.breaks, found.unaccounted) == (59, 59, 0, ())
    assert found.largest_residual is not None
    assert found.largest_residual < 2.1


def test_a_hidden_game_leaves_room_and_is_named_where_somebody_watched() -> None:
    games = with_times(many().take(np.arange(60)), hidden_after=[9, 29])
    between = np.ones(59, np.bool_)
    between[29] = False
    found = timing_of(games, residuals_of(games), Watched(between))
    assert (found.adjacent, found.breaks) == (57, 1)
    (hidden,) = found.unaccounted
    assert (hidden.before, hidden.after) == (games.game_ids[9], games.game_ids[10])
    assert hidden.seconds == pytest.approx(36.3, abs=2.1)
    assert not adjacent_of(residuals_of(games))[9]


def test_unknown_and_impossible_times_are_said_so() -> None:
    games = many().take(np.arange(20))
    assert "known times" in timing_of(games, residuals_of(games), None).note
    timed = with_times(games)
    faster = Games(**{**vars_of(games), "ended_at": timed.ended_at // 50})
    assert "faster" in timing_of(faster, residuals_of(faster), None).note


# Many tests, and what they can show --------------------------------------------------------------


def test_holm_multiplies_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_lies_between_p_and_bonferroni(p_values: list[float]) -> None:
    found = holm(p_values)
    for p, corrected in zip(p_values, found, strict=True):
        assert p <= corrected <= min(1.0, p * len(p_values)) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.asarray(found)[order]) >= 0).all()


def test_the_table_of_games_needed_is_that_of_the_notes() -> None:
    """docs/fairness.md section 6."""
    assert [games_needed(ratio) for ratio in RATIOS] == [48, 237, 865, 3_298, 20_016, 79_275]
    assert detectable_ratio(0) is None
    for ratio in RATIOS:
        assert detectable_ratio(games_needed(ratio)) == pytest.approx(ratio, rel=0.01)
    with pytest.raises(ValueError, match="nothing to notice"):
        games_needed(1.0)


def test_the_stated_chance_to_notice_is_what_simulation_gives() -> None:
    """A hazard 1.2 times the published one, with the 237 games of the table: four in five."""
    draws = np.random.default_rng(6)
    noticed = 0
    for _ in range(600):
        ticks = int(draws.geometric(0.006, 237).sum())
        noticed += stats.binomtest(237, ticks, 0.005).pvalue < 0.05
    assert noticed / 600 == pytest.approx(0.80, abs=0.06)
