"""Repair of overlaid lines never invents anything, whatever was overlaid where."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vectra_player.store.importers.captures import CaptureFormat
from vectra_player.store.importers.legacy import LegacyFormat
from vectra_player.store.importers.lines import LineFormat, read_chunk
from vectra_player.store.importers.records import Chunk, Records

PHASES = ["UNKNOWN", "PRESALE", "ACTIVE_GAMEPLAY", "RUG_EVENT_1"]


@st.composite
def ticks(draw: st.DrawFn) -> dict[str, Any]:
    """A row of the earlier recorder; prices use all digits a float has."""
    return {
        "type": "tick",
        "timestamp": f"2025-10-31T15:{draw(st.integers(10, 59))}:52.{draw(st.integers(1, 9))}65752",
        "game_id": f"20251031-{draw(st.integers(16**15, 16**16 - 1)):016x}",
        "tick": draw(st.integers(0, 2000)),
        "price": draw(st.floats(1e-9, 1e6)),
        "phase": draw(st.sampled_from(PHASES)),
        "active": draw(st.booleans()),
        "rugged": draw(st.booleans()),
        "cooldown_timer": draw(st.integers(0, 150)) * 100,
        "trade_count": draw(st.integers(0, 3000)),
    }


@st.composite
def overlaid(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """Records written over each other's ends, as two writers of one file do."""
    records = draw(st.lists(ticks(), min_size=1, max_size=5))
    line = ""
    for record in records:
        text = json.dumps(record)
        keep = draw(st.integers(1, len(text)))
        debris = draw(st.sampled_from(["", "", '{"', "{"]))
        line += text[:keep] + debris
    return records, line


def read(fmt: LineFormat, data: bytes) -> Records:
    return read_chunk(fmt, Chunk(data, 1, 0))


@given(overlaid())
def test_every_salvaged_tick_is_one_that_was_written_with_nothing_changed(
    case: tuple[list[dict[str, Any]], str],
) -> None:
    written, line = case
    records = read(LegacyFormat(), line.encode() + b"\n")
    for raw in records.raws:
        found = json.loads(raw)
        assert any(found.items() <= record.items() for record in written), raw
        assert {"tick", "price", "phase", "active", "rugged", "timestamp"} <= found.keys()


@given(overlaid())
def test_a_salvaged_text_is_a_slice_of_the_line_but_for_its_closing_brace(
    case: tuple[list[dict[str, Any]], str],
) -> None:
    _, line = case
    for raw in read(LegacyFormat(), line.encode() + b"\n").raws:
        assert raw in line or (raw[:-1] in line and raw[-1] == "}")


@given(overlaid())
def test_every_record_that_survived_whole_is_found(
    case: tuple[list[dict[str, Any]], str],
) -> None:
    written, line = case
    found = read(LegacyFormat(), line.encode() + b"\n").raws
    for record in written:
        text = json.dumps(record)
        if text in line:
            assert text in found


@given(st.binary(max_size=400), st.booleans())
def test_arbitrary_bytes_are_accounted_for_and_never_raise(data: bytes, complete: bool) -> None:
    for fmt in (LegacyFormat(), CaptureFormat()):
        records = read_chunk(fmt, Chunk(data, 1, 0, complete=complete))
        lines = [line for line in data.split(b"\n") if line.strip()]
        whole = len(records.raws) - sum(bad.salvaged for bad in records.bad)
        assert whole + len(records.bad) == len(lines)
        for bad in records.bad:
            assert bad.data is not None
            assert data[bad.offset : bad.offset + bad.length] == bad.data


@given(st.text(alphabet='{}[]",:\\ typeseqndat0123', max_size=300))
def test_what_looks_like_json_never_raises_and_salvage_always_parses(text: str) -> None:
    for fmt in (LegacyFormat(), CaptureFormat()):
        for raw in read(fmt, text.encode() + b"\n").raws:
            assert isinstance(json.loads(raw), dict)
