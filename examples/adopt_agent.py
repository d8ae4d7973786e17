"""Take an agent that somebody else trained, and keep it as a strategy of yours.

    .venv/bin/python examples/adopt_agent.py FILE.agent --name my-agent

The file holds numbers and no code; it is checked before it is copied. Needs no extra.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from vectra_player.cli.session import open_session
from vectra_player.errors import VectraError
from vectra_player.rl.agent import SUFFIX, read_agent
from vectra_player.rl.agent_strategy import check_free, write_strategy
from vectra_player.store.layout import DataDir
from vectra_player.strategy.loading import FOLDER


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the agent, and write it with the strategy that plays it."""
    parser = argparse.ArgumentParser(description="Keep an agent's file as a strategy of yours.")
    parser.add_argument("file", type=Path, help=f"its file: FILE{SUFFIX}")
    parser.add_argument("--name", help="name it gets: a-z, 0-9, _ and - [that of the file]")
    parser.add_argument("--data-dir", help="where your strategies lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        path = adopt(asked.file, asked.name or asked.file.stem, asked.data_dir)
    except VectraError as error:
        parser.exit(2, f"{error}\n")
    print(f"{path} is made. Try it with:")
    print(f"  vectra-player backtest {path.stem} --games generated:1000 --cash 1")


def adopt(file: Path, name: str, data_dir: str | None) -> Path:
    """Write the agent into the strategies of the data directory; return the strategy's file."""
    root = open_session(data_dir, json_output=False, quiet=False).data_dir
    agent = read_agent(file)
    check_free(root / FOLDER, name)
    return write_strategy(agent, DataDir.open_or_create(root).root / FOLDER, name)


if __name__ == "__main__":
    main()
