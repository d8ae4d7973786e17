"""How high games go and what holding is worth, beside what fair games give."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis_support import game_of_length, games_of_paths

from vectra_player.analysis import peaks as peaks_module
from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.peaks import fair_peaks, fair_range, peaks

DOCUMENTED = {  # docs/fairness.md section 7: rug pays nothing, rug price, chance of a profit
    20: (-0.0111, -0.0090, 0.508),
    40: (-0.0221, -0.0186, 0.464),
    100: (-0.0542, -0.0475, 0.361),
    200: (-0.1055, -0.096, 0.231),
}


@pytest.fixture(scope="module")
def many() -> Games:
    return generate_games(30_000, 77, threads=2)


def test_the_edge_a_tick_is_the_documented_one() -> None:
    found = peaks(games_of_paths())
    assert found.fair_edge_a_tick == pytest.approx(0.000557, abs=5e-7)


def test_the_fair_values_of_holding_are_the_documented_ones() -> None:
    for holding in peaks(games_of_paths()).holding:
        nothing, price, profit = DOCUMENTED[holding.ticks]
        assert holding.rug_pays_nothing.fair == pytest.approx(nothing, abs=6e-5)
        assert holding.rug_pays_price.fair == pytest.approx(price, abs=6e-4)
        assert holding.profit_chance.fair == pytest.approx(profit, abs=0.007)


def test_generated_games_hold_the_theory(many: Games) -> None:
    """Means of another 30,000 games within four of their standard errors."""
    for holding in peaks(many).holding:
        for found in (holding.rug_pays_nothing, holding.rug_pays_price, holding.profit_chance):
            assert found.value is not None
            assert found.high is not None
            assert found.fair is not None
            assert abs(found.value - found.fair) < 4 / 1.96 * (found.high - found.value) + 0.004


def test_holding_is_what_playing_by_hand_gives() -> None:
    games = games_of_paths([1.0, 1.2, 1.5, 0.8, 0.02], [1.0, 0.9, 0.018], [1.0, 0.02])
    (two,) = peaks(games, [2]).holding
    assert two.rug_pays_nothing.value == pytest.approx((0.5 - 1 - 1) / 3)
    assert two.rug_pays_price.value == pytest.approx((0.5 + 0.018 - 1 + 0.02 - 1) / 3)
    assert two.profit_chance.value == pytest.approx(1 / 3)
    (three,) = peaks(games, [3]).holding
    assert three.profit_chance.value == 0


def test_peaks_are_the_highest_prices(many: Games) -> None:
    games = games_of_paths([1.0, 1.2, 1.5, 0.8, 0.02], [1.0, 0.9, 0.018], [1.0, 0.02])
    assert peaks_module.peaks_of(games).tolist() == [1.5, 1.0, 1.0]
    found = peaks(many)
    expected = [max(many.prices_of(k)) for k in range(len(many))]
    for quantile in found.quantiles:
        assert quantile.peak.value == pytest.approx(np.quantile(expected, quantile.chance))
    for reach in found.reaches:
        assert reach.share.value == pytest.approx(np.mean(np.asarray(expected) >= reach.level))


def test_the_median_peak_is_that_of_the_fair_null() -> None:
    """1.776 in docs/fairness.md section 5f; 50,000 games tell it to 0.007."""
    assert np.median(fair_peaks()) == pytest.approx(1.776, abs=0.02)


def test_incomplete_games_and_those_met_midway_are_left_out() -> None:
    games = games_of_paths(
        game_of_length(5), [1.0, np.nan, 0.02], game_of_length(9), first_ticks=[0, 0, 4]
    )
    found = peaks(games)
    assert (found.games, found.left_out) == (1, 2)


def test_fair_histories_lie_in_the_fair_range_as_often_as_it_says() -> None:
    pool = generate_games(300 * 70, 4, threads=2)
    held = 0
    for number in range(300):
        games = pool.take(np.arange(number * 70, number * 70 + 70))
        (holding,) = peaks(games, [100]).holding
        assert holding.fair_range is not None
        assert holding.rug_pays_nothing.value is not None
        held += holding.fair_range[0] <= holding.rug_pays_nothing.value <= holding.fair_range[1]
    assert 0.92 <= held / 300 <= 0.985


def test_the_fair_range_narrows_with_games() -> None:
    few, many = fair_range(40, 50), fair_range(40, 20_000)
    assert few is not None
    assert many is not None
    assert few[0] < many[0] < -0.022 < many[1] < few[1]
    assert fair_range(40, 0) is None


def test_no_games_give_no_figures() -> None:
    found = peaks(games_of_paths())
    assert found.games == 0
    assert found.quantiles[0].peak.value is None
    assert found.reaches[0].share.value is None
    assert found.holding[0].rug_pays_nothing.value is None
