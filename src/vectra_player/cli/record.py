"""`up`, `record` and `demo-server`: run a source and show what it does."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Annotated

import typer
from rich.live import Live

from vectra_player.cli.session import FOUND_WRONG, Session, say, with_options
from vectra_player.cli.status import plain_line, status_panel, summary_lines

Games = Annotated[int | None, typer.Option(min=1, help="Stop after so many games.")]
Duration = Annotated[float | None, typer.Option(min=0.1, help="Stop after so many seconds.")]
Speed = Annotated[float | None, typer.Option(min=0.01, help="Speed of the demo server.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the demo server's games.")]
CloseBrowser = Annotated[
    bool, typer.Option("--close-browser", help="Close the launched Chrome at the end.")
]


class SourceName(str, Enum):
    """Where frames come from."""

    demo = "demo"
    chrome = "chrome"
    public = "public"


SourceOption = Annotated[
    SourceName, typer.Option(help="demo: built-in server; chrome: a browser; public: its feed.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player up --source chrome")(up)
    app.command(epilog="Example: vectra-player record --source demo --games 3 --speed 20")(record)
    app.command("demo-server", epilog="Example: vectra-player demo-server --port 8765 --speed 4")(
        demo_server
    )


def up(
    context: typer.Context,
    source: SourceOption = SourceName.demo,
    games: Games = None,
    duration: Duration = None,
    speed: Speed = None,
    seed: Seed = None,
    close_browser: CloseBrowser = False,
) -> None:
    """Start everything: for now the recorder with its live status."""
    _record(context.obj, source, games, duration, speed, seed, close_browser=close_browser)


def record(
    context: typer.Context,
    source: SourceOption = SourceName.demo,
    games: Games = None,
    duration: Duration = None,
    speed: Speed = None,
    seed: Seed = None,
    close_browser: CloseBrowser = False,
) -> None:
    """Record a source; no ports but what the source needs."""
    _record(context.obj, source, games, duration, speed, seed, close_browser=close_browser)


def _record(
    session: Session,
    source: SourceName,
    games: int | None,
    duration: float | None,
    speed: float | None,
    seed: int | None,
    *,
    close_browser: bool,
) -> None:
    from vectra_player.app.recorder import Limits
    from vectra_player.app.run import record_source

    session = with_options(session, {"demo_speed": speed, "demo_seed": seed})
    limits = Limits(games=games, duration_s=duration)
    session.log_to_file()
    with _StatusView(session) as view:
        summary = asyncio.run(
            record_source(
                session.settings,
                source.value,
                limits,
                view.show,
                close_browser=close_browser,
            )
        )
    session.result(summary, lambda: say("\n".join(summary_lines(summary))))
    if summary.error or summary.halted:
        raise typer.Exit(FOUND_WRONG)


class _StatusView:
    """Shows the status: a panel that updates on a terminal, a line now and then elsewhere."""

    LINE_EVERY_S = 10.0

    def __init__(self, session: Session) -> None:
        silent = session.quiet or session.json_output
        self._live = Live(console=session.console, auto_refresh=False, transient=True)
        self._tty = session.console.is_terminal and not silent
        self._lines = not self._tty and not silent
        self._next_line_s = 0.0

    def __enter__(self) -> _StatusView:
        if self._tty:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._tty:
            self._live.stop()

    def show(self, status: object) -> None:
        from vectra_player.app.recorder import Status

        assert isinstance(status, Status)
        if self._tty:
            self._live.update(status_panel(status), refresh=True)
        elif self._lines and status.elapsed_s >= self._next_line_s:
            self._next_line_s = status.elapsed_s + self.LINE_EVERY_S
            say(plain_line(status))
