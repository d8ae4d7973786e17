"""Recorded orders played once more in an environment, many episodes at a time.

What is observed and rewarded at each step is what the environment gives for these actions: the
features of a data set. Picklable, so that any engine of `analysis.jobs_pool` computes it; needs no
gymnasium. Used by `rl.offline`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.jobs_pool import ChunkEngine
from vectra_player.rl import kernels
from vectra_player.rl.actions import EnvName
from vectra_player.rl.plays import steps_of
from vectra_player.rl.rounds import Rounds, Setting, setting_of

EPISODES = 100
"""Episodes of a chunk: a second of work or so."""


class Script(NamedTuple):
    """What is played. prices: (rug_tick + 1,) float64, the rug price last.

    orders: (step, number of the action), in order of steps.
    """

    prices: npt.NDArray[np.float64]
    orders: tuple[tuple[int, int], ...]


class Enacted(NamedTuple):
    """What came of it. observations: (n_steps + 1, n_features) float32; the others (n_steps,)."""

    observations: npt.NDArray[np.float32]
    actions: list[int]
    rewards: list[float]
    refused: list[bool]


@dataclass(frozen=True)
class EnactWork:
    """Plays a chunk of scripts in an environment."""

    env: EnvName

    def __call__(self, scripts: Sequence[Script]) -> list[Enacted]:
        setting = setting_of(self.env)
        return [_enact(setting, script) for script in scripts]


def enact(env: EnvName, scripts: Iterable[Script], engine: ChunkEngine) -> Iterator[Enacted]:
    """Yield what came of each script, in their order, wherever the engine computes."""
    early: dict[int, list[Enacted]] = {}
    due = 0
    with closing(engine.run(EnactWork(env), _chunks(scripts))) as results:
        for place, found in results:
            early[place] = found
            while due in early:
                yield from early.pop(due)
                due += 1


def _chunks(scripts: Iterable[Script]) -> Iterator[list[Script]]:
    waiting = iter(scripts)
    while chunk := list(islice(waiting, EPISODES)):
        yield chunk


def _enact(setting: Setting, script: Script) -> Enacted:
    rug_tick = len(script.prices) - 1
    rounds = Rounds(1, setting, rug_tick + 1)
    rounds.begin(0, script.prices, rug_tick)
    told = Enacted(np.empty((steps_of(rug_tick) + 1, setting.n_features), np.float32), [], [], [])
    told.observations[0] = rounds.observe()[0]
    wanted = deque(script.orders)
    nobody_idle = np.zeros(1, np.bool_)
    for step in range(steps_of(rug_tick)):
        due = bool(wanted) and wanted[0][0] <= step
        action = wanted.popleft()[1] if due else 0
        rewards, _ = rounds.advance(np.array([action], np.int64), nobody_idle)
        told.actions.append(action)
        told.rewards.append(float(rewards[0]))
        told.refused.append(bool(rounds.accounts[0, kernels.REFUSED]))
        told.observations[step + 1] = rounds.observe()[0]
    return told
