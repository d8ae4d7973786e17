"""Kill `episodes build` at its file calls: no episode is there twice, and the next build completes.

`python -m tests.crash.kill_episodes` kills at every call; a number of kills spreads so many over
them, as the suite does. Each build is a fork of this process, which has opened nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from tests.crash.forks import forked
from tests.dataset_support import recorded

from vectra_player.model.rows import MlEpisode
from vectra_player.rl.episodes import build_episodes
from vectra_player.store import days
from vectra_player.store.check import check
from vectra_player.store.episodes import finish_earlier, read_episodes, replace_episodes
from vectra_player.store.fsops import FileOps
from vectra_player.store.layout import DAY_US, DataDir
from vectra_player.store.reads import StoreReader

days.RETIRE_S = 0.0  # nobody else reads here


class Killer(FileOps):
    """Counts file calls, and dies of SIGKILL before the one it is told."""

    def __init__(self, at: int = 0) -> None:
        self.count = 0
        self._at = at

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        self.count += 1
        if self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def rows(home: DataDir) -> list[MlEpisode]:
    """Return the episodes that are there."""
    with StoreReader(home.root) as reader:
        return read_episodes(reader, "all")


def spoil(home: DataDir) -> None:
    """Make some episodes those of another version: wrong, on another day, or missing."""
    finish_earlier(home)
    before = rows(home)
    wrong, moved, _, *right = before
    other_day = msgspec.structs.replace(moved, ts=moved.ts + DAY_US)
    replace_episodes(
        home, before, [msgspec.structs.replace(wrong, total_reward=9.0), other_day, *right]
    )


def built(home: DataDir, at: int = 0) -> int:
    """Build, to die before a file call; return how many there were."""
    ops = Killer(at)
    build_episodes(home, ops=ops)
    return ops.count


def listed(home: DataDir) -> list[Any]:
    """Return the episodes for another process."""
    told: list[Any] = msgspec.to_builtins(rows(home), enc_hook=str)
    return told


def looked_at(home: DataDir) -> list[str]:
    """Return what is wrong after a kill."""
    names = [row.episode_id for row in rows(home)]
    wrong = [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
    return wrong + [str(problem) for problem in check(home).problems]


def run(folder: Path, kills: int) -> int:
    """Kill so many builds, 0: one at each file call; return how many were killed.

    Raises AssertionError where a promise is broken.
    """
    home = DataDir(folder / "data")
    forked(lambda: recorded(home.root, range(4)))
    forked(lambda: built(home))
    right = forked(lambda: listed(home))
    assert right
    forked(lambda: spoil(home))
    calls = forked(lambda: built(home))
    count = min(kills or calls, calls)
    chosen = [place * calls // count for place in range(1, count + 1)]
    for at in chosen:
        forked(lambda: spoil(home))
        assert forked(lambda: built(home, at)) is None, f"call {at} of {calls} was not reached"  # noqa: B023
        assert forked(lambda: looked_at(home)) == [], f"after a kill at call {at} of {calls}"
        assert forked(lambda: built(home)) is not None
        assert forked(lambda: listed(home)) == right, f"made good after call {at} of {calls}"
        assert not any(home.staging.iterdir()), f"leftovers of call {at} of {calls}"
    return len(chosen)


def main() -> None:
    """Run the long form."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), kills)
    print(f"{found} builds killed; each next build gave the same episodes, none was there twice")


if __name__ == "__main__":
    main()
