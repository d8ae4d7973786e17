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


NAMED = set(re.findall(r"^\| `([a-z_/]+/|[a-z_]+\.py)` \|", section("Package"), re.MULTILINE))
"""What the package section lists, as paths below the package."""


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
    assert parts_in_the_tree() - NAMED == set()


@pytest.mark.parametrize("part", sorted(NAMED))
def test_nothing_is_named_that_does_not_exist(part: str) -> None:
    assert (PACKAGE / part).exists()


def test_the_layers_are_those_that_are_checked() -> None:
    listed = section("Layers").split("```layers\n")[1].split("```")[0].splitlines()
    assert listed == layers_in_the_contract()


@pytest.mark.parametrize("path", re.findall(r"`([a-z_/]+\.py)`", section("Where to look")))
def test_files_to_look_at_exist(path: str) -> None:
    assert (PACKAGE / path).is_file()
