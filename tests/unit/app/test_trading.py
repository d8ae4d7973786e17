"""What trading keeps beside the recording: pictures of pages that were not pressed."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vectra_player.app import trading
from vectra_player.store.settings import Halt
from vectra_player.trading.records import Refusal

COVERED = Refusal(code="covered", message="A toast lies over it.")


def test_the_oldest_pictures_go_whatever_the_mode_in_their_names(tmp_path: Path) -> None:
    for number in range(trading.PICTURES_KEPT - 1):
        old = tmp_path / f"practice-{number}.png"
        old.write_bytes(b"old")
        os.utime(old, (1000 + number, 1000 + number))
    for number in range(3):
        trading._keep_picture(tmp_path, f"live-{number}", COVERED, b"new")
    kept = {path.name for path in tmp_path.iterdir()}
    assert len(kept) == trading.PICTURES_KEPT
    assert {"live-0.png", "live-1.png", "live-2.png", "practice-2.png"} <= kept
    assert not {"practice-0.png", "practice-1.png"} & kept


def test_why_nothing_is_recorded_is_said() -> None:
    recorder: Any = SimpleNamespace(recording=False)
    store: Any = SimpleNamespace(halted=None)
    assert trading._unrecorded(recorder, store) == "Nothing is recorded: start the recording."
    recorder.recording = True
    assert trading._unrecorded(recorder, store) == ""
    store.halted = Halt("disk", "No space left on device", 1)
    assert "No space left on device" in trading._unrecorded(recorder, store)


def test_without_a_picture_nothing_is_kept(tmp_path: Path) -> None:
    trading._keep_picture(tmp_path / "refusals", "live-1", COVERED, b"")
    assert not (tmp_path / "refusals").exists()
