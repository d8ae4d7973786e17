"""Positions survive restarts, and go back to what was collected when the stream is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.outlet import positions as module
from vectra_player.outlet.positions import Position, Positions, Receipt
from vectra_player.store.tail import Extent

TARGET = "nats://h:4222"


def opened(tmp_path: Path, target: str = TARGET) -> Positions:
    return Positions(tmp_path / "outlet.sqlite", target)


def test_what_ended_before_the_outlet_was_set_is_not_sent(tmp_path: Path) -> None:
    with opened(tmp_path) as positions:
        assert not positions.begun
        positions.begin([Extent("old", False, 9), Extent("now", True, 5)])
        assert positions.begun
        assert (positions.sent("old"), positions.sent("now"), positions.sent("next")) == (9, 0, 0)


def test_positions_survive_a_restart_and_belong_to_one_broker(tmp_path: Path) -> None:
    receipt = Receipt("then", 40, "s/12")
    with opened(tmp_path) as positions:
        positions.begin([])
        positions.advance("s", 12, receipt)
    with opened(tmp_path) as positions:
        assert positions.begun
        assert positions.sent("s") == 12
        assert positions.receipt() == receipt
    with opened(tmp_path, "nats://other:4222") as positions:
        assert not positions.begun
        assert positions.sent("s") == 0
        assert positions.receipt() is None


def test_what_left_the_stream_is_collected_up_to_the_mark(tmp_path: Path) -> None:
    with opened(tmp_path) as positions:
        positions.begin([])
        positions.advance("s", 10, Receipt("then", 10, "s/10"))
        positions.mark("s", 10)
        positions.advance("s", 20, Receipt("then", 20, "s/20"))
        positions.mark("s", 20)
        positions.collected(15)
        assert positions.all() == {"s": Position(20, 10)}
        assert positions.uncollected() == ["s"]
        positions.collected(20)
        assert positions.uncollected() == []


def test_a_lost_stream_is_gone_back_to_what_was_collected(tmp_path: Path) -> None:
    with opened(tmp_path) as positions:
        positions.begin([Extent("old", False, 7)])
        positions.advance("s", 10, Receipt("then", 10, "s/10"))
        positions.mark("s", 10)
        positions.collected(10)
        positions.advance("s", 30, Receipt("then", 30, "s/30"))
        assert positions.rewind() == 20
        assert positions.receipt() is None
        positions.collected(1_000)  # of another stream: says nothing about what was before
        assert positions.all() == {"s": Position(10, 10), "old": Position(7, 7)}
    with opened(tmp_path) as positions:
        assert positions.sent("s") == 10


def test_marks_are_bounded_and_never_tell_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARKS", 3)
    with opened(tmp_path) as positions:
        positions.begin([])
        for seq in range(1, 11):
            positions.advance("s", seq, Receipt("then", seq, f"s/{seq}"))
            positions.mark("s", seq)
        for collected, known in ((1, 1), (2, 2), (9, 2), (10, 10)):
            positions.collected(collected)
            assert positions.all()["s"].collected == known


def test_the_file_is_private(tmp_path: Path) -> None:
    with opened(tmp_path):
        assert (tmp_path / "outlet.sqlite").stat().st_mode & 0o077 == 0
