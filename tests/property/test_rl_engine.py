"""An environment, a backtest and live play agree tick by tick, to the lamport, on all that is seen.

Deeper by hand: VECTRA_EXAMPLES=20000 python -m pytest tests/property/test_rl_engine.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.live_support import GAME
from tests.replay_support import game_frames, rows_of_frames
from tests.rl_support import by_engine, by_env, games_of, numbers_for

from vectra_player.analysis.games import Games, generate_games
from vectra_player.game.price_path import rug_price
from vectra_player.live.provider import LiveStateProvider
from vectra_player.protocol import rugs
from vectra_player.rl import kernels
from vectra_player.rl.actions import REFUSALS
from vectra_player.rl.envs import GameEnv
from vectra_player.strategy.market import LiveSteps, Market, game_steps

EXAMPLES = int(os.environ.get("VECTRA_EXAMPLES", "150"))
thorough = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

# Prices at which amounts end exactly between two lamports, beside any others.
ROUND = st.sampled_from([1.0, 2.0, 0.5, 4.0, 1.5, 0.25, 1.6, 10.0, 1.0000000005, 100.0, 0.0])
ANY = st.floats(0.001, 1200.0)  # a holding bought lower would be worth more than int64 holds
PATHS = st.lists(st.one_of(ROUND, ANY), min_size=0, max_size=90)


def invented(path: list[float]) -> Games:
    return games_of([1.0, *path, rug_price([1.0, *path])])


one_game = st.one_of(
    PATHS.map(invented), st.integers(0, 10_000).map(lambda seed: generate_games(1, seed))
)

ODD_STAKES = ("0.001", "0.005000001", "0.012345679", "5")


@thorough
@given(
    env=st.sampled_from(["sidebet", "trading"]),
    games=one_game,
    seed=st.integers(0, 2**32),
    stakes=st.sampled_from([("0.01", "0.02", "0.05"), ODD_STAKES]),
    cash=st.sampled_from(["0.001", "0.0505", "1", "12.3456789"]),
    latency_ticks=st.sampled_from([0, 0, 1, 2, 38]),
    rug_payout=st.sampled_from(["rug_price", "nothing"]),
)
def test_environment_and_backtest_agree(env: Any, games: Games, seed: int, **options: Any) -> None:
    played = GameEnv(env, games=games, **options)
    table, rug_tick = played.setting.table, int(games.rug_ticks[0])
    numbers = numbers_for(np.random.default_rng(seed), table, rug_tick + 1)
    here = by_env(played, numbers, REFUSALS)
    steps = game_steps("game", games.prices, rug_tick)
    assert here == by_engine(table, numbers, steps, played.setting)


def live_steps(prices: list[float]) -> Iterator[Market]:
    """Yield the steps that the live state makes of a round's frames."""
    live, steps = LiveStateProvider(), LiveSteps()
    for row in rows_of_frames(game_frames(prices=prices)):
        event = rugs.decode(row)
        step = steps.step(live.apply(event)) if event is not None else None
        if step is not None and step.game_id == GAME:
            yield step


@pytest.mark.parametrize("env", ["sidebet", "trading"])
@pytest.mark.parametrize("latency_ticks", [0, 1])
def test_environment_and_live_play_agree(env: Any, latency_ticks: int) -> None:
    games, random = generate_games(5, 11), np.random.default_rng(latency_ticks)
    for game in range(len(games)):
        prices = games.prices_of(game)
        played = GameEnv(env, games=games_of(prices), latency_ticks=latency_ticks)
        table = played.setting.table
        numbers = numbers_for(random, table, len(prices))
        live = by_engine(table, numbers, live_steps(prices.tolist()), played.setting)
        assert by_env(played, numbers, REFUSALS) == live
        assert len(live.moments) == len(prices)


def test_an_amount_between_two_lamports_is_left_to_the_rules() -> None:
    """0.005000001 SOL buy 2500000.5 lamports at 2.0: float64 does not decide, the rules do."""
    assert kernels.bought_fast(5_000_001, 2.0) == (0, False)
    assert kernels.bought(5_000_001, 2.0) == (2_500_000, True)
    games = games_of([2.0, 2.0, 0.04])
    played = GameEnv("trading", games=games, stakes=("0.005000001",))
    played.reset()
    played.step(0)
    played.step(1)
    assert played.account.qty == Decimal("0.002500000")
