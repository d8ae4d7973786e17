"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from vectra_player.store.importers import ImportReport

PROJECT = Path(__file__).resolve().parent.parent

# What tests stand on says what was wrong in as many words as the tests themselves.
_BESIDE = [path.stem for path in Path(__file__).parent.glob("[!_]*") if path.stem != "conftest"]
pytest.register_assert_rewrite(*(f"tests.{name}" for name in _BESIDE))

# A shell starts what runs in its background deaf to Ctrl-C, and so would be every command here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests start some hundreds of processes: each would compile the whole product anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Load once what the workers' commands are forked from: it takes seconds."""
    if getattr(config.option, "numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ:
        from tests.command_support import SHARED_WARM_SERVER, start_warm_server

        os.environ[SHARED_WARM_SERVER] = start_warm_server()


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later look for garbage: it stays to the end."""
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real captures; the test is skipped where it is absent."""
    folder = Path(os.environ.get("VECTRA_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.json").is_file():
        pytest.skip(
            f"no real captures at {folder}: set VECTRA_REAL_DATA to a folder that holds them"
        )
    return folder


class RealStore(NamedTuple):
    """A data directory with every real capture in it, and what the import said."""

    root: Path
    report: ImportReport


@pytest.fixture(scope="session")
def real_store(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealStore:
    """Every real capture, imported once. To be read only: a test that writes copies it first."""
    from vectra_player.store.importers import import_paths

    root = tmp_path_factory.mktemp("real") / "data"
    return RealStore(root, import_paths([real_data], root))
