"""Games as columns: what is known of a game, where its watching began, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.analysis_support import Tree, games_of_paths, recorded_game, ticks

from vectra_player.analysis.games import UNKNOWN, Games, generate_games, generated, load_games
from vectra_player.store.reads import GameFilter, StoreReader

REAL = GameFilter(origins="real")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "data")


def load(
    tree: Tree,
    chosen: GameFilter = REAL,
    game_ids: Sequence[str] | None = None,
    *,
    unfinished: bool = False,
) -> Games:
    with StoreReader(tree.root) as reader:
        return load_games(reader, chosen, game_ids, unfinished=unfinished)


def test_a_game_has_the_prices_of_its_row_to_the_last_bit(tree: Tree) -> None:
    prices = [1.0, 1 / 3, 0.1 + 0.2, 0.02]
    tree.add(recorded_game("a", prices), recorded_game("b", [1.0, 0.02], 1))
    games = load(tree)
    assert games.game_ids == ("a", "b")
    assert games.prices_of(0).tolist() == prices
    assert games.prices_of(1).tolist() == [1.0, 0.02]
    assert games.rug_ticks.tolist() == [3, 1]
    assert games.first_ticks.tolist() == [0, 0]
    assert games.ended_at.tolist() == [tree.T0, tree.T0 + 60_000_000]
    assert games.versions == ("v3", "v3")


def test_games_come_in_order_of_time_and_the_newest_are_kept(tree: Tree) -> None:
    tree.add(*(recorded_game(name, [1.0, 0.02], n) for name, n in (("c", 1), ("a", 3), ("b", 2))))
    assert load(tree).game_ids == ("c", "b", "a")
    assert load(tree, GameFilter(origins="real", limit=2)).game_ids == ("b", "a")
    assert load(tree, REAL, ["a", "c", "nobody"]).game_ids == ("c", "a")
    assert load(tree, REAL, []).game_ids == ()


def test_ticks_nobody_saw_are_holes_and_the_game_is_incomplete(tree: Tree) -> None:
    partial = tree.game("a", rug_tick=4, rug_price=0.02, completeness="partial")
    tree.add(partial, *ticks("a", [1.0, 1.1]), *ticks("a", [1.3], first=3, seq=10))
    games = load(tree)
    np.testing.assert_array_equal(games.prices_of(0), [1.0, 1.1, np.nan, 1.3, 0.02])
    assert games.complete.tolist() == [False]
    assert len(games.only_complete()) == 0


def test_a_tick_after_the_rug_is_not_taken(tree: Tree) -> None:
    partial = tree.game("a", rug_tick=2, rug_price=0.02, completeness="partial")
    tree.add(partial, *ticks("a", [1.0, 1.1, 0.02, 7.0, 8.0]))
    games = load(tree)
    assert games.prices_of(0).tolist() == [1.0, 1.1, 0.02]
    assert games.complete.tolist() == [True]


def test_a_tick_seen_twice_counts_once_the_live_one_first(tree: Tree) -> None:
    partial = tree.game("a", rug_tick=2, rug_price=0.02, completeness="partial")
    told = tree.tick(1, 9.0, "a", "s0", price_source="partial")
    tree.add(partial, told, *ticks("a", [1.0, 1.1]), *ticks("a", [1.0, 1.1], session="s2"))
    assert load(tree).prices_of(0).tolist() == [1.0, 1.1, 0.02]


def test_a_revealed_series_beats_what_was_watched(tree: Tree) -> None:
    tree.add(recorded_game("a", [1.0, 1.5, 0.02]), *ticks("a", [1.0, 9.0]))
    assert load(tree).prices_of(0).tolist() == [1.0, 1.5, 0.02]


def test_a_recomputed_price_is_no_observation(tree: Tree) -> None:
    partial = tree.game("a", rug_tick=2, rug_price=0.02, completeness="partial")
    tree.add(partial, *ticks("a", [1.0]), tree.tick(1, 1.1, "a", price_source="recomputed"))
    np.testing.assert_array_equal(load(tree).prices_of(0), [1.0, np.nan, 0.02])


def test_a_game_met_midway_counts_from_there_even_when_its_start_is_told(tree: Tree) -> None:
    told = [tree.tick(t, 1.0, "b", seq=1, price_source="partial") for t in range(5)]
    tree.add(
        tree.game("a", rug_tick=9, rug_price=0.02, completeness="partial"),
        *ticks("a", [1.0, 1.1, 1.2], first=6),
        recorded_game("b", [1.0] * 8 + [0.02], 1),
        *told,
        *ticks("b", [1.0, 1.0], first=5, seq=2),
        recorded_game("c", [1.0, 0.02], 2),
    )
    games = load(tree)
    assert dict(zip(games.game_ids, games.first_ticks.tolist(), strict=True)) == {
        "a": 6,
        "b": 5,
        "c": 0,
    }
    assert games.complete.tolist() == [False, True, True]


def test_a_game_only_told_by_a_snapshot_counts_from_its_last_tick(tree: Tree) -> None:
    tree.add(*(tree.tick(t, 1.0, "a", seq=1, price_source="partial") for t in range(5)))
    games = load(tree, unfinished=True)
    assert (games.first_ticks.tolist(), games.last_ticks.tolist()) == ([4], [4])


def test_games_not_seen_to_rug_come_when_asked(tree: Tree) -> None:
    tree.add(
        recorded_game("a", [1.0, 0.02]),
        *ticks("b", [1.0, 1.1, 1.2], seq=50),
        *(tree.tick(t, 1.0, "demo", "s9", origin="127.0.0.1:9") for t in range(3)),
    )
    assert load(tree).game_ids == ("a",)
    games = load(tree, unfinished=True)
    found = dict(zip(games.game_ids, games.rug_ticks.tolist(), strict=True))
    assert found == {"a": 1, "b": UNKNOWN}
    unseen = games.game_ids.index("b")
    assert games.prices_of(unseen).tolist() == [1.0, 1.1, 1.2]
    assert not games.complete[unseen]
    assert load(tree, GameFilter(origins="demo"), unfinished=True).game_ids == ("demo",)
    full = GameFilter(origins="real", completeness=("full",))
    assert load(tree, full, unfinished=True).game_ids == ("a",)
    late = GameFilter(origins="real", since=tree.T0 + 86_400_000_000)
    assert len(load(tree, late, unfinished=True)) == 0


def test_a_real_game_played_again_by_the_demo_server_is_another_game(tree: Tree) -> None:
    real = tree.game("a", rug_tick=2, rug_price=0.02, completeness="partial")
    tree.add(real, *ticks("a", [1.0]))
    tree.add(*(tree.tick(t, 5.0, "a", "s9", origin="127.0.0.1:9") for t in range(2)))
    np.testing.assert_array_equal(load(tree).prices_of(0), [1.0, np.nan, 0.02])
    both = load(tree, GameFilter(origins="all"), unfinished=True)
    assert both.game_ids == ("a", "a")
    assert sorted(both.rug_ticks.tolist()) == [UNKNOWN, 2]


def test_an_empty_store_has_no_games(tree: Tree) -> None:
    games = load(tree, unfinished=True)
    assert (len(games), len(games.prices), games.complete.tolist()) == (0, 0, [])


def test_the_digest_tells_whether_two_are_the_same_data() -> None:
    one = games_of_paths([1.0, 1.1, 0.02], [1.0, 0.02])
    assert one.digest == games_of_paths([1.0, 1.1, 0.02], [1.0, 0.02]).digest
    for other in (
        games_of_paths([1.0, np.nextafter(1.1, 2), 0.02], [1.0, 0.02]),
        games_of_paths([1.0, 1.1, 0.02], [1.0, 0.02], first_ticks=[1, 0]),
        games_of_paths([1.0, 0.02], [1.0, 1.1, 0.02]),
        one.take([1, 0]),
    ):
        assert other.digest != one.digest


def test_taking_keeps_the_order_asked_for() -> None:
    games = games_of_paths([1.0, 1.1, 0.02], [1.0, 0.02], [1.0, 2.0, 3.0, 0.02])
    taken = games.take([2, 0, 2])
    assert taken.game_ids == ("g2", "g0", "g2")
    assert [taken.prices_of(k).tolist() for k in range(3)] == [
        [1.0, 2.0, 3.0, 0.02],
        [1.0, 1.1, 0.02],
        [1.0, 2.0, 3.0, 0.02],
    ]
    assert taken.rug_ticks.tolist() == [3, 2, 3]
    assert len(games.take([])) == 0


def test_generated_games_are_whole_and_the_same_for_the_same_seed() -> None:
    games = generate_games(200, 3)
    assert games.complete.all()
    assert (games.first_ticks == 0).all()
    assert games.digest == generate_games(200, 3, threads=2).digest
    assert games.digest != generate_games(200, 4).digest
    np.testing.assert_array_equal(games.last_ticks, games.rug_ticks)


def test_some_generated_games_are_the_same_as_among_all() -> None:
    some = generated((7, 11, 0), 3)
    assert some.game_ids == ("generated-3-7", "generated-3-11", "generated-3-0")
    assert some.digest == generate_games(12, 3).take([7, 11, 0]).digest
