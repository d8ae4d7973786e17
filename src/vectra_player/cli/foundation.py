"""`up` and `foundation`: feed and monitor, with or without recording, dashboard or not."""

from __future__ import annotations

import asyncio
import threading
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli import dashboard, replay
from vectra_player.cli.record import (
    CloseBrowser,
    Duration,
    Games,
    Seed,
    SourceName,
    SourceOption,
    Speed,
    StatusView,
    open_to_record,
    show_summary,
)
from vectra_player.cli.session import Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.app.foundation import Ready
    from vectra_player.app.progress import Limits

REPLAY = "replay:"

NoDashboard = Annotated[
    bool, typer.Option("--no-dashboard", help="Serve feed and monitor only, no dashboard.")
]
UpSource = Annotated[
    str,
    typer.Option(
        metavar="[demo|chrome|public|replay:GAME_ID|replay:FILE]",
        help="demo: built-in server; chrome: a browser; public: its feed; replay: no recorder.",
    ),
]
AllowLive = Annotated[
    bool,
    typer.Option("--allow-live", help="Second of three switches for pressing the real page."),
]
OpenBrowser = Annotated[bool, typer.Option("--open", help="Open the first page in the browser.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player up --source chrome")(up)
    app.command(epilog="Example: vectra-player foundation --source public")(foundation)
    dashboard.register(app)


def up(
    context: typer.Context,
    source: UpSource = SourceName.demo.value,
    games: Games = None,
    duration: Duration = None,
    speed: Speed = None,
    seed: Seed = None,
    close_browser: CloseBrowser = False,
    no_dashboard: NoDashboard = False,
    open_browser: OpenBrowser = False,
    allow_live: AllowLive = False,
) -> None:
    """Start everything: recorder, live feed, monitor, dashboard; or a replay in their place."""
    from vectra_player.app.progress import Limits

    if allow_live and source != SourceName.chrome.value:
        raise UsageError("--allow-live presses buttons in a Chrome.", advice="Add --source chrome.")
    if source.startswith(REPLAY):
        what, pace = source.removeprefix(REPLAY), 1.0 if speed is None else speed
        replay.serve(context.obj, what, pace, duration=duration, open_browser=open_browser)
        return
    chosen = _source(source)
    session = open_to_record(context.obj, speed, seed)
    limits = Limits(games=games, duration_s=duration)
    _serve(
        session,
        chosen,
        limits,
        recording=True,
        close_browser=close_browser,
        open_browser=open_browser,
        dashboard=not no_dashboard,
        allow_live=allow_live,
    )


def _source(name: str) -> SourceName:
    if name not in list(SourceName):
        known = ", ".join(SourceName)
        raise UsageError(
            f"No source is called {name!r}.", advice=f"Use one of {known}, replay:GAME_ID."
        )
    return SourceName(name)


def foundation(
    context: typer.Context,
    source: SourceOption = SourceName.demo,
    speed: Speed = None,
    seed: Seed = None,
    close_browser: CloseBrowser = False,
    open_browser: OpenBrowser = False,
) -> None:
    """Serve live feed and monitor; nothing is recorded until the page is told to."""
    from vectra_player.app.progress import Limits

    session = open_to_record(context.obj, speed, seed)
    _serve(
        session,
        source,
        Limits(),
        recording=False,
        close_browser=close_browser,
        open_browser=open_browser,
    )


def _serve(
    session: Session,
    source: SourceName,
    limits: Limits,
    *,
    recording: bool,
    close_browser: bool,
    open_browser: bool,
    dashboard: bool = False,
    allow_live: bool = False,
) -> None:
    from vectra_player.app.foundation import run_foundation

    with StatusView(session) as view:

        def ready(found: Ready) -> None:
            announce(session, found)
            if open_browser:
                link = found.new_login()
                threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()

        summary = asyncio.run(
            run_foundation(
                session.settings,
                source.value,
                limits,
                view.show,
                recording=recording,
                dashboard=dashboard,
                close_browser=close_browser,
                allow_live=allow_live,
                ready=ready,
            )
        )
    show_summary(session, summary)


def announce(session: Session, found: Ready) -> None:
    """Print the login link, once; where standard output is for the result, on standard error."""
    front = "Monitor" if found.dashboard is None else "Dashboard"
    line = f"{front}: {found.login} (works once; `vectra-player open` makes another)"
    if session.json_output:
        say(line, to_stderr=True)
        return
    session.note(line)
    if found.dashboard is not None:
        session.note(f"Monitor: {found.monitor} (the same login)")
    session.note(f"Feed: {found.feed}")
