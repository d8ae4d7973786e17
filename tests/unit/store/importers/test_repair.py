"""Repairing lines two writers overlaid."""

from __future__ import annotations

import json

from vectra_player.store.importers.legacy import LegacyFormat
from vectra_player.store.importers.lines import read_chunk
from vectra_player.store.importers.records import Chunk
from vectra_player.store.importers.repair import pieces, whole_fields

LEGACY = LegacyFormat()
HEAD = '"timestamp": "2025-10-31T15:21:52.665752", "game_id": "20251031-b4fa8372d37f4871"'


def tick(number: int, *, active: bool = True, timer: int = 0, trades: int = 90) -> str:
    return (
        f'{{"type": "tick", {HEAD}, "tick": {number}, "price": 0.9916329552217895, '
        f'"phase": "ACTIVE_GAMEPLAY", "active": {str(active).lower()}, "rugged": false, '
        f'"cooldown_timer": {timer}, "trade_count": {trades}}}'
    )


def repaired(line: str) -> list[str]:
    records = read_chunk(LEGACY, Chunk(line.encode() + b"\n", 1, 0))
    assert len(records.bad) == 1
    assert records.bad[0].salvaged == len(records.raws)
    return records.raws


def test_a_whole_object_after_an_overwritten_one_is_kept_unchanged() -> None:
    cut = tick(1)[:40]
    assert repaired(cut + tick(2)) == [tick(2)]


def test_an_object_that_lost_only_its_closing_brace_is_closed_again() -> None:
    line = tick(1, trades=0).removesuffix("}") + tick(2)
    assert repaired(line) == [tick(1, trades=0), tick(2)]


def test_a_count_that_runs_into_the_overwriting_text_is_dropped_for_digits_may_be_missing() -> None:
    line = tick(1, trades=90).removesuffix("}") + tick(2)
    first, second = map(json.loads, repaired(line))
    assert "trade_count" not in first
    assert (first["tick"], second["tick"]) == (1, 2)


def test_a_tick_that_lost_its_timer_is_kept_only_while_the_game_is_active() -> None:
    cut = tick(1)[: tick(1).index('"cooldown_timer"')]
    idle = tick(0, active=False, timer=9000)
    cut_idle = idle[: idle.index('"cooldown_timer"')]
    assert json.loads(repaired(cut + tick(2))[0])["tick"] == 1
    assert repaired(cut_idle + tick(2)) == [tick(2)]


def test_a_tick_whose_price_is_cut_stays_in_quarantine() -> None:
    cut = tick(1)[: tick(1).index("329552217895")]
    assert repaired(cut + tick(2)) == [tick(2)]


def test_the_last_line_of_a_growing_file_keeps_no_fragment() -> None:
    text = tick(1)[: tick(1).index('"trade_count"')]
    records = read_chunk(LEGACY, Chunk(text.encode(), 7, 100, complete=False))
    assert records.raws == []
    assert [bad.line for bad in records.bad] == [7]
    assert "cut off" in records.bad[0].reason


def test_a_doubled_field_is_ambiguous_and_nothing_is_kept() -> None:
    text, names = whole_fields('{"tick": 1, "tick": 2, ', frozenset())
    assert (text, names) == ("", frozenset())


def test_a_zero_is_whole_only_in_a_field_of_integers() -> None:
    assert whole_fields('{"trade_count": 0{', frozenset({"trade_count"}))[1] == {"trade_count"}
    assert whole_fields('{"price": 0{', frozenset({"trade_count"}))[1] == frozenset()


def test_deep_nesting_ends_without_an_exception_and_in_bounded_work() -> None:
    text = '{"type":' * 20_000
    assert all(not piece.whole for piece in pieces(text, frozenset({"type"})))
