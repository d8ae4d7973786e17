"""PF3: compaction of 1,000 files of 100 events, and a query before and after it.

Run `python -m benchmarks.bench_compaction [--dir DIR]`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
from benchmarks.bench_ingest import frames

from vectra_player.clock import SystemClock
from vectra_player.model.frame import StoredFrame
from vectra_player.store.compactor import Compactor
from vectra_player.store.derivation import undecodable
from vectra_player.store.fsops import FileOps
from vectra_player.store.layout import DataDir
from vectra_player.store.parquet import encode, partitions
from vectra_player.store.schema import to_table
from vectra_player.store.settings import StoreSettings, no_step


def fill(data_dir: DataDir, files: int, rows_a_file: int) -> None:
    """Write the day of small files that filing would have written."""
    sample = frames(1_000, files * rows_a_file)
    for number in range(files):
        span = sample[number * rows_a_file : (number + 1) * rows_a_file]
        first = number * rows_a_file + 1
        rows = [undecodable(StoredFrame("bench", seq, f)) for seq, f in enumerate(span, first)]
        for doc_type, date, of_day in partitions({"ws_event": rows}):
            day = data_dir.day(doc_type, date)
            day.mkdir(parents=True, exist_ok=True)
            table = to_table(of_day, type(rows[0]))
            (day / f"bench-{first}.parquet").write_bytes(memoryview(encode(table)))


def query_ms(data_dir: DataDir) -> float:
    """Return the milliseconds of a count over the whole tree."""
    started = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(
            "SELECT max(seq), count(*) FROM read_parquet(?)", [f"{data_dir.events}/**/*.parquet"]
        ).fetchall()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--files", type=int, default=1_000)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(dir=options.dir))
    try:
        data_dir = DataDir.open_or_create(base / "data")
        fill(data_dir, options.files, 100)
        before = query_ms(data_dir)
        settings = StoreSettings(retire_s=0.0)
        compactor = Compactor(data_dir, settings, SystemClock(), FileOps(), no_step)
        report = compactor.run()
        after = query_ms(data_dir)
    finally:
        shutil.rmtree(base)
    if report.skipped:
        raise SystemExit(str(report.skipped))
    print(
        f"compaction: {report.files_before} files, {report.rows:,} rows -> {report.files_after} "
        f"in {report.seconds:.2f} s  target < 2 s  peer: DuckDB COPY alone 1.6 s"
    )
    print(f"query before {before:.0f} ms, after {after:.0f} ms  peer: 284 ms, 3 ms")


if __name__ == "__main__":
    main()
