"""How long games last, with games met midway and games not seen to rug."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.analysis_support import game_of_length, games_of_paths

from vectra_player.analysis.games import UNKNOWN, Games, generate_games
from vectra_player.analysis.survival import exposure, product_limit, survival
from vectra_player.game.sidebet import FAIR_WIN_CHANCE

LENGTHS = [3, 3, 7, 12, 1]


def cut(games: Games, first: np.ndarray, last: np.ndarray) -> Games:
    """Watch each game only from tick `first` to tick `last`, or to its rug."""
    seen = np.flatnonzero(first < games.rug_ticks)
    paths = [games.prices_of(int(k))[: last[k] + 1] for k in seen]
    some = games_of_paths(*paths, first_ticks=first[seen].tolist())
    rugs = np.where(last[seen] >= games.rug_ticks[seen], games.rug_ticks[seen], UNKNOWN)
    return Games(**{**vars(some), "rug_ticks": rugs})


def test_every_check_from_the_first_to_the_rug_counts_once() -> None:
    seen = exposure(games_of_paths(*map(game_of_length, LENGTHS)))
    assert seen.at_risk.tolist() == [0, 5, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    assert seen.rugs.tolist() == [0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert seen.checks == sum(LENGTHS)


def test_a_game_met_midway_is_at_risk_from_there_on() -> None:
    seen = exposure(games_of_paths(game_of_length(5), game_of_length(6), first_ticks=[3, 0]))
    assert seen.at_risk.tolist() == [0, 1, 1, 1, 2, 2, 1]
    assert seen.checks == 2 + 6


def test_a_game_not_seen_to_rug_is_at_risk_to_its_last_tick() -> None:
    games = games_of_paths([1.0, 1.0, 1.0, 1.0], game_of_length(2))
    games = Games(**{**vars(games), "rug_ticks": np.asarray([UNKNOWN, 2])})
    seen = exposure(games)
    assert seen.at_risk.tolist() == [0, 2, 2, 1]
    assert seen.rugs.tolist() == [0, 0, 1, 0]
    found = survival(games)
    assert (found.games, found.rugs, found.unfinished, found.checks) == (2, 1, 1, 5)


def test_the_curve_is_that_of_scipy() -> None:
    games = generate_games(300, 8)
    curve = survival(games).curve
    expected = stats.ecdf(games.rug_ticks).sf
    np.testing.assert_array_equal([point.tick for point in curve], expected.quantiles)
    np.testing.assert_allclose([point.alive for point in curve], expected.probabilities, atol=1e-12)
    for point in curve[::40]:
        alive = round(point.alive * 300)
        limits = stats.binomtest(alive, 300).proportion_ci(method="exact")
        assert (point.low, point.high) == pytest.approx((limits.low, limits.high), abs=1e-9)


def test_the_curve_with_censored_games_is_that_of_scipy() -> None:
    random = np.random.default_rng(4)
    whole = generate_games(400, 9)
    last = random.geometric(0.004, 400)
    games = cut(whole, np.zeros(400, np.int64), last)
    rugged = games.rug_ticks >= 0
    data = stats.CensoredData(
        uncensored=games.rug_ticks[rugged].astype(float),
        right=games.last_ticks[~rugged].astype(float),
    )
    expected = stats.ecdf(data).sf
    for point in survival(games).curve:
        assert point.alive == pytest.approx(expected.evaluate(point.tick), abs=1e-12)


def test_bands_and_overall_count_the_same_checks() -> None:
    found = survival(generate_games(200, 1))
    assert sum(band.checks for band in found.bands) == found.checks == found.hazard.n
    assert sum(band.rugs for band in found.bands) == found.rugs == 200
    assert found.bands[0].at_risk == 200


def test_a_window_watched_through_has_the_exact_interval() -> None:
    games = generate_games(500, 2)
    (window,) = survival(games, [30], 40).windows
    alive = int((games.rug_ticks > 30).sum())
    rugs = int(((games.rug_ticks > 30) & (games.rug_ticks <= 70)).sum())
    limits = stats.binomtest(rugs, alive).proportion_ci(method="exact")
    chance = window.chance
    assert (window.at_risk, window.rugs, chance.n) == (alive, rugs, alive)
    assert chance.value == pytest.approx(rugs / alive)
    assert (chance.low, chance.high) == pytest.approx((limits.low, limits.high))
    assert chance.fair == pytest.approx(FAIR_WIN_CHANCE)


def test_a_window_nobody_watched_says_so() -> None:
    (window,) = survival(games_of_paths(game_of_length(5)), [100], 40).windows
    assert (window.at_risk, window.rugs, window.chance.value) == (0, 0, None)
    assert window.chance.fair == pytest.approx(FAIR_WIN_CHANCE)


def test_a_window_nobody_watched_to_its_end_is_not_known() -> None:
    games = games_of_paths(
        game_of_length(10), [1.0] * 31, game_of_length(100), first_ticks=[0, 0, 60]
    )
    games = Games(**{**vars(games), "rug_ticks": np.asarray([10, UNKNOWN, 100])})
    starts = {w.at: w for w in survival(games, [0, 20, 55, 60, 90], 25).windows}
    assert (starts[0].chance.value, starts[0].chance.n) == (0.5, 2)
    assert (starts[20].chance.value, starts[20].at_risk) == (None, 1)
    assert starts[55].at_risk == 0
    assert starts[60].chance.value == 0.0
    assert starts[90].chance.value == 1.0  # the only one watched rugged within it
    assert [point.tick for point in survival(games).curve] == [10]


def test_no_games_give_no_figures() -> None:
    found = survival(games_of_paths())
    assert (found.games, found.checks, found.hazard.value) == (0, 0, None)
    assert found.bands == found.curve == ()


def test_everybody_dead_leaves_the_doubt_of_those_who_lived() -> None:
    alive, size = product_limit(np.asarray([4, 2]), np.asarray([2, 2]))
    assert alive.tolist() == [0.5, 0.0]
    assert size.tolist() == pytest.approx([4.0, 4.0])


def test_hazard_and_windows_hold_the_truth_whatever_was_missed() -> None:
    """Coverage over 300 histories that were joined and left at random."""
    random = np.random.default_rng(6)
    pool = generate_games(300 * 60, 12, threads=2)
    rounds, hazard, window = 300, 0, 0
    for number in range(rounds):
        games = pool.take(np.arange(number * 60, number * 60 + 60))
        first = np.where(random.random(60) < 0.3, random.integers(0, 200, 60), 0)
        last = first + random.geometric(0.003, 60)
        found = survival(cut(games, first, last), [40], 40)
        hazard += bool(found.hazard.fair_is_inside)
        window += bool(found.windows[0].chance.fair_is_inside)
    assert 0.93 <= hazard / rounds <= 1.0
    assert 0.93 <= window / rounds <= 1.0


def test_ignoring_where_a_game_was_met_would_be_wrong() -> None:
    """Games still running at a random moment are the long ones: counted whole they mislead."""
    random = np.random.default_rng(3)
    whole = generate_games(6000, 5, threads=2)
    moment = random.integers(1, 400, 6000)
    met = np.flatnonzero(whole.rug_ticks > moment)
    games = cut(whole, moment, np.full(6000, 10_000)).take(np.arange(len(met)))
    careless = Games(**{**vars(games), "first_ticks": np.zeros(len(games), np.int64)})
    assert survival(games).hazard.fair_is_inside
    assert not survival(careless).hazard.fair_is_inside
