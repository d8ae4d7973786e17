"""`strategy list`, `show` and `new`: one JSON document, clear errors, the contract's exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.command_support import run_warm as run

from vectra_player.strategy.loading import BUILT_IN


def test_every_built_in_strategy_is_listed_and_shown(tmp_path: Path) -> None:
    listed = run("--data-dir", tmp_path / "d", "--json", "strategy", "list")
    assert listed.code == 0
    assert [one["name"] for one in listed.json] == list(BUILT_IN)
    shown = run("strategy", "show", "momentum", "--json").json
    assert {"name": "lookback", "low": 1, "high": 500}.items() <= next(
        field.items() for field in shown["params"] if field["name"] == "lookback"
    )
    assert "below zero" in shown["description"]


def test_a_strategy_is_begun_once_and_then_known(tmp_path: Path) -> None:
    data = ("--data-dir", tmp_path / "d")
    made = run(*data, "strategy", "new", "my-idea", "--json")
    assert (made.code, Path(made.json["file"]).name) == (0, "my-idea.py")
    again = run(*data, "strategy", "new", "my-idea")
    assert (again.code, "exists" in again.error_line) == (2, True)
    assert run(*data, "strategy", "show", "my-idea").code == 0
    assert "my-idea" in run(*data, "strategy", "list").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nix"), "There is no strategy 'nix'"),
        (("show", "nowhere/nix.py"), "There is no file"),
        (("new", "Bad Name"), "no name of a strategy"),
        (("new", "momentum"), "built-in"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    ended = run("--data-dir", tmp_path / "d", "strategy", *words)
    assert ended.code == 2
    assert told in ended.error_line


def test_a_file_that_cannot_be_used_is_listed_with_its_line(tmp_path: Path) -> None:
    data = ("--data-dir", tmp_path / "d")
    folder = Path(run(*data, "strategy", "new", "mine", "--json").json["file"]).parent
    (folder / "broken.py").write_text("def broken(:\n")
    listed = run(*data, "strategy", "list", "--json")
    assert listed.code == 1
    broken = next(one for one in listed.json if one["name"] == "broken")
    assert broken["problem"].startswith("line 1: ")
    shown = run(*data, "strategy", "show", "broken")
    assert (shown.code, "broken.py, line 1: SyntaxError" in shown.error_line) == (2, True)
