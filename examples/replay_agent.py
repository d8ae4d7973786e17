"""Show what an agent does in a recorded game; with --watch, play the game again and watch it.

    .venv/bin/python examples/replay_agent.py my-agent GAME_ID

With --watch the service must run (`vectra-player up`): it replays the game with the agent's trades
in it, as practice. `vectra-player open` shows it.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from vectra_player import cli
from vectra_player.analysis.play import Conditions, play
from vectra_player.analysis.selection import select_games
from vectra_player.cli.session import open_session
from vectra_player.errors import VectraError
from vectra_player.rl.actions import CASH
from vectra_player.rl.agent import SUFFIX
from vectra_player.rl.agent_strategy import file_of, strategy_of
from vectra_player.strategy import Strategy
from vectra_player.strategy.loading import FOLDER
from vectra_player.strategy.records import RunResult


def main(arguments: Sequence[str] | None = None) -> None:
    """Play a game, print what was done, and let it be watched if asked to."""
    parser = argparse.ArgumentParser(description="Show what an agent does in a recorded game.")
    parser.add_argument("agent", help=f"its name, or its file: FILE{SUFFIX}")
    parser.add_argument("game_id")
    parser.add_argument("--by-chance", action="store_true", help="draw actions, as in training")
    parser.add_argument("--watch", type=float, metavar="SPEED", help="replay it so fast, to watch")
    parser.add_argument("--data-dir", help="where recordings lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        session = open_session(asked.data_dir, json_output=False, quiet=False)
        path = file_of(asked.agent, session.home / FOLDER)
        strategy = strategy_of(path, by_chance=asked.by_chance)
        where = session.recordings if asked.watch is None else session.data_dir
        show(play_once(where, strategy, asked.game_id))
    except VectraError as error:
        parser.exit(2, f"{error}\n")
    if asked.watch is not None:
        file = str(path.with_suffix(".py"))
        words = ["strategy", "run", file, "--replay", asked.game_id, "--cash", str(CASH)]
        cli.main(["--data-dir", str(where), *words, "--speed", str(asked.watch)])


def play_once(where: Path | str, strategy: Strategy, game_id: str) -> RunResult:
    """Play a recorded game on the event engine, from the presale to the rug."""
    games = select_games(where, [game_id], origin="all", include_incomplete=True, seed=0).games
    return play(strategy, games, Conditions(cash=CASH), seed=0)


def show(result: RunResult) -> None:
    """Print a line for everything that came of a decision, and what the game brought."""
    for one in result.outcomes:
        print(
            f"  tick {one.tick:>5}  {one.kind:<8} {one.amount:>14f} SOL at {one.price:>9.4f}x  "
            f"{one.profit:+f}"
        )
    game = result.games[0]
    if not result.decisions:
        print("  It does nothing in this game.")
    print(f"{game.game_id}: {result.profit:+f} SOL, rug at tick {game.rug_tick}.")


if __name__ == "__main__":
    main()
