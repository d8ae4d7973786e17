"""The report says in pictures and tables what the record says, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.backtest_support import backtest, games_of, generated, recorded, strategy_file

from vectra_player.analysis.backtest import Run
from vectra_player.analysis.backtest_figures import MOST_POINTS, equity, figures, trades
from vectra_player.analysis.backtest_report import (
    figures_table,
    report_of,
    save_plots,
    telling_games,
)
from vectra_player.analysis.backtest_tables import lamports_of, sol
from vectra_player.analysis.charts import Figure
from vectra_player.errors import UsageError

CHOSEN = generated(80)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A backtest of a trading strategy."""
    return backtest(tmp_path_factory.mktemp("report"), "momentum", CHOSEN)


def points(figure: Figure, who: str) -> list[tuple[int, float]]:
    """Return the points of one line of the equity plot."""
    rows = figure.spec()["layer"][0]["data"]["values"]
    return [(row["game"], row["cash"]) for row in rows if row["who"] == who]


def test_the_page_is_whole_and_loads_nothing(run: Run) -> None:
    html = report_of(run, CHOSEN.games).html()
    assert "<script" not in html
    assert not re.search(r'(src|href)="http', html)
    assert html.count("<svg") >= 6
    assert run.record.manifest.run_id in html
    assert run.record.manifest.data in html
    for warning in run.record.warnings:
        assert warning.split("'")[0] in html


def test_table_and_record_have_the_same_figures(run: Run) -> None:
    table = figures_table(run.record)
    rows = {row[0]: row[1:] for row in table.rows}
    parts = (run.record.train, run.record.validation, run.record.whole)
    assert rows["profit, SOL"][:3] == tuple(sol(part.profit, "+") for part in parts)
    assert rows["games"][:3] == ("56", "24", "80")
    assert rows["variants tried"][2] == "1"
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_purse_is_drawn_from_its_beginning_to_its_end(run: Run) -> None:
    line = points(equity(run), "momentum")
    assert line[0] == (0, 10.0)
    assert line[-1][0] == 80
    assert line[-1][1] == pytest.approx(float(run.record.whole.cash_after), abs=1e-9)
    assert points(equity(run), "never bet") == [(0, 10.0), (80, 10.0)]


def test_long_runs_are_thinned_without_losing_their_end(run: Run) -> None:
    many = np.tile(np.arange(run.per_game.num_rows), 100)
    long = replace(run, per_game=run.per_game.take(many))
    line = points(equity(long), "momentum")
    assert len(line) <= MOST_POINTS + 1
    total = lamports_of(long.per_game, "profit").sum() / 1e9
    assert line[-1] == (8000, pytest.approx(10.0 + total))


def test_the_telling_games_are_the_best_the_worst_and_the_middle_one(run: Run) -> None:
    shown = telling_games(run)
    profits = {row["game_id"]: row["profit"] for row in run.per_game.to_pylist()}
    assert profits[shown[0]] == run.record.whole.best_game
    assert profits[shown[1]] == run.record.whole.worst_game
    assert len(shown) == 3


def test_trades_are_drawn_where_they_were_made(tmp_path: Path) -> None:
    chosen = recorded(
        games_of([1.0 + 0.01 * tick for tick in range(30)], [1.0] * 12, ids=["a", "b"])
    )
    run = backtest(tmp_path, strategy_file(tmp_path / "buyer.py"), chosen)
    layers = trades(run, chosen.games, "a").spec()["layer"]
    marks = {
        (layer["mark"].get("shape"), row["tick"], row["price"])
        for layer in layers
        for row in layer["data"]["values"]
        if layer["mark"]["type"] == "point"
    }
    bought, sold = ("triangle-up", 5, 1.05), ("triangle-down", 15, 1.15)
    assert {bought, sold} <= marks
    lost = trades(run, chosen.games, "b").spec()["layer"]
    crosses = [layer for layer in lost if layer["mark"].get("shape") == "cross"]
    assert [row["tick"] for layer in crosses for row in layer["data"]["values"]] == [12]


def test_a_run_without_a_bet_has_a_report_too(tmp_path: Path) -> None:
    run = backtest(tmp_path, "never-bet", CHOSEN)
    assert "bet nothing in 80 games" in report_of(run, CHOSEN.games).html()
    assert {figure.name for figure in figures(run, CHOSEN.games, [])} == {
        "equity", "drawdown", "distribution", "folds",
    }  # fmt: skip


def test_plots_are_written_as_vector_and_as_picture(run: Run, tmp_path: Path) -> None:
    written = save_plots(run, CHOSEN.games, tmp_path / "plots", ["generated-3-0"])
    names = {path.name for path in written}
    assert {"equity.svg", "equity.png", "game-generated-3-0.svg"} <= names
    assert all(path.stat().st_size > 500 for path in written)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no folder"):
        save_plots(run, CHOSEN.games, tmp_path / "file")
