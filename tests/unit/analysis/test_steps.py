"""Price steps: between known neighbours, never over the rug, each of one kind."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis_support import games_of_paths

from vectra_player.analysis.games import Games
from vectra_player.analysis.steps import steps_of


def test_steps_lie_between_known_neighbours_and_leave_the_rug_out() -> None:
    games = games_of_paths([1.0, 1.1, np.nan, 1.3, 1.0, 0.02], [1.0, 2.0, 0.02])
    steps = steps_of(games)
    assert steps.change == pytest.approx([0.1, 1.0 / 1.3 - 1.0, 1.0])
    assert steps.price.tolist() == [1.0, 1.3, 1.0]
    assert steps.game.tolist() == [0, 0, 1]
    assert steps.tick.tolist() == [1, 4, 1]


def test_a_game_that_was_not_seen_to_rug_counts_to_its_last_step() -> None:
    games = games_of_paths([1.0, 1.1, 1.2])
    games = Games(**{**vars(games), "rug_ticks": np.asarray([-1])})
    assert steps_of(games).tick.tolist() == [1, 2]


def test_a_step_is_small_or_big_or_a_god_candle() -> None:
    steps = steps_of(games_of_paths([1.0, 1.08, 1.242, 0.9936, 9.936, 0.02]))
    assert steps.big.tolist() == [False, True, True, False]
    assert steps.god.tolist() == [False, False, False, True]


def test_some_of_the_steps_are_steps() -> None:
    steps = steps_of(games_of_paths([1.0, 1.1, 1.2, 0.02]))
    assert steps.take(steps.tick == 2).price.tolist() == [1.1]
    assert len(steps) == 2
