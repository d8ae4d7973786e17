"""Reading lines and array elements in bounded memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectra_player.store.importers import reader
from vectra_player.store.importers.reader import read_elements, read_lines, split_lines
from vectra_player.store.importers.records import BadLine, Chunk


def chunks(path: Path) -> list[Chunk]:
    return [item for item in read_lines(path) if isinstance(item, Chunk)]


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [1, 3, 7, 64, 1 << 20])
def test_lines_come_back_with_their_number_and_offset_whatever_the_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(reader, "CHUNK_BYTES", size)
    data = b"one\n\ntwo two two\r\nthree\nno newline"
    path = write(tmp_path, data)
    lines = [line for chunk in chunks(path) for line in split_lines(chunk)]
    assert [(number, text) for number, _, text in lines] == [
        (1, b"one"), (2, b""), (3, b"two two two"), (4, b"three"), (5, b"no newline"),
    ]  # fmt: skip
    for _, offset, text in lines:
        assert data[offset : offset + len(text)] == text
    assert [chunk.complete for chunk in chunks(path)][-1] is False


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfone\n")
    assert chunks(path) == [Chunk(b"one\n", 1, 3)]


def test_a_line_beyond_the_limit_is_reported_without_its_bytes_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CHUNK_BYTES", 10)
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 50)
    path = write(tmp_path, b"short\n" + b"x" * 500 + b"\nafter\n")
    items = list(read_lines(path))
    bad = [item for item in items if isinstance(item, BadLine)]
    assert [(item.line, item.offset, item.length, item.data) for item in bad] == [(2, 6, 501, None)]
    last = items[-1]
    assert isinstance(last, Chunk)
    assert last.data == b"after\n"
    assert last.line == 3


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_array_elements_are_exact_slices_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(reader, "CHUNK_BYTES", size)
    values = [{"a": "ü€😀]"}, {"b": [1, 2, {"c": '\\" }'}]}, 12345, {"d": None}]
    text = json.dumps(values, indent=2, ensure_ascii=False)
    data = text.encode()
    path = write(tmp_path, data)
    items = [item for item in read_elements(path) if isinstance(item, Chunk)]
    assert [json.loads(item.data) for item in items] == values
    for item in items:
        assert data[item.offset : item.offset + len(item.data)] == item.data
        assert item.line == data[: item.offset].count(b"\n") + 1


def test_a_damaged_array_gives_the_rest_as_one_bad_stretch(tmp_path: Path) -> None:
    path = write(tmp_path, b'[{"a": 1}, {"b": tru')
    first, second = list(read_elements(path))
    assert isinstance(first, Chunk)
    assert isinstance(second, BadLine)
    assert (second.offset, second.data) == (11, b'{"b": tru')


def test_an_array_that_is_not_closed_is_said(tmp_path: Path) -> None:
    items = list(read_elements(write(tmp_path, b'[{"a": 1},\n')))
    assert isinstance(items[-1], BadLine)
    assert "not closed" in items[-1].reason


def test_a_file_that_is_no_array_has_no_elements(tmp_path: Path) -> None:
    assert list(read_elements(write(tmp_path, b"{}"))) == []
    assert list(read_elements(write(tmp_path, b""))) == []
