"""Real recordings through the whole read side: check, rebuild, export and import again."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.conftest import RealStore

from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.check import check
from vectra_player.store.delete import delete_session
from vectra_player.store.export import export
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir
from vectra_player.store.profile import read_profile, update_profile
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild
from vectra_player.store.views import REGISTERED_AS

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.timeout(600)]


def contents(root: Path) -> dict[str, pa.Table]:
    with StoreReader(root) as reader:
        return {
            name: reader.fetch(
                f"SELECT * FROM {REGISTERED_AS.get(name, name)} ORDER BY session_id, seq, sub"
            )
            for name in DOC_TYPES
        }


@pytest.fixture(scope="module")
def imported(real_store: RealStore, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A store with every real capture in it, for these tests alone."""
    root = tmp_path_factory.mktemp("copied") / "data"
    shutil.copytree(real_store.root, root)
    return DataDir.open_existing(root)


def test_an_imported_store_is_whole(imported: DataDir) -> None:
    report = check(imported)
    assert report.problems == []
    assert report.gaps == []
    assert report.rows["game_tick"] > 10_000


def test_a_rebuild_of_real_recordings_gives_identical_rows(imported: DataDir) -> None:
    before = contents(imported.root)
    report = rebuild(imported)
    assert report.failures == 0
    after = contents(imported.root)
    for name in DOC_TYPES:
        assert after[name].equals(before[name]), name


def test_exported_events_come_in_again_as_they_were(imported: DataDir, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    report = export(imported, "ws_event", "jsonl", out)
    again = tmp_path / "again"
    import_paths([out], again)
    before, after = contents(imported.root), contents(again)
    assert report.rows == before["ws_event"].num_rows
    for name in DOC_TYPES:
        assert after[name].equals(before[name]), name


def test_the_profile_counts_every_event(imported: DataDir) -> None:
    assert update_profile(imported, 300).complete
    profile = read_profile(imported)
    with StoreReader(imported.root) as reader:
        expected = reader.stats().events
    counted: Counter[str] = Counter()
    for event in profile.events.values():
        counted[event.name] += event.count
    assert counted == expected
    assert "$.tickCount" in profile.events["gameStateUpdate received"].fields


def test_deleting_a_real_session_leaves_the_others_whole(imported: DataDir) -> None:
    with StoreReader(imported.root) as reader:
        sessions = reader.sessions()
    victim = max(sessions, key=lambda info: info.events)
    before = contents(imported.root)
    delete_session(imported, victim.session_id)
    report = check(imported)
    assert report.problems == []
    after = contents(imported.root)
    for name in DOC_TYPES:
        others = before[name].filter(
            pc.not_equal(before[name].column("session_id"), victim.session_id)
        )
        assert after[name].equals(others), name
