"""Kill index builds at random moments: what is in place is whole, and the next build completes.

`python -m tests.crash.kill_index 50` is the long form; the suite runs a short one. Each build is a
fork of this process, which has loaded everything and opened nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import chromadb
from tests.crash.forks import forked
from tests.rag_support import WordEmbedder, make_store

from vectra_player.rag import checkpoint, seal
from vectra_player.rag.build import build_index
from vectra_player.rag.corpus import Page
from vectra_player.rag.vectors import VectorFolder
from vectra_player.store.layout import DataDir

assert chromadb.__version__

PAGES = [
    Page(f"knowledge/page{n}.md", f"# Page {n}\n\n## About `name{n}`\n\n{f'Text {n}. ' * 20}\n")
    for n in range(150)
]


class Killed(NamedTuple):
    """What a run came to; `moments`: how the index lay there after each kill."""

    kills: int
    moments: dict[str, int]
    passages: int


def build(home: DataDir, **options: Any) -> dict[str, dict[str, str]]:
    """Build and return what the collections themselves hold."""
    build_index(home, WordEmbedder(), pages=PAGES, **options)
    copy = home.staging / f"look-{os.getpid()}"
    shutil.copytree(home.root / "chroma", copy)
    with VectorFolder(copy) as folder:
        held = {name: folder.hashes(name) for name in ("vectra_knowledge", "rugs_events")}  # type: ignore[arg-type]
    shutil.rmtree(copy)
    noted = checkpoint.read(home)
    assert noted is not None
    assert noted.passages == held
    return held


def lies(home: DataDir) -> str:
    """Say how the index lies there; it is never half of one."""
    folder = home.root / "chroma"
    if not folder.exists():
        return "none yet"
    sealed = seal.read(folder)
    assert sealed is not None, "an index without its seal"
    seal.check(folder, sealed)
    noted = checkpoint.read(home)
    same = noted is not None and noted.build_id == sealed.build_id
    return "whole" if same else "whole, its checkpoint is of another build"


def run(kills: int, seed: int, folder: Path) -> Killed:
    """Kill so many builds; raises AssertionError where a promise is broken."""
    chance = random.Random(seed)
    home = make_store(folder)
    began = time.monotonic()
    expected = forked(lambda: build(home))
    whole_s = time.monotonic() - began
    assert expected
    moments: dict[str, int] = {}
    for number in range(kills):
        if number % 2 == 0:  # half of them build from nothing, half replace what is there
            shutil.rmtree(home.root / "chroma", ignore_errors=True)
            checkpoint.remove(home)
        moment = chance.uniform(0, 1.1 * whole_s)
        forked(lambda: build(home, full=True), kill_after=moment)
        state = lies(home)
        moments[state] = moments.get(state, 0) + 1
        assert forked(lambda: build(home)) == expected, f"kill {number} of seed {seed}"
        assert not list(home.staging.glob("index-*")), "what the killed build left was not swept"
    return Killed(kills, moments, sum(map(len, expected.values())))


def main() -> None:
    """Run the long form."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        found = run(kills, seed, Path(folder))
    print(f"{found.kills} builds killed (seed {seed}); left behind: {found.moments}")
    print(f"each next build held all {found.passages} passages again, same ids and hashes")


if __name__ == "__main__":
    main()
