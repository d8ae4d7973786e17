"""Run benchmarks and write docs/performance.md from what they printed, nothing else.

Run `python -m benchmarks.report [NAME...]`; without names all of them, one after another. Each
result is kept in benchmarks/results/ with machine and date, so one can be measured again alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results"
PAGE = PROJECT / "docs" / "performance.md"

TITLES = {
    "capture": "PF1: capture through Chrome",
    "ingest": "PF2: from the bus to the durable journal",
    "frame_to_feed": "PF2: from a frame to a feed client",
    "filing": "PF3: filing the journal to Parquet",
    "derive": "PF3: describing and deriving",
    "compaction": "PF3: compaction",
    "import": "PF4: import of legacy games",
    "queries": "PF5: queries over 10 million ticks",
    "feed": "PF6: the feed",
    "replay": "PF7: replay",
    "price_path": "PF8: price paths from seeds",
    "verify": "PF8: verification of games",
    "monte_carlo": "PF9: simulated runs",
    "strategy": "PF9: strategies over games",
    "backtest": "PF9: backtests and grids",
    "cluster": "Sweeps and audits on a cluster",
    "layout": "The Parquet layout as others read it",
    "rl": "PF10: environments",
    "dashboard": "PF12: pages in the browser",
    "retrieval": "PF11: the index and its answers",
    "press": "From a press to the frame the page sends",
    "order": "From a tick to the press of a strategy",
    "alerts": "What a frame costs the alert rules",
    "decode": "Decoding one packet",
    "outlet": "The outlet's broker",
    "footprint": "PF13: footprint",
}

INTRO = """# Performance

Figures are what the scripts under `benchmarks/` printed on the machine and date named above each
block; `python -m benchmarks.report` measures again and rewrites this page. Limits and peers stand
in the same output. The machine is shared: ratios and CPU seconds are steadier than wall times, and
the load average at the start of each run is given.
"""


def machine() -> str:
    """Describe this machine in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1] for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0].strip() if names else model
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def run(name: str) -> None:
    """Run one script and keep its output."""
    began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.bench_{name}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"bench_{name} failed:\n{done.stderr}")
    RESULTS.mkdir(exist_ok=True)
    head = f"{began}; {machine()}; load {load:.1f}\n"
    (RESULTS / f"{name}.txt").write_text(head + done.stdout.strip() + "\n", "utf-8")
    print(head + done.stdout)


def write_page() -> None:
    """Write the page from the results that are there."""
    parts = [INTRO]
    for name, title in TITLES.items():
        result = RESULTS / f"{name}.txt"
        if result.exists():
            head, _, body = result.read_text("utf-8").partition("\n")
            script = f"`python -m benchmarks.bench_{name}`"
            parts.append(f"## {title}\n\n{script} · {head}\n\n```text\n{body.strip()}\n```\n")
    PAGE.write_text("\n".join(parts), "utf-8")


def main() -> None:
    """Run what was named, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TITLES, []])
    parser.add_argument("--page-only", action="store_true")
    chosen = parser.parse_args()
    if not chosen.page_only:
        for name in chosen.names or TITLES:
            run(name)
    write_page()


if __name__ == "__main__":
    main()
