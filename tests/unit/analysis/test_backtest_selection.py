"""Which games are played is said, and so is which are not, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import RealStore

from vectra_player.analysis.games import Games
from vectra_player.analysis.selection import (
    GAPS,
    NO_BEGINNING,
    NO_END,
    NO_PRICES,
    Selected,
    _lacks,
    select_games,
)
from vectra_player.errors import UsageError

NAN = float("nan")


def select(root: Path, *asked: str, include_incomplete: bool = False) -> Selected:
    """Choose games of a data directory."""
    return select_games(root, asked, origin="real", include_incomplete=include_incomplete, seed=1)


@pytest.fixture(scope="module")
def root(real_store: RealStore) -> Path:
    """A data directory with real captures."""
    return real_store.root


@pytest.mark.real_data
def test_complete_games_are_played_and_the_others_counted_with_reasons(root: Path) -> None:
    chosen = select(root, "all")
    assert chosen.games.complete.all()
    assert len(chosen.games) == len(select(root, "complete").games)
    left = sum(chosen.left_out.values())
    assert left > 0
    assert f"{left:,} left out" in chosen.sentence()
    both = select(root, "all", include_incomplete=True)
    assert len(chosen.games) < len(both.games) <= len(chosen.games) + left
    assert (np.diff(both.games.ended_at[both.games.ended_at >= 0]) >= 0).all()


@pytest.mark.real_data
def test_games_are_named_and_a_wrong_name_is_refused(root: Path) -> None:
    ids = select(root, "all").games.game_ids
    chosen = select(root, f"{ids[4]},{ids[1]}", ids[2])
    assert chosen.games.game_ids == (ids[1], ids[2], ids[4])
    with pytest.raises(UsageError, match="'nope' is recorded"):
        select(root, "nope")


def test_generated_games_need_no_store(tmp_path: Path) -> None:
    chosen = select(tmp_path / "nowhere", "generated:7")
    assert (len(chosen.games), chosen.generated, chosen.left_out) == (7, True, {})
    assert chosen.told()["asked"] == "generated:7"
    assert chosen.told()["first"] is None
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "word", ["generated:", "generated:0", "generated:x", "generated:-5", "generated:9999999"]
)
def test_an_impossible_number_is_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="generated:1000"):
        select(tmp_path, word)
    with pytest.raises(UsageError):
        select(tmp_path, "generated:5", "another")


def test_an_empty_store_says_how_to_get_games(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vectra-player import"):
        select(tmp_path)
    empty = Selected(select(tmp_path, "generated:1").games.take([]), "all", "real", {})
    assert "vectra-player up" in empty.advice()
    assert "generated:1000" in empty.advice()


@pytest.mark.parametrize(
    ("prices", "rug_tick", "first_tick", "reason"),
    [
        ([1.0, 1.1, 0.02], 2, 0, ""),
        ([1.0, NAN, 0.02], 2, 0, GAPS),
        ([NAN, 1.1, 0.02], 2, 1, NO_BEGINNING),
        ([1.0, 1.1], -1, 0, NO_END),
        ([1.0, 1.1], 5, 0, NO_END),
        ([NAN, NAN, 0.02], 2, 2, NO_PRICES),
        ([], -1, 0, NO_PRICES),
    ],
)
def test_each_lack_has_its_name(
    prices: list[float], rug_tick: int, first_tick: int, reason: str
) -> None:
    games = Games(
        game_ids=("game",),
        offsets=np.array([0, len(prices)]),
        prices=np.array(prices, np.float64),
        rug_ticks=np.array([rug_tick]),
        first_ticks=np.array([first_tick]),
        ended_at=np.array([-1]),
        versions=(None,),
    )
    assert _lacks(games) == [reason]
