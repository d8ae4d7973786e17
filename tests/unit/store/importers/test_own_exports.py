"""Rows of our own exports return to their places."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from vectra_player.store.importers.own_exports import own_record, read_csv, read_jsonl
from vectra_player.store.importers.records import BadLine, OwnRecord

ROW: dict[str, Any] = {
    "session_id": "4b3f1f9e-6a0d-4f0e-8d5e-111111111111",
    "seq": 7,
    "sub": 0,
    "ts": "2025-12-15T01:17:11.142710Z",
    "source": "cdp",
    "origin": "backend.rugs.fun",
    "direction": "sent",
    "event_name": "buyOrder",
    "packet_type": "event",
    "socket_id": "3",
    "transport": "websocket",
    "opcode": 1,
    "raw_format": "engineio",
    "raw": '42["buyOrder",{"amount":0.1}]',
    "game_id": None,
}


def test_a_row_becomes_the_frame_it_was() -> None:
    record = own_record(ROW)
    frame = record.frame
    assert (record.session_id, record.seq) == (ROW["session_id"], 7)
    assert (frame.ts, frame.raw) == (1765761431142710, ROW["raw"])
    assert (frame.direction, frame.source, frame.origin) == ("sent", "cdp", "backend.rugs.fun")
    assert (frame.socket_id, frame.transport, frame.opcode) == ("3", "websocket", 1)
    assert frame.event_name == ""  # a packet names itself


def test_a_fact_keeps_its_name_and_a_binary_packet_its_opcode() -> None:
    assert own_record({**ROW, "raw_format": "fact", "event_name": "vectra.gap"}).frame.event_name
    assert own_record({**ROW, "opcode": 2}).frame.opcode == 2
    assert own_record({**ROW, "opcode": "2"}).frame.opcode == 2


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": -4},
        {"session_id": "../../etc"},
        {"session_id": ""},
        {"direction": "sideways"},
        {"source": "elsewhere"},
        {"raw_format": "html"},
        {"raw": 5},
        {"raw": "\ud800"},
        {"ts": None},
        {"ts": "1970-01-01T00:00:00Z"},
    ],
)
def test_an_impossible_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        own_record({**ROW, **change})


def test_a_missing_column_is_named() -> None:
    row = {name: value for name, value in ROW.items() if name != "direction"}
    with pytest.raises(ValueError, match="direction"):
        own_record(row)


def test_json_lines_are_read_and_a_bad_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    good = json.dumps(ROW)
    path.write_bytes(f"{good}\n{{broken\n{good}\n".encode())
    first, bad, last = read_jsonl(path)
    assert isinstance(first, OwnRecord)
    assert isinstance(last, OwnRecord)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.offset) == (2, len(good) + 1)


def test_csv_with_quotes_and_newlines_round_trips(tmp_path: Path) -> None:
    path = tmp_path / "x"
    raw = '42["a","line\nbreak, \\"quoted\\""]'
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerow({**ROW, "raw": raw, "game_id": ""})
        file.write("only,three,fields\n")
    record, bad = read_csv(path)
    assert isinstance(record, OwnRecord)
    assert record.frame.raw == raw
    assert record.game_id is None
    assert isinstance(bad, BadLine)
    assert "3 fields" in bad.reason
