"""The plots of a backtest, each defined once: for the report, for --plot and for pages.

Used by `analysis.backtest_report`. They show the tables of a run, nothing that was computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.backtest import Run
from vectra_player.analysis.backtest_tables import lamports_of, sol
from vectra_player.analysis.charts import Figure, chart_of, token
from vectra_player.analysis.games import Games
from vectra_player.analysis.significance import LAMPORTS

MOST_POINTS = 1_200
"""Points of a line: more than there are pixels is not seen."""

BINS = 40

MOST_COMPARED = 4
"""Runs in one plot: more lines than that are not told apart."""

_HEIGHT = 240

Row = dict[str, Any]


def _along(field: str, title: str) -> Row:
    """Return an axis of games or ticks that ends where they end."""
    scale, axis = {"nice": False}, {"tickCount": 10, "labelFlush": False}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def _amount(field: str, title: str, scale: Row) -> Row:
    """Return an axis as wide as those above and below it."""
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": {"minExtent": 48},
    }


_GAMES_PLAYED = _along("game", "games played")


def figures(run: Run, games: Games, shown: Sequence[str]) -> list[Figure]:
    """Return all plots of a run; `shown` are the games whose trades are drawn."""
    found = [equity(run), drawdown(run), distribution(run), folds(run)]
    found += [trades(run, games, game_id) for game_id in shown]
    return [figure for figure in found if figure is not None]


def equity(run: Run) -> Figure:
    """Draw the cash after each game beside never betting and the coin flip."""
    start = float(run.record.whole.cash_before)
    lines = {
        run.record.strategy: lamports_of(run.per_game, "profit"),
        "coin flip": lamports_of(run.per_game, "coin_flip_profit"),
    }
    rows = [
        {"game": game, "cash": cash, "who": who}
        for who, profit in lines.items()
        for game, cash in _thinned(start + np.cumsum(profit) / LAMPORTS, start)
    ]
    ends = [0, run.per_game.num_rows]
    rows += [{"game": game, "cash": start, "who": "never bet"} for game in ends]
    colours = [token("own"), token("sidebet"), token("muted")]
    names = [*lines, "never bet"]
    chart = (
        chart_of(rows)
        .mark_line()
        .encode(
            x=_GAMES_PLAYED,
            y=_amount("cash", "cash, SOL", {"zero": False}),
            color={
                "field": "who",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": colours},
            },
        )
    )
    return Figure(
        "equity",
        "Cash after each game",
        "Left of the dashed line are the earlier games, to choose on; right of it the later ones, "
        "to check on. The coin flip makes as many bets of the same size at random moments.",
        (chart + _cut(run)).properties(height=_HEIGHT),
    )


def drawdown(run: Run) -> Figure:
    """Draw how far the cash is below its highest so far."""
    rows = [
        {"game": game, "below": value} for game, value in _thinned(_below(run), 0.0, lowest=True)
    ]
    chart = (
        chart_of(rows)
        .mark_area(line={"color": token("down")}, color=token("down"))
        .encode(
            x=_GAMES_PLAYED,
            y=_amount("below", "SOL below the peak", {}),
        )
    )
    whole = run.record.whole
    return Figure(
        "drawdown",
        "Drawdown",
        f"At the worst the cash was {sol(whole.max_drawdown)} SOL below its peak; the largest fall "
        f"in proportion was {whole.max_drawdown_share:.1%} of the peak before it.",
        (chart + _cut(run)).properties(height=160),
    )


def _below(run: Run) -> npt.NDArray[np.float64]:
    """Return how far the cash is below its highest so far after each game, SOL: (n_games,)."""
    start = float(run.record.whole.cash_before)
    cash = start + np.cumsum(lamports_of(run.per_game, "profit")) / LAMPORTS
    highest = np.maximum.accumulate(cash) if len(cash) else cash
    below: npt.NDArray[np.float64] = cash - np.maximum(highest, start)
    return below


def compared_cash(named: Mapping[str, Run]) -> Figure:
    """Draw what runs gained after each game, by their names; at most MOST_COMPARED."""
    lines = {
        name: np.cumsum(lamports_of(run.per_game, "profit")) / LAMPORTS
        for name, run in named.items()
    }
    return Figure(
        "compared-cash",
        "Gained after each game",
        "SOL above or below the cash each run began with; never betting stays at the dashed line.",
        _overlaid({name: _thinned(line, 0.0) for name, line in lines.items()}, "gained, SOL", 240),
    )


def compared_drawdown(named: Mapping[str, Run]) -> Figure:
    """Draw how far each run's cash is below its highest so far; at most MOST_COMPARED."""
    lines = {name: _thinned(_below(run), 0.0, lowest=True) for name, run in named.items()}
    return Figure(
        "compared-drawdown",
        "Drawdown",
        "SOL below the highest cash so far.",
        _overlaid(lines, "SOL below the peak", 160),
    )


def _overlaid(lines: Mapping[str, Sequence[tuple[int, float]]], title: str, height: int) -> Any:
    rows = [
        {"game": game, "value": value, "run": name}
        for name, line in lines.items()
        for game, value in line
    ]
    colours = [token(name) for name in ("own", "rug", "sidebet", "up")]
    scale = {"domain": [*lines], "range": colours[: len(lines)]}
    colour = {"field": "run", "type": "nominal", "title": None, "scale": scale, "sort": None}
    zero = chart_of([{"zero": 0}]).mark_rule(strokeDash=[4, 4], color=token("muted"))
    chart = (
        chart_of(rows)
        .mark_line()
        .encode(x=_GAMES_PLAYED, y=_amount("value", title, {}), color=colour)
    )
    return (zero.encode(y={"field": "zero", "type": "quantitative"}) + chart).properties(
        height=height
    )


def distribution(run: Run) -> Figure:
    """Draw what single games brought, those in which nothing was put in left out."""
    put_in = lamports_of(run.per_game, "invested") + lamports_of(run.per_game, "staked")
    profit = lamports_of(run.per_game, "profit")[put_in > 0] / LAMPORTS
    low, high = np.quantile(profit, [0.005, 0.995]) if len(profit) else (0.0, 1.0)
    inside = np.clip(profit, low, high if high > low else low + 1e-9)
    counts, edges = np.histogram(inside, bins=BINS)
    rows = [
        {"from": first, "to": last, "games": int(count), "won": bool(first + last > 0)}
        for first, last, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    ]
    chart = (
        chart_of(rows)
        .mark_bar(binSpacing=1)
        .encode(
            x={"field": "from", "type": "quantitative", "bin": "binned", "title": "SOL a game"},
            x2={"field": "to"},
            y={"field": "games", "type": "quantitative", "title": "games"},
            color={
                "field": "won",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": [False, True], "range": [token("down"), token("up")]},
            },
        )
    )
    return Figure(
        "distribution",
        "What single games brought",
        f"{len(profit):,} games with money in them. The outermost half percent on each side is "
        "counted in the last bar.",
        chart.properties(height=_HEIGHT),
    )


def folds(run: Run) -> Figure | None:
    """Draw the mean of each stretch of the walk forward with its interval; None without any."""
    rows: list[Row] = [
        {
            "games": f"{fold.first + 1}–{fold.last}",
            "mean": fold.mean,
            "low": fold.low,
            "high": fold.high,
        }
        for fold in run.record.folds
    ]
    if not rows:
        return None
    x = {"field": "games", "type": "ordinal", "sort": None, "axis": {"labelAngle": 0}}
    base = chart_of(rows)
    bars = base.mark_rule(strokeWidth=2, color=token("own")).encode(
        x=x,
        y={"field": "low", "type": "quantitative", "title": "SOL a game"},
        y2={"field": "high"},
    )
    points = base.mark_point(size=70, opacity=1).encode(
        x=x, y={"field": "mean", "type": "quantitative"}
    )
    zero = (
        chart_of([{"zero": 0}])
        .mark_rule(strokeDash=[4, 4])
        .encode(y={"field": "zero", "type": "quantitative"})
    )
    return Figure(
        "folds",
        "Stretch by stretch",
        "The mean of each later stretch of games with its 95 % interval. A way of playing that "
        "works is above the line in most of them, not in one.",
        (zero + bars + points).properties(height=_HEIGHT),
    )


def trades(run: Run, games: Games, game_id: str) -> Figure:
    """Draw what was done in a game on its price."""
    index = games.game_ids.index(game_id)
    rug_tick = int(games.rug_ticks[index])
    prices = games.prices_of(index)[: rug_tick if rug_tick >= 0 else None].tolist()
    line = [{"tick": tick, "price": price} for tick, price in enumerate(prices) if price == price]
    axes = {
        "x": _along("tick", "tick"),
        "y": _amount("price", "price", {"type": "log", "nice": False}),
    }
    chart = chart_of(line).mark_line(color=token("muted")).encode(**axes)
    done = [row for row in run.trades.to_pylist() if row["game_id"] == game_id]
    lowest = min((row["price"] for row in line), default=1.0)
    combined = chart
    for layer in (*_windows(done), *_end(rug_tick), *_marks(done, axes, lowest)):
        combined = combined + layer
    profit = sum((row["profit"] for row in done), start=run.record.never.profit)
    return Figure(
        f"game-{game_id}",
        f"Game {game_id}: {sol(profit, '+')} SOL",
        "Triangles up are buys, triangles down sales, crosses holdings taken by the rug, which "
        "is the line at the end; shaded are the ticks a sidebet was open. The price axis is "
        "logarithmic.",
        combined.resolve_scale(color="independent").properties(height=_HEIGHT),
    )


def _windows(done: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """Yield a layer with a bar for each sidebet from its start to its decision."""
    rows: list[Row] = []
    start: int | None = None
    for row in done:
        if row["kind"] == "placed":
            start = row["tick"]
        elif row["kind"] in ("won", "lost", "void") and start is not None:
            rows.append({"from": start, "to": row["tick"], "kind": row["kind"]})
            start = None
    if rows:
        colours = [token("up"), token("sidebet"), token("muted")]
        yield (
            chart_of(rows)
            .mark_rect(opacity=0.22, stroke=token("sidebet"), strokeWidth=0.5)
            .encode(
                x={"field": "from", "type": "quantitative"},
                x2={"field": "to"},
                color={
                    "field": "kind",
                    "type": "nominal",
                    "title": "sidebet",
                    "scale": {"domain": ["won", "lost", "void"], "range": colours},
                },
            )
        )


_MARKS = {
    "bought": ("triangle-up", "up"),
    "sold": ("triangle-down", "own"),
    "rugged": ("cross", "rug"),
}


def _end(rug_tick: int) -> Iterator[Any]:
    """Yield the line at which a game was rugged, where that was seen."""
    if rug_tick >= 0:
        rule = chart_of([{"rug": rug_tick}]).mark_rule(color=token("rug"), strokeWidth=1.5)
        yield rule.encode(x={"field": "rug", "type": "quantitative"})


def _marks(
    done: Sequence[Mapping[str, Any]], axes: Mapping[str, Any], lowest: float
) -> Iterator[Any]:
    """Yield a layer of marks for each kind of trade there was.

    What the rug took is drawn no lower than the prices before it: on its own price, two percent
    of the lowest, it would squeeze all others together.
    """
    for kind, (shape, colour) in _MARKS.items():
        rows = [
            {"tick": row["tick"], "price": max(row["price"], lowest)}
            for row in done
            if row["kind"] == kind
        ]
        if rows:
            mark = chart_of(rows).mark_point(
                shape=shape, size=90, color=token(colour), opacity=1, filled=True
            )
            yield mark.encode(**axes)


def _cut(run: Run) -> Any:
    """Return the line between the games to choose on and those to check on."""
    rows = [{"cut": run.record.train.games}]
    mark = chart_of(rows).mark_rule(strokeDash=[4, 4], color=token("muted"))
    return mark.encode(x={"field": "cut", "type": "quantitative"})


def _thinned(
    values: npt.NDArray[np.float64], start: float, *, lowest: bool = False
) -> list[tuple[int, float]]:
    """Return (games played, value) from the start on, at most MOST_POINTS of them.

    Of a stretch that becomes one point the last value is kept, or the lowest.
    """
    step = max(1, -(-len(values) // MOST_POINTS))
    points = [(0, start)]
    for first in range(0, len(values), step):
        stretch = values[first : first + step]
        kept = float(stretch.min() if lowest else stretch[-1])
        points.append((first + len(stretch), kept))
    return points
