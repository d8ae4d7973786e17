"""PF13: memory and CPU of the recorder at the game's own rate, without Chrome and demo server.

Run `python -m benchmarks.bench_footprint [--seconds N]`. The recorder hears a demo server that
plays in real time in another process; only the recorder's process is measured (Linux: PSS).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "vectra_player"]
MAX_PSS_MB = 400
MAX_CPU_PERCENT = 5.0
WARM_UP_S = 5.0


def pss_mb(process: psutil.Process) -> float:
    """Return the proportional memory of a process in MB; resident where the system lacks it."""
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.rss)) / 1e6


def cpu_s(process: psutil.Process) -> float:
    """Return the processor seconds a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(seconds: float, root: Path) -> tuple[float, float, float]:
    """Record for `seconds`; return (PSS in MB at the end, percent of a core, frames a second)."""
    server = subprocess.Popen(
        [*COMMAND, "demo-server", "--port", "0", "--json", "--speed", "1"], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    url = json.loads(server.stdout.readline())["url"]
    recorder = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", "record", "--source", "public"],
        env={**os.environ, "VECTRA_PUBLIC_WS_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(WARM_UP_S)
        process = psutil.Process(recorder.pid)
        before, began = cpu_s(process), time.monotonic()
        time.sleep(seconds)
        used, took = cpu_s(process) - before, time.monotonic() - began
        memory = pss_mb(process)
        recorder.terminate()
        summary = json.loads(recorder.communicate(timeout=60)[0])
    finally:
        for child in (recorder, server):
            child.kill()
            child.wait()
    return memory, 100 * used / took, summary["events"] / summary["seconds"]


def main() -> None:
    """Measure and print beside the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        memory, cpu, rate = measure(seconds, Path(folder) / "data")
    print(f"recorder at {rate:.1f} frames/s over {seconds:g} s")
    print(f"  memory (PSS)  {memory:7.0f} MB      target < {MAX_PSS_MB} MB")
    print(f"  processor     {cpu:7.2f} %       target < {MAX_CPU_PERCENT:g} % of a core")


if __name__ == "__main__":
    main()
