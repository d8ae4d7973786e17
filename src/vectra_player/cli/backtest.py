"""`backtest`: a strategy over games. `sweep`, many variants of it, has a file of its own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli import sweep
from vectra_player.cli.bundles import unbundled
from vectra_player.cli.pages import REPORTS, check_file, show_table
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
    from vectra_player.analysis.backtest import Run
    from vectra_player.analysis.selection import Selected
    from vectra_player.strategy.limits import Limits


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command(epilog="Example: vectra-player backtest momentum --games generated:1000")(backtest)
    sweep.register(app)


LossOption = Annotated[
    float | None, typer.Option(help="SOL a day (UTC) may lose; then nothing more is risked.")
]
DrawdownOption = Annotated[
    float | None, typer.Option(help="End this far below the highest cash: 0.25 is a quarter of it.")
]
VariantsOption = Annotated[
    int, typer.Option(min=1, help="Variants tried elsewhere before this one, itself included.")
]
LookaheadOption = Annotated[
    bool, typer.Option("--check-lookahead", help="Check that the strategy sees no future.")
]
ReportOption = Annotated[
    Path | None, typer.Option(help="Write the result as one page (.html) with figures.")
]
PlotOption = Annotated[
    Path | None, typer.Option(help="Write the figures as SVG and PNG into this folder.")
]
ChartOption = Annotated[
    list[str] | None,
    typer.Option("--chart", help="Draw the trades of this game; may be given again."),
]


@unbundled
def backtest(
    context: typer.Context,
    profile: ProfileWord,
    *,
    playing: Playing,
    max_loss_day: LossOption = None,
    stop_drawdown: DrawdownOption = None,
    train_share: ShareOption = 0.7,
    folds: FoldsOption = 5,
    variants: VariantsOption = 1,
    seed: SeedOption = 1,
    check_lookahead: LookaheadOption = False,
    report: ReportOption = None,
    plot: PlotOption = None,
    chart: ChartOption = None,
    fresh: FreshOption = False,
) -> None:
    """Play a strategy over games in order of time, and say what to think of the result."""
    from vectra_player.analysis.backtest import Question, run_backtest

    session: Session = context.obj
    check_file(report, REPORTS)
    contestant = playing.contestant(session, profile, _limits(max_loss_day, stop_drawdown))
    chosen = playing.chosen(session, seed)
    if max_loss_day is not None:
        chosen.require_dates()
    _check_played(chosen, chart or [])
    question = Question(
        seed=seed,
        train_share=train_share,
        folds=folds,
        variants=variants,
        check_lookahead=check_lookahead,
    )
    run = run_backtest(
        contestant, chosen, question, results=results_of(session), made_at=now(), fresh=fresh
    )
    session.result(told(run), lambda: _show_backtest(session, run, chosen))
    _write_backtest(session, run, chosen, report, plot, chart or [])
    if _found_wrong(run):
        raise typer.Exit(FOUND_WRONG)


def _check_played(chosen: Selected, chart: list[str]) -> None:
    for game in chart:
        if game not in chosen.games.game_ids:
            raise UsageError(f"The game {game!r} is not played.", advice="Name one that is.")


def _found_wrong(run: Run) -> bool:
    """Tell whether the strategy failed or looks ahead; one that a limit ended did neither."""
    from vectra_player.strategy.records import STOPPED_WRONG

    stopped, seen = run.record.stopped, run.record.lookahead
    failed = stopped is not None and stopped.reason in STOPPED_WRONG
    return failed or (seen is not None and seen.problem is not None)


def _write_backtest(
    session: Session,
    run: Run,
    chosen: Selected,
    report: Path | None,
    plot: Path | None,
    chart: list[str],
) -> None:
    from vectra_player.analysis.backtest_report import report_of, save_plots

    if report is not None:
        report_of(run, chosen.games, chart).write(report)
        session.note(f"Report: {report}")
    if plot is not None:
        written = save_plots(run, chosen.games, plot, chart)
        session.note(f"{len(written)} files in {plot}")


def _show_backtest(session: Session, run: Run, chosen: Selected) -> None:
    from vectra_player.analysis.backtest_report import doubts_of, figures_table, summary

    record = run.record
    session.note(chosen.sentence())
    show_table(session, figures_table(record))
    for sentence in summary(record):
        say(sentence)
    for doubt in doubts_of(record):
        session.note(f"- {doubt}")
    note_kept(session, run)


def _limits(max_loss_day: float | None, stop_drawdown: float | None) -> Limits:
    from vectra_player.model.units import to_sol
    from vectra_player.strategy.limits import Limits

    lost = None if max_loss_day is None else to_sol(Decimal(str(max_loss_day)))
    return Limits(max_loss_day_sol=lost, max_drawdown=stop_drawdown)
