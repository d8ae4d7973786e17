"""Sweep and audit on a Dask cluster of this machine beside the pool of processes.

Run: python -m benchmarks.bench_cluster [--variants 10000] [--games 1286] [--ticks 10000000]
A sweep's files and an audit's report must have the same SHA-256 whatever computed them. CPU seconds
count every process: ours, the pool's, and those of the cluster. `start` is what it takes until the
first chunk could be handed out; a pool starts with its run. The fast path is over before a second
process pays; the event engine shows what a second one brings.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.bench_backtest import GRID
from benchmarks.bench_price_path import make_games
from benchmarks.bench_queries import DAY_US, DAYS, T0, table_of

from vectra_player.analysis.contestant import find_contestant
from vectra_player.analysis.games import generate_games
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import IN_PROCESS, ChunkEngine, engine_of
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.sweep import Request, run_sweep
from vectra_player.fairness.audit import audit_store
from vectra_player.game.price_path import commitment, price_paths
from vectra_player.model.rows import Game, GameTick
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.parquet import write_options
from vectra_player.store.reads import StoreReader

MADE_AT = "2026-01-01T00:00:00.000+00:00"
EVENT_GRID = ["entry_tick=0:395:5"]

Run = Callable[[ChunkEngine, Path], str]
"""Compute with an engine and a folder; return the SHA-256 of what came of it."""


class Taken(NamedTuple):
    """What a run took, in seconds."""

    start: float
    wall: float
    cpu: float
    result: str


class Way(NamedTuple):
    """Something that computes."""

    title: str
    engine: str
    jobs: int


WAYS = (
    Way("pool, 1 process", "local", 1),
    Way("pool, 2 processes", "local", 2),
    Way("Dask, 1 worker", "dask", 1),
    Way("Dask, 2 workers", "dask", 2),
)


def sweep(grid: list[str], games: int, latency_ms: float = 0.0) -> Run:
    """Return a sweep: fresh, into a folder of its own. A latency keeps it off the fast path."""
    chosen = Selected(generate_games(games, 1), "bench", "generated", {})

    def run(engine: ChunkEngine, folder: Path) -> str:
        found = run_sweep(
            find_contestant("fixed_baseline", folder, latency_ms=latency_ms),
            parse_grid(grid),
            chosen,
            Request(top=1),
            engine,
            results=folder / "results",
            made_at=MADE_AT,
        )
        if (found.record.fast > 0) == (latency_ms > 0):
            raise SystemExit("the sweep took the other path")
        kept = folder / "results" / found.record.manifest.run_id
        text = (kept / "variants.parquet").read_bytes() + (kept / "result.json").read_bytes()
        return hashlib.sha256(text).hexdigest()

    return run


def audit(root: Path) -> Run:
    """Return an audit of a store, its simulated games made anew."""

    def run(engine: ChunkEngine, folder: Path) -> str:
        from vectra_player.fairness import null

        null._made.clear()
        with StoreReader(root) as reader:
            found = audit_store(reader, engine=engine)
        return hashlib.sha256(msgspec.json.encode(found)).hexdigest()

    return run


def _spent() -> float:
    """Return CPU seconds of this process, of all below it and of those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    below = psutil.Process().children(recursive=True)
    alive = sum(sum(process.cpu_times()[:2]) for process in below)
    return time.process_time() + ended.ru_utime + ended.ru_stime + alive


def take(way: Way, run: Run) -> Taken:
    """Run once; the engine is opened for it and closed after it."""
    with tempfile.TemporaryDirectory() as name:
        spent, begin = _spent(), time.perf_counter()
        engine = IN_PROCESS if way[1:] == ("local", 1) else engine_of(way.engine, way.jobs)
        opened = time.perf_counter()
        result = run(engine, Path(name))
        wall, spent = time.perf_counter() - opened, _spent() - spent
        engine.close()  # a cluster is killed: what its processes took is counted while they live
    return Taken(opened - begin, wall, spent, result)


def race(title: str, run: Run) -> None:
    """Print what each way takes, and stop where one comes to another result."""
    print(f"{title}\n{'':20}{'start s':>9}{'wall s':>9}{'CPU s':>9}  result (SHA-256)")
    results = set[str]()
    for way in WAYS:
        taken = take(way, run)
        results.add(taken.result)
        print(
            f"{way.title:20}{taken.start:9.1f}{taken.wall:9.1f}{taken.cpu:9.1f}  "
            f"{taken.result[:16]}",
            flush=True,
        )
    if len(results) != 1:
        raise SystemExit("the results differ")


def fill(root: Path, ticks: int) -> int:
    """Write a store of revealed games, every tick of them heard live; return the ticks."""
    games = make_games(max(100, ticks // 200))
    seeds, ids = games
    paths = price_paths(seeds, ids, threads=os.cpu_count() or 1)
    data_dir = DataDir.open_or_create(root)
    order = np.argsort(np.asarray(ids))
    for day, chosen in enumerate(np.array_split(order, DAYS)):
        lengths = np.diff(paths.offsets)[chosen]
        first = np.concatenate([[0], np.cumsum(lengths)])
        count = int(first[-1])
        prices = np.concatenate([paths.prices_of(int(game)) for game in chosen])
        ticks_of = np.arange(count) - np.repeat(first[:-1], lengths)
        start = T0 + day * DAY_US
        stamps = start + np.arange(count) * (DAY_US // (count + 1))
        names = np.asarray(ids)[chosen]
        last = first[1:] - 1
        _put(data_dir, day, "game_tick", table_of(GameTick, {
            "seq": pa.array(np.arange(1, count + 1)), "sub": pa.array(ticks_of),
            "ts": pa.array(stamps, pa.timestamp("us", "UTC")),
            "game_id": pa.array(np.repeat(names, lengths)), "tick": pa.array(ticks_of),
            "price": pa.array(prices),
        }, count))  # fmt: skip
        _put(data_dir, day, "game", table_of(Game, {
            "seq": pa.array(last + 1), "sub": pa.array(np.zeros(len(chosen), np.int64)),
            "ts": pa.array(stamps[last], pa.timestamp("us", "UTC")), "game_id": pa.array(names),
            "started_at": pa.array(stamps[first[:-1]]), "ended_at": pa.array(stamps[last]),
            "rug_tick": pa.array(lengths - 1), "peak": pa.array(paths.peaks[chosen]),
            "rug_price": pa.array(prices[last]), "game_version": pa.array(["v3"] * len(chosen)),
            "server_seed": pa.array([seeds[int(game)] for game in chosen]),
            "server_seed_hash": pa.array([commitment(seeds[int(game)]) for game in chosen]),
            "prices": pa.ListArray.from_arrays(pa.array(first, pa.int32()), pa.array(prices)),
            "ticks_live": pa.array(lengths),
        }, len(chosen)))  # fmt: skip
    return len(paths.prices)


def _put(data_dir: DataDir, day: int, doc_type: str, table: pa.Table) -> None:
    folder = data_dir.day(doc_type, utc_date(T0 + day * DAY_US))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table, folder / "bench-1-1.parquet", row_group_size=122_880, **write_options(table.schema)
    )


def main() -> None:
    """Print all three races."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--games", type=int, default=1286, help="of which 70 %% are played")
    parser.add_argument("--ticks", type=int, default=10_000_000)
    options = parser.parse_args()
    played = options.games * 7 // 10
    grid = GRID if options.variants == 10_000 else [f"entry_tick=0:{options.variants - 1}"]
    fast = sweep(grid, options.games)
    with tempfile.TemporaryDirectory() as name:
        take(WAYS[0], fast)  # compiled, or read from the cache
        race(f"sweep, {options.variants:,} variants x {played:,} games, fast path", fast)
        slow = sweep(EVENT_GRID, options.games, latency_ms=50.0)
        race(f"sweep, 80 variants x {played:,} games, event engine", slow)
        ticks = fill(Path(name), options.ticks)
        race(f"audit of {ticks:,} ticks: every game verified, 200,000 simulated", audit(Path(name)))
    print("the same results everywhere")


if __name__ == "__main__":
    main()
