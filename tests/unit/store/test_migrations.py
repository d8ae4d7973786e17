"""The way from older versions and from an earlier system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vectra_player.errors import StoreVersionError, UsageError
from vectra_player.store.layout import DataDir
from vectra_player.store.migrations import Step, convert_chain, migrate, plan_migration, upgrade


def add_column(name: str) -> Any:
    return lambda doc_type, table: table.append_column(name, pa.nulls(table.num_rows))


STEPS = (Step("1.0.0", "1.1.0", add_column("b")), Step("1.1.0", "2.0.0", add_column("c")))


def test_steps_are_chained_to_the_current_version() -> None:
    table = upgrade("game", pa.table({"a": [1]}), "1.0.0", STEPS, "2.0.0")
    assert table.schema.names == ["a", "b", "c"]
    assert [step.before for step in convert_chain("1.1.0", STEPS, "2.0.0")] == ["1.1.0"]
    assert convert_chain("2.0.0") == []


def test_a_version_without_a_way_is_refused() -> None:
    for version in ("9.0.0", "0.1.0", ""):
        with pytest.raises(StoreVersionError, match="no way"):
            convert_chain(version, STEPS, "2.0.0")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A directory an earlier system filled."""
    root = tmp_path / "old"
    root.mkdir(mode=0o700)
    (root / "manifests").mkdir()
    (root / "manifests" / "schema_version.json").write_text('{"version": "1.0.0"}')
    for doc_type, count in (("ws_event", 3), ("game_tick", 2)):
        day = root / "events_parquet" / f"doc_type={doc_type}" / "date=2025-12-20"
        day.mkdir(parents=True)
        rows = [
            {
                "session_id": "old-1",
                "seq": index,
                "ts": f"2025-12-20T10:00:0{index}+00:00",
                "source": "cdp",
                "doc_type": doc_type,
                "game_id": "20251220-aa",
                "event_name": "gameStateUpdate",
                "raw_json": json.dumps({"gameId": "20251220-aa", "tickCount": index}),
            }
            for index in range(count)
        ]
        pq.write_table(pa.Table.from_pylist(rows), day / "a.parquet")
    return root


def test_an_earlier_directory_is_refused_until_it_is_migrated(earlier: Path) -> None:
    with pytest.raises(StoreVersionError, match="another system"):
        DataDir.open_or_create(earlier)


def test_a_dry_run_tells_and_changes_nothing(earlier: Path) -> None:
    before = sorted(str(path) for path in earlier.rglob("*"))
    report = migrate(earlier, dry_run=True)
    assert report.imported is None
    assert report.plan.rows == {"ws_event": 3, "game_tick": 2}
    assert sorted(str(path) for path in earlier.rglob("*")) == before


def test_a_directory_of_ours_needs_no_migration(tree: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs no migration"):
        plan_migration(tree.root)
    with pytest.raises(UsageError, match="no events_parquet"):
        plan_migration(tmp_path)


def test_the_old_tree_is_set_aside_and_its_events_imported(earlier: Path) -> None:
    pytest.importorskip("vectra_player.live.derive")
    pytest.importorskip("vectra_player.protocol.describe")
    from vectra_player.store.reads import StoreReader

    old = {p.name: p.read_bytes() for p in earlier.rglob("doc_type=ws_event/*/*.parquet")}
    report = migrate(earlier)
    assert report.imported is not None
    assert report.imported.events == 3
    (aside,) = earlier.glob("events_parquet.before-*")
    assert {p.name: p.read_bytes() for p in aside.rglob("doc_type=ws_event/*/*.parquet")} == old
    with StoreReader(earlier) as reader:
        rows = reader.fetch("SELECT raw FROM ws_event_rows").column(0).to_pylist()
    assert sum('"tickCount": 1' in str(raw) or '"tickCount":1' in str(raw) for raw in rows) == 1
    assert not (earlier / "migration.json").exists()
    with pytest.raises(UsageError, match="needs no migration"):
        migrate(earlier)


def test_a_migration_cut_short_goes_on(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vectra_player.live.derive")
    pytest.importorskip("vectra_player.protocol.describe")

    def killed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vectra_player.store.migrations.import_paths", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate(earlier)
    monkeypatch.undo()
    report = migrate(earlier)
    assert report.imported is not None
    assert report.imported.events == 3
    assert len(list(earlier.glob("events_parquet.before-*"))) == 1
