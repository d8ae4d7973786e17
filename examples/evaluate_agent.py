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
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vectra_player.analysis.selection import Selected, select_games
from vectra_player.cli.session import Session, open_session
from vectra_player.clock import SystemClock
from vectra_player.errors import UsageError, VectraError
from vectra_player.extras import needed
from vectra_player.rl.agent import SUFFIX, Agent, read_agent, sha256_of
from vectra_player.rl.agent_strategy import file_of
from vectra_player.rl.evaluate import Trial, try_out, verdict
from vectra_player.rl.evaluation_report import (
    check_report,
    gaps_of,
    report_of,
    rows_of,
    write_report,
)
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
    parser.add_argument("--data-dir", help="where recordings lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        evaluate(asked)
    except VectraError as error:
        parser.exit(2, f"{error}\n")


def evaluate(asked: argparse.Namespace) -> None:
    """Play, print, report."""
    needed("analysis", "The evaluation", "scipy", "jinja2")
    session = open_session(asked.data_dir, json_output=False, quiet=False)
    if asked.report is not None:
        check_report(asked.report)
    path = file_of(asked.agent, session.home / FOLDER)
    agent = read_agent(path)
    check_seed(agent, asked.seed)
    trials = [
        try_out(path, chosen, seed=asked.seed, progress=show) for chosen in games(session, asked)
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


def check_seed(agent: Agent, seed: int) -> None:
    """Raise UsageError for a seed that games of the training were made from, or none at all."""
    if seed < 0:
        raise UsageError(f"No games can be made from seed {seed}.", advice="Give 0 or more.")
    first = agent.training.seed
    if first <= seed < first + int(agent.training.settings.get("envs", 1)):
        raise UsageError(f"The agent was trained on games of seed {seed}.", advice="Give another.")


def games(session: Session, asked: argparse.Namespace) -> list[Selected]:
    """Return the recorded games, if there are any that are complete, and the generated ones."""
    made = _select(session.home, f"generated:{asked.generated}", asked.seed)
    try:
        recorded = _select(session.recordings, "all", asked.seed)
    except UsageError as error:
        print(f"No recorded games: {error.message}")
        return [made]
    return [recorded, made] if len(recorded.games) else [made]


def _select(where: Path | str, word: str, seed: int) -> Selected:
    return select_games(where, [word], origin="real", include_incomplete=False, seed=seed)


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
