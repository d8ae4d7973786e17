"""A store, and a place to ship it to: a folder, which fsspec knows by its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from vectra_player.store.remote.sync import SyncOptions, SyncReport, sync


class Place(NamedTuple):
    """Where a store is shipped to, and where its readers keep what they fetched."""

    url: str
    folder: Path
    home: Path

    def objects(self, *kinds: str) -> list[str]:
        """Return the names of the objects there; `kinds`: only in these folders."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        names = sorted(path.relative_to(self.folder).as_posix() for path in found)
        return [name for name in names if not kinds or name.split("/")[0] in kinds]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path / "home"))
    return Place(f"file://{tmp_path}/lake", tmp_path / "lake", tmp_path / "home")


@pytest.fixture
def ship(place: Place) -> Callable[..., SyncReport]:
    """Ship a store; options by name."""

    def ship(data_dir: Any, **options: Any) -> SyncReport:
        return sync(data_dir, place.url, SyncOptions(**options))

    return ship
