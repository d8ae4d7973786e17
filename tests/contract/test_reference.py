"""The generated reference pages are what the code says now."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from vectra_player.foundation.normaliser import OURS, TYPES

PROJECT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_reference", PROJECT / "scripts" / "make_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = ["commands.md", "settings.md", "schema.md", "feed.md", "http.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_current(page: str) -> None:
    module = generator()
    published = (PROJECT / "docs" / "reference" / page).read_text("utf-8")
    assert published == module.NOTE + module.PAGES[page](), "run scripts/make_reference.py"


def test_every_page_that_is_made_is_compared() -> None:
    assert list(generator().PAGES) == PAGES


@pytest.mark.parametrize("kind", [*TYPES.values(), *OURS, "pong"])
def test_every_type_of_the_feed_is_described(kind: str) -> None:
    described = (PROJECT / "docs" / "reference" / "feed.md").read_text("utf-8")
    row = next(line for line in described.splitlines() if line.startswith(f"| `{kind}` |"))
    assert len(row) > len(f"| `{kind}` | |  |")


def test_every_route_is_described() -> None:
    described = (PROJECT / "docs" / "reference" / "http.md").read_text("utf-8")
    assert {"GET /", "POST /api/recording", "GET /api/artifacts", "POST /api/replay/{id}"} <= set(
        re.findall(r"^\| `([A-Z]+ [^`]+)` \|", described, re.MULTILINE)
    )
