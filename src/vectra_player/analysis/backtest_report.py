"""The report of a backtest: one HTML file of the same record that the command prints.

Used by the command and the dashboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vectra_player.analysis.backtest import Backtest, Run
from vectra_player.analysis.backtest_figures import figures
from vectra_player.analysis.backtest_tables import lamports_of, sol
from vectra_player.analysis.charts import Figure
from vectra_player.analysis.games import Games
from vectra_player.analysis.measures import Measures
from vectra_player.analysis.report import Prose, Report, Section, Table
from vectra_player.errors import UsageError

LISTED = 40
"""Trades that the report lists; trades.parquet has all."""

Lines = tuple[tuple[str, ...], ...]


def report_of(run: Run, games: Games, shown: Sequence[str] = ()) -> Report:
    """Build the report; `shown` names the games to draw, by default the telling ones."""
    record = run.record
    drawn = figures(run, games, [*shown] or telling_games(run))
    plots = {figure.name: figure for figure in drawn}
    of_games = tuple(figure for figure in drawn if figure.name.startswith("game-"))
    sections = [
        Section("Result", (figures_table(record),)),
        Section("What to doubt", (Prose(doubts_of(record)),)),
        Section("Cash", (plots["equity"], plots["drawdown"])),
        Section("Games", (plots["distribution"], *_present(plots, "folds"))),
        Section("Trades", (*of_games, trades_list(run))),
        Section("Strategy", (parameters(record.contestant),)),
    ]
    return Report(
        title=f"Backtest of {record.strategy}",
        summary=summary(record),
        sections=sections,
        manifest=record.manifest.lines(),
    )


def save_plots(run: Run, games: Games, folder: Path, shown: Sequence[str] = ()) -> list[Path]:
    """Write every plot as SVG and PNG into a folder and return the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder} is no folder.", advice="Name another for --plot.") from None
    paths = []
    for figure in figures(run, games, [*shown] or telling_games(run)):
        for ending in (".svg", ".png"):
            path = folder / f"{figure.name}{ending}"
            figure.save(path)
            paths.append(path)
    return paths


def telling_games(run: Run) -> list[str]:
    """Return the best, the worst and the middle game of those with money in them."""
    put_in = lamports_of(run.per_game, "invested") + lamports_of(run.per_game, "staked")
    played = np.flatnonzero(put_in > 0)
    if not len(played):
        return []
    order = played[np.argsort(lamports_of(run.per_game, "profit")[played], kind="stable")]
    names = run.per_game.column("game_id").to_pylist()
    chosen = dict.fromkeys((order[-1], order[0], order[len(order) // 2]))
    return [str(names[int(game)]) for game in chosen]


def summary(record: Backtest) -> tuple[str, ...]:
    """Say in a few sentences what came of it."""
    whole, games = record.whole, record.games
    if whole.result is None:
        return (f"{record.strategy} bet nothing in {whole.games:,} games.",)
    first = (
        f"{record.strategy} put {sol(whole.put_in)} SOL into {whole.games_played:,} of "
        f"{games['used']:,} games and came out with {sol(whole.profit, '+')} SOL, "
        f"{whole.result:+.2%} of it."
    )
    evidence = whole.evidence
    second = (
        f"That is {evidence.mean:+.6f} SOL a game, with 95 % confidence between "
        f"{evidence.low:+.6f} and {evidence.high:+.6f}."
    )
    verdict = (
        "It is beyond what chance explains."
        if evidence.winner
        else f"It is not beyond chance: {'; '.join(evidence.why_not)}."
    )
    return (first, second, verdict)


def doubts_of(record: Backtest) -> tuple[str, ...]:
    """List the warnings and what the look-ahead check found."""
    told = list(record.warnings)
    if record.lookahead is not None:
        told.append(
            record.lookahead.problem
            or f"It does not look ahead: with another future in {record.lookahead.games} games "
            "and under other names all decisions up to then were the same."
        )
    return tuple(told) or ("Nothing in particular, beside all that a past cannot tell.",)


_ROWS = (
    "games", "with money at risk", "won", "put in, SOL", "profit, SOL", "profit / put in",
    "fair mean of the bets, SOL", "best game, SOL", "worst game, SOL", "largest drawdown, SOL",
    "largest drawdown, share", "sortino a game", "the worst 5 % of games lose at least",
    "and on average", "buys", "sidebets", "sidebets won", "orders refused", "mean, SOL",
    "95 % interval from", "to", "sharpe a game", "variants tried", "deflated score",
    "beyond chance",
)  # fmt: skip


def figures_table(record: Backtest) -> Table:
    """Return the figures of both parts and of the baselines, a row each."""
    parts = (record.train, record.validation, record.whole, record.coin_flip, record.never)
    return measures_table(
        {part.part: part for part in parts},
        "train are the earlier games, validation the later ones. The score is the chance that "
        "the true mean is above zero, once the number of variants tried is allowed for.",
    )


def measures_table(named: Mapping[str, Measures], note: str) -> Table:
    """Return figures side by side, a column for each that is named."""
    columns = [_column(part) for part in named.values()]
    rows = tuple((name, *(column[k] for column in columns)) for k, name in enumerate(_ROWS))
    return Table(("", *named), rows, note)


def _column(part: Measures) -> tuple[str, ...]:
    evidence = part.evidence
    return (
        f"{part.games:,}",
        f"{part.games_played:,}",
        f"{part.games_won:,}",
        sol(part.put_in),
        sol(part.profit, "+"),
        _share(part.result),
        f"{part.expected:+.6f}",
        sol(part.best_game, "+"),
        sol(part.worst_game, "+"),
        sol(part.max_drawdown),
        f"{part.max_drawdown_share:.1%}",
        _number(part.sortino),
        _loss(part.var_95),
        _loss(part.cvar_95),
        f"{part.buys:,}",
        f"{part.bets:,}",
        f"{part.bets_won:,}",
        f"{part.refused:,}",
        f"{evidence.mean:+.6f}",
        f"{evidence.low:+.6f}",
        f"{evidence.high:+.6f}",
        _number(evidence.sharpe),
        f"{evidence.variants:,}",
        _number(evidence.deflated),
        "yes" if evidence.winner else "no",
    )


def trades_list(run: Run) -> Table:
    """List the first things that became of decisions."""
    rows = run.trades.slice(0, LISTED).to_pylist()
    lines = tuple(
        (
            str(row["game_id"]),
            str(row["tick"]),
            str(row["kind"]),
            f"{row['price']:.6g}",
            sol(row["amount"]),
            sol(row["profit"]),
            sol(row["cash"]),
        )
        for row in rows
    )
    total = run.trades.num_rows
    note = f"The first {len(lines)} of {total:,}; {run.record.manifest.run_id}/trades.parquet "
    return Table(
        ("game", "tick", "what", "price", "SOL", "profit, SOL", "cash, SOL"),
        lines,
        f"{note}has all." if total else "Nothing was decided.",
    )


def parameters(told: dict[str, Any]) -> Table:
    """List what was played and how: the identity of a contestant."""
    named = (("plays", str(told["plays"])), ("from", str(told["source"])))
    return Table(
        ("parameter", "value"),
        (*named, *_flat("", told["params"]), *_flat("", told["conditions"])),
        "What is not set is not listed.",
    )


def _flat(prefix: str, values: dict[str, object]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flat(f"{prefix}{name}.", value)
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((f"{prefix}{name}", text))
    return rows


def _present(plots: dict[str, Figure], name: str) -> tuple[Figure, ...]:
    return (plots[name],) if name in plots else ()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2%}"


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value + 0.0:.2%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
