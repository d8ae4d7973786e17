"""Each file is counted once; a day whose files were exchanged is counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.analysis_support import Tree

from vectra_player.dashboard.data.days import DayCounts
from vectra_player.dashboard.data.store import Store, StoreLimits
from vectra_player.model.rows import GameTick
from vectra_player.store.schema import to_table

SQL = "SELECT date, session_id, count(*) AS n FROM rows GROUP BY date, session_id"
DAY = "2025-12-20"


class CountingStore(Store):
    """Notes which files each statement was run over."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, StoreLimits(look_s=0, fresh_s=0))
        self.counted: list[list[str]] = []

    def count(self, doc_type: str, files: Sequence[tuple[str, int]], sql: str) -> list[Any]:
        self.counted.append(sorted(Path(path).name for path, _ in files))
        return super().count(doc_type, files, sql)


def put(root: Path, name: str, count: int, day: str = DAY, session: str = "s1") -> Path:
    rows = [Tree.tick(number, 1.0, "g", session, seq=number + 1) for number in range(count)]
    folder = root / "events_parquet" / "doc_type=game_tick" / f"date={day}"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(to_table(rows, GameTick), folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


def total(counts: DayCounts) -> int:
    return sum(row["n"] for row in counts.rows())


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path)


def test_only_files_that_are_new_are_counted(store: CountingStore) -> None:
    counts = DayCounts(store, "game_tick", SQL)
    put(store.data_dir, "a", 3)
    assert total(counts) == 3
    put(store.data_dir, "b", 4)
    put(store.data_dir, "c", 5, day="2025-12-21")
    assert total(counts) == 12
    assert total(counts) == 12
    assert store.counted == [["a.parquet"], ["b.parquet", "c.parquet"]]


def test_a_compacted_day_is_counted_anew_and_the_others_are_not(store: CountingStore) -> None:
    counts = DayCounts(store, "game_tick", SQL)
    old = [put(store.data_dir, name, 2) for name in "ab"]
    put(store.data_dir, "c", 1, day="2025-12-21")
    assert total(counts) == 5
    for path in old:
        path.unlink()
    put(store.data_dir, "joined", 4)
    assert total(counts) == 5
    assert store.counted[1:] == [["joined.parquet"]]


def test_a_day_that_was_deleted_is_gone(store: CountingStore) -> None:
    counts = DayCounts(store, "game_tick", SQL)
    path = put(store.data_dir, "a", 3)
    assert total(counts) == 3
    path.unlink()
    assert counts.rows() == []


def test_days_come_in_order(store: CountingStore) -> None:
    counts = DayCounts(store, "game_tick", SQL)
    put(store.data_dir, "late", 1, day="2025-12-22")
    counts.rows()
    put(store.data_dir, "early", 1, day="2025-12-20")
    dates = [str(row["date"]) for row in counts.rows()]
    assert dates == sorted(dates)
