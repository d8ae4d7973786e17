"""`store ...`: look after what was recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.cli.status import format_bytes
from vectra_player.errors import StoreLockedError, UsageError

app = typer.Typer(help="Look after what was recorded.", no_args_is_help=True)


@contextmanager
def _counting(session: Session, what: str) -> Iterator[Callable[[int], None]]:
    """Show a running count of `what` on a terminal."""
    with session.counter() as progress:
        task = progress.add_task(what, total=None)
        yield lambda done: progress.update(task, completed=done)


@app.command(epilog="Example: vectra-player store check --json")
def check(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Argument(help="Check what was shipped to this address instead.")
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Move files that cannot be read to quarantine/.")
    ] = False,
) -> None:
    """Prove the store whole: files, schemas, keys, order, prices, journal."""
    from vectra_player.store.check import check as run_check
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    if url is not None or session.remote:
        _check_remote(session, url or session.remote, repair=repair)
        return
    data_dir = DataDir.open_existing(session.data_dir)
    with _counting(session, "files") as progress:
        report = run_check(data_dir, repair=repair, progress=progress)

    def show() -> None:
        for problem in report.problems:
            say(f"{problem.kind}: {problem.where}: {problem.detail}")
            say(f"  {problem.advice}")
        for gap in report.gaps:
            session.note(f"gap: {gap}")
        for path in report.quarantined:
            say(f"moved to {path}")
        rows = sum(report.rows.values())
        verdict = "The store is whole" if report.whole else f"{len(report.problems)} problems"
        say(f"{verdict}: {rows:,} rows in {report.files:,} files, {report.sessions:,} sessions.")

    session.result({"whole": report.whole, **report._asdict()}, show)
    if not report.whole:
        raise typer.Exit(FOUND_WRONG)


def _check_remote(session: Session, url: str, *, repair: bool) -> None:
    from vectra_player.store.remote.check import check_remote

    if repair:
        raise UsageError(
            "A copy is repaired where it comes from.", advice="Run `store sync --full` there."
        )
    with _counting(session, "objects") as progress:
        report = check_remote(url, session.home, progress=progress)

    def show() -> None:
        for problem in report.problems:
            say(f"{problem.kind}: {problem.where}: {problem.detail}")
            say(f"  {problem.advice}")
        session.note(
            f"{report.retired:,} objects wait for their removal, {report.unnamed:,} are of a sync "
            f"that did not end, {report.foreign:,} are not ours."
        )
        verdict = "The copy is whole" if report.whole else f"{len(report.problems):,} problems"
        say(
            f"{verdict}: {sum(report.rows.values()):,} rows in {report.files:,} files of "
            f"{report.days:,} days, {report.sessions:,} sessions, {report.stores:,} stores."
        )

    session.result({"whole": report.whole, **report._asdict()}, show)
    if not report.whole:
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player store compact")
def compact(
    context: typer.Context,
    today: Annotated[bool, typer.Option("--today", help="Compact today's files as well.")] = False,
) -> None:
    """Merge the small files of closed days into one a table and day."""
    from vectra_player.store.writer import EventStore

    session: Session = context.obj
    with EventStore.open(_existing(session)) as store:
        report = store.compact(force=today)
    _refresh(session)
    session.result(
        report,
        lambda: say(
            f"{report.days:,} days compacted: {report.files_before:,} files became "
            f"{report.files_after:,} ({report.rows:,} rows)."
        ),
    )


@app.command(epilog="Example: vectra-player store flush")
def flush(context: typer.Context) -> None:
    """File what waits in the journal, also while a recorder runs."""
    from vectra_player.app.control import ask_recorder
    from vectra_player.store.writer import EventStore

    session: Session = context.obj
    try:
        with EventStore.open(_existing(session)) as store:
            recovered = store.recovery
            report: Any = {"by": "this command", "recovered": recovered, "filed": store.flush()}
        _refresh(session)
    except StoreLockedError:
        report = {"by": "the recorder", "filed": ask_recorder(session.data_dir, "flush")}
    session.result(report, lambda: say(f"Everything recorded so far is filed by {report['by']}."))


@app.command(epilog="Example: vectra-player store rebuild")
def rebuild(
    context: typer.Context,
    only: Annotated[
        list[str] | None, typer.Option("--session", help="Only this session; may be repeated.")
    ] = None,
) -> None:
    """Derive every table but ws_event again from the recorded packets."""
    from vectra_player.store.layout import DataDir
    from vectra_player.store.rebuild import rebuild as run_rebuild

    session: Session = context.obj
    data_dir = DataDir.open_existing(session.data_dir)
    with _counting(session, "events") as progress:
        report = run_rebuild(data_dir, only, progress=progress)
    _refresh(session)
    session.result(
        report._asdict(),
        lambda: say(
            f"{report.events:,} events of {report.sessions:,} sessions gave "
            f"{sum(report.rows.values()):,} rows; {report.failures:,} events failed."
        ),
    )
    if report.failures:
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player store migrate --dry-run")
def migrate(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")
    ] = False,
    tz: Annotated[str | None, typer.Option(help="Time zone of naive times.")] = None,
) -> None:
    """Import the Parquet of an earlier system that lies here, and set its tree aside."""
    from vectra_player.store.migrations import migrate as run_migrate

    session: Session = context.obj
    report = run_migrate(session.data_dir, dry_run=dry_run, tz=tz)
    if not dry_run:
        _refresh(session)
    plan = report.plan

    def show() -> None:
        say(f"{plan.files:,} files, {sum(plan.rows.values()):,} rows in {plan.tree}")
        for path in plan.unreadable:
            say(f"cannot be read: {path}")
        if report.imported is None:
            say(f"Nothing was changed. The tree would be set aside as {plan.set_aside_as}.")
        else:
            say(f"{report.imported.events:,} events imported; the old tree is {plan.set_aside_as}.")

    session.result({"plan": plan._asdict(), "imported": report.imported}, show)


@app.command(epilog="Example: vectra-player store delete --session SESSION_ID")
def delete(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Option("--session", help="Delete a session.")] = None,
    player: Annotated[str | None, typer.Option(help="Delete a player's rows, by id.")] = None,
    username: Annotated[str | None, typer.Option(help="Delete a player's rows, by name.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a session, or a player's rows and the player's name everywhere else."""
    from vectra_player.store.delete import delete_player, delete_session
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    if (session_id is None) == (player is None and username is None):
        raise UsageError("Delete what?", advice="Give --session, or --player or --username.")
    data_dir = DataDir.open_existing(session.data_dir)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nobody is there to ask.", advice="Add --yes to delete for good.")
        typer.confirm(f"Delete {session_id or player or username} for good?", abort=True, err=True)
    if session_id is not None:
        report = delete_session(data_dir, session_id)
    else:
        report = delete_player(data_dir, player_id=player, username=username)
    _refresh(session, anew=True)
    session.result(
        report._asdict(),
        lambda: say(f"{sum(report.removed.values()):,} rows removed, {report.masked:,} masked."),
    )


@app.command(epilog="Example: vectra-player store backup ~/rugs-backup.tar.zst")
def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="New directory, or file ending in .tar.zst.")],
) -> None:
    """Copy the store, also while recording; every file's SHA-256 goes with it."""
    from vectra_player.store.backup import backup as run_backup
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    data_dir = DataDir.open_existing(session.data_dir)
    with _counting(session, "files") as progress:
        report = run_backup(data_dir, target, progress=progress)
    session.result(
        report._asdict(),
        lambda: say(f"{report.files:,} files ({format_bytes(report.bytes)}) in {report.target}"),
    )


@app.command(epilog="Example: vectra-player --data-dir ~/restored store restore backup.tar.zst")
def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="A backup made by `store backup`.")],
) -> None:
    """Bring a backup back into an empty data directory; every hash is verified."""
    from vectra_player.store.backup import restore as run_restore

    session: Session = context.obj
    with _counting(session, "files") as progress:
        report = run_restore(source, session.data_dir, progress=progress)
    session.result(
        report._asdict(), lambda: say(f"{report.files:,} files restored to {session.data_dir}")
    )


@app.command(epilog="Example: vectra-player store sync s3://bucket/rugs")
def sync(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where to: s3://BUCKET/PREFIX, or any fsspec URL.")],
    grace: Annotated[
        int, typer.Option(min=0, help="Seconds for which replaced files stay for their readers.")
    ] = 3600,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything there; send again what is not right.")
    ] = False,
    new_id: Annotated[
        bool, typer.Option("--new-id", help="This directory is a copy of one that syncs, too.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="This directory replaces one that is gone.")
    ] = False,
    allow_removals: Annotated[
        bool, typer.Option("--allow-removals", help="Let go there what is gone here undeleted.")
    ] = False,
) -> None:
    """Ship what is filed to object storage; each object is read back and its SHA-256 compared."""
    from vectra_player.store.layout import DataDir
    from vectra_player.store.remote.ownership import Claim
    from vectra_player.store.remote.sync import SyncOptions
    from vectra_player.store.remote.sync import sync as run_sync

    session: Session = context.obj
    if new_id and take_over:
        raise UsageError("--new-id and --take-over exclude each other.")
    claim: Claim = "new-id" if new_id else "take-over" if take_over else "own"
    options = SyncOptions(grace, full, claim, allow_removals)
    with _counting(session, "files") as progress:
        report = run_sync(DataDir.open_existing(session.data_dir), url, options, progress=progress)

    def show() -> None:
        for date, reason in report.left.items():
            say(f"{date} stays as it is there: {reason}")
        say(
            f"{report.sent:,} files sent ({format_bytes(report.bytes)}), {report.present:,} were "
            f"there, {report.removed:,} old objects removed; {report.days:,} days of store "
            f"{report.store}."
        )

    session.result(report._asdict(), show)
    if report.left:
        raise typer.Exit(FOUND_WRONG)


def _existing(session: Session) -> Path:
    from vectra_player.store.layout import DataDir

    return DataDir.open_existing(session.data_dir).root


def _refresh(session: Session, *, anew: bool = False) -> None:
    from vectra_player.app.upkeep import refresh

    refresh(session.data_dir, anew=anew)
