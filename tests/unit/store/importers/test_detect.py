"""Formats are told by content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectra_player.store.importers.detect import CAPTURE, HISTORY, LEGACY, Kind, detect

CAPTURE_A = {"seq": 1, "ts": "2025-12-14T20:17:11.142710", "event": "connect", "data": None}
CAPTURE_B = {"timestamp": "2025-12-06T19:57:10", "event_type": "gameStateUpdate", "data": {}}
TICK = {"type": "tick", "timestamp": "2025-10-29T18:40:15", "game_id": "20251029-9c59644c2ffa47ad"}
GAME = {"id": "20251207-1e01ac417e8043ca", "timestamp": 1765068982439, "prices": [1]}
OWN = {"session_id": "s", "seq": 1, "sub": 0, "raw": "2", "raw_format": "engineio"}
DERIVED = {"session_id": "s", "seq": 1, "sub": 3, "tick": 3, "price": 1.0}


def found(tmp_path: Path, data: bytes) -> tuple[Kind, Any]:
    path = tmp_path / "misleading.csv"
    path.write_bytes(data)
    result = detect(path)
    return result.kind, result.format or result.reason


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize(
    ("value", "fmt"),
    [(CAPTURE_A, CAPTURE), (CAPTURE_B, CAPTURE), (TICK, LEGACY), (GAME, HISTORY)],
)
def test_records_are_known_by_their_shape_in_lines_and_arrays(
    tmp_path: Path, value: object, fmt: object
) -> None:
    assert found(tmp_path, lines(value)) == (Kind.LINES, fmt)
    assert found(tmp_path, json.dumps([value], indent=1).encode()) == (Kind.ARRAY, fmt)


def test_a_bad_first_line_does_not_hide_the_format(tmp_path: Path) -> None:
    data = b"\xff\xfe\n{broken\n" + lines(TICK)
    assert found(tmp_path, data) == (Kind.LINES, LEGACY)


def test_a_file_of_nothing_but_overlaid_lines_is_still_recognised(tmp_path: Path) -> None:
    text = json.dumps(TICK)
    assert found(tmp_path, f"{text[:30]}{text}\n".encode()) == (Kind.LINES, LEGACY)


def test_own_exports_of_events_are_read_and_of_derived_rows_are_not(tmp_path: Path) -> None:
    assert found(tmp_path, lines(OWN))[0] is Kind.OWN_JSONL
    assert found(tmp_path, b"session_id,seq,sub,ts,raw_format,raw\n")[0] is Kind.OWN_CSV
    assert found(tmp_path, lines(DERIVED)) == (Kind.SKIP, found(tmp_path, lines(DERIVED))[1])
    assert "derived" in found(tmp_path, b"session_id,seq,sub,tick,price\n")[1]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x7fELF\x00\x01\x02\x03" * 40, "binary"),
        (b"# notes\n\nnothing here\n", "no recording"),
        (b'{"files": [1, 2]}', "no recording"),
        (b'[{"a": 1}]', "no recording"),
        (b"[1, 2", "no recording"),
        (b'{"type": "tick", "timest', "no recording"),
    ],
)
def test_what_is_no_recording_is_skipped_with_a_reason(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    kind, why = found(tmp_path, data)
    assert kind is Kind.SKIP
    assert reason in why


def test_parquet_is_known_by_its_magic(tmp_path: Path) -> None:
    assert found(tmp_path, b"PAR1 and then nonsense")[0] is Kind.PARQUET
