"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

# What tests stand on says what was wrong in as many words as the tests themselves.
_BESIDE = [path.stem for path in Path(__file__).parent.glob("[!_]*") if path.stem != "conftest"]
pytest.register_assert_rewrite(*(f"tests.{name}" for name in _BESIDE))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real captures; the test is skipped where it is absent."""
    folder = Path(os.environ.get("VECTRA_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.json").is_file():
        pytest.skip(
            f"no real captures at {folder}: set VECTRA_REAL_DATA to a folder that holds them"
        )
    return folder
