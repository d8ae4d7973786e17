"""docs/architecture.md names what is in the tree, and the layers are those that are checked."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "src" / "vectra_player"
PAGE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")


def section(title: str) -> str:
    """Return the text under a heading of the second level."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def named_parts(table: str) -> set[str]:
    """Return what a table of the package section lists, as paths below the package."""
    rows = section("Package").partition(f"| {table} |")[2].split("\n\n")[0]
    return set(re.findall(r"^\| `([a-z_/]+/|[a-z_]+\.py)` \|", rows, re.MULTILINE))


FINISHED = named_parts("in `src/vectra_player`")
BEING_BUILT = named_parts("being built")
LATER = set(re.findall(r"`(\w+)`", section("Package").split("These come later")[1]))


def files_in_the_tree() -> list[Path]:
    """Return the files of the package: the tracked ones in a checkout, else all."""
    git = subprocess.run(
        ["git", "ls-files", "-z", "."], cwd=PACKAGE, capture_output=True, text=True, check=False
    )
    tracked = [PACKAGE / name for name in git.stdout.split("\0") if name]
    return [path for path in tracked if path.exists()] or list(PACKAGE.rglob("*.*"))


def parts_in_the_tree() -> set[str]:
    """Return every package, and every module beside the packages."""
    files = [path for path in files_in_the_tree() if path.suffix == ".py"]
    folders = {f"{path.parent.relative_to(PACKAGE)}/" for path in files if path.parent != PACKAGE}
    modules = {path.name for path in files if path.parent == PACKAGE}
    return folders | modules - {"__init__.py"}


def layers_in_the_contract() -> list[str]:
    """Return the layers import-linter checks, from the top."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(c["layers"] for c in contracts if c["type"] == "layers")
    return layers


def test_every_package_and_module_is_named() -> None:
    assert parts_in_the_tree() - FINISHED - BEING_BUILT == set()


@pytest.mark.parametrize("part", sorted(FINISHED))
def test_nothing_is_named_that_does_not_exist(part: str) -> None:
    assert (PACKAGE / part).exists()


def test_the_layers_are_those_that_are_checked() -> None:
    listed = section("Layers").split("```layers\n")[1].split("```")[0].splitlines()
    assert listed == layers_in_the_contract()


def test_finished_parts_are_listed() -> None:
    assert {"foundation/", "web/", "client/", "replay/", "store/"} <= FINISHED
    assert not FINISHED & BEING_BUILT


def test_layers_in_brackets_are_those_that_are_not_finished() -> None:
    bracketed = set(re.findall(r"\((\w+)\)", "\n".join(layers_in_the_contract())))
    started = {part.split("/")[0] for part in BEING_BUILT}
    assert bracketed - started - FINISHED == LATER


@pytest.mark.parametrize("name", sorted(LATER))
def test_a_layer_that_comes_later_is_not_there_yet(name: str) -> None:
    assert {f"{name}/", f"{name}.py"} & parts_in_the_tree() == set()


@pytest.mark.parametrize("path", re.findall(r"`([a-z_/]+\.py)`", section("Where to look")))
def test_files_to_look_at_exist(path: str) -> None:
    assert (PACKAGE / path).is_file()
