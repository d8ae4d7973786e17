"""Whoever follows a recording gets every durable row once, in order, wherever it lies just now."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.store_support import SMALL, make_frame

from vectra_player.errors import DiskError
from vectra_player.model.frame import Frame
from vectra_player.model.rows import WsEvent
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.tail import Tail
from vectra_player.store.writer import EventStore

ROOMY = 1 << 30


def append(store: EventStore, count: int, **changes: object) -> None:
    seq = 0
    for number in range(count):
        seq = store.append(make_frame(number, **changes))
    assert store.wait_durable(seq, 20)


def read_all(tail: Tail, session_id: str, limit: int = 7) -> list[WsEvent]:
    rows: list[WsEvent] = []
    after = 0
    while True:
        found = tail.read(session_id, after, limit, ROOMY)
        if found.through == after:
            return rows
        rows += found.rows
        after = found.through


def test_rows_come_from_journal_and_files_alike(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        tail = Tail(DataDir(tmp_path))
        append(store, 20)
        in_journal = read_all(tail, session_id)
        store.flush()
        filed = read_all(tail, session_id)
        append(store, 5)
        both = read_all(tail, session_id)
        store.stop_session("test")
        tail.close()
    with StoreReader(tmp_path) as reader:
        whole = list(reader.read_ws_events(session_id))
    assert [row.seq for row in both] == list(range(1, 27))
    assert (in_journal, filed, both) == (whole[:21], whole[:21], whole[:26])


def test_reading_goes_on_within_a_group(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        append(store, 30)
        found = Tail(DataDir(tmp_path)).read(session_id, 11, 1, ROOMY)
        assert found.rows[0].seq == 12
        assert found.rows[-1].seq == found.through


def test_sessions_that_move_are_those_that_are_open_or_not_filed(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        tail = Tail(DataDir(tmp_path))
        first = store.start_session("demo", "127.0.0.1")
        append(store, 3)
        store.stop_session("test")
        second = store.start_session("demo", "127.0.0.1")
        append(store, 2)
        store.flush()
        moving = tail.extents(all_sessions=False)
        every = {
            one.session_id: (one.open, one.last_seq) for one in tail.extents(all_sessions=True)
        }
    assert [(one.session_id, one.open, one.last_seq) for one in moving] == [(second, True, 3)]
    assert every == {first: (False, 5), second: (True, 3)}


def test_imported_sessions_are_not_followed(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        store.import_frames("brought-in", [make_frame(1)], last=True)
        assert Tail(DataDir(tmp_path)).extents(all_sessions=True) == []


def test_a_session_that_crashed_is_read_to_the_fact_that_says_so(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        append(store, 4)
    with EventStore.open(tmp_path, settings=SMALL):
        rows = read_all(Tail(DataDir(tmp_path)), session_id)
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1].event_name == "vectra.crash_recovered"


def test_a_damaged_group_waits_for_its_filing_and_the_rest_follows(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        append(store, 3)
        first_part = store.durable_seq
        append(store, 3)
        append(store, 3)
        path = DataDir(tmp_path).journal_file
        with closing(sqlite3.connect(path)) as journal, journal:
            journal.execute("UPDATE groups SET blob = x'00' WHERE first_seq = ?", (first_part + 1,))
        tail = Tail(DataDir(tmp_path))
        before = read_all(tail, session_id)
        store.flush()
        after = read_all(tail, session_id)
        tail.close()
    with StoreReader(tmp_path) as reader:
        filed = list(reader.read_ws_events(session_id))
    assert [row.seq for row in before] == list(range(1, first_part + 1))
    assert [row.event_name for row in after].count("vectra.gap") == 1
    assert after[-1].seq == first_part + 6
    assert after == filed


def test_a_directory_without_a_journal_has_nothing_to_follow(tmp_path: Path) -> None:
    tail = Tail(DataDir(tmp_path))
    assert tail.extents(all_sessions=True) == []
    assert tail.read("session", 0, 10, ROOMY).rows == ()


def test_a_journal_that_is_none_is_told(tmp_path: Path) -> None:
    data_dir = DataDir.open_or_create(tmp_path)
    data_dir.journal_file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DiskError, match="journal cannot be read"):
        Tail(data_dir).extents(all_sessions=True)


def test_a_read_is_bounded_in_rows_and_bytes(tmp_path: Path) -> None:
    frames: list[Frame] = [make_frame(number, raw="x" * 1_000) for number in range(10)]
    with EventStore.open(tmp_path, settings=SMALL) as store:
        session_id = store.start_session("demo", "127.0.0.1")
        for frame in frames:  # a commit each: a group is never cut
            assert store.wait_durable(store.append(frame), 20)
        tail = Tail(DataDir(tmp_path))
        assert len(tail.read(session_id, 0, 4, ROOMY).rows) == 4
        assert len(tail.read(session_id, 1, 100, 3_000).rows) == 3
        store.flush()
        assert len(tail.read(session_id, 0, 4, ROOMY).rows) == 4
        tail.close()
