"""No strategy sees the future: another future after tick t changes no decision up to t.

1,000 cuts in all. Deeper by hand: VECTRA_EXAMPLES=10000 python -m pytest with this file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

import numpy as np
import pytest

from vectra_player.analysis.games import generate_games
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy import Action, Buy, Context, PlaceSidebet, Sell, Strategy
from vectra_player.strategy.builtin.sidebets import ProfileSidebet
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.loading import BUILT_IN
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.profile import Profile, changed
from vectra_player.strategy.records import Decision

RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)
CUTS = int(os.environ.get("VECTRA_EXAMPLES", "1000"))


class Curious(Strategy):
    """Looks at everything there is to be seen, and decides by all of it."""

    def on_tick(self, context: Context) -> Iterable[Action]:
        around = context.prices.base
        seen = np.nansum(around if around is not None else context.prices)
        facts = (seen, context.price, context.equity, context.results, context.random.random())
        mixed = crc32(str(facts).encode())
        choice = mixed % 5
        amount = Decimal(mixed % 10**8 + 10**6).scaleb(-9)
        return [[], [Buy(amount)], [Sell()], [PlaceSidebet(amount)], [Sell(50)]][choice]


def make_curious() -> Strategy:
    return Curious()


def make_profile() -> Strategy:
    profile = changed(Profile(name="p"), {"execution.num_bets": 3, "scaling.mode": "progressive"})
    return ProfileSidebet(profile)


MAKERS = [*BUILT_IN.values(), make_curious, make_profile]
EACH = -(-CUTS // len(MAKERS))


def decisions_to(
    strategy: Strategy, games: list[np.ndarray], latency: Latency, last: tuple[str, int]
) -> list[Decision]:
    """Return the decisions up to a tick of the last game."""
    engine = Engine(strategy, PaperBroker(Decimal(10), latency=latency), seed=4)
    for number, prices in enumerate(games):
        for step in game_steps(f"g{number}", prices, len(prices) - 1):
            if (step.game_id, step.phase in RUNNING) == (last[0], True) and step.tick > last[1]:
                return engine.decisions
            engine.step(step)
    return engine.decisions


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_decisions_do_not_depend_on_what_comes_after(maker: type[Strategy]) -> None:
    random = np.random.default_rng(len(maker.__name__))
    games = generate_games(400, 5)
    compared = 0
    for _ in range(EACH):
        first, second, other = random.integers(0, len(games), 3)
        path = games.prices_of(int(second))
        cut = int(random.integers(0, len(path) - 1))
        tail = games.prices_of(int(other)) * random.uniform(0.1, 3.0)
        changed_path = np.concatenate([path[: cut + 1], tail])
        latency = Latency.ticks(int(random.integers(0, 3)))
        runs = [
            decisions_to(maker(), [games.prices_of(int(first)), last], latency, ("g1", cut))
            for last in (path, changed_path)
        ]
        assert runs[0] == runs[1]
        compared += len(runs[0])
    assert compared > EACH / 10 or maker is BUILT_IN["never-bet"]
