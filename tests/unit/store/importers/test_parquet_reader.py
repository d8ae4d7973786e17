"""Parquet of others is read in a confined child, whatever it holds."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vectra_player.errors import DecodeError
from vectra_player.store.importers.parquet import ParquetReader


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ParquetReader]:
    with ParquetReader([tmp_path]) as opened:
        yield opened


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def landlock_works() -> bool:
    code = "from vectra_player.store.confine import allow_reading_only as a; print(a([]))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return answer.stdout.strip() == b"True"


def rows(reader: ParquetReader, path: Path) -> list[dict[str, Any]]:
    return [row for batch in reader.rows(path) for row in batch]


def test_rows_come_back_with_times_in_microseconds(reader: ParquetReader, tmp_path: Path) -> None:
    moment = datetime(2025, 12, 15, 1, 17, 11, 142710, UTC)
    path = write(tmp_path / "a", seq=list(range(450)), ts=[moment] * 450, raw=["ü"] * 450)
    found = rows(reader, path)
    assert [row["seq"] for row in found] == list(range(450))
    assert found[0] == {"seq": 0, "ts": 1765761431142710, "raw": "ü"}


def test_a_peek_gives_columns_and_first_row(reader: ParquetReader, tmp_path: Path) -> None:
    path = write(tmp_path / "a", seq=[5, 6], raw=["x", "y"])
    assert reader.peek(path) == (["seq", "raw"], {"seq": 5, "raw": "x"})


def test_a_file_outside_the_import_is_out_of_reach(reader: ParquetReader, tmp_path: Path) -> None:
    other = tmp_path.parent / f"{tmp_path.name}-outside"
    other.mkdir()
    path = write(other / "a", seq=[1])
    if not landlock_works():
        pytest.skip("this kernel has no Landlock")
    with pytest.raises(DecodeError, match="Permission"):
        rows(reader, path)


def test_a_child_that_dies_costs_one_file_and_is_replaced(
    reader: ParquetReader, tmp_path: Path
) -> None:
    path = write(tmp_path / "a", seq=[1])
    batches = reader.rows(path)
    next(batches)
    child = reader._child
    assert child is not None
    child.kill()
    child.wait()
    assert rows(reader, path) == [{"seq": 1}]


@pytest.mark.slow
def test_mutated_files_never_harm_the_importer(reader: ParquetReader, tmp_path: Path) -> None:
    source = write(
        tmp_path / "a",
        session_id=["s"] * 50,
        seq=list(range(50)),
        raw=[f"text {number}" for number in range(50)],
    ).read_bytes()
    chance = random.Random(7)
    path = tmp_path / "mutated"
    readable = 0
    for _ in range(1000):
        data = bytearray(source)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(8, len(data))])])
        try:
            readable += bool(rows(reader, path))
        except DecodeError:
            continue
    good = write(tmp_path / "good", seq=[1])
    assert rows(reader, good) == [{"seq": 1}]
    assert readable < 1000
