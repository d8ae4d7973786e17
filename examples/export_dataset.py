"""Export recorded play for offline learning, and read it back the way a learner does.

    .venv/bin/python examples/export_dataset.py rugs-dataset

`vectra-player episodes export` is the same without the second part. Needs the extra `rl`.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from vectra_player.cli.session import open_session
from vectra_player.errors import VectraError
from vectra_player.rl.dataset import Wanted, export_dataset
from vectra_player.store.layout import DataDir


def main(arguments: Sequence[str] | None = None) -> None:
    """Export, and print what a learner finds."""
    parser = argparse.ArgumentParser(description="Export recorded play for offline learning.")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--origin", choices=("real", "demo", "all"), default="real")
    parser.add_argument("--data-dir", help="where recordings lie [RUGS_DATA_DIR]")
    asked = parser.parse_args(arguments)
    try:
        root = open_session(asked.data_dir, json_output=False, quiet=False).data_dir
        export_dataset(DataDir.open_existing(root), asked.out, Wanted(origins=asked.origin))
    except VectraError as error:
        parser.exit(2, f"{error}\n")
    look_into(asked.out)


def look_into(folder: Path) -> None:
    """Print the steps and the rewards of each data set."""
    from minari import MinariDataset

    for data in sorted(folder.glob("minari/**/data")):
        dataset = MinariDataset(data)
        rewards = [float(episode.rewards.sum()) for episode in dataset.iterate_episodes()]
        print(
            f"{dataset.spec.dataset_id}: {dataset.total_episodes:,} episodes, "
            f"{dataset.total_steps:,} steps, mean reward {sum(rewards) / len(rewards):+.3f}"
        )
    for table in sorted(folder.glob("parquet/*.parquet")):
        print(f"{table.relative_to(folder)}: {table.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
