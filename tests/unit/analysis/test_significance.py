"""Chance is not taken for skill, and skill is seen once there is enough of it."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import kurtosis, norm, skew

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.significance import (
    FEWEST_GAMES,
    bootstrap_interval,
    cautious_mean,
    deflated_scores,
    expected_best,
    hurdle_of,
    moments,
    weigh,
)
from vectra_player.errors import UsageError

SOL = 1_000_000_000
STAKE = 10_000_000

Amounts = npt.NDArray[np.int64]


def risked(pnl: Amounts, stake: int = STAKE) -> Amounts:
    """Say that every game had one stake at risk."""
    return np.full(len(pnl), stake, np.int64)


def coin(edge: float, games: int, seed: int) -> Amounts:
    """Win or lose one stake a game; a win has the chance (1 + edge) / 2."""
    won = np.random.default_rng(seed).random(games) < (1 + edge) / 2
    return np.where(won, STAKE, -STAKE).astype(np.int64)


def test_moments_are_those_of_scipy() -> None:
    pnl = np.random.default_rng(1).integers(-SOL, SOL, (3, 400))
    found = moments(pnl)
    table = pnl / SOL
    assert found.games == 400
    np.testing.assert_allclose(found.mean, table.mean(axis=1))
    np.testing.assert_allclose(found.sd, table.std(axis=1, ddof=1))
    np.testing.assert_allclose(found.skew, skew(table, axis=1))
    np.testing.assert_allclose(found.kurtosis, kurtosis(table, axis=1, fisher=False))


def test_games_that_all_end_alike_have_no_score() -> None:
    never = weigh(np.zeros(50, np.int64), np.zeros(50, np.int64), seed=1)
    assert (never.sharpe, never.hurdle, never.deflated) == (None, None, None)
    assert (never.mean, never.low, never.high, never.games_at_risk) == (0, 0, 0, 0)
    always = np.full(50, STAKE, np.int64)
    assert weigh(always, risked(always), seed=1).deflated is None
    assert not weigh(always, risked(always), seed=1).winner


def test_a_normal_sample_has_the_score_of_the_normal_law() -> None:
    pnl = (np.random.default_rng(2).normal(0.02, 1.0, 2000) * SOL).astype(np.int64)
    found = moments(pnl)
    score = deflated_scores(found, 0.0)[0]
    assert score == pytest.approx(norm.cdf(found.sharpe[0] * math.sqrt(1999)), abs=0.005)
    assert deflated_scores(found, 0.05)[0] < score


def test_the_hurdle_is_the_best_of_worthless_ones() -> None:
    draws = np.random.default_rng(3).normal(size=(4000, 100)).max(axis=1).mean()
    assert expected_best(100, 1.0) == pytest.approx(draws, abs=0.05)
    assert expected_best(1, 1.0) == 0.0
    rising = [expected_best(count, 1.0) for count in (1, 2, 10, 100, 10_000, 1_000_000)]
    assert rising == sorted(rising)


def test_variants_that_resemble_each_other_make_the_hurdle_no_lower() -> None:
    alike = np.full(100, 0.1)
    assert hurdle_of(alike, 401, 100) == pytest.approx(expected_best(100, 1 / 400))
    apart = np.random.default_rng(4).normal(0, 1, 100)
    assert hurdle_of(apart, 401, 100) > 10 * hurdle_of(alike, 401, 100)


def test_the_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    chance, covered = 0.18168, 0
    for seed in range(200):
        won = np.random.default_rng(seed).random(300) < chance
        low, high = bootstrap_interval(np.where(won, 4 * STAKE, -STAKE), seed=seed)
        covered += low <= (5 * chance - 1) * STAKE / SOL <= high
    assert 0.92 <= covered / 200 <= 0.98


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    pnl = coin(0.1, 200, seed=1)
    assert bootstrap_interval(pnl, seed=5) == bootstrap_interval(pnl, seed=5)
    assert bootstrap_interval(pnl[:1], seed=5) == (pnl[0] / SOL, pnl[0] / SOL)
    assert bootstrap_interval(pnl[:0], seed=5) == (0.0, 0.0)


def test_a_loss_not_seen_yet_is_allowed_for() -> None:
    pnl = np.full(100, STAKE // 100, np.int64)  # 1 % a game, no rug met so far
    unseen = 1 - 0.05 ** (1 / 100)
    expected = ((1 - unseen) * 0.01 - unseen) * STAKE / SOL
    assert cautious_mean(pnl, risked(pnl)) == pytest.approx(expected)
    assert cautious_mean(pnl, np.zeros(100, np.int64)) == 0.0


def test_a_real_edge_is_called_a_winner() -> None:
    pnl = coin(0.2, 1000, seed=6)
    found = weigh(pnl, risked(pnl), seed=1)
    assert found.winner, found.why_not
    assert found.why_not == ()
    assert found.low > 0


@pytest.mark.parametrize(
    ("pnl", "variants", "reason"),
    [
        (coin(-0.1, 900, seed=1), 1, "it lost"),
        (np.zeros(50, np.int64), 1, "won nothing"),
        (coin(0.6, FEWEST_GAMES - 1, seed=1), 1, "fewer than 30 games"),
        (coin(0.04, 400, seed=2), 1, "interval reaches zero"),
        (coin(0.12, 900, seed=2), 10_000, "deflated score"),
        (np.r_[np.full(39, STAKE // 100), STAKE // 50].astype(np.int64), 1, "as rare as"),
        (np.r_[np.full(99, -STAKE // 50), 50 * STAKE].astype(np.int64), 1, "one game made"),
    ],
)
def test_each_weakness_is_named_and_denies_the_title(
    pnl: Amounts, variants: int, reason: str
) -> None:
    found = weigh(pnl, risked(pnl), seed=1, variants=variants)
    assert not found.winner
    assert any(reason in why for why in found.why_not), found.why_not


def test_the_number_of_variants_has_to_be_possible() -> None:
    with pytest.raises(UsageError):
        weigh(coin(0, 100, seed=1), risked(coin(0, 100, seed=1)), seed=1, variants=0)


def test_no_games_are_no_error() -> None:
    nothing = np.empty(0, np.int64)
    found = weigh(nothing, nothing, seed=1)
    assert (found.games, found.mean, found.winner) == (0, 0.0, False)


# A short form of the false-alarm run: worthless strategies of three kinds on fair games.


@pytest.fixture(scope="module")
def fair() -> Games:
    """Many fair games to draw histories from."""
    return generate_games(20_000, seed=11)


def sidebets(games: Games, drawn: Amounts, random: np.random.Generator) -> tuple[Amounts, Amounts]:
    """Bet a few windows from some tick on."""
    entry, bets = int(random.integers(0, 300)), int(random.integers(1, 6))
    starts = entry + 40 * np.arange(bets)
    rugs = games.rug_ticks[drawn][:, None]
    placed = starts < rugs
    won = placed & (rugs <= starts + 40)
    pnl = STAKE * (5 * won.sum(axis=1) - placed.sum(axis=1))
    return pnl, STAKE * placed.sum(axis=1)


def holding(
    games: Games, drawn: Amounts, random: np.random.Generator, longest: int
) -> tuple[Amounts, Amounts]:
    """Hold for some ticks, or until the rug."""
    entry, ticks = int(random.integers(0, 100)), int(random.integers(1, longest))
    pnl, at_risk = np.zeros((2, len(drawn)), np.int64)
    for row, game in enumerate(drawn):
        prices, rug = games.prices_of(int(game)), int(games.rug_ticks[game])
        if entry < rug:
            at_risk[row] = STAKE
            pnl[row] = STAKE * (prices[min(entry + ticks, rug)] / prices[entry] - 1)
    return pnl, at_risk


@pytest.mark.parametrize("n_games", [60, 150])
@pytest.mark.parametrize("kind", ["sidebets", "short holds", "long holds"])
def test_at_most_five_percent_of_worthless_strategies_are_called_winners(
    kind: str, n_games: int, fair: Games
) -> None:
    random = np.random.default_rng(n_games)
    winners = 0
    for number in range(200):
        drawn = random.choice(len(fair), n_games, replace=False)
        if kind == "sidebets":
            pnl, at_risk = sidebets(fair, drawn, random)
        else:
            pnl, at_risk = holding(fair, drawn, random, 8 if kind == "short holds" else 150)
        winners += weigh(pnl, at_risk, seed=number).winner
    assert winners <= 0.05 * 200


MOMENTS_OF = """
import numpy as np
from vectra_player.analysis.significance import moments
pnl = np.random.default_rng(5).integers(-20_000_000, 80_000_000, (40, 300))
found = moments(pnl)
print(b"".join(part.tobytes() for part in (found.mean, found.sd, found.skew, found.kurtosis)).hex())
"""


def test_moments_are_the_same_to_the_bit_without_the_processors_wide_vectors() -> None:
    from numpy._core._multiarray_umath import __cpu_dispatch__

    told = [
        subprocess.run(
            [sys.executable, "-c", MOMENTS_OF],
            env={**os.environ, **settings},
            capture_output=True,
            check=True,
        ).stdout
        for settings in ({}, {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)})
    ]
    assert told[0] == told[1] != b""
