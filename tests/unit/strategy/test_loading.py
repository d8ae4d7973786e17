"""Strategies are found by name or path; a file that cannot be used says why and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vectra_player.errors import UsageError
from vectra_player.strategy import Strategy
from vectra_player.strategy.builtin.playbooks import Momentum
from vectra_player.strategy.builtin.sidebets import ProfileSidebet, Sidebet
from vectra_player.strategy.loading import BUILT_IN, find, listed, make, of_profile
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.scaffold import new_strategy

GOOD = '''
from dataclasses import dataclass
from vectra_player.strategy import Buy, Strategy

@dataclass
class Note:
    """Not what is listed."""

    tick: int

class Mine(Strategy):
    """Buys.

    At once.
    """
'''


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_built_in_strategies_are_found_by_name() -> None:
    assert find("momentum") is Momentum
    assert all(name == kind.name for name, kind in BUILT_IN.items())
    assert make("sidebet", {"max_bets": 3}).params.max_bets == 3


def test_a_file_is_found_by_the_name_it_has_in_the_folder_and_by_its_path(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    for name in ("mine", str(path), f"{path}:Mine"):
        kind = find(name, tmp_path)
        assert (kind.name, issubclass(kind, Strategy)) == ("mine", True)


def test_a_changed_file_is_loaded_anew(tmp_path: Path) -> None:
    first = find(str(written(tmp_path, GOOD)))
    second = find(str(written(tmp_path, GOOD.replace("Buys.", "Sells."))))
    assert (first.description()[:4], second.description()[:4]) == ("Buys", "Sell")
    assert not (tmp_path / "__pycache__").exists()


def test_a_built_in_name_is_not_taken_by_a_file(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "momentum.py")
    assert find("momentum", tmp_path) is Momentum
    problems = {one.name: one.problem for one in listed(tmp_path) if one.origin == "file"}
    assert "built-in" in problems["momentum"]


TWO = GOOD + "\nclass Other(Strategy):\n    pass\n"


@pytest.mark.parametrize(
    ("text", "suffix", "told"),
    [
        ("def broken(:\n", "", r"line 1: SyntaxError: "),
        ("x = 1\n\nraise OSError('no disk')\n", "", r"line 3: OSError: no disk"),
        ("import sys\nsys.exit(2)\n", "", r"line 2: SystemExit: 2"),
        ("import no_such_module_here\n", "", r"line 1: ModuleNotFoundError"),
        ("from vectra_player.strategy import Strategy\n", "", "defines no class derived from"),
        (TWO, "", r"several strategies: Mine, Other. Name one: .*mine.py:Mine"),
        (GOOD, ":Note", "defines no strategy class Note"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_where(
    tmp_path: Path, text: str, suffix: str, told: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=told) as caught:
        find(f"{path}{suffix}")
    assert "mine.py" in str(caught.value)


def test_one_of_several_is_named_with_the_path(tmp_path: Path) -> None:
    assert find(f"{written(tmp_path, TWO)}:Other").name == "other"


def test_what_is_not_there_is_said_with_advice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="strategy new nix"):
        find("nix", tmp_path)
    with pytest.raises(UsageError, match="There is no file"):
        find(str(tmp_path / "nix.py"))
    with pytest.raises(UsageError, match="named by its path"):
        find("Nix!", tmp_path)
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        find("bytes", tmp_path)


def test_a_constructor_that_fails_is_named(tmp_path: Path) -> None:
    written(tmp_path, GOOD + "\n    def __init__(self, params=None):\n        1 / 0\n")
    with pytest.raises(UsageError, match="mine could not be made: ZeroDivisionError"):
        make("mine", None, tmp_path)


def test_listing_runs_nobodys_code(tmp_path: Path) -> None:
    written(tmp_path, GOOD + "\nraise RuntimeError('ran')\n")
    written(tmp_path, "def broken(:\n", "broken.py")
    files = {one.name: one for one in listed(tmp_path) if one.origin == "file"}
    assert (files["mine"].summary, files["mine"].problem) == ("Buys.", "")
    assert files["broken"].problem.startswith("line 1: ")
    assert [one.name for one in listed(None)] == list(BUILT_IN)


def test_every_built_in_strategy_says_that_it_does_not_win() -> None:
    for kind in BUILT_IN.values():
        text = kind.description()
        assert any(word in text for word in ("below zero", "mean loss", "expectation")), kind


def test_a_profile_names_what_plays() -> None:
    assert isinstance(of_profile(Profile(name="p")), ProfileSidebet)
    momentum = of_profile(Profile(name="p", strategy="momentum", params={"lookback": 7}))
    assert (type(momentum), momentum.params.lookback) == (Momentum, 7)
    assert isinstance(make("sidebet"), Sidebet)


@pytest.mark.parametrize("name", ["mine", "my-idea", "a_b", "2nd", "buy", "params"])
def test_a_scaffold_is_a_strategy_that_works(tmp_path: Path, name: str) -> None:
    path = new_strategy(tmp_path / "strategies", name)
    assert path == tmp_path / "strategies" / f"{name}.py"
    strategy: Any = make(name, {"hold_ticks": 3}, path.parent)
    assert (strategy.params.buy_tick, strategy.params.hold_ticks) == (20, 3)
    with pytest.raises(UsageError, match="exists"):
        new_strategy(path.parent, name)


@pytest.mark.parametrize("name", ["", "Mine", "a b", "../x", "momentum", "x" * 65])
def test_a_bad_or_taken_name_makes_no_scaffold(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        new_strategy(tmp_path, name)
    assert list(tmp_path.iterdir()) == []
