"""What each format makes of its lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vectra_player.store.importers import times
from vectra_player.store.importers.captures import CaptureFormat, stamped
from vectra_player.store.importers.history import HistoryFormat
from vectra_player.store.importers.legacy import LegacyFormat
from vectra_player.store.importers.lines import LineFormat, read_chunk, read_element, read_rest
from vectra_player.store.importers.records import BadLine, Chunk, Records

STAMP = "2025-12-14T20:17:11.142710"
MICROS = 1765743431142710


def capture(**changes: Any) -> dict[str, Any]:
    return {"seq": 1, "ts": STAMP, "event": "gameStateUpdate", "data": {}, **changes}


def read(fmt: LineFormat, *lines: str | bytes) -> Records:
    data = b"".join((x.encode() if isinstance(x, str) else x) + b"\n" for x in lines)
    return read_chunk(fmt, Chunk(data, 1, 0))


def test_a_capture_line_keeps_its_exact_text() -> None:
    text = '{"seq":1,   "ts":"2025-12-14T20:17:11.142710","event":"connect","data":null }'
    records = read(CaptureFormat(), text)
    assert records.raws == [text]
    assert records.names == ["connect"]
    assert records.micros == [MICROS]
    assert records.utc == [False]


def test_both_spellings_of_a_capture_are_read() -> None:
    other = {"timestamp": STAMP, "event_type": "newChatMessage", "data": [{"__trace": True}, {}]}
    records = read(CaptureFormat(), json.dumps(capture()), json.dumps(other))
    assert records.names == ["gameStateUpdate", "newChatMessage"]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("sent", "sent"),
        ("OUT", "sent"),
        ("received", "received"),
        (None, "received"),
        ("in", "received"),
    ],
)
def test_the_direction_is_the_records_own(direction: str | None, expected: str) -> None:
    record = capture(event="buyOrder", direction=direction)
    assert read(CaptureFormat(), json.dumps(record)).directions == [expected]


def test_the_games_of_an_event_are_its_own_and_those_of_its_history() -> None:
    payload = {"gameId": "g1", "gameHistory": [{"id": "g0", "timestamp": 5}]}
    plain = read(CaptureFormat(), json.dumps(capture(data=payload)))
    traced = read(CaptureFormat(), json.dumps(capture(data=[{"__trace": True}, payload])))
    assert plain.games == traced.games == {"g0", "g1"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"seq": 1', "malformed|truncated"),
        (b"12", "Expected `object`"),
        (b'{"seq": 1, "event": "x", "data": 1}', "needs ts"),
        (b'{"seq": 1, "ts": "noon", "event": "x", "data": 1}', "isoformat"),
        (b'{"ts": "\xff", "event": "x", "data": 1}', "not UTF-8"),
        (b"\x00\x01\x02", "malformed"),
        (b'{"data":' + b"[" * 3000, "ecursion|depth"),
    ],
)
def test_a_bad_line_has_a_reason_and_the_lines_around_it_are_read(line: bytes, reason: str) -> None:
    good = json.dumps(capture())
    records = read(CaptureFormat(), good, line, good)
    assert len(records.raws) == 2
    (bad,) = records.bad
    assert (bad.line, bad.offset, bad.length, bad.data) == (2, len(good) + 1, len(line), line)
    assert any(word in bad.reason for word in reason.split("|")), bad.reason


def test_carriage_returns_belong_to_the_newline() -> None:
    text = json.dumps(capture())
    assert read(CaptureFormat(), text + "\r", text + "\r").raws == [text, text]
    row = f'{{"type": "tick", "timestamp": "{STAMP}", "game_id": "g"}}'
    assert read(LegacyFormat(), row + "\r", row + "\r").raws == [row, row]


def test_blank_lines_are_neither_records_nor_bad() -> None:
    row = f'{{"type": "tick", "timestamp": "{STAMP}", "game_id": "g"}}'
    records = read(LegacyFormat(), row, "", "  ", row)
    assert (len(records.raws), records.bad) == (2, [])


def test_legacy_lines_are_named_by_their_type() -> None:
    rows = [
        f'{{"type": "{kind}", "timestamp": "{STAMP}", "game_id": "g"}}'
        for kind in ("game_start", "tick", "game_end")
    ]
    records = read(LegacyFormat(), *rows)
    assert records.names == ["legacy.game_start", "legacy.tick", "legacy.game_end"]
    assert records.games == {"g"}


def test_a_history_entry_is_stamped_by_the_server() -> None:
    entry = '{"id": "20251207-1e01ac417e8043ca", "timestamp": 1765068982439, "prices": [1]}'
    records = read(HistoryFormat(), entry)
    assert (records.names, records.micros, records.utc) == (
        ["history.game"], [1765068982439000], [True],
    )  # fmt: skip


def test_an_array_element_may_span_lines() -> None:
    text = json.dumps(capture(), indent=2)
    records = read_element(CaptureFormat(), Chunk(text.encode(), 2, 4))
    assert records.raws == [text]


def test_whole_elements_after_damage_in_an_array_are_saved() -> None:
    good = json.dumps(capture())
    rest = f'{{"seq": 2, "ts": tru, {good}, {good}]'.encode()
    records = read_rest(CaptureFormat(), BadLine(3, 10, len(rest), "does not parse", rest))
    assert records.raws == [good, good]
    assert records.bad[0].salvaged == 2


def test_the_smallest_delay_of_many_stamps_gives_the_offset() -> None:
    fmt = CaptureFormat()
    server = (MICROS + 5 * times.HOUR) // 1000
    found = []
    for delay_ms in (400_000, 70, 3000):
        data = [{"__trace": True}, {"timestamp": server - delay_ms}]
        raw = json.dumps(capture(event="newChatMessage", data=data))
        item = fmt.evidence("newChatMessage", raw, MICROS)
        assert item is not None
        found.append(item)
    (exact,) = stamped(found)
    assert exact.exact
    assert exact.high == -5 * times.HOUR


def test_an_event_without_stamp_is_bounded_by_its_game_id() -> None:
    raw = json.dumps(capture(data={"gameId": "20251215-a8311c871b0e4bea"}))
    item = CaptureFormat().evidence("gameStateUpdate", raw, MICROS)
    assert item is not None
    assert not item.exact
    assert CaptureFormat().evidence("x", json.dumps(capture(data=5)), MICROS) is None
    assert CaptureFormat().evidence("x", json.dumps(capture(data={"gameId": 5})), MICROS) is None
