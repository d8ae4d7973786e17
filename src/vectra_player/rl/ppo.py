"""Train an agent by proximal policy optimisation, with skrl on JAX, on the CPU.

Needs the extra `train`; only `examples/train_ppo.py` and tests import this. The rewards are those
of the environment and nothing is added: no bonus for acting, none for trying. Future rewards count
as much as present ones, so what is learned to be best is what brings most SOL by the end of a game.
docs/decisions/0023-training.md says why skrl, and what of it is not used.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib import metadata
from typing import Any

import flax.linen as nn
import gymnasium
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from gymnasium.vector import AutoresetMode
from skrl import config
from skrl.agents.jax.ppo import PPO
from skrl.envs.wrappers.jax import wrap_env
from skrl.memories.jax import RandomMemory
from skrl.models.jax import CategoricalMixin, DeterministicMixin, Model
from skrl.models.jax.base import StateDict

from vectra_player.analysis.games import Games
from vectra_player.errors import UsageError
from vectra_player.rl.actions import STAKES, ActionTable, EnvName, table_of
from vectra_player.rl.agent import (
    FORBIDDEN,
    Agent,
    Layer,
    Lesson,
    Training,
    blocks,
    features_of,
    stakes_of,
)
from vectra_player.rl.features import FEATURE_VERSION
from vectra_player.rl.registration import ENV_IDS

LIBRARIES = ("vectra-player", "gymnasium", "skrl", "jax", "jaxlib", "flax", "optax", "numpy")
LESSONS = 20
"""Stretches that a training is told in."""

Progress = Callable[[Lesson], None]
"""Is told of each stretch of the training."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent is trained.

    envs: games played side by side. rollout: ticks of each between two updates. hidden: widths of
    the layers. clip: how far the chance of an action may move in an update. decay: how much of a
    surprise counts for the action one tick earlier (lambda of the advantages). An update passes
    `epochs` times over what was played since the last one, in `batches` parts. first_acts: chance
    at first that a tick is acted at. Where every tick is, one that is not makes no difference, as
    the next one is; so not to act is hardly learned.
    """

    envs: int = 1024
    rollout: int = 64
    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 5e-4
    clip: float = 0.2
    decay: float = 0.99
    epochs: int = 4
    batches: int = 8
    value_weight: float = 0.5
    first_acts: float = 0.03


def check_length(steps: int, seed: int) -> None:
    """Raise UsageError for steps or a seed that nothing can be trained with."""
    if steps < 1 or not 0 <= seed < 2**32:
        raise UsageError(
            f"{steps} steps from seed {seed} cannot be trained.",
            advice="Give at least one step and a seed from 0 to 4294967295.",
        )


def train(
    kind: EnvName,
    *,
    steps: int,
    seed: int,
    games: str | Games = "generated",
    stakes: Sequence[Decimal] = STAKES,
    settings: Settings = Settings(),  # noqa: B008 -- immutable
    progress: Progress = lambda lesson: None,
) -> Agent:
    """Train an agent and return it; the same seed, machine and versions give the same agent.

    steps: ticks played in all games together, rounded up to whole updates. seed: of the games, the
    first weights and what is tried. games: as `rl.sources.source_of` takes them. `progress` is told
    of each of LESSONS stretches. Raises UsageError for what cannot be.
    """
    check_length(steps, seed)
    env = gymnasium.make_vec(
        ENV_IDS[kind],
        num_envs=settings.envs,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP,
        games=games,
        stakes=stakes,
    )
    return _Training(env, table_of(kind, stakes), settings, seed).run(steps, progress)


class _Policy(CategoricalMixin, Model):  # type: ignore[misc]
    """Scores of the actions; those that cannot be done are left out.

    forbidding: the two parts of `agent.blocks`, as tuples: flax compares and copies its modules.
    first_acts: as in `Settings`.
    """

    hidden: tuple[int, ...] = ()
    forbidding: tuple[Any, ...] = ()
    first_acts: float = 0.0

    def __init__(
        self,
        hidden: tuple[int, ...],
        forbidding: tuple[Any, ...],
        first_acts: float,
        **spaces: Any,
    ) -> None:
        self.hidden, self.forbidding, self.first_acts = hidden, forbidding, first_acts
        Model.__init__(self, **spaces)
        CategoricalMixin.__init__(self, unnormalized_log_prob=True)

    @nn.compact
    def __call__(self, inputs: dict[str, Any], role: str) -> tuple[Any, dict[str, Any]]:
        seen = inputs["observations"]
        table, offset = (jnp.array(part, jnp.float32) for part in self.forbidding)
        others = len(offset) - 1
        waits = math.log(others * (1.0 - self.first_acts) / self.first_acts)
        scores = _network(seen, self.hidden, (waits, *[0.0] * others), 0.01)
        return scores - FORBIDDEN * (seen @ table + offset > 0.5), {}


class _Value(DeterministicMixin, Model):  # type: ignore[misc]
    """What the rest of the game brings on average."""

    hidden: tuple[int, ...] = ()

    def __init__(self, hidden: tuple[int, ...], **spaces: Any) -> None:
        self.hidden = hidden
        Model.__init__(self, **spaces)
        DeterministicMixin.__init__(self)

    @nn.compact
    def __call__(self, inputs: dict[str, Any], role: str) -> tuple[Any, dict[str, Any]]:
        return _network(inputs["observations"], self.hidden, (0.0,), 1.0), {}


def _network(values: Any, hidden: Sequence[int], biases: Sequence[float], scale: float) -> Any:
    """Apply layers with tanh between them.

    biases, scale: of the last layer at first; it has as many outputs as biases.
    """
    for width in hidden:
        values = nn.tanh(nn.Dense(width, kernel_init=nn.initializers.orthogonal(2**0.5))(values))
    last = nn.Dense(
        len(biases),
        kernel_init=nn.initializers.orthogonal(scale),
        bias_init=lambda key, shape, dtype: jnp.array(biases, dtype),
    )
    return last(values)


class _Memory(RandomMemory):  # type: ignore[misc]
    """What was played since the last update, drawn in an order of its own seed."""

    def __init__(self, size: int, envs: int, device: Any, seed: int) -> None:
        super().__init__(memory_size=size, num_envs=envs, device=device)
        self._random = np.random.default_rng(seed)

    def sample(
        self, names: list[str], *, batch_size: int, mini_batches: int = 1, sequence_length: int = 1
    ) -> Any:
        """Return everything, shuffled, in parts."""
        order = self._random.permutation(batch_size)
        return self.sample_by_index(names=names, indexes=order, mini_batches=mini_batches)


class _Training:
    """One training: the environments, the agent that learns, and what came of it so far."""

    def __init__(
        self,
        env: Any,
        table: ActionTable,
        settings: Settings,
        seed: int,
    ) -> None:
        self._table, self._settings, self._seed = table, settings, seed
        self._source = env.unwrapped.source.sentence()
        device = jax.devices("cpu")[0]
        logging.getLogger("skrl").setLevel(logging.ERROR)
        config.jax.device = device
        config.jax.key = seed  # also the seed that the environments are reset with
        self._env = wrap_env(env, wrapper="gymnasium")
        spaces = {
            "observation_space": env.single_observation_space,
            "action_space": env.single_action_space,
            "device": device,
        }
        by_feature, offset = blocks(table)
        forbidding = tuple(map(tuple, by_feature.tolist())), tuple(offset.tolist())
        self._policy = _Policy(
            hidden=settings.hidden,
            forbidding=forbidding,
            first_acts=settings.first_acts,
            **spaces,
        )
        value = _Value(settings.hidden, **spaces)
        first, second = jax.random.split(jax.random.PRNGKey(seed))
        self._features = features_of(self._table)
        _begin(self._policy, first, len(self._features))
        _begin(value, second, len(self._features))
        self._learner = PPO(
            models={"policy": self._policy, "value": value},
            memory=_Memory(settings.rollout, settings.envs, device, seed),
            cfg=_config(settings),
            **spaces,
        )
        self._tally = _Tally(settings.envs)

    def run(self, steps: int, progress: Progress) -> Agent:
        """Train for so many steps."""
        settings = self._settings
        update = settings.envs * settings.rollout
        updates = -(-steps // update)
        lessons = []
        self._learner.init()
        self._learner.enable_training_mode(True)
        seen, _ = self._env.reset()
        for done in range(updates):
            for tick in range(settings.rollout):
                seen = self._step(seen, done * settings.rollout + tick, updates * settings.rollout)
            if (done + 1) * LESSONS // updates > done * LESSONS // updates:
                lessons.append(self._tally.lesson((done + 1) * update))
                progress(lessons[-1])
        return self._agent(updates * update, tuple(lessons))

    def _step(self, seen: Any, at: int, total: int) -> Any:
        actions, _ = self._learner.act(seen, None, timestep=at, timesteps=total)
        then, rewards, terminated, truncated, infos = self._env.step(actions)
        self._learner.record_transition(
            observations=seen,
            states=None,
            actions=actions,
            rewards=rewards,
            next_observations=then,
            next_states=None,
            terminated=terminated,
            truncated=truncated,
            infos=infos,
            timestep=at,
            timesteps=total,
        )
        self._learner.post_interaction(timestep=at, timesteps=total)
        self._tally.count(np.asarray(actions), np.asarray(rewards), np.asarray(terminated))
        return then

    def _agent(self, steps: int, lessons: tuple[Lesson, ...]) -> Agent:
        weights = jax.device_get(self._policy.state_dict.params)["params"]
        layers = (weights[f"Dense_{number}"] for number in range(len(weights)))
        return Agent(
            env=self._table.env,
            stakes=stakes_of(self._table),
            feature_version=FEATURE_VERSION,
            features=self._features,
            actions=self._table.names,
            layers=tuple(Layer.of(layer["kernel"], layer["bias"]) for layer in layers),
            training=Training(
                seed=self._seed,
                steps=steps,
                source=self._source,
                settings=msgspec.to_builtins(self._settings),
                versions={name: metadata.version(name) for name in LIBRARIES},
                lessons=lessons,
            ),
        )


class _Tally:
    """Counts games, what they brought, and in how many of them anything was done."""

    def __init__(self, envs: int) -> None:
        self._reward = np.zeros(envs)
        self._acted = np.zeros(envs, bool)
        self._games = self._entered = 0
        self._total = 0.0

    def count(self, actions: Any, rewards: Any, ended: Any) -> None:
        """Take in a step of all environments: each (n_envs, 1)."""
        self._acted |= actions[:, 0] != 0
        self._reward += rewards[:, 0]
        over = ended[:, 0] != 0
        self._games += int(over.sum())
        self._entered += int(self._acted[over].sum())
        self._total += float(self._reward[over].sum())
        self._reward[over] = 0.0
        self._acted[over] = False

    def lesson(self, steps: int) -> Lesson:
        """Return the games that ended since the last call."""
        games = max(self._games, 1)
        told = Lesson(steps, self._games, self._total / games, self._entered / games)
        self._games = self._entered = 0
        self._total = 0.0
        return told


def _begin(model: Any, key: Any, inputs: int) -> None:
    """Give a model its first weights; compiled whole, which is faster than one by one."""
    seen = {"observations": np.zeros((1, inputs), np.float32)}
    weights = jax.jit(lambda key: model.init(key, seen, ""))(key)
    model.state_dict = StateDict.create(apply_fn=model.apply, params=weights)


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "rollouts": settings.rollout,
        "learning_epochs": settings.epochs,
        "mini_batches": settings.batches,
        "discount_factor": 1.0,
        "gae_lambda": settings.decay,
        "learning_rate": settings.learning_rate,
        "ratio_clip": settings.clip,
        "value_clip": 0.0,
        "value_loss_scale": settings.value_weight,
        "entropy_loss_scale": 0.0,
        "experiment": {"write_interval": 0, "checkpoint_interval": 0},
    }
