"""PF5: queries over 10 million ticks in sorted files, through the fenced views.

Run `python -m benchmarks.bench_queries [--ticks N] [--dir DIR]`; the files are made once a
directory. Each query is run in turn for some rounds; the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.model.rows import SCHEMA_VERSION, Game, GameTick, Row
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.parquet import write_options
from vectra_player.store.query import QueryLimits, QuerySession, open_query
from vectra_player.store.reads import StoreReader
from vectra_player.store.schema import arrow_schema

Ints = npt.NDArray[np.int64]

T0 = 1_767_225_600_000_000
DAYS = 20
ROUNDS = 9
RUG_CHANCE = 0.005
DAY_US = 86_400_000_000


def lengths(ticks: int, rng: np.random.Generator) -> Ints:
    """Draw lengths of games until they hold about `ticks` ticks."""
    drawn = rng.geometric(RUG_CHANCE, size=int(ticks * RUG_CHANCE * 1.2) + 10)
    return drawn[: int(np.searchsorted(np.cumsum(drawn), ticks)) + 1]


def _constant(value: str | bool | None, count: int, kind: pa.DataType) -> Any:
    return pa.array([value], kind).take(np.zeros(count, np.int64))


def table_of(row_type: type[Row], columns: dict[str, Any], count: int) -> pa.Table:
    """Build a table of a doc type; columns not given are constant."""
    defaults: dict[str, str | bool] = {
        "session_id": "bench",
        "source": "cdp",
        "origin": "backend.rugs.fun",
        "phase": "LIVE",
        "price_source": "live",
        "completeness": "full",
        "active": True,
        "rugged": False,
        "schema_version": SCHEMA_VERSION,
    }
    schema = arrow_schema(row_type)
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else _constant(defaults.get(field.name), count, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def fill(data_dir: DataDir, ticks: int) -> list[str]:
    """Write one sorted file of ticks and one of games a day; return the ids of the games."""
    rng = np.random.default_rng(1)
    games = lengths(ticks, rng)
    per_day = -(-len(games) // DAYS)
    ids: list[str] = []
    for day in range(DAYS):
        of_day = games[day * per_day : (day + 1) * per_day]
        if not len(of_day):
            continue
        start = T0 + day * DAY_US
        date = utc_date(start)
        names = np.sort([f"{date.replace('-', '')}-{rng.integers(2**60):016x}" for _ in of_day])
        ids += names.tolist()
        _write_day(data_dir, date, start, names, of_day, rng)
    return ids


def _write_day(
    data_dir: DataDir,
    date: str,
    start: int,
    names: npt.NDArray[np.str_],
    games: Ints,
    rng: np.random.Generator,
) -> None:
    count = int(games.sum())
    ticks = np.concatenate([np.arange(n, dtype=np.int32) for n in games])
    steps = rng.normal(0, 0.02, count)
    first = np.concatenate([[0], np.cumsum(games)[:-1]])
    walked = np.cumsum(steps)
    prices = np.exp(walked - np.repeat(walked[first], games))
    stamps = pa.array(start + np.arange(count) * (DAY_US // (count + 1)), pa.timestamp("us", "UTC"))
    _put(data_dir, date, "game_tick", table_of(GameTick, {
        "seq": pa.array(np.arange(1, count + 1)), "sub": pa.array(ticks), "ts": stamps,
        "game_id": pa.array(np.repeat(names, games)), "tick": pa.array(ticks),
        "price": pa.array(prices),
    }, count))  # fmt: skip
    last = first + games - 1
    _put(data_dir, date, "game", table_of(Game, {
        "seq": pa.array(last + 1), "sub": pa.array(np.zeros(len(games), np.int32)),
        "ts": stamps.take(last), "game_id": pa.array(names),
        "rug_tick": pa.array(games), "peak": pa.array(np.maximum.reduceat(prices, first)),
        "prices": pa.ListArray.from_arrays(pa.array(np.append(first, count), pa.int32()), prices),
        "ticks_live": pa.array(games),
    }, len(games)))  # fmt: skip


def _put(data_dir: DataDir, date: str, doc_type: str, table: pa.Table) -> None:
    folder = data_dir.day(doc_type, date)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench-1-1.parquet"
    pq.write_table(table, path, row_group_size=122_880, **write_options(table.schema))


def median_ms(run: Callable[[], object]) -> float:
    """Return the median time of `run` in milliseconds, after one run to warm up."""
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


def measure(session: QuerySession, reader: StoreReader, game_id: str) -> None:
    """Print each query with its limit."""
    survival = "SELECT rug_tick, count(*) FROM game GROUP BY rug_tick"
    from_ticks = (
        "SELECT n, count(*) FROM (SELECT max(tick) AS n FROM game_tick GROUP BY game_id) GROUP BY n"
    )
    one = f"SELECT tick, price FROM game_tick WHERE game_id = '{game_id}' ORDER BY tick"
    peaks = "SELECT game_id, max(price), count(*) FROM game_tick GROUP BY game_id"
    cases: list[tuple[str, str, Callable[[], object]]] = [
        ("survival, game rollup", "10", lambda: session.query(survival)),
        ("survival, all rollup rows", "10", lambda: session.query(
            survival.replace("FROM game", "FROM game_all"))),
        ("survival, from ticks", "200", lambda: session.query(from_ticks)),
        ("one game, SQL", "30", lambda: session.query(one)),
        ("one game, game_ticks()", "30", lambda: reader.game_ticks(game_id)),
        ("one game, game_prices()", "30", lambda: reader.game_prices(game_id)),
        ("peak and length of each", "-", lambda: session.query(peaks)),
    ]  # fmt: skip
    print(f"{'query':28} {'ms':>8} {'limit':>6}")
    for name, limit, run in cases:
        print(f"{name:28} {median_ms(run):8.1f} {limit:>6}")


def main() -> None:
    """Make the files if need be and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=10_000_000)
    parser.add_argument("--dir", type=Path, help="keep the files here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.dir or Path(scratch) / "data"
        fresh = not (root / "events_parquet" / "doc_type=game_tick").exists()
        data_dir = DataDir.open_or_create(root)
        if fresh:
            fill(data_dir, options.ticks)
        limits = QueryLimits(rows=1_000_000)
        with open_query(root, limits) as session, StoreReader(root) as reader:
            counted = session.query("SELECT count(*), count(DISTINCT game_id) FROM game_tick")
            print("{:,} ticks, {:,} games".format(*counted.rows()[0]))
            ids = session.query("SELECT game_id FROM game_all ORDER BY game_id").rows()
            measure(session, reader, str(ids[len(ids) // 2][0]))


if __name__ == "__main__":
    main()
