"""`sweep`: many variants of a strategy over games, the best checked on later ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.arguments import Working
from vectra_player.cli.bundles import unbundled
from vectra_player.cli.pages import PLOTS, REPORTS, check_file, show_table
from vectra_player.cli.playing import (
    FoldsOption,
    FreshOption,
    Playing,
    ProfileWord,
    SeedOption,
    ShareOption,
    note_kept,
    now,
    results_of,
    told,
)
from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.selection import Selected
    from vectra_player.analysis.sweep import Run


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: vectra-player sweep momentum --grid hold_ticks=10:100:10")(sweep)


GridOption = Annotated[
    list[str],
    typer.Option("--grid", help="name=start:stop:step or name=value,value; once a parameter."),
]
RandomOption = Annotated[
    int | None, typer.Option(min=1, help="Try so many combinations, drawn; default: all.")
]
TopOption = Annotated[int, typer.Option(min=1, max=100, help="How many of the best to show.")]
ReportOption = Annotated[Path | None, typer.Option(help="Write the result as one page (.html).")]
PlotOption = Annotated[
    Path | None, typer.Option(help="Write the figure over the grid (.svg or .png).")
]


@unbundled
def sweep(
    context: typer.Context,
    profile: ProfileWord,
    grid: GridOption,
    *,
    random: RandomOption = None,
    playing: Playing,
    train_share: ShareOption = 0.7,
    folds: FoldsOption = 5,
    top: TopOption = 10,
    seed: SeedOption = 1,
    working: Working,
    report: ReportOption = None,
    plot: PlotOption = None,
    fresh: FreshOption = False,
) -> None:
    """Try many variants of a strategy on the earlier games; check the best on the later ones."""
    from vectra_player.analysis.grid import parse_grid
    from vectra_player.analysis.sweep import Request, run_sweep

    session: Session = context.obj
    check_file(plot, PLOTS)
    check_file(report, REPORTS)
    axes = parse_grid(grid)
    contestant, chosen = playing.contestant(session, profile), playing.chosen(session, seed)
    asked = Request(random=random, seed=seed, train_share=train_share, folds=folds, top=top)
    with working.opened(session) as engine, _variants_bar(session) as progress:
        run = run_sweep(
            *(contestant, axes, chosen, asked, engine),
            results=results_of(session),
            made_at=now(),
            fresh=fresh,
            progress=progress,
        )
    session.result(told(run), lambda: _show_sweep(session, run, chosen))
    _write_sweep(session, run, report, plot)
    if run.record.failed:
        raise typer.Exit(FOUND_WRONG)


def _write_sweep(session: Session, run: Run, report: Path | None, plot: Path | None) -> None:
    if report is None and plot is None:
        return
    from vectra_player.analysis.sweep_page import sweep_page

    page = sweep_page(run)
    if plot is not None:
        figure = page.figure()
        if figure is None:
            raise UsageError(
                "No variant was played to its end, so there is nothing to draw.",
                advice="The result above says why.",
            )
        figure.save(plot)
        session.note(f"Figure: {plot}")
    if report is not None:
        page.report(run.record.manifest.lines()).write(report)
        session.note(f"Report: {report}")


@contextmanager
def _variants_bar(session: Session) -> Iterator[Callable[[int, int], None]]:
    """Show variants done, their rate and the time left: a bar on a terminal, lines elsewhere.

    After Ctrl-C it says how to go on.
    """
    from vectra_player.cli.counting import counted

    done = 0

    def note(now: int, total: int) -> None:
        nonlocal done
        done = now
        show(now, total)

    with counted(session, "variants") as show:
        try:
            yield note
        except KeyboardInterrupt:
            say(f"{done:,} variants are kept; the same command goes on from there.", to_stderr=True)
            raise


def _show_sweep(session: Session, run: Run, chosen: Selected) -> None:
    from vectra_player.analysis.sweep_words import best_table, summary, walk_table

    record = run.record
    session.note(chosen.sentence())
    found, counted = summary(record)
    session.note(counted)
    for table in (best_table(record), walk_table(record)):
        show_table(session, table)
    say(found)
    for warning in record.warnings:
        session.note(f"- {warning}")
    note_kept(session, run)
