"""The record of a sweep as tables, for the terminal and the report alike.

Used by the command and by `analysis.sweep_page`.
"""

from __future__ import annotations

from typing import Any

from vectra_player.analysis.backtest_tables import sol
from vectra_player.analysis.report import Table
from vectra_player.analysis.sweep_record import Sweep
from vectra_player.game.positions import ZERO


def summary(record: Sweep) -> tuple[str, ...]:
    """Return what came of it, and what it came from, a sentence each."""
    return (
        f"{record.headline[0].upper()}{record.headline[1:]}.",
        f"{record.tried:,} of {record.grid_size:,} variants on {record.train_games:,} train games, "
        f"{record.fast:,} of them on the fast path.",
    )


def best_table(record: Sweep) -> Table:
    """Return the best variants: what they did on the train games, and on the later ones."""
    names = tuple(record.grid)
    rows = tuple(
        (
            str(best.rank),
            *(_value(best.params[name]) for name in names),
            sol(best.train.profit, "+"),
            _share(best.train.result),
            _number(best.train.evidence.deflated),
            "yes" if best.train.evidence.winner else "no",
            sol(best.validation.profit, "+"),
            _share(best.validation.result),
        )
        for best in record.best
    )
    columns = ("", *names, "train, SOL", "of put in", "score", "beyond chance", "later, SOL")
    return Table(
        (*columns, "of put in"),
        rows,
        "The score is the chance that the true mean is above zero once "
        f"{record.tried + record.earlier:,} variants are allowed for; 0.95 would be remarkable.",
    )


def walk_table(record: Sweep) -> Table:
    """Return the walk forward: the best so far, and what it did on the games right after."""
    names = tuple(record.grid)
    rows = tuple(
        (
            f"{step.first + 1}–{step.last}",
            *(_value(step.params[name]) for name in names),
            f"{step.before:+.6f}",
            f"{step.after:+.6f}",
            sol(step.profit, "+"),
        )
        for step in record.walk
    )
    total = sum((step.profit for step in record.walk), start=ZERO)
    return Table(
        ("games", *names, "mean before", "mean after", "SOL"),
        rows,
        "Choosing the best of all games so far, again and again, would have brought "
        f"{sol(total, '+')} SOL. Means are SOL a game.",
    )


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
