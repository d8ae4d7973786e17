"""Up to four backtests side by side: their figures, what one brought more than another, two plots.

Used by the dashboard. Runs over the same games are compared game by game, which takes the luck of
the games out of the difference; runs over other games only stand beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.backtest import Run
from vectra_player.analysis.backtest_figures import MOST_COMPARED, compared_cash, compared_drawdown
from vectra_player.analysis.backtest_report import measures_table
from vectra_player.analysis.backtest_tables import lamports_of, sol
from vectra_player.analysis.report import Prose, Report, Section, Table
from vectra_player.analysis.significance import LAMPORTS, bootstrap_interval
from vectra_player.errors import UsageError
from vectra_player.strategy.sizing import from_lamports


def comparison(runs: Sequence[Run]) -> Report:
    """Put runs side by side; the first is the one the others are held against.

    Raises UsageError for less than two different ones, or more than four.
    """
    different = {run.record.manifest.run_id for run in runs}
    if not 2 <= len(different) == len(runs) <= MOST_COMPARED:
        raise UsageError(
            f"{len(runs)} runs cannot be compared.",
            advice=f"Choose two to {MOST_COMPARED} different backtests.",
        )
    named = dict(zip(_names(runs), runs, strict=True))
    table = measures_table(
        {name: run.record.whole for name, run in named.items()},
        "All games of each run. The score allows for the variants tried, not for having chosen "
        "among these.",
    )
    return Report(
        title=" · ".join(named),
        summary=tuple(_notes(named)),
        sections=[
            Section("Cash", (compared_cash(named), compared_drawdown(named))),
            Section("Game by game", (_differences(named),)),
            Section("Figures", (table,)),
        ],
        manifest={name: run.record.manifest.run_id for name, run in named.items()},
    )


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    """Name runs by their strategy, and by the beginning of their key where that is not enough."""
    strategies = [run.record.strategy for run in runs]
    return tuple(
        name if strategies.count(name) == 1 else f"{name} {run.record.manifest.key[:4]}"
        for name, run in zip(strategies, runs, strict=True)
    )


def _differences(named: dict[str, Run]) -> Table | Prose:
    """Return what each run brought more than the first, game by game, with its interval."""
    (base, first), *others = named.items()
    rows = []
    for name, run in others:
        if run.record.manifest.data != first.record.manifest.data:
            continue
        more = lamports_of(run.per_game, "profit") - lamports_of(first.per_game, "profit")
        rows.append((f"{name} less {base}", *_difference(more, first.record.manifest.seed)))
    columns = ("game by game", "SOL", "a game", "95 % interval from", "to", "told apart")
    note = "An interval that reaches zero does not tell the two apart."
    return Table(columns, tuple(rows), note) if rows else Prose(("No two played the same games.",))


def _difference(more: npt.NDArray[np.int64], seed: int) -> tuple[str, ...]:
    low, high = bootstrap_interval(more, seed)
    total = sol(from_lamports(int(more.sum())), "+")
    mean = float(more.mean()) / LAMPORTS if len(more) else 0.0
    apart = "yes" if low > 0 or high < 0 else "no"
    return total, f"{mean:+.6f}", f"{low:+.6f}", f"{high:+.6f}", apart


def _notes(named: dict[str, Run]) -> Iterator[str]:
    """Yield what keeps the runs from being compared as they stand."""
    (base, first), *others = named.items()
    for name, run in others:
        if run.record.manifest.data != first.record.manifest.data:
            yield f"{name} did not play the games of {base}: the luck of the games is in the gap."
    if len({run.record.whole.cash_before for run in named.values()}) > 1:
        yield "They did not begin with the same cash; the plots show what was gained."
