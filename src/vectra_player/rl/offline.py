"""Episodes as Minari data sets: recorded orders played once more in the environments.

Each order becomes the environment's action that is most like it, at the step at which it took
effect; what is observed and rewarded is what the environment gives for these actions. Of several
orders at one step the later ones wait for the next. So a data set is exactly consistent with the
environment it is recovered with; what really was bet and won is in the flat files. Needs the extra
`rl`. Used by `rl.dataset`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
from minari.data_collector.episode_buffer import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

from vectra_player.analysis.jobs_pool import ChunkEngine
from vectra_player.rl.actions import EnvName
from vectra_player.rl.enacted import Enacted, Script, enact
from vectra_player.rl.envs import action_space, observation_space
from vectra_player.rl.features import FEATURE_VERSION
from vectra_player.rl.plays import Order
from vectra_player.rl.registration import ENV_IDS
from vectra_player.rl.rounds import Setting, setting_of
from vectra_player.rl.stories import Evaluation, MinariSet, Story, StoryPart, dataset_id
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell

FORMAT = "arrow"


def write_set(
    root: Path,
    env: EnvName,
    part: StoryPart,
    chosen: Sequence[Story],
    evaluation: Evaluation,
    progress: Callable[[], None],
    engine: ChunkEngine,
) -> MinariSet:
    """Write the data set of an environment and a part below `root`, Minari's folder of data sets.

    The engine plays the orders; what it found is written here, in order.

    Raises OSError.
    """
    setting = setting_of(env)
    name = dataset_id(env, part)
    folder = root / name / "data"
    folder.mkdir(parents=True)
    spaces = observation_space(setting), action_space(setting)
    spec = gymnasium.spec(ENV_IDS[env])
    storage = MinariStorage.new(folder, *spaces, env_spec=spec, data_format=FORMAT)
    storage.update_metadata(_described(env, part, evaluation))
    # Minari sums up the size of all files after every episode: once at the end is enough.
    storage.get_size = lambda: 0.0
    counts = {"steps": 0, "actions": 0, "refused": 0}
    played = enact(env, (_script(setting, story) for story in chosen), engine)
    for number, (story, found) in enumerate(zip(chosen, played, strict=True)):
        storage.update_episodes([_buffer(number, found)])
        storage.update_episode_metadata([_episode(story)], [number])
        counts["steps"] += len(found.actions)
        counts["actions"] += sum(action > 0 for action in found.actions)
        counts["refused"] += sum(found.refused)
        progress()
    del storage.get_size
    storage.update_metadata({"dataset_size": storage.get_size()})
    return MinariSet(id=name, environment=spec.id, episodes=len(chosen), **counts)


def _script(setting: Setting, story: Story) -> Script:
    prices = np.asarray(story.game.prices, np.float64)
    return Script(prices[: story.game.rug_tick + 1], tuple(_numbers(setting, story)))


def _buffer(number: int, found: Enacted) -> EpisodeBuffer:
    """Return an episode as Minari takes it."""
    ends = [False] * (len(found.actions) - 1) + [True]
    return EpisodeBuffer(
        id=number,
        observations=list(found.observations),
        actions=found.actions,
        rewards=found.rewards,
        terminations=ends,
        truncations=[False] * len(ends),
        infos={"refused": [False, *found.refused]},
    )


def _numbers(setting: Setting, story: Story) -> Iterator[tuple[int, int]]:
    """Yield (step, action) of the orders that the environment knows, in order."""
    held = Decimal(0)
    for order in sorted(story.orders, key=lambda order: order.step):
        number = setting.table.nearest(_asked(order, held))
        if order.kind == "buy":
            held += order.qty
        elif order.kind == "sell":
            held -= order.qty
        if number:
            yield order.step, number


def _asked(order: Order, held: Decimal) -> Action:
    """Return an order as a strategy would have asked for it; `held`: units before it."""
    if order.kind == "buy":
        return Buy(order.amount)
    if order.kind == "sidebet":
        return PlaceSidebet(order.amount)
    return Sell(min(Decimal(100), order.qty / held * 100) if held > 0 else 100)


def _episode(story: Story) -> dict[str, Any]:
    """Return what Minari keeps beside an episode."""
    came_to = story.course.totals
    return {
        "episode_id": story.episode_id,
        "kind": story.kind,
        "game_id": story.key.game_id,
        "is_real": story.key.is_real,
        "player_id": story.player_id,
        "mode": story.mode,
        "actor": story.actor,
        "sampled": story.sampled,
        "recorded_outcome": came_to.outcome,
        "recorded_profit_sol": str(came_to.total_reward),
    }


def _described(env: EnvName, part: StoryPart, evaluation: Evaluation) -> dict[str, Any]:
    spec = deepcopy(gymnasium.spec(ENV_IDS[env]))  # that of the registry is everybody's
    recorded = {
        "games": "recorded",
        "part": "evaluate",
        "origin": evaluation.origin,
        "evaluate_from": evaluation.evaluate_from,
    }
    spec.kwargs = {**spec.kwargs, **recorded}
    return {
        "dataset_id": dataset_id(env, part),
        "minari_version": minari.__version__,
        "eval_env_spec": spec.to_json(),
        "algorithm_name": "recorded play",
        "description": (
            f"Recorded play in rugs.fun games, those to {part}; orders as the nearest actions of "
            f"{ENV_IDS[env]}, features of version {FEATURE_VERSION}."
        ),
        "requirements": ["vectra-player"],
    }
