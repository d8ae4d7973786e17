"""Games are cut by time, and no game is on both sides of a cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vectra_player.analysis.games import generate_games
from vectra_player.analysis.splits import Part, check_order, split_by_time, walk_forward
from vectra_player.errors import UsageError


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("n_games", [2, 3, 10, 901])
def test_earlier_games_train_and_all_later_ones_validate(n_games: int, share: float) -> None:
    split = split_by_time(n_games, share)
    assert (split.train.first, split.validation.last) == (0, n_games)
    assert split.train.last == split.validation.first
    assert len(split.train) >= 1
    assert len(split.validation) >= 1
    assert abs(len(split.train) - n_games * share) <= 1


def test_too_few_games_leave_a_part_empty_instead_of_failing() -> None:
    assert len(split_by_time(0).train) == 0
    assert len(split_by_time(1).train) + len(split_by_time(1).validation) == 1


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 70.0])
def test_a_share_that_leaves_nothing_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="above 0 and below 1"):
        split_by_time(10, share)


def test_each_fold_checks_the_games_right_after_those_it_is_chosen_on() -> None:
    folds = walk_forward(903, 5)
    assert len(folds) == 5
    assert all(fold.train.first == 0 for fold in folds)
    assert all(fold.train.last == fold.validation.first for fold in folds)
    checked = [
        game for fold in folds for game in range(fold.validation.first, fold.validation.last)
    ]
    assert checked == list(range(folds[0].train.last, 903))


def test_few_games_make_fewer_folds() -> None:
    assert len(walk_forward(3, 5)) == 2
    assert walk_forward(1, 5) == ()
    assert walk_forward(0, 5) == ()
    with pytest.raises(UsageError):
        walk_forward(10, 0)


def test_a_part_cuts_arrays() -> None:
    assert np.arange(10)[Part(2, 5).slice].tolist() == [2, 3, 4]


def test_games_out_of_order_or_there_twice_are_refused() -> None:
    games = generate_games(3, seed=1)
    check_order(games)
    check_order(replace(games, ended_at=np.array([5, -1, 7])))
    with pytest.raises(UsageError, match="order of time"):
        check_order(replace(games, ended_at=np.array([5, -1, 4])))
    with pytest.raises(UsageError, match="twice"):
        check_order(games.take([0, 1, 0]))
