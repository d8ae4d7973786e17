"""On every real game an environment plays what a backtest plays, and parts are cut by time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.conftest import RealStore
from tests.rl_support import by_engine, by_env, games_of, numbers_for

from vectra_player.rl.actions import REFUSALS
from vectra_player.rl.envs import GameEnv
from vectra_player.rl.sources import Recorded
from vectra_player.strategy.market import game_steps

pytestmark = pytest.mark.real_data


def recorded(real_store: RealStore, **where: Any) -> Recorded:
    source = GameEnv("sidebet", games="recorded", data_dir=real_store.root, **where).source
    assert isinstance(source, Recorded)
    return source


def test_every_real_game_is_played_as_a_backtest_plays_it(real_store: RealStore) -> None:
    source, random = recorded(real_store), np.random.default_rng(8)
    for game in range(len(source.games)):
        prices, rug_tick = source.games.prices_of(game), int(source.games.rug_ticks[game])
        played = GameEnv("trading", games=games_of(prices))
        numbers = numbers_for(random, played.setting.table, rug_tick + 1)
        here = by_env(played, numbers, REFUSALS)
        steps = game_steps("game", prices, rug_tick)
        assert here == by_engine(played.setting.table, numbers, steps, played.setting)


def test_real_games_to_evaluate_came_after_those_to_train(real_store: RealStore) -> None:
    train, evaluate = recorded(real_store, part="train"), recorded(real_store, part="evaluate")
    assert len(train.games) > len(evaluate.games) > 0
    assert not set(train.games.game_ids) & set(evaluate.games.game_ids)
    assert train.games.ended_at.max() < evaluate.games.ended_at.min()
    assert "left out" in train.sentence()
