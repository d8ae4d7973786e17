"""Captures as the show, fault specifications, settings and small values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectra_player.demo.faults import parse_fault
from vectra_player.demo.replay import read_capture
from vectra_player.demo.settings import DemoSettings
from vectra_player.demo.values import WireJson, number, payload_of
from vectra_player.errors import ConfigError, SourceError

TRACE = {"__trace": True, "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_capture_lines_keep_order_distance_and_traced_arguments(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.jsonl",
        {"seq": 1, "ts": "2025-12-14T20:17:11.000", "event": "connect", "data": None},
        {"seq": 2, "ts": "2025-12-14T20:17:11.500", "event": "gameStateUpdate", "data": {"a": 1}},
        {"seq": 3, "ts": "2025-12-14T20:17:12.000", "event": "newChatMessage", "data": [TRACE, 5]},
        {"seq": 4, "ts": "2025-12-14T20:17:11.900", "event": "late", "data": [1, 2]},
    )
    shown = read_capture(path)
    assert [(e.at_ms, e.name, e.args) for e in shown] == [
        (0.0, "gameStateUpdate", ({"a": 1},)),
        (500.0, "newChatMessage", (TRACE, 5)),
        (500.0, "late", ([1, 2],)),
    ]


def test_what_the_client_sent_is_passed_over(tmp_path: Path) -> None:
    record = {"timestamp": 1.0, "event_type": "buyOrder", "data": {}, "direction": "sent"}
    heard = {"timestamp": 2.0, "event_type": "x", "data": {}, "direction": "received"}
    assert [e.name for e in read_capture(write(tmp_path / "c.jsonl", record, heard))] == ["x"]


def test_exported_rows_are_shown_from_their_raw_text(tmp_path: Path) -> None:
    rows = [
        {"ts": "2026-01-01T00:00:00.000000+00:00", "raw": '0{"sid":"x"}', "direction": "received"},
        {"ts": "2026-01-01T00:00:01.000000+00:00", "raw": '42["e",{"v":1}]', "event_name": "e"},
    ]
    (only,) = read_capture(write(tmp_path / "rows.jsonl", *rows))
    assert (only.name, only.args) == ("e", ({"v": 1},))


def test_damaged_lines_are_passed_over_and_an_empty_capture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'\xff\xfe\n{"event":"a"\n[]\n{"ts":1,"event":"a","data":{}}\n')
    assert [e.name for e in read_capture(path)] == ["a"]
    path.write_bytes(b"nothing\n")
    with pytest.raises(SourceError, match="no received event"):
        read_capture(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_capture(tmp_path / "missing")


@pytest.mark.real_data
def test_a_real_capture_becomes_the_show(real_data: Path) -> None:
    path = real_data / "2025-12-14_20-17-10_raw.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    shown = read_capture(path)
    assert [e.name for e in shown] == [r["event"] for r in lines if r["event"] != "connect"]
    assert [e.args[-1] for e in shown] == [
        r["data"][-1] if isinstance(r["data"], list) else r["data"]
        for r in lines
        if r["event"] != "connect"
    ]


def test_faults_are_read_from_short_specifications() -> None:
    assert parse_fault("drop@5").at_s == 5
    assert parse_fault("restart=3@10").seconds == 3
    assert parse_fault("burst=500").count == 500
    assert parse_fault("acks=missing").mode == "missing"
    assert parse_fault("big_history=1500000").size == 1_500_000
    assert (parse_fault("echo=missing/sell").mode, parse_fault("echo=missing/sell").order) == (
        "missing",
        "sell",
    )
    assert parse_fault("acks=missing").order is None
    assert parse_fault("cash=-0.5@3").amount == -0.5
    assert parse_fault("page=buy-twice").name == "buy-twice"


@pytest.mark.parametrize(
    "text",
    [
        *("", "explode", "drop=1", "acks=odd", "burst=x", "drop@soon"),
        *("echo=rejected", "updates=ignored", "acks=missing/short", "drop/buy", "page=no-such"),
    ],
)
def test_a_wrong_fault_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="such as"):
        parse_fault(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.org", "::"])
def test_only_loopback_addresses_are_bound(host: str) -> None:
    with pytest.raises(ConfigError, match="does not listen"):
        DemoSettings(host=host)


@pytest.mark.parametrize(
    "switches",
    [{"speed": 0}, {"speed": float("nan")}, {"port": 70_000}, {"games": 0}, {"longest_game": 0}],
)
def test_impossible_settings_are_refused(switches: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        DemoSettings(**switches)  # type: ignore[arg-type]


def test_numbers_are_written_as_javascript_writes_them() -> None:
    assert WireJson.dumps([number(1.0), number(1.5)]) == "[1,1.5]"
    with pytest.raises(ValueError, match="truncated"):
        WireJson.loads("{")


def test_the_payload_is_the_last_argument_unless_it_is_the_trace() -> None:
    assert payload_of((TRACE, {"a": 1})) == ({"a": 1}, "a" * 32)
    assert payload_of(({"a": 1},)) == ({"a": 1}, None)
    assert payload_of((TRACE,)) == (None, "a" * 32)
    assert payload_of(()) == (None, None)
