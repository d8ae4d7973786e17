"""Compiled rules and the event engine agree: every count, every lamport, every game sampled."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from vectra_player.analysis.games import Games, generate_games
from vectra_player.game.positions import RugPayout
from vectra_player.model.units import to_sol
from vectra_player.strategy.builtin.ruled import RuleStrategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.rules import BREAKOUT, NEVER, Played, Rule, play_rules

RULES = 120
GAMES = 12


class Ruled(RuleStrategy):
    """Plays the rule it is given."""

    def __init__(self, rule: Rule) -> None:
        self._given = rule
        super().__init__()

    def rule(self) -> Rule:
        return self._given


def random_rule(random: np.random.Generator) -> Rule:
    """Draw any rule, absurd ones too."""
    first = int(random.integers(0, 60))
    return Rule(
        entry=int(random.integers(NEVER, BREAKOUT + 1)),
        first_tick=first,
        last_tick=first + int(random.integers(0, 200)),
        lookback=int(random.integers(1, 30)),
        threshold=float(random.choice([0.0, 0.01, 0.1, 0.3])),
        max_entries=int(random.integers(1, 6)),
        take_profit=float(random.choice([1.01, 1.2, 2.0, np.inf])),
        stop_loss=float(random.choice([0.0, 0.7, 0.99])),
        trailing=float(random.choice([0.0, 0.9])),
        hold_ticks=int(random.integers(1, 90)),
        bet_first=int(random.integers(-1, 50)),
        bet_last=int(random.integers(40, 300)),
        max_bets=int(random.integers(0, 5)),
        buy=int(random.integers(1, 5 * 10**9)),
        bet=int(random.integers(10**6, 5 * 10**9)),
    )


def with_holes(games: Games, random: np.random.Generator) -> Games:
    """Lose a tenth of the prices, the rug price at times, and the ends of some games."""
    prices = games.prices.copy()
    prices[random.random(len(prices)) < 0.1] = np.nan
    rugs = np.where(random.random(len(games)) < 0.2, -1, games.rug_ticks)
    return Games(
        games.game_ids,
        games.offsets,
        prices,
        rugs,
        games.first_ticks,
        games.ended_at,
        games.versions,
    )


def by_events(
    rule: Rule, games: Games, game: int, latency_ticks: int, payout: RugPayout
) -> list[Decimal | int]:
    """Play one game by the event engine; return the columns of `Played` but the last."""
    broker = PaperBroker(
        Decimal(1_000_000), latency=Latency.ticks(latency_ticks), rug_payout=payout
    )
    steps = game_steps(games.game_ids[game], games.prices_of(game), int(games.rug_ticks[game]))
    result = Engine(Ruled(rule), broker).run(steps).games[0]
    return [result.trade_profit, result.sidebet_profit, result.buys, result.bets, result.bets_won]


@pytest.mark.parametrize(
    ("latency_ticks", "payout", "holes"),
    [
        (0, "rug_price", False),
        (0, "nothing", True),
        (1, "rug_price", True),
        (7, "rug_price", False),
    ],
)
def test_the_compiled_path_equals_the_event_path(
    latency_ticks: int, payout: RugPayout, holes: bool
) -> None:
    random = np.random.default_rng([latency_ticks, holes])
    games = generate_games(GAMES, 7)
    if holes:
        games = with_holes(games, random)
    rules = [random_rule(random) for _ in range(RULES)]
    played = play_rules(
        rules,
        games.prices,
        games.offsets,
        games.rug_ticks,
        latency_ticks=latency_ticks,
        rug_payout=payout,
    )
    for index, rule in enumerate(rules):
        for game in range(len(games)):
            if not played.doubtful[index, game]:
                events = by_events(rule, games, game, latency_ticks, payout)
                assert columns(played, index, game) == events, (rule, game)
    assert played.doubtful.mean() < 0.01


def columns(played: Played, rule: int, game: int) -> list[Decimal | int]:
    """Return one pair's columns as the event engine states them."""
    profits = [played.trade_profit, played.sidebet_profit]
    counts = [played.buys, played.bets, played.bets_won]
    return [
        *(to_sol(Decimal(int(column[rule, game])).scaleb(-9)) for column in profits),
        *(int(column[rule, game]) for column in counts),
    ]
