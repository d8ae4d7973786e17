"""The data directory is made private, recognised, and refused when it is not ours."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.store_support import FakeClock

from vectra_player.errors import DiskError, StoreVersionError, UsageError
from vectra_player.model.rows import SCHEMA_VERSION
from vectra_player.store.layout import DIRECTORIES, DataDir, iso, utc_date


def test_a_new_directory_is_private_and_complete(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "data"
    data_dir = DataDir.open_or_create(root, clock=FakeClock())
    assert root.stat().st_mode & 0o777 == 0o700
    for name in DIRECTORIES:
        assert (root / name).stat().st_mode & 0o777 == 0o700
    manifest = json.loads(data_dir.version_file.read_bytes())
    assert manifest == {
        "schema_version": SCHEMA_VERSION,
        "layout": "vectra-1",
        "created_at": "2025-11-24T16:00:00.000+00:00",
    }
    assert data_dir.version_file.stat().st_mode & 0o777 == 0o600
    assert list(data_dir.staging.iterdir()) == []


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = DataDir.open_or_create(tmp_path / "d", clock=FakeClock())
    before = first.version_file.read_bytes()
    DataDir.open_or_create(tmp_path / "d", clock=FakeClock(0))
    assert first.version_file.read_bytes() == before


@pytest.mark.parametrize("name", ["events_parquet/x.parquet", "manifests/old.json"])
def test_a_directory_of_an_earlier_system_is_refused_with_advice(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text("{}")
    with pytest.raises(StoreVersionError) as refused:
        DataDir.open_or_create(tmp_path)
    assert "store migrate" in refused.value.advice
    assert not (tmp_path / "journal").exists(), "a refused directory stays as it was"


def test_a_copy_in_the_place_of_a_directory_is_refused_with_its_address(tmp_path: Path) -> None:
    index = tmp_path / "stores" / "0123456789abcdef" / "index.json"
    (tmp_path / "events_parquet" / "doc_type=game").mkdir(parents=True)
    index.parent.mkdir(parents=True)
    index.write_text("{}")
    tmp_path.chmod(0o700)
    with pytest.raises(StoreVersionError) as refused:
        DataDir.open_existing(tmp_path)
    assert refused.value.advice.endswith(f"--data-dir file://{tmp_path}.")
    with pytest.raises(StoreVersionError):
        DataDir.open_or_create(tmp_path)
    assert not (tmp_path / "manifests").exists()


def test_an_earlier_version_manifest_without_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "schema_version.json").write_text('{"schema_version": "1.0"}')
    with pytest.raises(StoreVersionError, match="another system"):
        DataDir.open_or_create(tmp_path)


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0", "3.0.0", "10.0.0"])
def test_a_newer_schema_is_refused_with_advice(tmp_path: Path, version: str) -> None:
    data_dir = DataDir.open_or_create(tmp_path)
    manifest = {"schema_version": version, "layout": "vectra-1"}
    data_dir.version_file.write_text(json.dumps(manifest))
    with pytest.raises(StoreVersionError, match="newer") as refused:
        DataDir.open_or_create(tmp_path)
    assert "Update" in refused.value.advice


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"layout":"vectra-1","schema_version":"x"}'])
def test_a_broken_version_manifest_is_refused(tmp_path: Path, text: str) -> None:
    data_dir = DataDir.open_or_create(tmp_path)
    data_dir.version_file.write_text(text)
    with pytest.raises(StoreVersionError):
        DataDir.open_or_create(tmp_path)


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="symbolic link"):
        DataDir.open_or_create(tmp_path / "link")
    data_dir = DataDir.open_or_create(tmp_path / "real")
    data_dir.staging.rmdir()
    data_dir.staging.symlink_to(tmp_path)
    with pytest.raises(UsageError, match="symbolic link"):
        DataDir.open_or_create(tmp_path / "real")


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
def test_a_root_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    root = tmp_path / "d"
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(UsageError, match="Other users") as refused:
        DataDir.open_or_create(root)
    assert "chmod 700" in refused.value.advice


def test_a_file_in_the_place_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises((UsageError, DiskError)):
        DataDir.open_or_create(tmp_path / "f")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_parent_that_cannot_be_written_is_said_with_advice(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="cannot be set up"):
        DataDir.open_or_create(tmp_path / "d")


def test_reading_needs_an_existing_directory_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recording"):
        DataDir.open_existing(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    made = DataDir.open_or_create(tmp_path / "d")
    assert DataDir.open_existing(tmp_path / "d").root == made.root


def test_dates_and_times_are_utc_and_never_fail() -> None:
    assert utc_date(1_764_028_799_999_999) == "2025-11-24"
    assert utc_date(1_764_028_800_000_000) == "2025-11-25"
    assert utc_date(-1) == "1969-12-31"
    assert utc_date(1 << 62) == "9999-12-31"
    assert iso(1_764_000_000_123_000) == "2025-11-24T16:00:00.123+00:00"
