"""Chance is not called skill: of random strategies on fair games hardly any is a winner."""

from __future__ import annotations

from tests.unit.strategy.random_strategies import MOST, share_of_winners


def test_hardly_any_random_strategy_is_called_a_winner() -> None:
    called, ahead = share_of_winners(40, 200, seed=3)
    assert called <= MOST
    assert ahead > 0.15  # though many end above zero, so that the test has something to find
