"""Backtests and sweeps of the page: run as jobs, drawn and compared as short questions.

The same functions as the commands `backtest` and `sweep` call, with the same arguments, so that
both answer from the same kept run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vectra_player.analysis.backtest import Question, Run, load_run, run_backtest
from vectra_player.analysis.charts import Figure
from vectra_player.analysis.contestant import Contestant, find_contestant
from vectra_player.analysis.games import Games, generate_games, generated, load_games
from vectra_player.analysis.selection import GENERATED, Selected, select_games
from vectra_player.clock import SystemClock
from vectra_player.dashboard.backtest_orders import BacktestOrder, PlayOrder, SweepOrder
from vectra_player.dashboard.data.laid_out import LaidFigure, LaidOut, laid_out
from vectra_player.dashboard.data.runs import RunPlots, WinRate
from vectra_player.errors import UsageError
from vectra_player.model.units import to_sol
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.reads import GameFilter, StoreReader
from vectra_player.strategy.limits import NO_LIMITS, Limits

if TYPE_CHECKING:
    from vectra_player.analysis.sweep import Run as SweepRun

Tell = Callable[[int, int, str], None]


class CancelledError(BaseException):
    """The job was cancelled.

    An engine takes what a strategy raises, SystemExit too, for the strategy's own failure and goes
    on to a result; this it lets through.
    """


# Jobs --------------------------------------------------------------------------------------------


def run_job(data_dir: Path, request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Carry out an order of the page: `{"what": "backtest" or "sweep", "order": fields}`."""
    signal.signal(signal.SIGTERM, _cancel)
    work = {"backtest": play, "sweep": sweep}[request["what"]]
    return work(data_dir, request["order"], tell)


def _cancel(number: int, frame: FrameType | None) -> None:
    raise CancelledError


def play(data_dir: Path, request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Run a backtest; return its id and what came of it in a line."""
    order = msgspec.convert(request, BacktestOrder)
    lost = None if order.max_loss_day is None else to_sol(Decimal(str(order.max_loss_day)))
    limits = Limits(max_loss_day_sol=lost, max_drawdown=order.stop_drawdown)
    contestant, chosen = _asked(data_dir, order, tell, limits)
    if lost is not None:
        chosen.require_dates()
    question = Question(
        seed=order.seed,
        train_share=order.train_share,
        folds=order.folds,
        variants=order.variants,
        check_lookahead=order.check_lookahead,
    )
    run = run_backtest(
        contestant,
        chosen,
        question,
        results=_results(data_dir),
        made_at=_now(),
        fresh=order.fresh,
        progress=tell,
    )
    return _came_of(run, chosen)


def sweep(data_dir: Path, request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Run a sweep; return its id and what came of it in a line."""
    from vectra_player.analysis.grid import parse_grid
    from vectra_player.analysis.jobs_pool import LocalEngine
    from vectra_player.analysis.sweep import Request, run_sweep

    order = msgspec.convert(request, SweepOrder)
    contestant, chosen = _asked(data_dir, order, tell)
    asked = Request(
        random=order.random,
        seed=order.seed,
        train_share=order.train_share,
        folds=order.folds,
        top=order.top,
    )
    run = run_sweep(
        contestant,
        parse_grid(order.grid),
        chosen,
        asked,
        LocalEngine(max(1, (os.cpu_count() or 1) - 1)),  # one core is left to what records
        results=_results(data_dir),
        made_at=_now(),
        fresh=order.fresh,
        progress=lambda done, total: tell(done, total, "variants"),
    )
    return _came_of(run, chosen)


def _asked(
    data_dir: Path, order: PlayOrder, tell: Tell, limits: Limits = NO_LIMITS
) -> tuple[Contestant, Selected]:
    tell(0, 0, "Reading the games")
    contestant = find_contestant(
        order.profile,
        data_dir,
        cash=None if order.cash is None else Decimal(order.cash),
        latency_ms=order.latency_ms,
        rug_payout="rug_price" if order.rug_payout == "price" else "nothing",
        limits=limits,
    )
    chosen = select_games(
        data_dir,
        [order.games],
        origin=order.origin,
        include_incomplete=order.include_incomplete,
        seed=order.seed,
    )
    return contestant, chosen


def _came_of(run: Run | SweepRun, chosen: Selected) -> dict[str, Any]:
    record = run.record
    return {
        "run": record.manifest.run_id,
        "headline": record.headline,
        "cached": run.cached,
        "games": chosen.sentence(),
    }


def _results(data_dir: Path) -> Path:
    return DataDir.open_or_create(data_dir).results


def _now() -> str:
    return iso(SystemClock().now_us())


# Questions ---------------------------------------------------------------------------------------


def ready(data_dir: Path, request: object) -> None:
    """Load what plots are drawn with, before the first one is asked for."""
    import altair  # noqa: F401
    import vl_convert  # noqa: F401


def plots(data_dir: Path, request: Mapping[str, Any]) -> RunPlots:
    """Draw the plots of a run, those of single games left out: `{"run": id, "width": px}`."""
    from vectra_player.analysis.backtest_figures import figures

    width = request["width"]
    if request["run"].startswith("sweep"):
        from vectra_player.analysis.sweep_page import sweep_page

        figure = sweep_page(_swept(data_dir, request["run"])).figure()
        return RunPlots(_drawn([] if figure is None else [figure], width), None)
    run = _kept(data_dir, request["run"])
    shown = figures(run, generate_games(0, seed=0), ())
    return RunPlots(_drawn(shown, width), _sidebets_won(run))


def compared(data_dir: Path, request: Mapping[str, Any]) -> LaidOut:
    """Put runs side by side: `{"runs": [ids]}`."""
    from vectra_player.analysis.backtest_compare import comparison

    return laid_out(comparison([_kept(data_dir, run_id) for run_id in request["runs"]]))


def report(data_dir: Path, request: Mapping[str, Any]) -> str:
    """Return the one-file report of a run: `{"run": id}`."""
    from vectra_player.analysis.backtest_report import report_of, telling_games

    if request["run"].startswith("sweep"):
        from vectra_player.analysis.sweep_page import sweep_page

        swept = _swept(data_dir, request["run"])
        return sweep_page(swept).report(swept.record.manifest.lines()).html()
    run = _kept(data_dir, request["run"])
    shown = telling_games(run)
    return report_of(run, games_of_run(data_dir, run, shown), shown).html()


def generated_game(data_dir: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Make a generated game of a run again: `{"run": id, "game": id}`."""
    run = _kept(data_dir, request["run"])
    games = games_of_run(data_dir, run, [request["game"]])
    prices = games.prices_of(0).tolist()
    return {"prices": prices, "rug_tick": int(games.rug_ticks[0])}


def games_of_run(data_dir: Path, run: Run, names: Sequence[str]) -> Games:
    """Return some games of a run with their prices, in the order of their names."""
    if run.record.games["asked"].startswith(GENERATED):
        numbers = [int(name.rpartition("-")[2]) for name in names]
        return generated(numbers, run.record.manifest.seed)
    with StoreReader(data_dir) as reader:
        found = load_games(reader, GameFilter(origins="all"), names)
    missing = [name for name in names if name not in found.game_ids]
    if missing:
        raise UsageError(
            f"The game {missing[0]} is not stored any more.",
            advice="It was deleted, or the run was made with another data directory.",
        )
    return found.take([found.game_ids.index(name) for name in names])


def _sidebets_won(run: Run) -> WinRate | None:
    """Return the win rate with its interval by game: bets of one game share its rug."""
    from vectra_player.analysis.intervals import clustered_proportion
    from vectra_player.game.sidebet import FAIR_WIN_CHANCE

    won, bets = (run.per_game.column(name).to_numpy() for name in ("bets_won", "bets"))
    if not bets.sum():
        return None
    with_bets = np.flatnonzero(bets)
    found = clustered_proportion(won[with_bets], bets[with_bets], with_bets, FAIR_WIN_CHANCE)
    return WinRate(int(bets.sum()), found.value, found.low, found.high, FAIR_WIN_CHANCE)


def _drawn(figures: Sequence[Figure], width: int) -> list[LaidFigure]:
    return [
        LaidFigure(one.name, one.title, one.caption, one.svg(follow_theme=True, width=width))
        for one in figures
    ]


def _kept(data_dir: Path, run_id: str) -> Run:
    run = load_run(DataDir(data_dir).results / run_id)
    if run is None:
        raise UsageError(f"There is no backtest {run_id}.", advice="The list shows those kept.")
    return run


def _swept(data_dir: Path, run_id: str) -> SweepRun:
    from vectra_player.analysis.sweep import load_run as load_sweep

    run = load_sweep(DataDir(data_dir).results / run_id)
    if run is None:
        raise UsageError(f"There is no sweep {run_id}.", advice="The list shows those kept.")
    return run
