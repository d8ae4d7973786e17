"""A sweep laid out for reading: its figure over the grid and its tables, from its one record.

Used by the command. What is drawn are the variants as they were kept, nothing computed anew.
"""

from __future__ import annotations

from typing import Any

from vectra_player.analysis.backtest_report import parameters
from vectra_player.analysis.charts import Figure, chart_of, token
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.report import Prose, Table
from vectra_player.analysis.sweep import Run
from vectra_player.analysis.sweep_record import Sweep
from vectra_player.analysis.sweep_words import best_table, summary, walk_table
from vectra_player.analysis.sweep_work import PARAM

MOST_CELLS = 10_000
"""Cells of a heat map: more are smaller than a reader sees."""

MOST_DOTS = 1_200
"""Dots or points of a line: more than there are pixels is not seen."""

PROFIT = "train games, SOL"
_WIDTH = 560

Row = dict[str, Any]


def sweep_page(run: Run) -> Page:
    """Lay out a sweep; its figure is there if at least one variant was played to its end."""
    record, rows = run.record, _rows(run)
    draw = (lambda: grid_figure(record, rows)) if rows else None
    return Page(
        title=f"Sweep of {record.strategy}",
        summary=summary(record),
        blocks=(
            Block("All variants", (Prose(record.warnings),), draw),
            Block("The best", (best_table(record),)),
            Block("Walk forward", (walk_table(record),)),
            Block("Grid", (_grid(record),)),
            Block("Strategy", (parameters(record.contestant),)),
        ),
    )


def grid_figure(record: Sweep, rows: list[Row]) -> Figure:
    """Draw the profit in the train games over the grid.

    A line for one parameter of numbers, a heat map for two parameters, else dots in order.
    rows: `{name: value, "profit": SOL}` of each variant that was played to its end; not empty.
    """
    names = tuple(record.grid)
    if len(names) == 1 and len(rows) <= MOST_DOTS and _numeric(rows, names[0]):
        return _line(names[0], rows)
    if len(names) == 2 and len(rows) <= MOST_CELLS:
        return _heat_map(record, rows)
    return _dots(rows)


def _rows(run: Run) -> list[Row]:
    names = tuple(run.record.grid)
    columns = [f"{PARAM}{name}" for name in names]
    kept = run.variants.select([*columns, "profit", "error"]).to_pylist()
    return [
        {name: row[column] for name, column in zip(names, columns, strict=True)}
        | {"profit": float(row["profit"])}
        for row in kept
        if row["error"] is None
    ]


def _numeric(rows: list[Row], name: str) -> bool:
    return all(type(row[name]) in (int, float) for row in rows)


def _line(name: str, rows: list[Row]) -> Figure:
    points = [{"value": row[name], "profit": row["profit"]} for row in rows]
    scale = {"zero": False, "nice": False}
    chart = (
        chart_of(points)
        .mark_line(point={"size": 22, "opacity": 1, "color": token("own")})
        .encode(
            x={"field": "value", "type": "quantitative", "title": name, "scale": scale},
            y={"field": "profit", "type": "quantitative", "title": PROFIT},
        )
    )
    return Figure(
        "grid",
        f"Profit by {name}",
        "A single high point between low ones is luck; something real changes slowly along the "
        "line. The dash is never betting.",
        _zero() + chart,
    )


def _heat_map(record: Sweep, rows: list[Row]) -> Figure:
    across, up = record.grid
    cells = [{"x": row[across], "y": row[up], "profit": row["profit"]} for row in rows]
    most = max(abs(row["profit"]) for row in rows) or 1.0
    axis = {"labelOverlap": True, "labelAngle": 0}
    x = {"field": "x", "type": "ordinal", "title": across, "axis": axis}
    y = {"field": "y", "type": "ordinal", "title": up, "axis": axis, "sort": "descending"}
    colours = [token("down"), token("surface"), token("up")]
    chart = (
        chart_of(cells)
        .mark_rect()
        .encode(
            x=x,
            y=y,
            color={
                "field": "profit",
                "type": "quantitative",
                "title": PROFIT,
                "scale": {"domain": [-most, 0, most], "range": colours, "interpolate": "rgb"},
            },
        )
    )
    for best in record.best[:1]:
        place = [{"x": best.params[across], "y": best.params[up]}]
        mark = chart_of(place).mark_point(
            size=70, opacity=1, filled=False, color=token("text"), strokeWidth=2
        )
        chart = chart + mark.encode(x=x, y=y)
    return Figure(
        "grid",
        f"Profit by {across} and {up}",
        "Each cell is a variant, the ring is the best by score. A single green cell among "
        "red ones is luck; something real is a region.",
        chart.properties(width=_WIDTH),
    )


def _dots(rows: list[Row]) -> Figure:
    ordered = sorted((row["profit"] for row in rows), reverse=True)
    count = min(len(ordered), MOST_DOTS)
    last = len(ordered) - 1
    shown = [round(k * last / (count - 1)) for k in range(count)] if count > 1 else [0]
    dots = [{"rank": k + 1, "profit": ordered[k]} for k in shown]
    chart = (
        chart_of(dots)
        .mark_point(size=18, opacity=1, color=token("own"))
        .encode(
            x={
                "field": "rank",
                "type": "quantitative",
                "title": "variants, the best first",
                "scale": {"zero": False, "nice": False},
            },
            y={"field": "profit", "type": "quantitative", "title": PROFIT},
        )
    )
    return Figure(
        "grid",
        "Profit of the variants in order",
        f"{len(dots):,} of {len(ordered):,} variants, evenly from the best to the worst. The dash "
        "is never betting. The leftmost are the lucky ones as much as the good ones.",
        _zero() + chart,
    )


def _zero() -> Any:
    rule = chart_of([{"zero": 0}]).mark_rule(strokeDash=[4, 4])
    return rule.encode(y={"field": "zero", "type": "quantitative"})


def _grid(record: Sweep) -> Table:
    rows = tuple(record.grid.items())
    return Table(("parameter", "values"), rows, f"{record.grid_size:,} combinations.")
