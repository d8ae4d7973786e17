"""`store check` finds what is wrong, and only that."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from tests.store_support import SMALL, SMALL_DERIVER, make_frame

from vectra_player.store import check as module
from vectra_player.store.check import CheckReport, check
from vectra_player.store.dataset import StoreRoot
from vectra_player.store.parquet import encode
from vectra_player.store.schema import to_table
from vectra_player.store.writer import EventStore


def kinds(report: CheckReport) -> list[str]:
    return [problem.kind for problem in report.problems]


def some_file(tree: Any, doc_type: str = "ws_event") -> Path:
    return min(tree.data_dir.events.glob(f"doc_type={doc_type}/*/*.parquet"))


def test_a_sound_store_is_whole(recorded: Any) -> None:
    report = check(recorded.data_dir)
    assert report.whole
    assert report.gaps == []
    assert (report.sessions, report.rows["ws_event"], report.rows["game_tick"]) == (2, 84, 80)
    assert report.files == sum(1 for _ in recorded.data_dir.events.rglob("*.parquet"))


def test_an_empty_store_is_whole(tree: Any) -> None:
    assert check(tree.data_dir).whole


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(200, 260):
        data[place] ^= 0xFF
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, garble, empty])
def test_a_damaged_file_is_found_and_set_aside(
    recorded: Any, damage: Callable[[Path], None]
) -> None:
    path = some_file(recorded)
    damage(path)
    report = check(recorded.data_dir)
    assert "damaged" in kinds(report)
    assert path.exists()
    repaired = check(recorded.data_dir, repair=True)
    assert not path.exists()
    (name,) = repaired.quarantined
    reason = json.loads((recorded.root / (name + ".json")).read_text())
    assert reason["kind"] == "damaged"
    after = check(recorded.data_dir)
    assert "damaged" not in kinds(after)
    assert [(gap.session_id, gap.reason) for gap in after.gaps] == [("s1", "missing")]
    assert "orphan" in kinds(after)


def test_other_columns_and_types_are_found(recorded: Any) -> None:
    path = some_file(recorded, "game_tick")
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.drop_columns(["price"]), path)
    assert "schema" in kinds(check(recorded.data_dir))
    place = table.schema.get_field_index("price")
    strings = table.set_column(place, "price", table.column("price").cast(pa.string()))
    pq.write_table(strings, path)
    report = check(recorded.data_dir)
    assert [problem.detail for problem in report.problems if problem.kind == "schema"] == [
        "column price is string, not double"
    ]


def test_foreign_files_are_found(recorded: Any) -> None:
    events = recorded.data_dir.events
    (events / "notes.txt").write_text("x")
    (events / "doc_type=ws_event" / "x.parquet").write_text("x")
    (events / "doc_type=unknown").mkdir()
    (some_file(recorded).parent / ".tmp.parquet").write_text("x")
    (some_file(recorded).parent / "link.parquet").symlink_to(some_file(recorded))
    report = check(recorded.data_dir)
    assert kinds(report).count("foreign") == 5


def test_rows_in_the_wrong_day_are_found(tree: Any) -> None:
    tree.add(tree.ws(1, "2"))
    path = some_file(tree)
    other = tree.data_dir.day("ws_event", "2025-12-31")
    other.mkdir(parents=True)
    path.rename(other / path.name)
    assert kinds(check(tree.data_dir)) == ["wrong_date"]


def test_doubled_rows_are_found(recorded: Any) -> None:
    path = some_file(recorded)
    (path.parent / "again.parquet").write_bytes(path.read_bytes())
    report = check(recorded.data_dir)
    assert set(kinds(report)) == {"duplicate"}
    assert "stored 2 times" in report.problems[0].detail


def test_a_tick_stored_twice_under_two_seqs_is_found(tree: Any) -> None:
    tree.add(tree.ws(1, "2"), tree.ws(2, "2"))
    tree.add(tree.tick(0, 1.0))
    tree.add(tree.tick(0, 1.0, seq=2))
    assert kinds(check(tree.data_dir)) == ["duplicate"]


def test_a_price_list_that_differs_by_one_bit_is_found(tree: Any) -> None:
    tree.add(*(tree.ws(seq, "2") for seq in range(1, 4)))
    prices = [1.0, 1.1, 1.2100000000000002]
    tree.add(*(tree.tick(i, price) for i, price in enumerate(prices)))
    tree.add(tree.game(prices=[*prices, 0.02], seq=3))
    assert check(tree.data_dir).whole
    tree.add(tree.game(prices=[1.0, 1.1, 1.21, 0.02], seq=3))
    assert kinds(check(tree.data_dir)) == ["prices"]


def test_missing_seqs_are_listed(tree: Any) -> None:
    tree.add(*(tree.ws(seq, "2") for seq in (3, 4, 7)))
    assert [tuple(gap) for gap in check(tree.data_dir).gaps] == [
        ("s1", 1, 2, "missing"),
        ("s1", 5, 6, "missing"),
    ]


def test_deleted_seqs_are_told_from_lost_ones(tree: Any) -> None:
    tree.add(*(tree.ws(seq, "2") for seq in (1, 5)))
    note = [{"session_id": "s1", "seqs": [3]}]
    (tree.data_dir.manifests / "deletions.json").write_bytes(msgspec.json.encode(note))
    assert [tuple(gap)[1:] for gap in check(tree.data_dir).gaps] == [
        (2, 2, "missing"),
        (3, 3, "deleted"),
        (4, 4, "missing"),
    ]


def test_a_derived_row_without_its_event_is_found(tree: Any) -> None:
    tree.add(tree.ws(1, "2"))
    tree.add(tree.tick(0, 1.0), tree.tick(1, 1.0))
    (problem,) = check(tree.data_dir).problems
    assert (problem.kind, problem.where) == ("orphan", "game_tick s1")


def test_an_interrupted_rebuild_is_found(tree: Any) -> None:
    (tree.data_dir.manifests / "rebuild_pending.json").write_text("{}")
    assert kinds(check(tree.data_dir)) == ["interrupted"]


def test_nulls_where_none_may_be_are_found(tree: Any) -> None:
    (path,) = tree.add(tree.ws(1, "2"))
    table = to_table([tree.ws(1, "2")], type(tree.ws(1, "2")))
    place = table.schema.get_field_index("raw")
    nulled = table.set_column(place, pa.field("raw", pa.string()), pa.array([None], pa.string()))
    pq.write_table(nulled, path)
    assert "schema" in kinds(check(tree.data_dir))


def test_a_flipped_bit_is_found_or_changes_nothing(tree: Any) -> None:
    row = tree.ws(1, '42["e",{"price":1.5}]')
    rows = [msgspec.structs.replace(row, seq=seq, raw=row.raw * seq) for seq in range(1, 40)]
    (path,) = tree.add(*rows)
    table = to_table(rows, type(row))
    data = bytes(encode(table))
    (file,) = StoreRoot(pafs.LocalFileSystem(), str(tree.root)).files("ws_event")
    rng = random.Random(5)
    for _ in range(400):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        if module._file_fault(tree.data_dir, file) is None:
            assert pq.read_table(path, partitioning=None).equals(table)


class Meanwhile:
    """Do something at the first file that was checked, as a recorder would."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def __call__(self, files: int) -> None:
        act, self.act = self.act, None
        if act is not None:
            act()


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[EventStore]:
    with EventStore.open(tmp_path / "live", settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.start_session("demo", "127.0.0.1")
        for number in range(6):
            store.append(make_frame(number))
            store.flush()
        yield store


def test_what_is_filed_during_a_check_is_no_problem(recording: EventStore) -> None:
    def go_on() -> None:
        recording.append(make_frame(9))
        recording.flush()

    report = check(recording.data_dir, progress=Meanwhile(go_on))
    assert report.problems == []


def test_a_day_compacted_during_a_check_is_no_problem(recording: EventStore) -> None:
    report = check(recording.data_dir, progress=Meanwhile(lambda: recording.compact(force=True)))
    assert report.problems == []
    assert report.rows["game_tick"] == 6
