"""Recorded strategy runs, and the drift report the page made of each, kept under `results/drift/`.

The list is read from the store; a report is computed by a job (`work.drift`) with the functions of
`vectra-player drift`, kept here, and served as it was kept. Used by the routes and the job.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.paging import Page, Size, pages_of
from vectra_player.dashboard.data.store import Store
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir

if TYPE_CHECKING:
    from vectra_player.analysis.drift_records import Drift
    from vectra_player.store.reads import StoreReader

FOLDER = "drift"

Mode = Literal["", "paper", "practice", "live"]
RunId = Annotated[str, Meta(max_length=80, description="the id of a recorded run")]


class RunsWanted(msgspec.Struct, frozen=True):
    """Which runs, newest first, and the one that is opened."""

    run: RunId = ""
    mode: Annotated[Mode, Meta(description="paper, practice or live")] = ""
    page: Page = 1
    size: Size = 20


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times in ms UTC, profit in SOL; null where it did not tell its end."""

    run_id: str
    strategy: str
    name: str
    mode: str
    origin: str
    started: int
    ended: int | None
    reason: str | None
    games: int
    orders: int
    profit: float | None
    unexplained: int | None = None


class RunsPage(msgspec.Struct, frozen=True):
    """One page of runs. `unexplained` of a line: of its kept report, null without one."""

    runs: list[RunLine]
    total: int
    page: int
    size: int
    pages: int


class DriftRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trade as the report words it; `cause` null: it is alike on both sides."""

    game_id: str
    action: str
    run: str
    backtest: str
    later: str
    profit: str
    cause: str | None
    said: str


class DriftCause(msgspec.Struct, frozen=True, kw_only=True):
    """How often a cause stands in the report, what it is, and the profit it moved."""

    cause: str
    meaning: str
    count: str
    profit: str


class KeptDrift(msgspec.Struct, frozen=True, kw_only=True):
    """A drift report. made_at: ms UTC. games, orders: of the run as it was then."""

    run_id: str
    made_at: int
    games: int
    orders: int
    unexplained: int
    alike: int
    alike_with_latency: int
    latency_ms: float
    profit: str
    backtest: str
    with_latency: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    causes: list[DriftCause]
    rows: list[DriftRow]


class RunDrift(msgspec.Struct, frozen=True):
    """A run and its report; null: none was made. `stale`: the run has told more since."""

    run: RunLine
    report: KeptDrift | None
    stale: bool


_RUNS = """
    WITH told AS (
      SELECT ts, seq, origin, json_extract_string(raw, '$.run_id') AS run_id,
             json_extract_string(raw, '$.state') AS state, raw
      FROM ws_event_rows WHERE event_name = 'vectra.strategy_run'
    ), runs AS (
      SELECT run_id,
        arg_min(json_extract_string(raw, '$.strategy'), ts)
          FILTER (state IN ('started', 'continued')) AS strategy,
        arg_min(json_extract_string(raw, '$.name'), ts)
          FILTER (state IN ('started', 'continued')) AS name,
        arg_min(json_extract_string(raw, '$.mode'), ts)
          FILTER (state IN ('started', 'continued')) AS mode,
        arg_min(origin, ts) AS origin,
        epoch_ms(min(ts)) AS started,
        epoch_ms(max(ts) FILTER (state = 'ended')) AS ended,
        any_value(json_extract_string(raw, '$.reason')) FILTER (state = 'ended') AS reason,
        count(DISTINCT json_extract_string(raw, '$.game_id')) FILTER (state = 'game') AS games,
        coalesce(sum(json_array_length(raw, '$.game.decisions')) FILTER (state = 'game'), 0)::BIGINT
          AS orders,
        any_value(json_extract_string(raw, '$.result.profit')::DOUBLE)
          FILTER (state = 'ended') AS profit
      FROM told GROUP BY run_id
    ) SELECT * FROM runs WHERE strategy IS NOT NULL ORDER BY started DESC, run_id
"""
"""Every run whose begin is recorded; what only a later fact says is null."""


def list_runs(store: Store, wanted: RunsWanted) -> RunsPage:
    """Return one page of the runs with what their reports found. Raises StoreBusyError."""
    found = [run for run in _all(store) if wanted.mode in ("", run.mode)]
    skip = (wanted.page - 1) * wanted.size
    shown = [_with_report(store.data_dir, run) for run in found[skip : skip + wanted.size]]
    total = len(found)
    return RunsPage(shown, total, wanted.page, wanted.size, pages_of(total, wanted.size))


def read_run(store: Store, run_id: str) -> RunDrift | None:
    """Return a run with its kept report; None where no such run is filed. Raises StoreBusyError."""
    run = next((one for one in _all(store) if one.run_id == run_id), None)
    if run is None:
        return None
    report = last_kept(store.data_dir, run_id)
    grown = report is not None and (report.games, report.orders) != (run.games, run.orders)
    return RunDrift(_with_report(store.data_dir, run), report, grown)


def keep(data_dir: Path, report: KeptDrift) -> None:
    """Write a report in place of the run's last one."""
    path = _path(data_dir, report.run_id)
    make_directories(FileOps(), path.parent)
    replace_file(FileOps(), path, msgspec.json.encode(report))


def last_kept(data_dir: Path, run_id: str) -> KeptDrift | None:
    """Return the last report of a run."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(_path(data_dir, run_id).read_bytes(), type=KeptDrift)
    return None


def kept_of(drift: Drift, *, made_at: int, games: int, orders: int) -> KeptDrift:
    """Word a report as the command prints it. `games`, `orders`: what the run had told by then."""
    from vectra_player.analysis.backtest_tables import sol
    from vectra_player.analysis.drift_report import causes_table, sentences, trades_table

    rows = zip(trades_table(drift).rows, drift.trades, strict=True)
    return KeptDrift(
        run_id=drift.run_id,
        made_at=made_at,
        games=games,
        orders=orders,
        unexplained=drift.unexplained,
        alike=drift.alike,
        alike_with_latency=drift.alike_with_latency,
        latency_ms=drift.latency_ms,
        profit=sol(drift.profit, "+"),
        backtest=sol(drift.backtest, "+"),
        with_latency=sol(drift.with_latency, "+"),
        sentences=sentences(drift),
        notes=drift.notes,
        causes=[
            DriftCause(cause=cause, meaning=meaning, count=count, profit=profit)
            for cause, meaning, count, profit in causes_table(drift).rows
        ],
        rows=[
            DriftRow(
                game_id=trade.game_id, action=cells[1], run=cells[2], backtest=cells[3],
                later=cells[4], profit=cells[5], cause=trade.cause, said=trade.said,
            )
            for cells, trade in rows
        ],
    )  # fmt: skip


def counted(reader: StoreReader, run_id: str) -> tuple[int, int]:
    """Return how many games and orders a run has told."""
    for run in _read(reader):
        if run.run_id == run_id:
            return run.games, run.orders
    return 0, 0


def _all(store: Store) -> list[RunLine]:
    return store.kept(("strategy runs",), ("ws_event",), _read)


def _read(reader: StoreReader) -> list[RunLine]:
    rows: list[dict[str, Any]] = reader.fetch(_RUNS).to_pylist()
    return msgspec.convert(rows, list[RunLine])


def _with_report(data_dir: Path, run: RunLine) -> RunLine:
    report = last_kept(data_dir, run.run_id)
    if report is None or (report.games, report.orders) != (run.games, run.orders):
        return run
    return msgspec.structs.replace(run, unexplained=report.unexplained)


def _path(data_dir: Path, run_id: str) -> Path:
    """Return where the report of a run lies; what its id has beside letters is left out."""
    return DataDir(data_dir).results / FOLDER / f"{re.sub(r'[^A-Za-z0-9_-]', '', run_id)}.json"
