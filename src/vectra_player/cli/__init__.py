"""The command line: parse, call, print. No logic lives here.

Exit codes: 0 fine; 1 it ran and found something wrong; 2 it could not run.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from vectra_player import __version__
from vectra_player.cli import (
    alerts,
    analyze,
    artifacts,
    backtest,
    data,
    drift,
    episodes,
    fairness,
    foundation,
    index,
    mcp,
    outlet,
    profiles,
    record,
    replay,
    simulate,
    store,
    strategy,
    system,
    trade,
)
from vectra_player.cli.arguments import hoist_globals
from vectra_player.cli.session import FOUND_WRONG, NOT_RUN, open_session, say
from vectra_player.errors import DamageError, VectraError

app = typer.Typer(
    name="vectra-player",
    help="Record, keep and understand rugs.fun games on your own machine.",
    epilog="--data-dir, --json and --quiet may stand anywhere on the line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
foundation.register(app)
replay.register(app)
record.register(app)
data.register(app)
fairness.register(app)
simulate.register(app)
backtest.register(app)
drift.register(app)
mcp.register(app)
outlet.register(app)
system.register(app)
app.add_typer(analyze.app, name="analyze")
app.add_typer(profiles.app, name="profiles")
app.add_typer(strategy.app, name="strategy")
app.add_typer(store.app, name="store")
app.add_typer(index.app, name="index")
app.add_typer(episodes.app, name="episodes")
app.add_typer(trade.app, name="trade")
app.add_typer(alerts.app, name="alerts")
app.add_typer(artifacts.app, name="artifacts")


def _print_version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="Where recordings lie [RUGS_DATA_DIR or ~/rugs_data]; for commands that only read "
            "also an address that `store sync` ships to.",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one machine-readable result; logs go to stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print results only.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    context.obj = open_session(data_dir, json_output=json, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process with the contract's exit code."""
    words = hoist_globals(sys.argv[1:] if arguments is None else arguments)
    try:
        with _stoppable():
            code = app(words, prog_name="vectra-player", standalone_mode=False)
    except _WRONG_LINE as error:
        _refuse_line(error)
    except typer.Abort:
        _fail("Nothing was done.", FOUND_WRONG)
    except DamageError as error:
        _fail(error, FOUND_WRONG)
    except VectraError as error:
        _fail(error, NOT_RUN)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FOUND_WRONG)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}. Mend that and try again.", NOT_RUN)
    if code == _INTERRUPTED:
        _fail("Stopped.", FOUND_WRONG)
    sys.exit(code)


_INTERRUPTED = 130
"""What the parser makes of a KeyboardInterrupt."""


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, its cleaning up included.

    Commands that end in an orderly way of their own set their handlers over this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut the cleaning up
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


_WRONG_LINE: Any = typer.BadParameter.__mro__[1]
"""What the parser raises for a line it cannot read; typer publishes only this kind of it."""


def _refuse_line(error: Any) -> NoReturn:
    """Say in one line what is wrong; a command without its subcommand prints its help instead."""
    if error.ctx is None or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        sys.exit(NOT_RUN)
    reason = " ".join(error.format_message().split()).rstrip(".")
    reason = reason.replace(": Value error, ", ": ", 1)  # the parser's own, of a choice
    _fail(f"{reason}. Try '{error.ctx.command_path} --help'.", NOT_RUN)


def _fail(error: VectraError | str, code: int) -> NoReturn:
    say(f"vectra-player: {error}", to_stderr=True)
    sys.exit(code)
