"""What sidebets are worth, from how games went and from the bets that were made."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.analysis_support import Tree, game_of_length, games_of_paths, recorded_game

from vectra_player.analysis.games import UNKNOWN, Games, generate_games, load_games
from vectra_player.analysis.intervals import proportion
from vectra_player.analysis.sidebets import (
    RecordedBets,
    Sidebets,
    bets_in_a_row,
    sidebets,
)
from vectra_player.analysis.survival import exposure
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, FAIR_WIN_CHANCE
from vectra_player.model.rows import Sidebet
from vectra_player.model.units import to_sol
from vectra_player.store.crowd import settled_sidebets
from vectra_player.store.reads import GameFilter, StoreReader

REAL = GameFilter(origins="real")
_numbers = count(1)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "data")


def bet(
    game: str, start: int, *, won: bool, stake: float = 1.0, who: str = "p1", **changes: Any
) -> Sidebet:
    """Build a settled bet; its stake is in SOL."""
    values: dict[str, Any] = {
        "seq": next(_numbers),
        "game_id": game,
        "start_tick": start,
        "end_tick": start + 40,
        "player_id": who,
        "bet_amount": to_sol(stake),
        "payout": to_sol(stake * 5 if won else 0),
        "outcome": "won" if won else "lost",
        "coin_address": "So11111111111111111111111111111111111111112",
    }
    return Tree.sidebet(**{**values, **changes})


def ask(tree: Tree) -> Sidebets:
    with StoreReader(tree.root) as reader:
        return sidebets(load_games(reader, unfinished=True), settled_sidebets(reader, REAL))


def recorded(tree: Tree) -> RecordedBets:
    found = ask(tree).recorded
    assert found is not None
    return found


def test_generated_games_give_the_published_odds() -> None:
    """P(win) 0.181680 and -9.160 % of the stake, within four standard errors of 50,000 games."""
    found = sidebets(generate_games(50_000, 21, threads=2), starts=[0, 100])
    for odds in found.by_start:
        assert odds.chance.value is not None
        assert odds.value.value is not None
        error = 4 * (FAIR_WIN_CHANCE * (1 - FAIR_WIN_CHANCE) / odds.at_risk) ** 0.5
        assert odds.chance.value == pytest.approx(0.181680, abs=error)
        assert odds.value.value == pytest.approx(-0.09160, abs=5 * error)
        assert odds.value.fair == pytest.approx(-0.09160, abs=1e-5)
    assert found.in_a_row.value.fair_is_inside
    assert found.recorded is None


def test_a_start_tick_is_valued_by_the_games_alive_there() -> None:
    games = games_of_paths(*map(game_of_length, [30, 40, 41, 100, 10]))
    found = sidebets(games, starts=[0, 30])
    assert [(odds.at_risk, odds.wins) for odds in found.by_start] == [(5, 3), (3, 2)]
    assert found.by_start[1].chance.value == pytest.approx(2 / 3)
    assert found.by_start[1].value.value == pytest.approx(5 * 2 / 3 - 1)


def profit(rug_tick: int, start: int, bets: int) -> int | None:
    """Play a row by hand."""
    if rug_tick <= start:
        return None
    for number in range(bets):
        if rug_tick <= start + 40 * (number + 1):
            return 4 - number
    return -bets


def test_bets_in_a_row_are_what_playing_them_gives() -> None:
    games = generate_games(2000, 5)
    played = [profit(int(rug), 60, 3) for rug in games.rug_ticks]
    profits = np.asarray([value for value in played if value is not None])
    row = bets_in_a_row(exposure(games), 60, 3)
    assert row.value.n == row.any_win.n == len(profits)
    assert row.value.value == pytest.approx(profits.mean())
    assert row.any_win.value == pytest.approx((profits > -3).mean())
    assert row.staked == pytest.approx(np.where(profits > 0, 5 - profits, 3).mean())
    for outcome in row.outcomes:
        assert outcome.chance.value == pytest.approx((profits == outcome.profit).mean())
    assert sum(outcome.chance.fair or 0 for outcome in row.outcomes) == pytest.approx(1)


def test_the_fair_row_loses_the_edge_on_every_bet_placed() -> None:
    row = bets_in_a_row(exposure(games_of_paths(game_of_length(500))), 0, 4)
    assert row.any_win.fair == pytest.approx(1 - 0.995**160)
    assert row.value.fair == pytest.approx(FAIR_EXPECTED_VALUE * row.fair_staked)


def test_a_row_of_one_bet_is_that_bet() -> None:
    seen = exposure(generate_games(200, 6))
    chance = seen.window(20, 40).chance
    assert bets_in_a_row(seen, 20, 1).value == chance.scaled(5, -1)


def test_the_interval_of_a_row_holds_as_often_as_it_says() -> None:
    pool = generate_games(250 * 50, 31, threads=2)
    held = 0
    for number in range(250):
        games = pool.take(np.arange(number * 50, number * 50 + 50))
        held += bool(bets_in_a_row(exposure(games), 0, 3).value.fair_is_inside)
    assert 0.92 <= held / 250 <= 0.995


def test_a_row_nobody_had_to_finish_has_the_value_of_what_was_played() -> None:
    row = bets_in_a_row(exposure(games_of_paths(game_of_length(50), game_of_length(70))), 40, 3)
    assert (row.any_win.value, row.value.value, row.staked) == (1.0, 4.0, 1.0)
    assert row.value.low is not None
    assert row.value.high is not None
    assert row.value.low < 0 < row.value.high <= 4


def test_a_row_nobody_watched_to_its_end_has_no_value() -> None:
    games = games_of_paths([1.0] * 60)
    games = Games(**{**vars(games), "rug_ticks": np.asarray([UNKNOWN])})
    row = bets_in_a_row(exposure(games), 0, 3)
    assert row.any_win.value is None
    assert row.value.value is None
    assert row.staked is None
    assert all(outcome.chance.value is None for outcome in row.outcomes)


def test_recorded_bets_are_counted_with_stakes_and_rule(tree: Tree) -> None:
    tree.add(recorded_game("a", game_of_length(50)), recorded_game("b", game_of_length(120), 1))
    tree.add(
        bet("a", 10, won=True, stake=0.1),
        bet("a", 20, won=True, stake=0.3, who="p2"),
        bet("b", 10, won=False, stake=0.5),
        bet("b", 79, won=False, stake=0.1, who="p2"),
        bet("b", 80, won=True, stake=20.0, who="p3", coin_address="0xPractice"),
        bet("b", 0, won=False, who="p4", outcome="unknown"),
        bet("unfinished", 0, won=False),
    )
    found = recorded(tree)
    assert (found.bets, found.games, found.players, found.wins) == (5, 2, 3, 3)
    assert (found.own, found.practice, found.against_rule) == (0, 1, 0)
    assert (found.last_tick_wins, found.one_late_losses) == (2, 1)
    assert found.win_rate.value == pytest.approx(3 / 5)
    assert found.equal_stakes.value == pytest.approx(2.0)
    assert found.sol_staked == pytest.approx(1.0)
    assert found.sol_return.value == pytest.approx(5 * 0.4 / 1.0 - 1)
    assert found.sol_return.fair == pytest.approx(FAIR_EXPECTED_VALUE)
    assert sum(group.win_rate.n for group in found.by_start) == found.bets


def test_a_window_of_39_or_41_checks_would_have_ended_bets_otherwise(tree: Tree) -> None:
    tree.add(recorded_game("b", game_of_length(120)))
    tree.add(
        bet("b", 80, won=True),
        bet("b", 79, won=False, who="p2"),
        bet("b", 79, won=False, who="p3"),
        bet("b", 100, won=True, who="p4"),
    )
    rules = {rule.checks: rule for rule in ask(tree).rules}
    assert {checks: (rule.wins, rule.disagree) for checks, rule in rules.items()} == {
        39: (1, 1),
        40: (2, 0),
        41: (4, 2),
    }
    assert rules[39].value == pytest.approx(-0.112, abs=5e-4)
    assert rules[41].value == pytest.approx(-0.071, abs=5e-4)


def test_a_bet_that_ended_against_the_rule_is_counted(tree: Tree) -> None:
    tree.add(recorded_game("a", game_of_length(50)))
    tree.add(bet("a", 10, won=False), bet("a", 5, won=True, who="p2"))
    assert recorded(tree).against_rule == 2


def test_many_bets_on_one_rug_tell_no_more_than_one(tree: Tree) -> None:
    for game in range(4):
        tree.add(recorded_game(f"g{game}", game_of_length(30 if game % 2 else 80), game))
        tree.add(*(bet(f"g{game}", 5, won=bool(game % 2), who=f"p{n}") for n in range(50)))
    found = recorded(tree)
    assert found.win_rate.n == 200
    four = proportion(2, 4)
    assert found.win_rate.low is not None
    assert found.win_rate.high is not None
    assert four.low is not None
    assert four.high is not None
    assert found.win_rate.low < four.low < four.high < found.win_rate.high


def test_no_games_give_no_odds() -> None:
    found = sidebets(games_of_paths())
    assert all(odds.chance.value is None for odds in found.by_start)
    assert found.by_start[0].value.fair == pytest.approx(FAIR_EXPECTED_VALUE)
