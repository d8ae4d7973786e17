"""`outlet send|status` and `collect`: several recorders, one place that has all they recorded."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.session import FOUND_WRONG, Session, configure_logging, say
from vectra_player.errors import StoreLockedError

if TYPE_CHECKING:
    from vectra_player.app.outlet import OutletStatus
    from vectra_player.outlet.address import Address
    from vectra_player.outlet.collector import Collected

app = typer.Typer(
    help="Send what is recorded here to a broker, for a collector elsewhere.",
    no_args_is_help=True,
)


def register(main: typer.Typer) -> None:
    """Add the commands of this group."""
    main.command(epilog="Example: vectra-player collect nats://192.168.1.5:4222")(collect)
    main.add_typer(app, name="outlet")


@app.command(epilog="Example: vectra-player outlet send")
def send(
    context: typer.Context,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Send what was recorded and not sent yet, then end. `up` and `record` do it by themselves."""
    from vectra_player.app.outlet import send as run_send
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    logs = DataDir.open_existing(session.data_dir).logs
    configure_logging(session.settings.log_level, logs / "outlet.log")
    progress = run_send(session.settings, supervised=supervised)
    session.result(progress, lambda: say(f"{progress.sent:,} events sent."))
    if progress.state == "waiting":
        say(f"Not everything is sent: {progress.reason}.", to_stderr=True)
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player outlet status")
def status(context: typer.Context) -> None:
    """Tell how many events wait to be sent and to be collected, and what the sender waits for."""
    from vectra_player.app.outlet import outlet_status

    session: Session = context.obj
    found = outlet_status(session.local.settings)
    session.result(found, lambda: _show(found))


def _show(found: OutletStatus) -> None:
    why = f": {found.reason}" if found.reason else ""
    doing = f"{found.state if found.sending else 'nothing sends now'}{why}"
    say(
        f"{found.broker}: {doing}. {found.behind:,} events of {found.sessions:,} sessions wait to "
        f"be sent; {found.uncollected:,} are at the broker and were not collected at the last look."
    )


def collect(
    context: typer.Context,
    broker: Annotated[str, typer.Argument(help="The broker, nats://HOST:4222.")],
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is left instead of following.")
    ] = False,
    credentials: Annotated[
        Path | None,
        typer.Option(help="File with `user:password` or a token [VECTRA_OUTLET_CREDENTIALS]."),
    ] = None,
) -> None:
    """Collect what recorders send to a broker into this data directory, each event once."""
    from vectra_player.app.upkeep import refresh
    from vectra_player.extras import needed
    from vectra_player.outlet.address import parse_address

    session: Session = context.obj
    needed("cluster", "The collector", "nats")
    address = parse_address(broker, credentials or session.settings.outlet_credentials)
    address.login()
    report = asyncio.run(_collect(session, address, once=once))
    refresh(session.data_dir)
    session.result(report, lambda: say(_told(report)))
    if report.bad_messages:
        raise typer.Exit(FOUND_WRONG)


async def _collect(session: Session, address: Address, *, once: bool) -> Collected:
    from vectra_player.app.build import store_settings
    from vectra_player.outlet.collector import Collector
    from vectra_player.store.writer import EventStore

    def tell(waiting: str) -> None:
        session.note(f"Waiting: {waiting}." if waiting else f"Collecting from {address.url}.")

    try:
        store = EventStore.open(session.data_dir, settings=store_settings(session.settings))
    except StoreLockedError as error:
        advice = "Collect into a directory of its own with --data-dir, or stop the recorder."
        raise StoreLockedError(error.message, advice=advice) from None
    with store:
        session.log_to_file()
        collector = Collector(store, address, tell)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, collector.stop)
        return await collector.run(once=once)


def _told(report: Collected) -> str:
    bad = f" {report.bad_messages:,} messages were no events of ours: see quarantine/."
    return (
        f"{report.events:,} events of {report.sessions:,} sessions collected; "
        f"{report.duplicates:,} came once more and were here already."
        f"{bad if report.bad_messages else ''}"
    )
