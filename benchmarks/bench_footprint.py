"""PF13: memory and CPU of `record` and of `up` at the game's own rate.

Run `python -m benchmarks.bench_footprint [--seconds N]`. They hear a demo server that plays in
real time in another process. Measured are their own processes, the dashboard's included, without
Chrome, demo server and workers (Linux: PSS).
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
WARM_UP_S = 15.0
WORKERS = ("store_worker", "job_worker", "resource_tracker", "replay.worker")


def pss_mb(process: psutil.Process) -> float:
    """Return the proportional memory of a process in MB; resident where the system lacks it."""
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.rss)) / 1e6


def cpu_s(process: psutil.Process) -> float:
    """Return the processor seconds a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and its children that are no workers."""
    children = process.children(recursive=True)
    return [process, *(c for c in children if not any(w in " ".join(c.cmdline()) for w in WORKERS))]


def measure(words: list[str], seconds: float, root: Path) -> tuple[float, float, float]:
    """Record for `seconds`; return (PSS in MB at the end, percent of a core, frames a second)."""
    server = subprocess.Popen(
        [*COMMAND, "demo-server", "--port", "0", "--json", "--speed", "1"], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    url = json.loads(server.stdout.readline())["url"]
    ports = {"FOUNDATION_PORT": "0", "FOUNDATION_HTTP_PORT": "0", "VECTRA_DASHBOARD_PORT": "0"}
    recorder = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", *words, "--source", "public"],
        env={**os.environ, **ports, "VECTRA_PUBLIC_WS_URL": url},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(WARM_UP_S)
        processes = family(psutil.Process(recorder.pid))
        before, began = sum(map(cpu_s, processes)), time.monotonic()
        time.sleep(seconds)
        used, took = sum(map(cpu_s, processes)) - before, time.monotonic() - began
        memory = sum(map(pss_mb, processes))
        recorder.terminate()
        summary = json.loads(recorder.communicate(timeout=60)[0].splitlines()[-1])
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
    for words in (["record"], ["up"]):
        with tempfile.TemporaryDirectory() as folder:
            memory, cpu, rate = measure(words, seconds, Path(folder) / "data")
        print(f"{words[0]} at {rate:.1f} frames/s over {seconds:g} s")
        print(f"  memory (PSS)  {memory:7.0f} MB      target < {MAX_PSS_MB} MB")
        print(f"  processor     {cpu:7.2f} %       target < {MAX_CPU_PERCENT:g} % of a core")


if __name__ == "__main__":
    main()
