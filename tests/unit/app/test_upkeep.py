"""What is made from the recordings follows them, also when they shrink."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.store_support import SMALL, make_frame

from vectra_player.app.upkeep import refresh
from vectra_player.cli import main
from vectra_player.store.layout import DataDir
from vectra_player.store.profile import read_profile
from vectra_player.store.writer import EventStore


def record(root: Path) -> str:
    with EventStore.open(root, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        store.append(make_frame(1))
        store.stop_session("test")
    return session_id


def test_a_deleted_session_leaves_no_trace_in_the_profile(tmp_path: Path) -> None:
    gone, kept = record(tmp_path), record(tmp_path)
    refresh(tmp_path)
    assert set(read_profile(DataDir(tmp_path)).sessions) == {gone, kept}
    with pytest.raises(SystemExit) as ended:
        main(["store", "delete", "--session", gone, "--yes", "--data-dir", str(tmp_path)])
    assert not ended.value.code
    profile = read_profile(DataDir(tmp_path))
    assert set(profile.sessions) == {kept}
    assert profile.events["tick received"].count == 1


def test_where_nothing_was_recorded_nothing_is_made(tmp_path: Path) -> None:
    refresh(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
