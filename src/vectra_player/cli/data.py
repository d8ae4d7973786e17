"""`import`, `export`, `query`, `sessions`, `games`, `stats`: recordings in, out and looked at."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.cli.status import format_bytes, format_price
from vectra_player.errors import UsageError
from vectra_player.store.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vectra_player.store.importers.report import ImportReport
    from vectra_player.store.listing import GameInfo
    from vectra_player.store.query import QueryResult


NICE = 10
"""An import gives way to a recorder: at equal priority frames reached the feed later."""


class ExportFormat(StrEnum):
    """File formats of an export."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


class OriginChoice(StrEnum):
    """Which games: of the real site, of the demo server, or both."""

    real = "real"
    demo = "demo"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command("import", epilog="Example: vectra-player import recordings/")(import_)
    app.command(epilog="Example: vectra-player export --doc-type game_tick --out ticks.jsonl")(
        export
    )
    app.command(epilog='Example: vectra-player query "SELECT game_id, peak FROM game LIMIT 5"')(
        query
    )
    app.command(epilog="Example: vectra-player sessions")(sessions)
    app.command(epilog="Example: vectra-player games --limit 20 --json")(games)
    app.command(epilog="Example: vectra-player stats")(stats)


def import_(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of recordings.")],
    tz: Annotated[
        str | None, typer.Option(help="Time zone of naive times, where it cannot be inferred.")
    ] = None,
) -> None:
    """Bring recordings in; the format is detected, only what is new is added."""
    from vectra_player.app.upkeep import refresh
    from vectra_player.store.importers import import_paths

    session: Session = context.obj
    os.nice(NICE)
    with session.progress() as progress:
        task = progress.add_task("importing", total=None)

        def advance(done: int, total: int, path: Path) -> None:
            progress.update(task, completed=done, total=total, description=path.name)

        report = import_paths(paths, session.data_dir, tz=tz, progress=advance)
    refresh(session.data_dir)
    session.result(report, lambda: _show_import(session, report))
    if report.stopped:
        raise typer.Exit(FOUND_WRONG)


def _show_import(session: Session, report: ImportReport) -> None:
    say(
        f"{report.events:,} events from {report.files:,} files tell of {report.games:,} games, "
        "finished or not (`games` lists the finished ones); "
        f"{report.duplicates:,} were here already, {report.bad_lines:,} bad lines, "
        f"{report.skipped:,} files skipped."
    )
    for skipped in report.skipped_files:
        session.note(f"skipped {skipped.path}: {skipped.reason}")
    for warning in report.warnings:
        session.note(f"warning: {warning}")
    if report.quarantine:
        say(f"What could not be read, with reasons: {report.quarantine}")
    if report.stopped:
        say("Stopped before the end; run the same command again to go on.")


def export(
    context: typer.Context,
    doc_type: Annotated[str, typer.Option(help="Table to export, such as game_tick.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    file_format: Annotated[
        ExportFormat, typer.Option("--format", help="Format of the file.")
    ] = ExportFormat.jsonl,
    game: Annotated[str | None, typer.Option(help="Only this game.")] = None,
    since: Annotated[str | None, typer.Option(help="From this date or time (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date or time (UTC).")] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Replace player ids, names and chat.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write rows of one table to a file; values round-trip exactly."""
    from vectra_player.store.export import ExportFilter
    from vectra_player.store.export import export as run_export
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    home = DataDir.open_or_create(session.home) if session.remote else session.home
    report = run_export(
        home,
        doc_type,
        file_format.value,
        out,
        ExportFilter(game=game, since=moment(since), until=moment(until)),
        recordings=session.remote or None,
        pseudonymise=pseudonymise,
        force=force,
    )
    session.result(
        report._asdict(),
        lambda: say(f"{report.rows:,} rows ({format_bytes(report.bytes)}) in {report.path}"),
    )


def query(
    context: typer.Context,
    sql: Annotated[
        str, typer.Argument(help="One SELECT over the tables, or - for standard input.")
    ],
    explain: Annotated[bool, typer.Option("--explain", help="Show the plan instead.")] = False,
) -> None:
    """Run one SELECT with DuckDB: a view for each table, nothing else in reach."""
    from vectra_player.store.query import QueryLimits
    from vectra_player.store.query_process import QueryProcess

    session: Session = context.obj
    limits = QueryLimits(
        timeout_s=session.settings.query_timeout_s, rows=session.settings.query_rows
    )
    text = typer.get_text_stream("stdin").read() if sql == "-" else sql
    with QueryProcess(session.recordings, limits) as process:
        result = process.query(text, explain=explain)
    session.result(_query_json(result), lambda: _show_query(session, result, explain=explain))


def _query_json(result: QueryResult) -> dict[str, Any]:
    return {
        "columns": result.columns,
        "rows": [[plain(value) for value in row] for row in result.rows()],
        "truncated": result.truncated,
    }


def _show_query(session: Session, result: QueryResult, *, explain: bool) -> None:
    if explain:
        for row in result.rows():
            say(str(row[-1]))
        return
    session.table("", result.columns, [[plain(value) for value in row] for row in result.rows()])
    rows = result.table.num_rows
    cut = f", cut at {rows:,} (VECTRA_QUERY_ROWS)" if result.truncated else ""
    session.note(f"{rows:,} rows in {result.elapsed_ms:.0f} ms{cut}")


def sessions(context: typer.Context) -> None:
    """List the recording sessions, newest first."""
    from vectra_player.store.reads import StoreReader

    session: Session = context.obj
    with StoreReader(session.recordings) as reader:
        found = reader.sessions()

    def show() -> None:
        columns = (
            "session",
            "source",
            "origin",
            "started (UTC)",
            "ended",
            "events",
            "games",
            "end",
        )
        rows = [
            (s.session_id, s.source, s.origin, *_span(s), s.events, s.games, s.ended) for s in found
        ]
        session.table("", columns, rows)
        session.note(f"{len(found):,} sessions")

    session.result([_with_times(msgspec.structs.asdict(info)) for info in found], show)


def games(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the newest so many.")] = None,
    origin: Annotated[
        OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
    ] = OriginChoice.all,
    since: Annotated[str | None, typer.Option(help="From this date or time (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date or time (UTC).")] = None,
) -> None:
    """List the finished games, newest first, each with its most complete recording."""
    from vectra_player.store.reads import GameFilter, StoreReader

    session: Session = context.obj
    chosen = GameFilter(origins=origin.value, since=moment(since), until=moment(until), limit=limit)
    with StoreReader(session.recordings) as reader:
        found = reader.games(chosen)
    session.result(
        [_with_times(msgspec.structs.asdict(info)) for info in found],
        lambda: _show_games(session, found),
    )


def _show_games(session: Session, found: Sequence[GameInfo]) -> None:
    columns = (
        "game",
        "began or ended (UTC)",
        "rug tick",
        "peak",
        "ticks live",
        "complete",
        "origin",
    )
    rows = [
        (
            g.game_id,
            _clock_time(g.started_at or g.ended_at),
            g.rug_tick,
            format_price(g.peak),
            g.ticks_live,
            g.completeness,
            g.origin,
        )
        for g in found
    ]
    session.table("", columns, rows)
    session.note(f"{len(found):,} finished games")


def stats(context: typer.Context) -> None:
    """Show totals: sessions, games, rows, files and bytes of each table, counts of each event."""
    from vectra_player.store.reads import StoreReader

    session: Session = context.obj
    with StoreReader(session.recordings) as reader:
        totals = reader.stats()

    def show() -> None:
        rows = [
            (name, count, totals.files[name], format_bytes(totals.bytes[name]))
            for name, count in totals.rows.items()
        ]
        session.table("", ("table", "rows", "files", "size"), rows)
        session.table("", ("event", "count"), list(totals.events.items()))
        say(
            f"{totals.sessions:,} sessions, {totals.games:,} games, "
            f"{_clock_time(totals.first_ts)} to {_clock_time(totals.last_ts)} UTC"
        )

    session.result(_with_times(totals._asdict()), show)


def moment(text: str | None) -> int | None:
    """Read a date or time as microseconds since the epoch; without an offset it is UTC.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date or time.", advice="Write 2025-12-31 or 2025-12-31T23:59:00Z."
        ) from None
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return int(aware.timestamp()) * 1_000_000 + aware.microsecond


def _with_times(record: dict[str, Any]) -> dict[str, Any]:
    named = ("started_at", "ended_at", "first_ts", "last_ts")
    return {
        key: iso_time(value) if key in named and value is not None else value
        for key, value in record.items()
    }


def iso_time(micros: int) -> str:
    """Write microseconds since the epoch as ISO 8601 UTC."""
    time = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
    return str(plain(time))


def _clock_time(micros: int | None) -> str | None:
    return None if micros is None else iso_time(micros)[:19].replace("T", " ")


def _span(info: Any) -> tuple[str | None, str | None]:
    return _clock_time(info.started_at), _clock_time(info.ended_at)
