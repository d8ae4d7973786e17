"""Measure the environments' steps a second, one and many (target PF10), beside CartPole.

Run: python -m benchmarks.bench_rl [--steps 1000000] [--rounds 3]
Generated games are made while it runs, so their making is in the figures. Actions are drawn
beforehand, from all there are. CPU seconds of this process are counted; one core. CartPole-v1 is
Gymnasium's own environment of the same shape (Discrete actions, a Box to see, one entry point for
many), without a rule of a game; it plays in the same run.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium
import numpy as np

from vectra_player.rl.registration import SIDEBET_ID, TRADING_ID

ONE_TARGET = 50_000
MANY_TARGET = 1_000_000
PEER = "CartPole-v1"
ROWS = (1024, 4096)
CYCLE = 64
"""Rows of actions drawn beforehand, taken in turn."""


def one(env_id: str, steps: int) -> float:
    """Return steps per CPU second of one environment."""
    env: Any = gymnasium.make(env_id)
    env.reset(seed=1)
    actions = np.random.default_rng(1).integers(0, env.action_space.n, steps)
    begin = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return steps / (time.process_time() - begin)


def many(env_id: str, rows: int, steps: int) -> float:
    """Return steps per CPU second of many environments side by side."""
    env: Any = gymnasium.make_vec(env_id, rows, vectorization_mode="vector_entry_point")
    env.reset(seed=1)
    count = env.single_action_space.n
    actions = np.random.default_rng(1).integers(0, count, (CYCLE, rows))
    turns = max(1, steps // rows)
    begin = time.process_time()
    for turn in range(turns):
        env.step(actions[turn % CYCLE])
    return turns * rows / (time.process_time() - begin)


def main() -> None:
    """Print steps a second beside the targets and the peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ids = (SIDEBET_ID, TRADING_ID, PEER)
    for env_id in ids:  # compiled, or read from the cache
        one(env_id, 100)
        many(env_id, 4, 100)
    print("steps per CPU second on one core, best of", options.rounds)
    print(f"{'':28}" + "".join(f"{env_id:>20}" for env_id in ids))
    best = [max(one(each, options.steps // 20) for _ in range(options.rounds)) for each in ids]
    print(f"{f'one; target {ONE_TARGET:,}':28}" + "".join(f"{rate:20,.0f}" for rate in best))
    for rows in ROWS:
        best = [max(many(i, rows, options.steps) for _ in range(options.rounds)) for i in ids]
        name = f"{rows:,} rows; target {MANY_TARGET:,}"
        print(f"{name:28}" + "".join(f"{rate:20,.0f}" for rate in best))


if __name__ == "__main__":
    main()
