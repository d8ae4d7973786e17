"""T5: kill a service that trades between decision and outcome: `python -m tests.crash.kill_orders`.

Prints the counts; a press without a durable record, one pressed again, or an order of which nobody
tells ends it with an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.order_rig import Rig


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        rig = Rig(Path(base), given.seed, a_directory=22)
        try:
            for counts in rig.run(given.kills):
                print(f"{counts['kills']} kills", file=sys.stderr, flush=True)
        finally:
            seconds = round(time.monotonic() - started, 1)
            print(json.dumps({**rig.counts, "seed": given.seed, "seconds": seconds}, indent=2))


if __name__ == "__main__":
    main()
