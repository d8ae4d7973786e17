"""A bundle of options is seen by the parser option by option, and by the command as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from vectra_player.cli.bundles import unbundled

TAKEN: list[tuple[int, Chosen, bool]] = []


@dataclass(frozen=True)
class Named:
    """The options of a bundle come first from the one it extends."""

    name: Annotated[str, typer.Argument(help="Who.")]
    words: Annotated[list[str], typer.Option("--word", help="What.")] = field(
        default_factory=lambda: ["all"]
    )


@dataclass(frozen=True)
class Chosen(Named):
    """A bundle with an option of its own."""

    size: Annotated[int, typer.Option(min=1, help="How much.")] = 3


app = typer.Typer()


@app.command()
@unbundled
def command(
    context: typer.Context,
    *,
    first: Annotated[int, typer.Option(help="Before the bundle.")] = 1,
    chosen: Chosen,
    last: Annotated[bool, typer.Option("--last", help="After it.")] = False,
) -> None:
    """Take what is asked."""
    TAKEN.append((first, chosen, last))


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        (["me"], (1, Chosen("me", ["all"], 3), False)),
        (["me", "--word", "a", "--word", "b"], (1, Chosen("me", ["a", "b"], 3), False)),
        (["--size", "7", "me", "--first", "2", "--last"], (2, Chosen("me", ["all"], 7), True)),
    ],
)
def test_a_command_gets_its_bundle_as_one_value(
    line: list[str], taken: tuple[int, Chosen, bool]
) -> None:
    assert CliRunner().invoke(app, line).exit_code == 0
    assert TAKEN.pop() == taken


def test_the_help_shows_each_option_where_its_bundle_stands() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Take what is asked." in shown
    places = [shown.index(f"--{name}") for name in ("first", "word", "size", "last")]
    assert places == sorted(places)


@pytest.mark.parametrize("line", [[], ["me", "--size", "0"], ["me", "--chosen", "x"]])
def test_what_an_option_refuses_is_refused(line: list[str]) -> None:
    assert CliRunner().invoke(app, line).exit_code == 2
    assert TAKEN == []
