"""The command line: parse, call, print. No logic lives here.

Exit codes: 0 fine; 1 it ran and found something wrong; 2 it could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vectra_player import __version__
from vectra_player.cli import data, record, store, system
from vectra_player.cli.session import FOUND_WRONG, NOT_RUN, Session, open_session, say
from vectra_player.errors import UsageError, VectraError

app = typer.Typer(
    name="vectra-player",
    help="Record, keep and understand rugs.fun games on your own machine.",
    epilog="--data-dir, --json and --quiet may stand anywhere on the line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
record.register(app)
data.register(app)
system.register(app)
app.add_typer(store.app, name="store")

GLOBAL_FLAGS = frozenset({"--json", "--quiet"})
GLOBAL_VALUES = frozenset({"--data-dir"})


@app.callback()
def _globals(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where recordings lie [RUGS_DATA_DIR or ~/rugs_data].")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one machine-readable result; logs go to stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print results only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if version:
        say(__version__)
        raise typer.Exit
    context.obj = open_session(data_dir, json_output=json, quiet=quiet)


def hoist_globals(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that they may follow the command too."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL_FLAGS or (word.partition("=")[0] in GLOBAL_VALUES and "=" in word):
            front.append(word)
        elif word in GLOBAL_VALUES:
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process with the contract's exit code."""
    words = hoist_globals(sys.argv[1:] if arguments is None else arguments)
    try:
        app(words, prog_name="vectra-player")
    except UsageError as error:
        _fail(error, NOT_RUN)
    except VectraError as error:
        _fail(error, FOUND_WRONG)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FOUND_WRONG)


def _fail(error: VectraError, code: int) -> None:
    say(f"vectra-player: {error}", to_stderr=True)
    sys.exit(code)


__all__ = ["Session", "app", "hoist_globals", "main"]
