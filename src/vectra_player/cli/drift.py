"""`drift`: a recorded run of a strategy against its own backtest, trade by trade."""

from __future__ import annotations

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.data import moment
from vectra_player.cli.pages import REPORTS, check_file, show_table
from vectra_player.cli.session import FOUND_WRONG, Session, say

if TYPE_CHECKING:
    from vectra_player.analysis.drift_records import Drift


class ModeChoice(StrEnum):
    """Where a run traded."""

    paper = "paper"
    practice = "practice"
    live = "live"


RunWord = Annotated[
    str | None, typer.Argument(metavar="[RUN_ID]", help="The run; the last one by default.")
]
SinceOption = Annotated[str | None, typer.Option(help="Of the runs since this date or time (UTC).")]
ReportOption = Annotated[Path | None, typer.Option(help="Write it as one page (.html).")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: vectra-player drift --report drift.html")(drift)


def drift(
    context: typer.Context,
    run_id: RunWord = None,
    *,
    mode: Annotated[ModeChoice | None, typer.Option(help="Of the runs in this mode.")] = None,
    since: SinceOption = None,
    report: ReportOption = None,
) -> None:
    """Play a run again over the games it saw, and explain every difference.

    Exit code 1 where a difference is unexplained.
    """
    from vectra_player.analysis.drift import compare
    from vectra_player.analysis.drift_report import report_of
    from vectra_player.analysis.drift_run import find_run, load_run
    from vectra_player.analysis.results import plain
    from vectra_player.store.layout import DataDir
    from vectra_player.store.reads import StoreReader

    session: Session = context.obj
    check_file(report, REPORTS)
    root = DataDir.open_existing(session.data_dir).root
    _file(session)
    with StoreReader(root) as reader:
        found = find_run(
            reader, run_id, mode=None if mode is None else mode.value, since=moment(since)
        )
        run = load_run(reader, found)
    result = compare(run, session.data_dir)
    session.result(
        {**plain(result), "unexplained": result.unexplained}, lambda: _show(session, result)
    )
    if report is not None:
        report_of(result).write(report)
        session.note(f"Written to {report}.")
    if result.unexplained:
        raise typer.Exit(FOUND_WRONG)


def _file(session: Session) -> None:
    """Let a running service file what it recorded last; without one all is."""
    from vectra_player.app.control import NobodyAnswersError, ask_recorder

    with contextlib.suppress(NobodyAnswersError):
        ask_recorder(session.data_dir, "flush")


def _show(session: Session, result: Drift) -> None:
    from vectra_player.analysis.drift_report import causes_table, sentences, trades_table

    say(f"{result.run_id}, begun {result.started}, {result.origin}.")
    for sentence in sentences(result):
        say(sentence)
    for note in result.notes:
        session.note(note)
    show_table(session, causes_table(result))
    show_table(session, trades_table(result, only_different=True))
