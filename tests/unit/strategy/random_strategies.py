"""How many random strategies are called winners on fair games? At most 5 % may be.

1,000 strategies over 1,000 games each, by hand: python -m tests.unit.strategy.random_strategies
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np
from tests.property.test_strategy_rules import random_rule

from vectra_player.analysis.games import generate_games
from vectra_player.analysis.significance import weigh
from vectra_player.strategy.rules import NEVER, Rule, play_rules

MOST = 0.05


def random_rules(count: int, seed: int) -> list[Rule]:
    """Draw rules that do something."""
    random = np.random.default_rng(seed)
    drawn = (random_rule(random) for _ in iter(int, 1))
    busy = (rule for rule in drawn if rule.entry != NEVER or rule.max_bets)
    return [rule for rule, _ in zip(busy, range(count), strict=False)]


def share_of_winners(strategies: int, games: int, seed: int) -> tuple[float, float]:
    """Return the share called winners, and the share whose profit is above zero.

    Every strategy plays games of its own, shuffled by their making: each has its own seeds.
    """
    winners = ahead = 0
    for number, rule in enumerate(random_rules(strategies, seed)):
        fair = generate_games(games, seed * 1_000_000 + number)
        played = play_rules([rule], fair.prices, fair.offsets, fair.rug_ticks)
        profit = (played.trade_profit + played.sidebet_profit)[0].astype(np.int64)
        at_risk = (played.buys * rule.buy + played.bets * rule.bet)[0].astype(np.int64)
        winners += weigh(profit, at_risk, seed=number).winner
        ahead += bool(profit.sum() > 0)
    return winners / strategies, ahead / strategies


if __name__ == "__main__":
    began = perf_counter()
    called, ahead = share_of_winners(1000, 1000, seed=2026)
    print(
        f"{called:.1%} of 1,000 random strategies are called winners, at most {MOST:.0%} may be; "
        f"{ahead:.1%} ended above zero; {perf_counter() - began:.0f} s"
    )
    sys.exit(called > MOST)
