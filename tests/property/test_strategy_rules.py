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
from vectra_player.strategy.rules import (
    AT_TICK,
    BREAKOUT,
    MAX_LATENCY_TICKS,
    NEVER,
    Played,
    Rule,
    Terms,
    play_rows,
    play_rules,
    unsure,
)

RULES = 60
GAMES = 10


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


def test_the_bodies_give_the_same_compiled_and_as_plain_python() -> None:
    random = np.random.default_rng(8)
    games = with_holes(generate_games(6, 9), random)
    rules = [random_rule(random) for _ in range(60)]
    compiled = play_rules(rules, games.prices, games.offsets, games.rug_ticks, latency_ticks=2)
    rows = np.asarray(rules, np.float64)
    plain = np.empty((len(rules), len(games), len(Played._fields)))
    play_rows(rows, Terms(latency_ticks=2), games.prices, games.offsets, games.rug_ticks, plain)
    assert np.array_equal(np.moveaxis(plain, 2, 0), np.array(compiled))


def test_a_rounding_that_float64_leaves_open_is_said_to_be_open() -> None:
    assert [unsure(amount) for amount in (2.5, 2.5 + 1e-12, 0.5)] == [True] * 3
    assert [unsure(amount) for amount in (2.0, 2.4999, 1e7 + 0.3, 0.0)] == [False] * 4
    half = Rule(entry=AT_TICK, buy=5, hold_ticks=1)
    prices, offsets = np.array([2.0, 2.0, 0.02]), np.array([0, 3])
    played = play_rules([half], prices, offsets, np.array([2]))
    assert played.doubtful[0, 0] == 1


def test_a_latency_that_outlasts_the_presale_is_refused() -> None:
    nothing = np.empty(0), np.zeros(1, np.int64), np.empty(0, np.int64)
    with pytest.raises(ValueError, match="latency_ticks"):
        play_rules([Rule()], *nothing, latency_ticks=MAX_LATENCY_TICKS + 1)


def columns(played: Played, rule: int, game: int) -> list[Decimal | int]:
    """Return one pair's columns as the event engine states them."""
    profits = [played.trade_profit, played.sidebet_profit]
    counts = [played.buys, played.bets, played.bets_won]
    return [
        *(to_sol(Decimal(int(column[rule, game])).scaleb(-9)) for column in profits),
        *(int(column[rule, game]) for column in counts),
    ]
