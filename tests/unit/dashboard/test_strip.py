"""Thinned price lines keep what the eye looks for."""

from __future__ import annotations

import numpy as np

from vectra_player.dashboard.data.strip import thinned


def test_a_short_game_is_kept_whole() -> None:
    assert thinned([1.0, 1.1, 0.9]) == [1.0, 1.1, 0.9]


def test_a_long_game_keeps_its_peak_and_its_low() -> None:
    prices = list(np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 1500))))
    line = thinned(prices)
    assert len(line) <= 62
    assert (max(line), min(line)) == (max(prices), min(prices))
