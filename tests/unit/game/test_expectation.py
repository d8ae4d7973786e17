"""The edge of holding is the one the notes state, and the one generated games show."""

from __future__ import annotations

import numpy as np
import pytest

from vectra_player.game.expectation import holding_edges, mean_growth
from vectra_player.game.positions import RugPayout
from vectra_player.game.price_path import V1, V2, price_paths


def test_the_growth_of_a_tick_is_the_notes() -> None:
    assert mean_growth(True) == pytest.approx(1.00446496, abs=1e-8)
    assert mean_growth(False) == pytest.approx(1.004375, abs=1e-12)
    assert mean_growth(True, V1) == mean_growth(True, V2) == mean_growth(False)


def test_without_a_rug_price_a_tick_costs_what_the_notes_say() -> None:
    cheap, dear = holding_edges(np.array([1.0, 200.0]), payout="nothing")
    assert cheap == pytest.approx(-0.00055737, abs=1e-8)
    assert dear / 200 == pytest.approx(-0.00064687, abs=1e-8)


def test_the_rug_price_gives_a_little_back() -> None:
    edges = holding_edges(np.array([1.0, 0.5, 2.0]))
    plain = holding_edges(np.array([1.0, 0.5, 2.0]), payout="nothing")
    assert edges - plain == pytest.approx(0.005 * 0.02 * np.array([1.0, 0.5, 0.5]))


def test_a_missed_price_counts_as_the_last_known() -> None:
    gap = holding_edges(np.array([np.nan, 2.0, np.nan, 3.0]))
    assert gap == pytest.approx(holding_edges(np.array([1.0, 2.0, 2.0, 3.0])))


@pytest.mark.parametrize("payout", ["rug_price", "nothing"])
def test_holding_to_a_fixed_tick_brings_the_sum_of_its_edges(payout: RugPayout) -> None:
    seeds = [f"{number:064x}" for number in range(20_000)]
    paths = price_paths(seeds, [f"g{number}" for number in range(20_000)])
    misses = []
    for game, rug_tick in enumerate(paths.rug_ticks.tolist()):
        prices = paths.prices_of(game)
        end = min(20, rug_tick)
        last = prices[end] if end < rug_tick or payout == "rug_price" else 0.0
        misses.append(last - 1.0 - holding_edges(prices[:end], payout=payout).sum())
    assert abs(np.mean(misses)) < 3 * np.std(misses) / np.sqrt(len(misses))
