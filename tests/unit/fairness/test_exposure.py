"""The chance of a rug is estimated from what was watched, and from nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest
from tests.unit.fairness.recordings import censored, vars_of, with_times

from vectra_player.analysis import survival
from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.intervals import proportion
from vectra_player.fairness.exposure import (
    BY_PRICE,
    FAIR_HAZARD,
    age_bins,
    age_test,
    exposure_of,
    hazard_of,
    hazard_test,
    score_test,
    survival_of,
)

MANY = generate_games(3000, 11)


def test_spells_and_counts_by_age_are_the_same_checks() -> None:
    first = np.random.default_rng(7).integers(0, 300, len(MANY))
    games = Games(**{**vars_of(MANY), "first_ticks": first})
    spells, seen = exposure_of(games), survival.exposure(games)
    assert (spells.ticks, spells.rugs) == (seen.checks, int(seen.rugs.sum()))


def test_every_tick_from_the_first_to_the_rug_is_one_check() -> None:
    games = generate_games(50, 3)
    exposure = exposure_of(games)
    assert exposure.ticks == int(games.rug_ticks.sum())
    assert exposure.rugs == 50


def test_a_game_watched_in_part_counts_for_that_part() -> None:
    games = generate_games(50, 3)
    long = int(games.rug_ticks.argmax())
    rug = int(games.rug_ticks[long])
    exposure = exposure_of(censored(games, long, first=10, last=30))
    assert exposure.ticks == int(games.rug_ticks.sum()) - rug + 20
    assert exposure.rugs == 49


def test_a_game_met_at_its_rug_says_nothing() -> None:
    games = generate_games(3, 3)
    first = games.first_ticks.copy()
    first[1] = games.rug_ticks[1]
    met_late = Games(**{**vars_of(games), "first_ticks": first})
    exposure = exposure_of(met_late)
    assert exposure.game.tolist() == [0, 2]


def test_cutting_games_short_does_not_bend_the_estimate() -> None:
    games = MANY
    random = np.random.default_rng(5)
    first = random.integers(0, 200, len(games))
    late = Games(**{**vars_of(games), "first_ticks": first})
    found = hazard_of(exposure_of(late))
    assert found.rugs < 2500
    assert found.low < FAIR_HAZARD < found.high


@pytest.mark.parametrize(
    ("rugs", "ticks", "low", "high", "p"),
    [
        (56, 10_846, 0.00390, 0.00670, 0.79),
        (870, 169_759, 0.00479, 0.00548, 0.46),
        (839, 172_977, 0.00453, 0.00519, 0.38),
        (1_765, 353_582, 0.00476, 0.00523, 0.96),
    ],
)
def test_the_figures_of_the_fairness_notes_come_out(
    rugs: int, ticks: int, low: float, high: float, p: float
) -> None:
    """docs/fairness.md section 6: sets A, B, C and all together."""
    found = proportion(rugs, ticks)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-6)
    assert binomtest(rugs, ticks, FAIR_HAZARD).pvalue == pytest.approx(p, abs=0.01)


def test_the_old_page_s_chance_is_excluded_by_far() -> None:
    """docs/fairness.md section 5: 0.011 against 839 games of July 2025."""
    assert binomtest(839, 172_977, 0.011).pvalue == pytest.approx(4e-167, rel=0.2)


def test_age_bins_share_all_checks_and_rugs() -> None:
    exposure = exposure_of(MANY)
    bins = age_bins(survival.exposure(MANY))
    assert len(bins) == 12
    assert (sum(b.ticks for b in bins), sum(b.rugs for b in bins)) == (
        exposure.ticks,
        exposure.rugs,
    )
    assert all(before.last + 1 == after.first for before, after in pairwise(bins))
    assert max(b.ticks for b in bins) < 1.3 * min(b.ticks for b in bins)


def test_survival_is_the_share_of_games_still_running() -> None:
    points = survival_of(survival.exposure(MANY))
    assert points[0].watched == 1.0
    for point in points:
        assert point.watched == pytest.approx(float((MANY.rug_ticks > point.tick).mean()))
        assert point.fair == pytest.approx((1 - FAIR_HAZARD) ** point.tick)


def test_a_hazard_that_follows_the_price_is_found_and_a_constant_one_is_not() -> None:
    log_price = np.where(MANY.prices > 0, np.log(MANY.prices), np.nan)
    exposure = exposure_of(MANY)
    fair = score_test(BY_PRICE, exposure, MANY, log_price)
    assert fair.p is not None
    assert fair.p > 0.01
    foreknown = log_price.copy()
    foreknown[MANY.offsets[1:] - 2] += 0.2
    tied = score_test(BY_PRICE, exposure, MANY, foreknown)
    assert tied.p is not None
    assert tied.p < 1e-6


def test_ticks_at_which_nothing_is_known_are_left_out_of_a_score() -> None:
    unknown = np.full(len(MANY.prices), np.nan)
    unknown[: MANY.offsets[100]] = MANY.prices[: MANY.offsets[100]]
    found = score_test(BY_PRICE, exposure_of(MANY), MANY, unknown)
    assert found.n == int(MANY.rug_ticks[:100].sum())


def test_too_few_games_give_no_p_but_a_reason() -> None:
    exposure = exposure_of(with_times(generate_games(5, 1)))
    for found in (hazard_test(exposure), age_test(exposure, ())):
        assert found.p is None
        assert found.note.startswith("needs ")
    none = generate_games(0, 1)
    seen = survival.exposure(none)
    assert (hazard_of(exposure_of(none)).estimate, survival_of(seen), age_bins(seen)) == (
        None,
        (),
        (),
    )
