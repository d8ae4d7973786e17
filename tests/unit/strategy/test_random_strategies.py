"""Chance is not called skill: of random strategies on fair games hardly any is a winner."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.strategy.random_strategies import MOST, share_of_winners

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.significance import weigh
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE
from vectra_player.strategy.builtin.ruled import RuleStrategy
from vectra_player.strategy.loading import BUILT_IN
from vectra_player.strategy.rules import play_rules

RULED = [kind for kind in BUILT_IN.values() if issubclass(kind, RuleStrategy)]


@pytest.fixture(scope="module")
def games() -> Games:
    return generate_games(20_000, 77)


def test_hardly_any_random_strategy_is_called_a_winner() -> None:
    called, ahead = share_of_winners(40, 200, seed=3)
    assert called <= MOST
    assert ahead > 0.15  # though many end above zero, so that the test has something to find


@pytest.mark.parametrize("kind", RULED, ids=lambda kind: kind.name)
def test_no_built_in_strategy_wins_beyond_chance(kind: type[RuleStrategy], games: Games) -> None:
    rule = kind().rule()
    played = play_rules([rule], games.prices, games.offsets, games.rug_ticks)
    profit = (played.trade_profit + played.sidebet_profit)[0].astype(np.int64)
    at_risk = (played.buys * rule.buy + played.bets * rule.bet)[0].astype(np.int64)
    assert not weigh(profit[:1000], at_risk[:1000], seed=1).winner
    error = profit.std() / np.sqrt(len(profit))
    assert profit.mean() < 2.5 * error


def test_sidebets_return_what_the_odds_say(games: Games) -> None:
    rule = BUILT_IN["sidebet"]({"max_bets": 5}).rule()  # type: ignore[arg-type, attr-defined]
    played = play_rules([rule], games.prices, games.offsets, games.rug_ticks)
    bets = played.bets.sum()
    returned = played.sidebet_profit.sum() / bets / rule.bet
    assert returned == pytest.approx(FAIR_EXPECTED_VALUE, abs=3 * 1.93 / np.sqrt(bets))
