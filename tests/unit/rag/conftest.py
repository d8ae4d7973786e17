"""Small stores and pages, so that a build takes moments."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.rag_support import WordEmbedder, make_store

from vectra_player.rag.build import BuildReport, build_index
from vectra_player.rag.corpus import Page
from vectra_player.store.layout import DataDir

PAGES = [
    Page(f"knowledge/page{n}.md", f"# Page {n}\n\n## About `name{n}A`\n\nText number {n}.\n")
    for n in range(6)
]

Build = Callable[..., BuildReport]


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with three games; copied, never written to."""
    return make_store(tmp_path_factory.mktemp("rag")).root


@pytest.fixture
def home(stored: Path, tmp_path: Path) -> DataDir:
    """A data directory of one's own, with three games."""
    shutil.copytree(stored, tmp_path / "data")
    return DataDir.open_existing(tmp_path / "data")


@pytest.fixture
def build(home: DataDir) -> Build:
    """Build the small index of `home`."""

    def run(**changes: Any) -> BuildReport:
        values: dict[str, Any] = {"embedder": WordEmbedder(), "pages": PAGES}
        return build_index(home, **{**values, **changes})

    return run
