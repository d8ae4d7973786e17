"""The record of a sweep, and what to think of it in words.

One record for the table, the JSON, the report and the pages. Used by `analysis.sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from vectra_player.analysis.backtest_tables import sol
from vectra_player.analysis.manifest import Manifest
from vectra_player.analysis.selection import GENERATED
from vectra_player.analysis.sweep_best import Best, Step


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a sweep; `results.Head` is its beginning.

    tried: variants, those that cannot be left out. earlier: variants of the strategy tried on
    these games before. hurdle: sharpe that the best of all of them shows if all are worthless.
    best: those that did best on the train games, with what they did on the later ones.
    walk: what choosing anew on all games so far would have brought.
    """

    strategy: str
    variant: str
    tried: int
    headline: str
    manifest: Manifest
    contestant: dict[str, Any]
    grid: dict[str, str]
    grid_size: int
    games: dict[str, Any]
    train_games: int
    earlier: int
    impossible: int
    failed: int
    fast: int
    hurdle: float | None
    best: tuple[Best, ...]
    walk: tuple[Step, ...]
    warnings: tuple[str, ...]


def headline(best: Sequence[Best], tried: int) -> str:
    """Say in one line what came of a sweep."""
    if not best:
        return f"none of {tried:,} variants could be played to its end"
    first = best[0]
    verdict = "beyond chance" if first.train.evidence.winner else "not beyond chance"
    return (
        f"the best of {tried:,} variants: {sol(first.train.profit, '+')} SOL in the train games, "
        f"{verdict}; {sol(first.validation.profit, '+')} SOL in the later ones"
    )


def warnings_of(record: Sweep, table: pa.Table) -> Iterator[str]:
    """Yield what a reader should know before believing the best."""
    winners = [best for best in record.best if best.train.evidence.winner]
    if not winners:
        yield (
            f"None is beyond chance: of {record.tried + record.earlier:,} worthless variants the "
            "best looks this good by luck alone."
        )
    kept = [best for best in winners if best.validation.profit > 0]
    if winners and not kept:
        yield "None of the winners kept its promise in the later games."
    if record.games["asked"].startswith(GENERATED):
        yield "These games are fair by construction: every profit in them is luck."
    if record.earlier:
        yield f"{record.earlier:,} other variants were tried on these games before; they count."
    if record.impossible:
        yield f"{record.impossible:,} variants cannot be: {_first_error(table, played=False)}"
    if record.failed:
        yield f"{record.failed:,} variants failed: {_first_error(table, played=True)}"


def _first_error(table: pa.Table, *, played: bool) -> str:
    errors, paths = table.column("error").to_pylist(), table.column("path").to_pylist()
    found = (e for e, path in zip(errors, paths, strict=True) if e and (path is not None) == played)
    return str(next(found, ""))
