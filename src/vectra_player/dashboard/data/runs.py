"""Kept backtests and sweeps as the pages read them: the list, one run whole, its games.

What a run says is in its record and its tables; nothing is computed anew here. Used by the routes
of `/backtest`. Light libraries only: plots are drawn by `dashboard.work.backtest`.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.laid_out import LaidFigure, LaidTable
from vectra_player.dashboard.data.paging import Page, Size, pages_of, rows_of
from vectra_player.dashboard.faults import MissingError
from vectra_player.store.layout import DataDir

if TYPE_CHECKING:
    from vectra_player.analysis.backtest import Run
    from vectra_player.analysis.report import Table
    from vectra_player.analysis.sweep import Run as SweepRun

RUN_ID = re.compile(r"(backtest|sweep)-[0-9a-f]{12}")
KEPT_RUNS = 6
"""Runs whose tables stay in memory."""

Kind = Literal["backtest", "sweep"]


class RunsWanted(msgspec.Struct, frozen=True):
    """Which runs, which page of them."""

    q: Annotated[str, Meta(max_length=80, description="a part of a strategy's name")] = ""
    kind: Annotated[Literal["", "backtest", "sweep"], Meta(description="backtest or sweep")] = ""
    page: Page = 1
    size: Size = 25


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One kept run. profit, mean, low, high: SOL; null where nothing was bet.

    Of a sweep the figures are those of its best variant on the train games.
    """

    run: str
    kind: Kind
    strategy: str
    made_ms: int
    headline: str
    asked: str
    origin: str
    games: int
    tried: int
    profit: str | None
    result: float | None
    mean: float | None
    low: float | None
    high: float | None
    winner: bool | None


class RunsPage(msgspec.Struct, frozen=True):
    """One page of runs, newest first; `total` counts those that fit."""

    runs: list[RunLine]
    total: int
    page: int
    size: int
    pages: int


class RunData(msgspec.Struct, frozen=True, kw_only=True):
    """One run. record: what the command prints with `--json`. tables: by what they show."""

    run: str
    kind: Kind
    title: str
    summary: list[str]
    doubts: list[str]
    tables: dict[str, LaidTable]
    manifest: dict[str, str]
    files: list[str]
    record: dict[str, Any]


class WinRate(msgspec.Struct, frozen=True):
    """How many of the sidebets won, with its 95 % interval, and how many do in a fair game."""

    bets: int
    value: float | None
    low: float | None
    high: float | None
    fair: float


class PlotsWanted(msgspec.Struct, frozen=True):
    """How wide the plots are to be; a page draws as wide as it has room."""

    width: Annotated[int, Meta(ge=180, le=1600, description="CSS pixels, 180 to 1600")] = 640


class RunPlots(msgspec.Struct, frozen=True):
    """What a worker adds to a run. win_rate: null without sidebets."""

    plots: list[LaidFigure]
    win_rate: WinRate | None


class RunGamesWanted(msgspec.Struct, frozen=True):
    """Which games of a run, in which order."""

    part: Annotated[Literal["", "train", "validation"], Meta(description="train or validation")] = (
        ""
    )
    played: Annotated[Literal["", "yes"], Meta(description="yes: only with money in them")] = ""
    sort: Annotated[
        Literal["order", "profit", "put_in", "ticks"],
        Meta(description="order, profit, put_in or ticks"),
    ] = "order"
    order: Annotated[Literal["asc", "desc"], Meta(description="asc or desc")] = "asc"
    page: Page = 1
    size: Size = 25


class RunGame(msgspec.Struct, frozen=True, kw_only=True):
    """What a game of a run brought, SOL. number: its place in the run, from 1."""

    number: int
    game_id: str
    part: str
    rug_tick: int | None
    profit: float
    put_in: float
    buys: int
    bets: int
    bets_won: int
    coin_flip_profit: float


class RunGamesPage(msgspec.Struct, frozen=True):
    """One page of the games of a run."""

    games: list[RunGame]
    total: int
    page: int
    size: int
    pages: int


class Runs:
    """Reads `results/` of a data directory; safe to share between threads."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = DataDir(data_dir).results
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[tuple[int, int], RunLine | None]] = {}
        self._runs: OrderedDict[tuple[str, int], Run | SweepRun] = OrderedDict()

    def page(self, wanted: RunsWanted) -> RunsPage:
        """Return one page of the list."""
        text = wanted.q.lower()
        fits = [
            line
            for line in self._all()
            if text in line.strategy.lower() and wanted.kind in ("", line.kind)
        ]
        return RunsPage(
            runs=fits[rows_of(wanted.page, wanted.size)],
            total=len(fits),
            page=wanted.page,
            size=wanted.size,
            pages=pages_of(len(fits), wanted.size),
        )

    def load(self, run_id: str) -> Run | SweepRun:
        """Return a run with its tables. Raises MissingError."""
        path = self.path(run_id) / "result.json"
        try:
            key = (run_id, path.stat().st_mtime_ns)
        except OSError:
            raise _missing(run_id) from None
        with self._lock:
            if key in self._runs:
                self._runs.move_to_end(key)
                return self._runs[key]
        run = _load(path.parent, run_id)
        with self._lock:
            self._runs[key] = run
            while len(self._runs) > KEPT_RUNS:
                self._runs.popitem(last=False)
        return run

    def backtest(self, run_id: str) -> Run:
        """Return a backtest. Raises MissingError, also for a sweep."""
        from vectra_player.analysis.backtest import Run

        run = self.load(run_id)
        if not isinstance(run, Run):
            raise MissingError(f"{run_id} is no backtest.", advice="Sweeps keep no single games.")
        return run

    def path(self, run_id: str) -> Path:
        """Return the folder of a run. Raises MissingError for what cannot be one's name."""
        if not RUN_ID.fullmatch(run_id):
            raise _missing(run_id)
        return self.folder / run_id

    def _all(self) -> list[RunLine]:
        found = []
        for path in self.folder.glob("*-*/result.json"):
            if RUN_ID.fullmatch(path.parent.name):
                line = self._line(path)
                found += [line] if line is not None else []
        return sorted(found, key=lambda line: (line.made_ms, line.run), reverse=True)

    def _line(self, path: Path) -> RunLine | None:
        try:
            told = path.stat()
            state = (told.st_mtime_ns, told.st_size)
            known = self._lines.get(path.parent.name)
            if known is not None and known[0] == state:
                return known[1]
            line = _line_of(path.parent.name, msgspec.json.decode(path.read_bytes()))
        except (OSError, msgspec.DecodeError, AttributeError, LookupError, TypeError, ValueError):
            return None  # of another version, or just being exchanged: no reason to show none
        self._lines[path.parent.name] = (state, line)
        return line


def run_data(run: Run | SweepRun, folder: Path) -> RunData:
    """Return everything a run says, in the words of its report."""
    from vectra_player.analysis.backtest import Run
    from vectra_player.analysis.results import plain

    record = run.record
    told = _of_backtest(run) if isinstance(run, Run) else _of_sweep(run)
    title, summary, doubts, tables = told
    return RunData(
        run=record.manifest.run_id,
        kind="backtest" if isinstance(run, Run) else "sweep",
        title=title,
        summary=list(summary),
        doubts=list(doubts),
        tables={name: _table(table) for name, table in tables.items()},
        manifest=record.manifest.lines(),
        files=sorted(path.name for path in folder.iterdir() if path.suffix in FILES),
        record={"run": record.manifest.run_id, **plain(record)},
    )


FILES = {".json": "application/json", ".parquet": "application/octet-stream"}
"""Files of a run that are offered, by their ending."""

Told = tuple[str, tuple[str, ...], tuple[str, ...], dict[str, "Table"]]


def _of_backtest(run: Run) -> Told:
    from vectra_player.analysis import backtest_report as report

    record = run.record
    tables = {
        "figures": report.figures_table(record),
        "parameters": report.parameters(record.contestant),
    }
    title = f"Backtest of {record.strategy}"
    return title, report.summary(record), report.doubts_of(record), tables


def _of_sweep(run: SweepRun) -> Told:
    from vectra_player.analysis.backtest_report import parameters
    from vectra_player.analysis.report import Table
    from vectra_player.analysis.sweep_words import best_table, summary, walk_table

    record = run.record
    grid = tuple(record.grid.items())
    tables = {
        "best": best_table(record),
        "walk": walk_table(record),
        "grid": Table(("parameter", "values"), grid, f"{record.grid_size:,} combinations."),
        "parameters": parameters(record.contestant),
    }
    return f"Sweep of {record.strategy}", summary(record), record.warnings, tables


def run_games(run: Run, wanted: RunGamesWanted) -> RunGamesPage:
    """Return one page of the games of a backtest."""
    import numpy as np

    from vectra_player.analysis.backtest_tables import lamports_of
    from vectra_player.analysis.significance import LAMPORTS

    table = run.per_game
    money = {name: lamports_of(table, name) for name in ("profit", "invested", "staked")}
    put_in = money["invested"] + money["staked"]
    chosen = np.arange(table.num_rows)
    if wanted.part:
        parts = np.array(table.column("part").to_pylist())
        chosen = chosen[parts == wanted.part]
    if wanted.played:
        chosen = chosen[put_in[chosen] > 0]
    if wanted.sort != "order":
        ticks = np.array([tick or 0 for tick in table.column("rug_tick").to_pylist()])
        by = {"profit": money["profit"], "put_in": put_in, "ticks": ticks}[wanted.sort]
        chosen = chosen[np.argsort(by[chosen], kind="stable")]
    if wanted.order == "desc":
        chosen = chosen[::-1]
    shown = chosen[rows_of(wanted.page, wanted.size)].tolist()
    rows = table.take(shown).to_pylist()
    games = [
        RunGame(
            number=number + 1,
            profit=float(row["profit"]),
            put_in=float(put_in[number] / LAMPORTS),
            coin_flip_profit=float(row["coin_flip_profit"]),
            **{name: row[name] for name in _GAME_COLUMNS},
        )
        for number, row in zip(shown, rows, strict=True)
    ]
    pages = pages_of(len(chosen), wanted.size)
    return RunGamesPage(games, len(chosen), wanted.page, wanted.size, pages)


_GAME_COLUMNS = ("game_id", "part", "rug_tick", "buys", "bets", "bets_won")


def _load(folder: Path, run_id: str) -> Run | SweepRun:
    from vectra_player.analysis import backtest, sweep

    backtested = run_id.startswith("backtest")
    loaded = backtest.load_run(folder) if backtested else sweep.load_run(folder)
    if loaded is None:
        raise MissingError(
            f"{run_id} was kept by another version and cannot be read.",
            advice="Run it again: it is computed anew.",
        )
    return loaded


def _missing(run_id: str) -> MissingError:
    return MissingError(
        f"There is no run {run_id[:40]}.", advice="The list of runs shows those that are kept."
    )


def _line_of(run_id: str, told: dict[str, Any]) -> RunLine:
    kind: Kind = "backtest" if run_id.startswith("backtest") else "sweep"
    best = told["best"][0]["train"] if kind == "sweep" and told["best"] else {}
    part: dict[str, Any] = told["whole"] if kind == "backtest" else best
    bet = part.get("result") is not None
    evidence = part["evidence"] if bet else {}
    return RunLine(
        run=run_id,
        kind=kind,
        strategy=told["strategy"],
        made_ms=_milliseconds(told["manifest"]["made_at"]),
        headline=told["headline"],
        asked=told["games"]["asked"],
        origin=told["games"]["origin"],
        games=told["games"]["used"],
        tried=told["tried"],
        profit=part["profit"] if bet else None,
        result=part["result"] if bet else None,
        mean=evidence.get("mean"),
        low=evidence.get("low"),
        high=evidence.get("high"),
        winner=evidence.get("winner"),
    )


def _milliseconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


def _table(table: Table) -> LaidTable:
    return LaidTable(table.columns, table.rows, table.note, table.words())
