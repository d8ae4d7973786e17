"""How fast others read the Parquet layout, and what a billion ticks take by these figures.

Run: python -m benchmarks.bench_layout [--ticks 10000000]
Measured: bytes a row, and rows a second of DuckDB and of Dask workers that read a file each with
pyarrow, both on the plain files without anything of ours. The files are warm. Calculated from it:
storage, files and seconds at 10^9 ticks. Spark does not run here; it reads the same files.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from benchmarks.bench_cluster import fill

from vectra_player.analysis.jobs_pool import ChunkEngine, engine_of

BILLION = 10**9
TICK_S, BETWEEN_S, TICKS = 0.25, 15.0, 200
"""Docs/protocol.md: a tick, the time between games; docs/fairness.md: the mean game."""

ROUNDS = 3
QUESTION = "highest price and number of ticks above 10"


def highest(path: str) -> tuple[float, int]:
    """Read one column of one file."""
    prices = ds.dataset(path).to_table(columns=["price"]).column("price").to_numpy()
    return float(prices.max()), int((prices > 10.0).sum())


def by_duckdb(files: list[str], threads: int) -> tuple[float, int]:
    """Ask DuckDB about all files."""
    with duckdb.connect(config={"threads": threads}) as connection:
        found = connection.execute(
            "SELECT max(price), count(*) FILTER (price > 10) FROM read_parquet(?)", [files]
        ).fetchone()
    assert found is not None
    return float(found[0]), int(found[1])


def by_dask(engine: ChunkEngine, files: list[str]) -> tuple[float, int]:
    """Have each file read by whichever worker is free."""
    found = [result for _, result in engine.run(highest, files)]
    return max(high for high, _ in found), sum(count for _, count in found)


def best(ask: Callable[[], tuple[float, int]]) -> tuple[float, tuple[float, int]]:
    """Return the shortest of some rounds in seconds, and the answer."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - begin)
    return min(times), answer


def sizes(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return (rows, files, bytes) of each doc type."""
    found = {}
    for folder in sorted((root / "events_parquet").iterdir()):
        files = list(folder.rglob("*.parquet"))
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        found[folder.name] = rows, len(files), sum(file.stat().st_size for file in files)
    return found


def main() -> None:
    """Print what is measured, then what follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        ticks = fill(root, options.ticks)
        measured = sizes(root)
        print(f"measured: {ticks:,} ticks")
        for doc_type, (rows, files, size) in measured.items():
            print(f"  {doc_type:20}{rows:12,} rows {files:4} files {size / rows:8.1f} bytes a row")
        folder = root / "events_parquet" / "doc_type=game_tick"
        rates = race(sorted(str(file) for file in folder.rglob("*.parquet")), ticks)
    bytes_a_tick = sum(size for _, _, size in measured.values()) / ticks
    calculate(bytes_a_tick, rates)


def race(files: list[str], ticks: int) -> dict[str, float]:
    """Print and return ticks a second of each reader."""
    print(f"  {QUESTION}:")
    rates, answers = {}, set()
    for threads in (1, 2):
        seconds, answer = best(partial(by_duckdb, files, threads))
        rates[f"DuckDB, {threads} threads"] = ticks / seconds
        answers.add(answer)
    for jobs in (1, 2):
        engine = engine_of("dask", jobs)
        seconds, answer = best(partial(by_dask, engine, files))
        rates[f"Dask, {jobs} workers"] = ticks / seconds
        answers.add(answer)
        engine.close()
    if len(answers) != 1:
        raise SystemExit(f"the answers differ: {answers}")
    for reader, rate in rates.items():
        print(f"    {reader:20}{rate / 1e6:8.1f} million ticks/s")
    return rates


def calculate(bytes_a_tick: float, rates: dict[str, float]) -> None:
    """Print what a billion ticks take."""
    a_day = TICKS * 86_400 / (TICKS * TICK_S + BETWEEN_S)
    print(f"calculated: {BILLION:,} ticks")
    print(f"  {a_day:,.0f} ticks a day of one recorder: {BILLION / a_day:,.0f} days, and as many")
    print("  files of each doc type once they are compacted")
    print(f"  {bytes_a_tick * BILLION / 1e9:.1f} GB of game_tick and game, ws_event left out")
    for reader, rate in rates.items():
        print(f"  one column read by {reader:20}{BILLION / rate:8.1f} s")


if __name__ == "__main__":
    main()
