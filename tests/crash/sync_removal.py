"""D2, turned round: each of our syncs left out in turn must make the power-loss check fail.

A place is a function that syncs: an exchange touches two directories, and either sync makes it
certain, so both are left out together. For each place that one cycle (file twice, compact, stop)
comes by, the cycle is recorded again with that place's syncs left out, and its disk states are
checked until one is found damaged. `python -m tests.crash.sync_removal` prints the places and
what was found; a place nobody notices ends it with an error.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar, NamedTuple

from tests.crash.faults import RecordingOps
from tests.crash.test_power_loss import Recorded, check

from vectra_player.store import fsops

PACKAGE = Path(fsops.__file__).parents[1]


class Place(NamedTuple):
    """Where a sync is asked for."""

    file: str
    function: str
    kind: str

    def __str__(self) -> str:
        return f"{self.file} {self.function} {self.kind}"


def _place() -> Place:
    frame = sys._getframe(2)
    path = Path(frame.f_code.co_filename).relative_to(PACKAGE)
    return Place(str(path), frame.f_code.co_name, sys._getframe(1).f_code.co_name)


class NotingOps(RecordingOps):
    """Notes the place of each sync, and leaves out those of one place."""

    left_out: Place | None = None
    seen: ClassVar[Counter[Place]] = Counter()

    def fsync(self, path: Path) -> None:
        """Sync a file, unless this is the place to forget it."""
        place = _place()
        self.seen[place] += 1
        if place != self.left_out:
            super().fsync(path)

    def fsync_dir(self, path: Path) -> None:
        """Sync a directory, unless this is the place to forget it."""
        place = _place()
        self.seen[place] += 1
        if place != self.left_out:
            super().fsync_dir(path)


def places(base: Path) -> Counter[Place]:
    """Return the places of one cycle, and how often it comes by each."""
    _ops(None)
    NotingOps.seen = Counter()
    (base / "copies").mkdir(parents=True)
    Recorded(base / "data", base / "copies", NotingOps)
    shutil.rmtree(base)
    return NotingOps.seen.copy()


def noticed(base: Path, place: Place) -> str:
    """Say how the check failed without the syncs of a place; empty when it did not."""
    _ops(place)
    (base / "copies").mkdir(parents=True)
    try:
        recorded = Recorded(base / "data", base / "copies", NotingOps)
        rng = random.Random(5)
        for number in range(len(recorded.ops.done), -1, -1):
            for root in recorded.states(number, rng, base):
                found = _damage(root, recorded, number)
                shutil.rmtree(root)
                if found:
                    return f"after call {number}: {found}"
    finally:
        shutil.rmtree(base)
    return ""


def _ops(place: Place | None) -> None:
    NotingOps.left_out = place


def _damage(root: Path, recorded: Recorded, number: int) -> str:
    NotingOps.left_out, kept = None, NotingOps.left_out
    try:
        check(root, recorded.session, recorded.durable[number])
    except AssertionError:
        return "rows lost or doubled"
    except Exception as error:  # whatever it is, it is no recovery
        return type(error).__name__
    finally:
        NotingOps.left_out = kept
    return ""


def main() -> None:
    """Leave out one sync after the other."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "cycle"
        found = places(base)
        results = {}
        for place in sorted(found):
            results[place] = noticed(base, place)
            told = results[place] or "NOT NOTICED"
            print(f"{found[place]:4} times  {place!s:52} {told}", flush=True)
    summary = {
        "places": len(results),
        "noticed": sum(bool(told) for told in results.values()),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(summary))
    sys.exit(0 if summary["places"] == summary["noticed"] else 1)


if __name__ == "__main__":
    main()
