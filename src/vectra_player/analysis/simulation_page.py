"""A simulation laid out for reading: its tables and plots, once for terminal, report and pages.

Used by `cli.simulate` and the dashboard. Every figure is one that `analysis.monte_carlo` computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from vectra_player.analysis.charts import Figure, chart_of, token
from vectra_player.analysis.intervals import Estimate
from vectra_player.analysis.monte_carlo import Histogram, Plan, Simulation
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.report import Prose, Table
from vectra_player.analysis.wording import (
    UNKNOWN,
    cells,
    interval,
    known,
    percent,
    plain,
    signed_percent,
)
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE

COMPARED = (
    *("profile", "profit", "doubled", "ruined", "median SOL"),
    *("of stakes", "drawdown", "VaR 95 %", "risk"),
)
"""Headings of the table that compares simulations."""

_SOURCES = {
    "recorded": "recorded games",
    "generated": "generated games",
    "win-rate": "a coin with an assumed win rate",
}


def simulation_page(result: Simulation) -> Page:
    """Lay out one simulation."""
    return Page(
        title=f"Simulation of {result.profile}",
        summary=tuple(_summary(result)),
        blocks=(
            Block("Bankroll over the games", (Prose(result.remarks),), lambda: fan(result)),
            Block("Single runs", (), lambda: curves(result)),
            Block("What the runs ended with", (_ends(result),), lambda: finals(result)),
            Block("What a stake brings", (_value(result),)),
            Block("Risk", (_risk(result),), lambda: drawdowns(result)),
            Block("How runs ended", (_halts(result),)),
        ),
    )


def comparison_page(results: Sequence[Simulation]) -> Page:
    """Lay out simulations beside each other, the least risky first."""
    ordered = by_risk(results)
    note = (
        "Sorted by the mean largest drawdown. Profit and doubled are the chances to end with more "
        "than, and with twice, the initial balance. Of stakes is what all runs brought over what "
        f"they staked: {signed_percent(FAIR_EXPECTED_VALUE)} on average whatever is "
        "staked when. A profile that never bets loses nothing and shows no return."
    )
    table = Table(COMPARED, tuple(compared_row(one) for one in ordered), note)
    parts = (
        table,
        Prose(tuple(f"{one.profile}: {text}" for one in ordered for text in one.remarks)),
    )
    return Page(
        title="Simulations compared",
        summary=(
            f"{len(results)} profiles over the same draws: {_drawn(results[0])}.",
            "No sizing changes what a stake brings on average; it changes how far results scatter.",
        ),
        blocks=(
            Block("Side by side", parts, lambda: compared(ordered)),
            *(Block(one.profile, (), partial(fan, one)) for one in ordered if one.bets),
        ),
    )


def by_risk(results: Sequence[Simulation]) -> list[Simulation]:
    """Return simulations sorted by their mean largest drawdown, the smallest first."""
    return sorted(results, key=lambda one: one.risk.mean_max_drawdown or 0.0)


def compared_row(one: Simulation) -> tuple[str, ...]:
    """Return the cells of a simulation in the comparison."""
    return (
        one.profile,
        known(one.probability_profit.value, percent),
        known(one.probability_2x.value, percent),
        known(one.probability_ruin.value, percent),
        sol(one.median_final),
        known(one.ev_per_stake.value, signed_percent),
        known(one.risk.mean_max_drawdown, percent),
        known(one.risk.var_95, percent),
        one.risk.risk_level or UNKNOWN,
    )


def sol(amount: Decimal) -> str:
    """Write SOL with four decimals."""
    return f"{amount:,.4f}"


def figure_of(result: Simulation, name: str) -> Figure:
    """Draw one plot: `fan`, `curves`, `finals` or `drawdown`."""
    return FIGURES[name](result)


def fan(result: Simulation) -> Figure:
    """Draw the quantiles of the bankroll over the games."""
    import altair

    lines = result.fan.quantiles
    rows = [
        {"game": game, **{f"q{name.replace('.', '_')}": line[at] for name, line in lines.items()}}
        for at, game in enumerate(result.fan.games)
    ]
    start = [{"start": float(result.initial_balance)}]
    base = chart_of(rows).encode(x=altair.X("game:Q", title="games"))
    low, high, middle = (
        altair.Y(f"{name}:Q", title="bankroll, SOL", scale=altair.Scale(zero=False))
        for name in ("q0_05", "q0_25", "q0_5")
    )
    chart = altair.layer(
        base.mark_area().encode(y=low, y2="q0_95:Q"),
        base.mark_area().encode(y=high, y2="q0_75:Q"),
        base.mark_line().encode(y=middle),
        chart_of(start).mark_rule(strokeDash=[5, 4], color=token("rug")).encode(y="start:Q"),
    )
    return Figure(
        "fan",
        f"Bankroll of {result.profile}",
        f"The line is the median of {result.fan.runs:,} runs; half of them lie in the darker "
        "band, nine in ten in the lighter one. A run that stopped keeps its balance. The dashed "
        "line is the initial balance.",
        chart,
    )


def curves(result: Simulation) -> Figure:
    """Draw the bankroll of single runs over the games."""
    import altair

    rows = [
        {"run": run, "game": game, "value": value}
        for run, line in enumerate(result.fan.samples, 1)
        for game, value in zip(result.fan.games, line, strict=True)
    ]
    y = altair.Y("value:Q", title="bankroll, SOL", scale=altair.Scale(zero=False))
    start = [{"start": float(result.initial_balance)}]
    chart = altair.layer(
        chart_of(rows)
        .mark_line(strokeWidth=1, opacity=0.5)
        .encode(x=altair.X("game:Q", title="games"), y=y, detail="run:N"),
        chart_of(start).mark_rule(strokeDash=[5, 4], color=token("rug")).encode(y="start:Q"),
    )
    return Figure(
        "curves",
        f"Single runs of {result.profile}",
        f"The first {len(result.fan.samples)} runs as they went, not chosen. The dashed line is "
        "the initial balance.",
        chart,
    )


def finals(result: Simulation) -> Figure:
    """Draw how often runs ended with which bankroll."""
    return Figure(
        "finals",
        f"Final bankroll of {result.profile}",
        f"{result.plan.runs:,} runs. The dashed line is the initial balance.",
        _bars(result.finals, "final bankroll, SOL", "", start=float(result.initial_balance)),
    )


def drawdowns(result: Simulation) -> Figure:
    """Draw how often runs had which largest drawdown."""
    return Figure(
        "drawdown",
        f"Largest drawdown of {result.profile}",
        "The largest fall of each run below its own highest balance. A drawdown limit ends a run "
        "with the bet that reaches it, so a run can end a stake below the limit.",
        _bars(result.drawdowns, "largest drawdown", "%"),
    )


FIGURES = {"fan": fan, "curves": curves, "finals": finals, "drawdown": drawdowns}
"""The plots of one simulation by name."""


def compared(results: Sequence[Simulation]) -> Figure:
    """Draw where runs of several simulations ended."""
    import altair

    rows = [
        {
            "profile": one.profile,
            "median": line[2],
            **dict(zip(("low", "lower", "_", "upper", "high"), line, strict=True)),
        }
        for one in by_risk(results)
        for line in [[values[-1] for values in one.fan.quantiles.values()]]
    ]
    order = [str(row["profile"]) for row in rows]
    base = chart_of(rows).encode(y=altair.Y("profile:N", sort=order, title=None))
    axis: dict[str, Any] = {"title": "final bankroll, SOL", "scale": altair.Scale(zero=False)}
    chart = altair.layer(
        base.mark_rule(color=token("own"), opacity=0.5, strokeWidth=2).encode(
            x=altair.X("low:Q", **axis), x2="high:Q"
        ),
        base.mark_bar(size=10, opacity=0.5).encode(x=altair.X("lower:Q", **axis), x2="upper:Q"),
        base.mark_tick(color=token("text"), thickness=2).encode(x=altair.X("median:Q", **axis)),
    )
    return Figure(
        "compared",
        "Where the runs ended",
        "Tick: median; bar: half of the runs; line: nine in ten.",
        chart,
    )


def _bars(counted: Histogram, title: str, form: str, start: float | None = None) -> Any:
    import altair

    total = sum(counted.counts)
    edges = zip(counted.edges, counted.edges[1:], counted.counts, strict=False)
    rows = [
        {"from": low, "to": high, "share": count / total, "zero": 0} for low, high, count in edges
    ]
    axis = altair.Axis(format=form) if form else altair.Axis()
    bars = (
        chart_of(rows)
        .mark_rect(color=token("own"), opacity=0.7)
        .encode(
            x=altair.X(
                "from:Q", title=title, axis=axis, scale=altair.Scale(nice=False, zero=False)
            ),
            x2="to:Q",
            y=altair.Y("zero:Q", title="share of the runs", axis=altair.Axis(format="%")),
            y2="share:Q",
        )
    )
    if start is None:
        return bars
    mark = chart_of([{"start": start}]).mark_rule(strokeDash=[5, 4], color=token("rug"))
    return altair.layer(bars, mark.encode(x="start:Q"))


def _summary(result: Simulation) -> list[str]:
    profit, ruin = result.probability_profit, result.probability_ruin
    if not result.bets:
        return [
            f"{result.profile} placed no bet in {_drawn(result)}.",
            "Who does not bet keeps what he has: no strategy on sidebets does better on average.",
        ]
    return [
        f"{known(profit.value, percent)} of the runs ended with a profit, "
        f"{known(ruin.value, percent)} ruined; the median run ended with "
        f"{sol(result.median_final)} of {sol(result.initial_balance)} SOL.",
        f"One SOL staked brought {known(result.ev_per_stake.value, signed_percent)} "
        f"(fair: {known(result.ev_per_stake.fair, signed_percent)}), over {_drawn(result)}.",
    ]


def _drawn(result: Simulation) -> str:
    plan: Plan = result.plan
    return (
        f"{plan.runs:,} runs of {plan.games:,} games, drawn from "
        f"{f'{result.pool_games:,} ' if result.pool == 'recorded' else ''}{_SOURCES[result.pool]}"
    )


def _ends(result: Simulation) -> Table:
    rows = (
        ("mean, SOL", sol(result.mean_final), ""),
        ("median, SOL", sol(result.median_final), ""),
        ("lowest, SOL", sol(result.lowest_final), ""),
        ("highest, SOL", sol(result.highest_final), ""),
        *(
            (name, known(found.value, percent), interval(found, percent))
            for name, found in (
                ("chance of a profit", result.probability_profit),
                ("chance to double", result.probability_2x),
                ("chance of ruin", result.probability_ruin),
            )
        ),
    )
    return Table(
        ("", "value", "95 % interval"),
        rows,
        f"Begun with {sol(result.initial_balance)} SOL. Ruined is a run whose balance no longer "
        "covers the smallest stake.",
    )


def _value(result: Simulation) -> Table:
    rows: list[tuple[str, Estimate]] = [("a stake in these runs", result.ev_per_stake)]
    note = "The interval is about the drawing of runs; n are runs."
    if result.ev_of_games is not None:
        rows.append(("an equal stake on every window of the games", result.ev_of_games))
        note += (
            " The second row says how far the recorded games themselves may be off, there being "
            "only so many; n are games."
        )
    return Table(
        ("return of", "estimate", "95 % interval", "n", "fair"),
        tuple((name, *cells(found, signed_percent)) for name, found in rows),
        note,
    )


def _risk(result: Simulation) -> Table:
    risk = result.risk
    rows = (
        ("mean return of a run", known(risk.mean_return, signed_percent)),
        ("standard deviation", known(risk.deviation, percent)),
        ("Sharpe ratio", known(risk.sharpe_ratio, plain)),
        ("Sortino ratio", known(risk.sortino_ratio, plain)),
        ("Calmar ratio", known(risk.calmar_ratio, plain)),
        ("VaR 95 %", known(risk.var_95, percent)),
        ("CVaR 95 %", known(risk.cvar_95, percent)),
        ("mean largest drawdown", known(risk.mean_max_drawdown, percent)),
        ("worst drawdown", known(risk.worst_drawdown, percent)),
        ("risk level", risk.risk_level or UNKNOWN),
    )
    return Table(
        ("risk", "value"), rows, "Per run, not per year; docs/risk-metrics.md defines each."
    )


def _halts(result: Simulation) -> Table:
    runs = result.plan.runs
    rows = tuple((name, f"{n:,}", percent(n / runs)) for name, n in result.halts.items())
    note = (
        f"{result.mean_games_played:,.1f} of {result.plan.games:,} games were played on average; "
        f"{result.bets:,} bets in all."
    )
    return Table(("end", "runs", "share"), rows, note)
