"""`dashboard` and `open`: the pages over what was recorded, and a fresh login link to them."""

from __future__ import annotations

import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from vectra_player.cli.session import Session, configure_logging, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

OF_MONITOR = ("monitor", "artifacts", "metrics")
"""First words of pages the monitor has; all others are the dashboard's."""


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player dashboard")(dashboard)
    app.command("open", epilog="Example: vectra-player open games")(open_page)


def dashboard(
    context: typer.Context,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the dashboard in the browser.")
    ] = False,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Serve the dashboard alone; live parts appear while `up` or `foundation` runs."""
    from vectra_player.app.dashboard import run_alone, run_supervised
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    logs = DataDir.open_or_create(session.data_dir).logs
    configure_logging(session.settings.log_level, logs / "dashboard.log")
    if supervised:
        run_supervised(session.settings, sys.stdin.buffer.readline())
        return

    def ready(link: str) -> None:
        line = f"Dashboard: {link} (works once; `vectra-player open` makes another)"
        say(line, to_stderr=session.json_output)
        sys.stdout.flush()
        if open_browser:
            webbrowser.open(link)

    run_alone(session.settings, ready)


def open_page(
    context: typer.Context,
    page: Annotated[
        str, typer.Argument(help="Page, such as games, monitor or artifacts/live-monitor/.")
    ] = "",
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the link instead of opening it.")
    ] = False,
) -> None:
    """Open the running dashboard or monitor in the browser with a fresh login link."""
    session: Session = context.obj
    word = page.strip("/").partition("/")[0]
    if word == "monitor":
        page = page.strip("/").removeprefix("monitor")
    link = login_link(session.data_dir, of_monitor=word in OF_MONITOR)
    if page.strip("/"):
        link += "&next=" + quote("/" + page.lstrip("/"), safe="/")
    opened = not print_only and not session.json_output and webbrowser.open(link)
    told = f"Opened {link.partition('/login')[0]}." if opened else link
    session.result({"link": link}, lambda: say(told))


def login_link(data_dir: Path, *, of_monitor: bool) -> str:
    """Return a fresh link to the dashboard, or to the monitor where asked or where there is none.

    Raises:
        UsageError: neither runs.
    """
    from vectra_player.app.control import ask_recorder
    from vectra_player.app.dashboard import lone_link

    link = None
    try:
        if not of_monitor:
            link = ask_recorder(data_dir, "login-dashboard")
        beside = None if of_monitor or link else lone_link(data_dir)
        return str(link or beside or ask_recorder(data_dir, "login"))
    except UsageError:
        beside = lone_link(data_dir)
        if beside is None:
            raise
        return beside
