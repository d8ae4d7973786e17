"""What a gap fact says has one shape, whoever tells it."""

from __future__ import annotations

from vectra_player.model.frame import gap


def test_a_gap_names_times_as_text_and_seqs_as_numbers() -> None:
    assert gap("all", "because", times=(1_767_225_600_000_001, 1_767_225_600_500_000)) == {
        "from": "2026-01-01T00:00:00.000001Z",
        "to": "2026-01-01T00:00:00.500000Z",
        "missing": "all",
        "reason": "because",
    }
    assert gap("2 frames", "damage", seqs=(3, 4)) == {
        "from_seq": 3,
        "to_seq": 4,
        "missing": "2 frames",
        "reason": "damage",
    }


def test_an_absurd_time_does_not_silence_a_gap() -> None:
    assert gap("all", "x", times=(0, 1 << 62))["to"] == f"{1 << 62} us"
