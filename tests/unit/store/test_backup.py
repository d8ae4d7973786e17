"""Copies that can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from vectra_player.errors import DamageError, UsageError
from vectra_player.store import backup as module
from vectra_player.store.backup import MANIFEST, backup, restore
from vectra_player.store.check import check
from vectra_player.store.layout import DataDir


def parquet(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")
    }


@pytest.mark.parametrize("name", ["copy", "copy.tar.zst"])
def test_a_restored_backup_is_the_store_again(recorded: Any, tmp_path: Path, name: str) -> None:
    (recorded.root / "config.toml").write_text("query_rows = 5\n")
    (recorded.data_dir.profiles / "p.json").write_text("{}")
    (recorded.data_dir.root / "strategies" / "mine.py").write_text("pass")
    (recorded.data_dir.root / "artifacts" / "tool.js").write_text("")
    report = backup(recorded.data_dir, tmp_path / name)
    target = tmp_path / "back"
    restored = restore(tmp_path / name, target)
    assert restored.files == report.files
    assert parquet(target) == parquet(recorded.root)
    assert (target / "config.toml").read_text() == "query_rows = 5\n"
    assert (target / "profiles" / "p.json").exists()
    assert (target / "strategies" / "mine.py").exists()
    assert (target / "artifacts" / "tool.js").exists()
    assert check(DataDir.open_existing(target)).whole


@pytest.mark.parametrize("name", ["copy", "copy.tar.zst"])
def test_an_altered_backup_is_refused_and_leaves_no_target(
    recorded: Any, tmp_path: Path, name: str
) -> None:
    backup(recorded.data_dir, tmp_path / name)
    victim = tmp_path / name
    if victim.is_dir():
        victim = sorted(victim.rglob("*.parquet"))[3]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    with pytest.raises((DamageError, UsageError)):
        restore(tmp_path / name, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert list(tmp_path.glob(".*partial*")) == []


@pytest.mark.parametrize("name", ["copy", "copy.tar.zst"])
def test_a_backup_in_the_making_is_nobody_elses_to_read(
    recorded: Any, tmp_path: Path, name: str
) -> None:
    modes: set[int] = set()
    unfinished = f".{name}.partial-*"
    backup(
        recorded.data_dir,
        tmp_path / name,
        progress=lambda _: modes.update(path.stat().st_mode for path in tmp_path.glob(unfinished)),
    )
    assert modes
    assert {mode & 0o077 for mode in modes} == {0}


@pytest.mark.parametrize("name", ["copy", "copy.tar.zst"])
def test_a_backup_to_a_missing_directory_is_refused(
    recorded: Any, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="no directory"):
        backup(recorded.data_dir, tmp_path / "missing" / name)


def test_a_backup_that_lacks_a_file_is_refused(recorded: Any, tmp_path: Path) -> None:
    backup(recorded.data_dir, tmp_path / "copy")
    next((tmp_path / "copy").rglob("*.parquet")).unlink()
    with pytest.raises(DamageError, match="missing"):
        restore(tmp_path / "copy", tmp_path / "back")


def test_names_that_lead_outside_are_refused(recorded: Any, tmp_path: Path) -> None:
    backup(recorded.data_dir, tmp_path / "copy")
    manifest = tmp_path / "copy" / MANIFEST
    content = msgspec.json.decode(manifest.read_bytes())
    content["files"] = {"../../evil": ["00", 1]}
    manifest.write_bytes(msgspec.json.encode(content))
    with pytest.raises(DamageError, match="outside"):
        restore(tmp_path / "copy", tmp_path / "back")


def test_a_backup_into_any_data_directory_is_refused(recorded: Any, tmp_path: Path) -> None:
    other = DataDir.open_or_create(tmp_path / "other")
    for around in (recorded.data_dir, other):
        with pytest.raises(UsageError, match="inside the data directory"):
            backup(recorded.data_dir, around.root / "copy")
        assert not (around.root / "copy").exists()


def test_nothing_is_overwritten(recorded: Any, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(UsageError, match="exists"):
        backup(recorded.data_dir, tmp_path / "copy")
    with pytest.raises(UsageError, match="inside"):
        backup(recorded.data_dir, recorded.root / "exports" / "copy")
    backup(recorded.data_dir, tmp_path / "good")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "good", tmp_path / "full")
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "full", tmp_path / "back")


def test_a_day_exchanged_during_a_backup_is_copied_again(
    recorded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = module._wanted
    calls = []

    def stale_once(data_dir: DataDir) -> Any:
        calls.append(1)
        yield from wanted(data_dir)
        if len(calls) == 1:
            yield data_dir.events / "doc_type=ws_event" / "date=2026-01-01" / "gone.parquet"

    monkeypatch.setattr(module, "_wanted", stale_once)
    backup(recorded.data_dir, tmp_path / "copy")
    assert len(calls) == 2
    assert parquet(tmp_path / "copy") == parquet(recorded.root)
