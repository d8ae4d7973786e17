"""The doctor sees what is there, says how to mend it, and changes nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store_support import SMALL, SMALL_DERIVER, make_frame

from vectra_player.app import doctor
from vectra_player.app.doctor import Finding
from vectra_player.config import Settings, load
from vectra_player.store.writer import EventStore

Check = Callable[[Settings], Finding]


def settings_of(root: Path) -> Settings:
    return load({"data_dir": root}, {}).settings


def record(root: Path, frames: int = 3) -> None:
    with EventStore.open(root, settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.start_session("demo", "127.0.0.1")
        for number in range(frames):
            store.append(make_frame(number, ts=time.time_ns() // 1000))
        store.stop_session("test")


@pytest.mark.parametrize("name", ["plain", "a#b", "a?b", "a%20b"])
def test_a_whole_journal_is_found_whole_whatever_its_directory_is_called(
    tmp_path: Path, name: str
) -> None:
    record(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    found = doctor._journal(settings_of(tmp_path / name))
    assert (found.outcome, "whole" in found.seen) == ("ok", True)
    assert sorted(tmp_path.iterdir()) == [tmp_path / name]
    assert set(before) <= set(tmp_path.rglob("*"))


def test_a_damaged_journal_is_a_problem(tmp_path: Path) -> None:
    record(tmp_path / "data")
    journal = tmp_path / "data" / "journal" / "journal.sqlite"
    with sqlite3.connect(journal) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    journal.write_bytes(b"no database" * 1000)
    assert doctor._journal(settings_of(tmp_path / "data")).outcome == "problem"


def test_a_damaged_index_is_a_problem_and_none_is_not(tmp_path: Path) -> None:
    record(tmp_path / "data")
    assert doctor._index(settings_of(tmp_path / "data")).outcome == "ok"
    (tmp_path / "data" / "chroma").mkdir()
    (tmp_path / "data" / "chroma" / "chroma.sqlite3").write_bytes(b"half of one")
    found = doctor._index(settings_of(tmp_path / "data"))
    assert (found.outcome, "index build" in found.mend) == ("problem", True)


@pytest.mark.parametrize("check", [doctor._data_dir, doctor._journal, doctor._index, doctor._clock])
@pytest.mark.parametrize("exists", [True, False])
def test_a_directory_nobody_recorded_into_is_no_problem(
    tmp_path: Path, check: Check, exists: bool
) -> None:
    root = tmp_path / "data"
    if exists:
        root.mkdir(mode=0o700)
    assert check(settings_of(root)).outcome == "ok"
    assert root.exists() is exists


def test_an_earlier_systems_directory_is_a_problem_with_advice(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o700)
    (root / "events_parquet" / "doc_type=ws_event").mkdir(parents=True)
    found = doctor._data_dir(settings_of(root))
    assert (found.outcome, "store migrate" in found.mend) == ("problem", True)


def test_the_disk_is_said_to_last_as_long_as_the_last_days_suggest(tmp_path: Path) -> None:
    assert "days" not in doctor._disk(settings_of(tmp_path / "data")).seen
    record(tmp_path / "data")
    assert "MiB a day: enough for" in doctor._disk(settings_of(tmp_path / "data")).seen


@pytest.mark.parametrize(("version", "outcome"), [("119.0.6045.1", "warning"), ("156.0.1", "ok")])
def test_a_browser_too_old_to_capture_is_named(tmp_path: Path, version: str, outcome: str) -> None:
    chrome = tmp_path / "chrome"
    chrome.write_text(f"#!/bin/sh\necho Chromium {version} built on Debian 12\n")
    chrome.chmod(0o700)
    settings = load({"data_dir": tmp_path / "data", "chrome_path": chrome}, {}).settings
    assert doctor._chrome(settings).outcome == outcome
