"""Rows of the earlier system become capture records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectra_player.store.importers.earlier_parquet import (
    doc_type_of,
    earlier_row,
    is_earlier,
    is_event_file,
)

ROW: dict[str, Any] = {
    "session_id": "old",
    "seq": 12,
    "ts": 1765761431142710,
    "source": "cdp",
    "doc_type": "ws_event",
    "event_name": "gameStateUpdate",
    "direction": "received",
    "raw_json": '{"gameId": "g1", "price": 1.0000000000000002}',
}


def test_a_row_becomes_the_text_of_one_capture_record() -> None:
    made = earlier_row(ROW, 1)
    record = json.loads(made.raw)
    assert record["seq"] == 12
    assert record["ts"] == "2025-12-15T01:17:11.142710+00:00"
    assert record["event"] == "gameStateUpdate"
    assert record["direction"] == "received"
    assert '"data":{"gameId": "g1", "price": 1.0000000000000002}' in made.raw
    assert made.entry.games == ("g1",)
    assert made.session == "old"


def test_a_row_that_holds_a_packet_is_taken_apart() -> None:
    made = earlier_row({**ROW, "event_name": None, "raw_json": '42["ping",{"a":1},{"b":2}]'}, 1)
    record = json.loads(made.raw)
    assert (record["event"], record["data"]) == ("ping", [{"a": 1}, {"b": 2}])


def test_a_row_without_a_name_takes_it_from_its_text() -> None:
    text = '{"event": "newChatMessage", "data": {"x": 1.10}}'
    made = earlier_row({**ROW, "event_name": None, "raw_json": text}, 1)
    assert '"data":{"x": 1.10}' in made.raw
    assert made.entry.name == "newChatMessage"


@pytest.mark.parametrize(
    "change",
    [
        {"raw_json": None},
        {"raw_json": "not json"},
        {"raw_json": "[]", "event_name": None},
        {"ts": None},
        {"raw_json": b"\xff"},
    ],
)
def test_a_row_without_an_event_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        earlier_row({**ROW, **change}, 1)


def test_event_files_are_told_by_column_or_folder() -> None:
    folder = Path("/x/doc_type=game_tick/date=2025-12-15/part.parquet")
    assert is_earlier({"session_id", "ts", "raw_json"})
    assert not is_earlier({"a", "b"})
    assert doc_type_of(folder, None) == "game_tick"
    assert not is_event_file(folder, None)
    assert is_event_file(folder, {"doc_type": "ws_event"})
    assert is_event_file(Path("/x/some.parquet"), {})
