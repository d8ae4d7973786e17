"""Train an agent by PPO on generated games, and keep it as a strategy of yours.

    .venv/bin/python examples/train_ppo.py my-agent --env sidebet

Takes minutes on a CPU. The same seed gives the same agent. Needs the extra `train`.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vectra_player.cli.session import open_session
from vectra_player.errors import VectraError
from vectra_player.extras import needed
from vectra_player.rl.agent_strategy import check_free, write_strategy
from vectra_player.store.layout import DataDir
from vectra_player.strategy.loading import FOLDER

if TYPE_CHECKING:
    from vectra_player.rl.agent import Lesson


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and say what became of it."""
    parser = argparse.ArgumentParser(description="Train an agent by PPO on generated games.")
    parser.add_argument("name", help="name of the agent: a-z, 0-9, _ and -")
    parser.add_argument("--env", choices=("sidebet", "trading"), default="sidebet")
    parser.add_argument("--steps", type=int, default=10_000_000, help="ticks played in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", help="where recordings lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        train_and_keep(asked)
    except VectraError as error:
        parser.exit(2, f"{error}\n")


def train_and_keep(asked: argparse.Namespace) -> None:
    """Train and write the agent into the strategies of the data directory."""
    needed("train", "Training", "gymnasium", "jax", "skrl")
    from vectra_player.rl.ppo import check_length, train

    root = open_session(asked.data_dir, json_output=False, quiet=False).data_dir
    check_length(asked.steps, asked.seed)
    check_free(root / FOLDER, asked.name)
    folder = DataDir.open_or_create(root).root / FOLDER
    print(f"{asked.steps:,} ticks of generated games, seed {asked.seed}; a bet loses on average.")
    agent = train(asked.env, steps=asked.steps, seed=asked.seed, progress=show)
    path = write_strategy(agent, folder, asked.name)
    print(f"{path} is made. See what it is worth:")
    print(f"  examples/evaluate_agent.py {asked.name}")


def show(lesson: Lesson) -> None:
    """Print a line for a stretch of the training."""
    print(
        f"{lesson.steps:>12,} ticks  {lesson.games:>6,} games  "
        f"mean reward {lesson.mean_reward:+7.3f}  bet in {lesson.entered:6.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
