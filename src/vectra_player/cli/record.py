"""`record` and `demo-server`: run a source and show what it does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from vectra_player.cli.session import FOUND_WRONG, Session, say, with_options
from vectra_player.cli.status import plain_line, status_panel, summary_lines
from vectra_player.errors import SourceError

if TYPE_CHECKING:
    from vectra_player.app.progress import Status, Summary

Games = Annotated[int | None, typer.Option(min=1, help="Stop after so many games.")]
Duration = Annotated[float | None, typer.Option(min=0.1, help="Stop after so many seconds.")]
Speed = Annotated[float | None, typer.Option(min=0.01, help="Speed of the demo server.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the demo server's games.")]
CloseBrowser = Annotated[
    bool, typer.Option("--close-browser", help="Close the launched Chrome at the end.")
]


class SourceName(StrEnum):
    """Where frames come from."""

    demo = "demo"
    practice = "practice"
    chrome = "chrome"
    public = "public"


SourceOption = Annotated[
    SourceName,
    typer.Option(
        help="demo: built-in server; practice: its page in a Chrome; "
        "chrome: the game's page in a Chrome; public: its feed."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player record --source demo --games 3 --speed 20")(record)
    app.command("demo-server", epilog="Example: vectra-player demo-server --port 8765 --speed 4")(
        demo_server
    )


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
    from vectra_player.app.progress import Limits
    from vectra_player.app.run import record_source

    session = open_to_record(context.obj, speed, seed)
    with StatusView(session) as view:
        summary = asyncio.run(
            record_source(
                session.settings,
                source.value,
                Limits(games=games, duration_s=duration),
                view.show,
                close_browser=close_browser,
            )
        )
    show_summary(session, summary)


def open_to_record(session: Session, speed: float | None, seed: int | None) -> Session:
    """Lay the options of the demo over the settings; open the data directory for its log."""
    from vectra_player.store.layout import DataDir

    session = with_options(session, {"demo_speed": speed, "demo_seed": seed})
    DataDir.open_or_create(session.data_dir)
    session.log_to_file()
    return session


def show_summary(session: Session, summary: Summary) -> None:
    """Print what a run came to; ends the command with 1 where something went wrong, 2 at once."""
    if summary.error and not summary.events:
        raise SourceError(summary.error)
    session.result(summary, lambda: say("\n".join(summary_lines(summary))))
    if summary.error or summary.halted:
        raise typer.Exit(FOUND_WRONG)


class StatusView:
    """Shows the status: a panel that updates on a terminal, a line now and then elsewhere.

    A halt is told on standard error whatever was asked for: the log may lie on the full disk.
    """

    LINE_EVERY_S = 10.0

    def __init__(self, session: Session) -> None:
        silent = session.quiet or session.json_output
        self._live = Live(console=session.console, auto_refresh=False, transient=True)
        self._tty = session.console.is_terminal and not silent
        self._lines = not self._tty and not silent
        self._next_line_s = 0.0
        self._halted: str | None = None

    def __enter__(self) -> StatusView:
        if self._tty:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._tty:
            self._live.stop()

    def show(self, status: Status) -> None:
        """Show a status."""
        if self._tty:
            self._live.update(status_panel(status), refresh=True)
        elif self._lines and status.elapsed_s >= self._next_line_s:
            self._next_line_s = status.elapsed_s + self.LINE_EVERY_S
            say(plain_line(status))
        if not self._tty:  # the panel's title says it
            self._tell_halt(status.halted)

    def _tell_halt(self, halted: str | None) -> None:
        if bool(halted) != bool(self._halted):
            told = f"Recording halted: {halted}." if halted else "Recording goes on."
            say(told, to_stderr=True)
        self._halted = halted


def demo_server(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 0,
    speed: Speed = None,
    seed: Seed = None,
    games: Games = None,
    events: Annotated[
        Path | None, typer.Option(help="Replay this capture instead of playing games.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Write every packet sent and received, as ground truth.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Do wrong: drop@5, restart=3@10, acks=missing ... May repeat."),
    ] = None,
    golden_hour: Annotated[
        bool, typer.Option("--golden-hour", help="Play golden games with drawings.")
    ] = False,
    instant: Annotated[
        bool,
        typer.Option("--instant", help="Answer orders at once, not after the measured delays."),
    ] = False,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve the built-in game: provably fair rounds, a page with the real page's buttons."""
    from vectra_player.demo.server import DemoServer, run_demo_server
    from vectra_player.demo.settings import AT_ONCE, DemoSettings, Latency

    session = with_options(context.obj, {"demo_speed": speed, "demo_seed": seed})
    settings = DemoSettings(
        port=port,
        speed=session.settings.demo_speed,
        seed=session.settings.demo_seed,
        games=games,
        events=events,
        log=log,
        faults=tuple(fault or ()),
        golden_hour=golden_hour,
        latency=AT_ONCE if instant else Latency(),
    )

    def announce(server: DemoServer) -> None:
        told = {"url": server.url, "port": server.port, "seed": server.seed}
        session.result(told, lambda: say(f"The game runs at {server.url} (seed {server.seed})."))
        sys.stdout.flush()
        if until_stdin_closes:
            _stop_when_stdin_closes()

    run_demo_server(settings, ready=announce)


def _stop_when_stdin_closes() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
