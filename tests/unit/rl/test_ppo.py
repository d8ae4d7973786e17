"""Training learns what pays, is repeated by its seed, and adds nothing to the rewards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.rl_support import games_of

from vectra_player.analysis.games import Games
from vectra_player.errors import UsageError
from vectra_player.rl.agent import Agent, Policy
from vectra_player.rl.envs import GameEnv

ppo = pytest.importorskip("vectra_player.rl.ppo", reason="the extra `train` is not installed")

pytestmark = pytest.mark.timeout(600)  # compiling takes its time on a busy machine

QUICK = ppo.Settings(
    envs=32, rollout=16, hidden=(16,), learning_rate=5e-3, epochs=2, batches=2, first_acts=0.05
)


def rigged() -> Games:
    """Games that no server plays: each ends within 30 ticks, so every sidebet wins."""
    random = np.random.default_rng(4)
    lengths = random.integers(4, 30, 40)
    return games_of(*([*np.ones(length), 0.02] for length in lengths))


def train(progress: Any = lambda lesson: None) -> Agent:
    """Train where betting pays. Compiled without optimising, which takes half the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
        agent: Agent = ppo.train(
            "sidebet", steps=10_000, seed=3, games=rigged(), settings=QUICK, progress=progress
        )
    return agent


@pytest.fixture(scope="module")
def lessons() -> list[Any]:
    """What a training told on its way."""
    return []


@pytest.fixture(scope="module")
def trained(lessons: list[Any]) -> Agent:
    """An agent that was trained where betting pays."""
    return train(lessons.append)


def played(agent: Agent, games: Games) -> list[float]:
    """Return the reward of each game, as the agent plays it."""
    env, policy, rewards = GameEnv("sidebet", games=games), Policy(agent), []
    for game in games.game_ids:
        seen, _ = env.reset(seed=0, options={"game_id": game})
        over, total = False, 0.0
        while not over:
            seen, reward, over, _, _ = env.step(policy.best(seen))
            total += reward
        rewards.append(total)
    return rewards


def test_it_learns_to_bet_where_betting_pays(trained: Agent, lessons: list[Any]) -> None:
    assert lessons[-1].mean_reward > 2 * max(lessons[0].mean_reward, 1.0)
    assert lessons[-1].entered > 0.95
    assert np.mean(played(trained, rigged())) > 15.0  # 20 is all: the largest stake, four-fold


def test_what_it_was_told_is_written_down(trained: Agent, lessons: list[Any]) -> None:
    training = trained.training
    assert training.lessons == tuple(lessons)
    assert len(lessons) == ppo.LESSONS
    assert training.steps == lessons[-1].steps == 10_240  # whole updates of 32 x 16
    assert training.seed == 3
    assert training.settings["hidden"] == (16,)
    assert training.versions["skrl"]
    assert [(layer.inputs, layer.outputs) for layer in trained.layers] == [(20, 16), (16, 4)]


def test_the_same_seed_gives_the_same_agent(trained: Agent) -> None:
    assert train() == trained


@pytest.mark.parametrize(("steps", "seed"), [(0, 1), (1, -1), (1, 2**32)])
def test_what_cannot_be_trained_is_refused(steps: int, seed: int) -> None:
    with pytest.raises(UsageError, match="cannot be trained"):
        ppo.train("sidebet", steps=steps, seed=seed)
