"""Say honestly what an agent is worth in games it has not seen.

    .venv/bin/python examples/evaluate_agent.py my-agent --report report.md

Plays the recorded games, where there are any, and generated ones of another seed than any agent
is trained with, beside never betting and a coin. Needs the extra `analysis`, nothing of `train`.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from vectra_player import config
from vectra_player.analysis.selection import Selected, select_games
from vectra_player.clock import SystemClock
from vectra_player.errors import UsageError, VectraError
from vectra_player.extras import needed
from vectra_player.rl.agent import SUFFIX, Agent, read_agent, sha256_of
from vectra_player.rl.agent_strategy import file_of
from vectra_player.rl.evaluate import Trial, try_out, verdict
from vectra_player.rl.evaluation_report import gaps_of, report_of, rows_of, write_report
from vectra_player.strategy.loading import FOLDER

GAMES_SEED = 20_000_003
"""Seed of the generated games; `train_ppo.py` takes none so high unless it is told to."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate, print the figures, and write the report if asked to."""
    parser = argparse.ArgumentParser(description="Say what an agent is worth in unseen games.")
    parser.add_argument("agent", help=f"its name, or its file: FILE{SUFFIX}")
    parser.add_argument("--generated", type=int, default=2_000, help="generated games")
    parser.add_argument("--seed", type=int, default=GAMES_SEED, help="of the games and the coins")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a .md or .html file")
    parser.add_argument("--data-dir", type=Path, help="where recordings lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        evaluate(asked)
    except VectraError as error:
        parser.error(str(error))


def evaluate(asked: argparse.Namespace) -> None:
    """Play, print, report."""
    needed("analysis", "The evaluation", "scipy", "jinja2")
    root = config.load({"data_dir": asked.data_dir}).settings.data_dir
    path = file_of(asked.agent, root / FOLDER)
    agent = read_agent(path)
    check_unseen(agent, asked.seed)
    trials = [
        try_out(path, chosen, seed=asked.seed, progress=show) for chosen in games(root, asked)
    ]
    for trial in trials:
        print_trial(trial)
    if asked.report is not None:
        made_at = datetime.fromtimestamp(SystemClock().now_us() // 1_000_000, UTC)
        report = report_of(
            agent, sha256_of(path), trials, commands(agent, asked), made_at=f"{made_at:%F %T}"
        )
        write_report(report, asked.report)
        print(f"{asked.report} is written.")


def check_unseen(agent: Agent, seed: int) -> None:
    """Raise UsageError for a seed that games of the training were made from."""
    first = agent.training.seed
    if first <= seed < first + int(agent.training.settings.get("envs", 1)):
        raise UsageError(f"The agent was trained on games of seed {seed}.", advice="Give another.")


def games(root: Path, asked: argparse.Namespace) -> Iterator[Selected]:
    """Yield the recorded games, if there are any that are complete, and the generated ones."""
    try:
        yield from (chosen for chosen in [_select(root, "all", asked.seed)] if len(chosen.games))
    except UsageError as error:
        print(f"No recorded games: {error.message}")
    yield _select(root, f"generated:{asked.generated}", asked.seed)


def _select(root: Path, word: str, seed: int) -> Selected:
    return select_games(root, [word], origin="real", include_incomplete=False, seed=seed)


def print_trial(trial: Trial) -> None:
    """Print what came of the games, in figures and in words."""
    print(f"\n{trial.title}\n")
    for name, mean, interval, fair, played, *_ in rows_of(trial.lines):
        print(
            f"  {name:<28} {mean} SOL a game  ({interval})  fair mean {fair}  games bet in {played}"
        )
    for name, mean, interval in gaps_of(trial):
        print(f"  {name:<28} {mean} SOL a game  ({interval})")
    print(f"\n{verdict(trial)}")


def commands(agent: Agent, asked: argparse.Namespace) -> list[str]:
    """Return what is to be typed to come to this report again."""
    training, name = agent.training, Path(asked.agent).stem
    given = ["--generated", str(asked.generated), "--seed", str(asked.seed)]
    return [
        f"python examples/train_ppo.py {name} --env {agent.env} --steps {training.steps} "
        f"--seed {training.seed}",
        f"python examples/evaluate_agent.py {name} {shlex.join(given)} --report report.md",
    ]


def show(done: int, total: int, who: str) -> None:
    """Keep one line of the terminal up to date."""
    if sys.stderr.isatty():
        end = "\r" if done + 1 < total else "\n"
        print(f"  {who}: game {done + 1:,} of {total:,}".ljust(60), end=end, file=sys.stderr)


if __name__ == "__main__":
    main()
