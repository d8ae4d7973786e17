"""The page of a sweep draws the variants that were kept, in the form the grid asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.backtest_support import NOW, contestant, games_of, generated, recorded, strategy_file

from vectra_player.analysis import sweep_page
from vectra_player.analysis.charts import Figure
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import LocalEngine
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.sweep import Request, Run, run_sweep
from vectra_player.analysis.sweep_words import best_table

CHOSEN = generated(40)


def sweep(root: Path, *grid: str, word: str | Path = "momentum", chosen: Selected = CHOSEN) -> Run:
    return run_sweep(
        contestant(word, root),
        parse_grid(list(grid)),
        chosen,
        Request(top=3),
        LocalEngine(1),
        results=root / "results",
        made_at=NOW,
    )


def figure_of(run: Run) -> Figure:
    figure = sweep_page.sweep_page(run).figure()
    assert figure is not None
    return figure


def layer(figure: Figure, number: int) -> tuple[str, list[dict[str, Any]]]:
    """Return the mark of a layer and its rows."""
    drawn = figure.spec()["layer"][number]
    return drawn["mark"]["type"], drawn["data"]["values"]


def profits(run: Run) -> list[float]:
    return [float(row["profit"]) for row in run.variants.to_pylist() if row["error"] is None]


def test_one_parameter_is_a_line(tmp_path: Path) -> None:
    run = sweep(tmp_path, "hold_ticks=10:50:10")
    mark, rows = layer(figure_of(run), 1)
    assert mark == "line"
    assert [row["value"] for row in rows] == [10, 20, 30, 40, 50]
    assert [row["profit"] for row in rows] == profits(run)


def test_two_parameters_are_a_heat_map_with_the_best_marked(tmp_path: Path) -> None:
    run = sweep(tmp_path, "hold_ticks=10,20", "take_profit=1.2,1.5,3")
    figure = figure_of(run)
    mark, rows = layer(figure, 0)
    assert mark == "rect"
    assert {(row["x"], row["y"]) for row in rows} == {
        (hold, take) for hold in (10, 20) for take in (1.2, 1.5, 3)
    }
    assert [row["profit"] for row in rows] == profits(run)
    best = run.record.best[0].params
    assert layer(figure, 1) == ("point", [{"x": best["hold_ticks"], "y": best["take_profit"]}])
    low, middle, high = figure.spec()["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert (low, middle) == (-high, 0)


@pytest.mark.parametrize(
    "grid",
    [
        ("hold_ticks=10,20", "take_profit=1.2,1.5", "threshold=0.05,0.1,0.2"),
        ("hold_ticks=1:12",),
    ],
    ids=["three parameters", "more than a line shows"],
)
def test_anything_else_is_dots_from_the_best_to_the_worst(
    grid: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_page, "MOST_DOTS", 5)
    run = sweep(tmp_path, *grid)
    mark, rows = layer(figure_of(run), 1)
    ordered = sorted(profits(run), reverse=True)
    assert mark == "point"
    assert len(rows) == 5
    assert (rows[0], rows[-1]) == (
        {"rank": 1, "profit": ordered[0]},
        {"rank": 12, "profit": ordered[-1]},
    )


def test_variants_that_failed_are_not_drawn(tmp_path: Path) -> None:
    body = "1 / 0 if self.params.hold == 7 else None"
    file = strategy_file(tmp_path / "buyer.py", body)
    chosen = recorded(games_of(*[[1.0 + 0.01 * tick for tick in range(30)]] * 6))
    run = sweep(tmp_path, "hold=7,8", word=file, chosen=chosen)
    _, rows = layer(figure_of(run), 1)
    assert [row["value"] for row in rows] == [8]


def test_the_page_has_the_tables_of_the_terminal_and_how_to_repeat_it(tmp_path: Path) -> None:
    run = sweep(tmp_path, "hold_ticks=10,20", "take_profit=1.2,1.5,3")
    page = sweep_page.sweep_page(run)
    assert best_table(run.record) in page.blocks[1].parts
    html = page.report(run.record.manifest.lines()).html()
    assert run.record.manifest.data in html
    assert "<script" not in html
    assert html.count("<svg") == 1


def test_without_a_variant_that_was_played_there_is_no_figure(tmp_path: Path) -> None:
    run = sweep(tmp_path, "hold_ticks=10,20")
    failed = run.variants.drop_columns(["error"]).append_column("error", [["failed"] * 2])
    page = sweep_page.sweep_page(
        Run(msgspec.structs.replace(run.record, best=()), failed, cached=False)
    )
    assert page.figure() is None
