"""The generated reference pages are what the code says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.mark.parametrize("page", ["commands.md", "settings.md", "schema.md"])
def test_the_page_is_current(page: str) -> None:
    module = generator()
    published = (PROJECT / "docs" / "reference" / page).read_text("utf-8")
    assert published == module.NOTE + module.PAGES[page](), "run scripts/make_reference.py"
