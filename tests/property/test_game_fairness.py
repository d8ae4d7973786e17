"""Simulated games obey the published law, and both ways of computing them are one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_player.game.price_path import RULES, V3, PricePaths, price_path, price_paths, rug_price
from vectra_player.game.seedrandom import SeedRandom, doubles
from vectra_player.game.sidebet import FAIR_WIN_CHANCE, WINDOW_TICKS

GAMES = 20_000
Z = 4.5  # two-sided chance 7e-6; the seeds are fixed, so a pass stays a pass


@pytest.fixture(scope="module")
def simulated() -> PricePaths:
    seeds = [hashlib.sha256(f"law-{k}".encode()).hexdigest() for k in range(GAMES)]
    return price_paths(seeds, [f"20260101-{seed[:16]}" for seed in seeds], threads=2)


def test_the_hazard_of_simulated_games_lies_in_its_interval(simulated: PricePaths) -> None:
    exposures = int(simulated.rug_ticks.sum())
    hazard = int(simulated.rugged.sum()) / exposures
    error = np.sqrt(V3.rug_chance * (1 - V3.rug_chance) / exposures)
    assert abs(hazard - V3.rug_chance) < Z * error


def test_sidebets_win_as_often_as_the_hazard_says_at_any_start(simulated: PricePaths) -> None:
    ticks = simulated.rug_ticks
    for start in (0, 1, 50, 300):
        alive = ticks[ticks > start]
        share = float((alive <= start + WINDOW_TICKS).mean())
        error = np.sqrt(FAIR_WIN_CHANCE * (1 - FAIR_WIN_CHANCE) / len(alive))
        assert abs(share - FAIR_WIN_CHANCE) < Z * error


def test_peaks_have_the_known_quantiles(simulated: PricePaths) -> None:
    for multiple, chance in ((2.0, 0.439), (10.0, 0.0774), (100.0, 0.0066)):
        share = float((simulated.peaks >= multiple).mean())
        assert abs(share - chance) < Z * np.sqrt(chance * (1 - chance) / GAMES) + 0.0005


def test_every_step_is_one_the_rules_allow(simulated: PricePaths) -> None:
    for game in range(0, GAMES, 40):
        prices = simulated.prices_of(game)
        path = prices[:-1]
        change = path[1:] / path[:-1] - 1
        noise = 0.005 * np.minimum(10.0, np.sqrt(path[:-1]))
        small = (change >= -0.02 - noise - 1e-12) & (change <= 0.03 + noise + 1e-12)
        big = (np.abs(change) >= 0.15 - 1e-12) & (np.abs(change) <= 0.25 + 1e-12)
        god = np.abs(change - 9.0) < 1e-12
        assert bool((small | big | god).all())
        assert path[0] == 1.0
        assert prices[-1] == rug_price(path.tolist())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=80), st.text(max_size=30)), min_size=1, max_size=5),
    st.sampled_from(sorted(RULES)),
)
def test_plain_and_compiled_games_are_equal_for_any_text(
    games: list[tuple[str, str]], version: str
) -> None:
    batch = price_paths([g[0] for g in games], [g[1] for g in games], version)
    for index, (seed, game_id) in enumerate(games):
        one = price_path(seed, game_id, version)
        assert one.prices == tuple(batch.prices_of(index))
        assert (one.peak, one.low) == (batch.peaks[index], batch.lows[index])
        assert (one.draws, one.rugged) == (batch.draws[index], batch.rugged[index])


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=700))
def test_plain_and_compiled_draws_are_equal_for_any_text(seed: str) -> None:
    generator = SeedRandom(seed)
    assert [generator.random() for _ in range(30)] == doubles([seed], 30)[0].tolist()
