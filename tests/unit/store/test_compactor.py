"""Compaction keeps every row, merges closed days only, and leaves what it cannot do untouched."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.store_support import DAY_US, SMALL, SMALL_DERIVER, START_US, FakeClock, make_frame, read

from vectra_player.model.rows import GameTick, WsEvent
from vectra_player.store import compactor
from vectra_player.store.fsops import FileOps
from vectra_player.store.schema import arrow_schema
from vectra_player.store.settings import CompactionReport, StoreSettings
from vectra_player.store.writer import EventStore


def filled(root: Path, **more: object) -> EventStore:
    """Open a store whose first day holds ten files of each type and its second day one."""
    clock = FakeClock(START_US + DAY_US)
    store = EventStore.open(
        root,
        **{"settings": SMALL, "deriver": SMALL_DERIVER, "clock": clock, **more},  # type: ignore[arg-type]
    )
    for number in range(10):
        store.import_frames(f"s{number}", [make_frame(n) for n in range(5)], last=False)
        store.flush()
    for number in range(2):
        late = [make_frame(n, ts=START_US + DAY_US) for n in range(5)]
        store.import_frames(f"t{number}", late, last=False)
        store.flush()
    return store


def files(root: Path, doc_type: str, date: str) -> list[Path]:
    """List a day's files."""
    return list(root.glob(f"events_parquet/doc_type={doc_type}/date={date}/*"))


def test_closed_days_become_one_sorted_file_and_today_stays(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        before = read(tmp_path, "ws_event", "*")
        report = store.compact()
        assert (report.days, report.files_before, report.files_after) == (2, 20, 2)
        assert report.rows == 100
        assert report.skipped == ()
        assert len(files(tmp_path, "ws_event", "2025-11-24")) == 1
        assert len(files(tmp_path, "ws_event", "2025-11-25")) == 2
        assert read(tmp_path, "ws_event", "*") == before
        assert store.compact().days == 0, "nothing is left to do"
        assert store.compact(force=True).days == 2
    (path,) = files(tmp_path, "game_tick", "2025-11-24")
    table = pq.ParquetFile(path).read()
    assert table.schema.equals(arrow_schema(GameTick))
    assert table.column("tick").to_pylist() == sorted(table.column("tick").to_pylist())
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_day_that_was_compacted_takes_more_files_and_is_compacted_again(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        store.compact()
        store.import_frames("late", [make_frame(9)], last=False)
        assert store.compact().files_before == 4
    assert len(read(tmp_path, "ws_event")) == 61


def test_large_days_are_split(tmp_path: Path) -> None:
    settings: StoreSettings = msgspec.structs.replace(SMALL, compact_file_bytes=1)
    with filled(tmp_path, settings=settings) as store:
        assert store.compact(force=True) == CompactionReport(
            seconds=store.compact(force=True).seconds
        ), "files as large as wanted stay"
    settings = msgspec.structs.replace(SMALL, compact_file_bytes=20_000)
    with filled(tmp_path / "other", settings=settings) as store:
        assert store.compact().rows == 100


def test_a_file_that_is_no_parquet_leaves_the_day_as_it_is(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (broken, *_) = files(tmp_path, "ws_event", "2025-11-24")
        broken.write_bytes(b"PAR1 but not really")
        report = store.compact()
    assert [name.split(":")[0] for name in report.skipped] == ["ws_event/2025-11-24"]
    assert len(files(tmp_path, "ws_event", "2025-11-24")) == 10
    assert len(files(tmp_path, "game_tick", "2025-11-24")) == 1
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_row_that_is_there_twice_is_not_compacted_away(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (path, *_) = files(tmp_path, "ws_event", "2025-11-24")
        shutil.copy(path, path.with_name("copy.parquet"))
        report = store.compact()
    assert "twice" in report.skipped[0]
    assert len(files(tmp_path, "ws_event", "2025-11-24")) == 11


def test_a_file_of_an_older_schema_gets_the_new_column_as_null(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (path, *_) = files(tmp_path, "ws_event", "2025-11-24")
        table = pq.ParquetFile(path).read().drop_columns(["trace_id"])
        pq.write_table(table, path)
        assert store.compact().skipped == ()
    (compacted,) = files(tmp_path, "ws_event", "2025-11-24")
    assert pq.ParquetFile(compacted).read().schema.equals(arrow_schema(WsEvent))


def test_a_column_of_somebody_else_is_not_thrown_away(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (path, *_) = files(tmp_path, "ws_event", "2025-11-24")
        table = pq.ParquetFile(path).read()
        pq.write_table(table.append_column("mine", table.column("seq")), path)
        assert "mine" in store.compact().skipped[0]


def test_a_file_system_that_cannot_exchange_keeps_its_files(tmp_path: Path) -> None:
    class Plain(FileOps):
        def exchange(self, first: Path, second: Path) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

    with filled(tmp_path, ops=Plain()) as store:
        report = store.compact()
    assert report.days == 0
    assert len(report.skipped) == 2
    assert len(read(tmp_path, "ws_event")) == 60


@pytest.mark.parametrize("number", range(3))
def test_leftovers_of_a_killed_compaction_go_at_the_next_start(tmp_path: Path, number: int) -> None:
    with filled(tmp_path):
        pass
    names = ["compact-ws_event-2025-11-24", "duckdb-spill", "file-x.parquet"]
    (tmp_path / "staging" / "somebody-elses").mkdir()
    leftover = tmp_path / "staging" / names[number]
    leftover.mkdir()
    (leftover / "f").write_text("")
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER):
        pass
    assert [path.name for path in (tmp_path / "staging").iterdir()] == ["somebody-elses"]


def test_a_value_that_changed_on_the_way_keeps_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = compactor._encoded

    def changed(tables: Iterator[pa.Table], schema: pa.Schema, size: int) -> Iterator[memoryview]:
        if "raw" not in schema.names:
            yield from encoded(tables, schema, size)
            return
        other = pa.Table.from_batches([batch for table in tables for batch in table.to_batches()])
        place = other.schema.get_field_index("raw")
        texts = ["other", *other.column(place).to_pylist()[1:]]
        field = other.schema.field(place)
        other = other.set_column(place, field, pa.array(texts, field.type))
        yield from encoded(iter([other]), schema, size)

    monkeypatch.setattr(compactor, "_encoded", changed)
    with filled(tmp_path) as store:
        before = read(tmp_path, "ws_event", "*")
        report = store.compact()
        assert ["rows differ" in line for line in report.skipped] == [True]
        assert read(tmp_path, "ws_event", "*") == before
