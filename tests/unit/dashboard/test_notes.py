"""Notes on own games: on the disk when told so, never written over, never half."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.store_support import FakeClock

from vectra_player.dashboard.notes import Kept, NoteOrder, Notes
from vectra_player.errors import DamageError, DiskError, StoreVersionError, UsageError
from vectra_player.store.fsops import FileOps


class FullDisk(FileOps):
    """Refuses to rename."""

    def rename(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")


def test_a_note_survives_a_restart_and_is_the_users_alone(tmp_path: Path) -> None:
    kept = Notes(tmp_path, clock=FakeClock()).write("g1", NoteOrder("seen ✓"))
    assert Notes(tmp_path).look().games == {"g1": kept}
    file = tmp_path / "notes" / "play.json"
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["play.json"]


def test_a_second_window_is_told_that_the_note_changed(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    first = notes.write("g1", NoteOrder("one"))
    assert first is not None
    with pytest.raises(UsageError, match="another window"):
        notes.write("g1", NoteOrder("two"))
    second = notes.write("g1", NoteOrder("two", before=first.at))
    assert notes.look().games["g1"] == second


def test_an_empty_note_is_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    first = notes.write("g1", NoteOrder("one"))
    assert first is not None
    assert notes.write("g1", NoteOrder("  ", before=first.at)) is None
    assert notes.look().games == {}


def test_a_damaged_file_is_set_aside_whole_and_told_until_it_is_dealt_with(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "play.json"
    file.parent.mkdir()
    file.write_text("{ my own words")
    notes = Notes(tmp_path)
    first = notes.look()
    (aside,) = (tmp_path / "quarantine").iterdir()
    assert aside.read_text() == "{ my own words"
    assert (first.games, f"quarantine/{aside.name}" in first.trouble) == ({}, True)
    kept = notes.write("g1", NoteOrder("one"))
    assert notes.look() == Kept({"g1": kept}, first.trouble)
    aside.unlink()
    assert notes.look().trouble == ""


def test_a_note_finds_room_where_the_file_was_damaged_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "play.json"
    file.parent.mkdir()
    file.write_text('{"version": 1, "games": {"g1": {"text": "cut o')
    kept = Notes(tmp_path).write("g2", NoteOrder("one"))
    assert Notes(tmp_path).look().games == {"g2": kept}
    assert "cut o" in next((tmp_path / "quarantine").iterdir()).read_text()


def test_a_damaged_file_that_cannot_be_set_aside_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "play.json"
    file.parent.mkdir()
    file.write_text("{ my own words")
    notes = Notes(tmp_path, ops=FullDisk())
    with pytest.raises(DamageError, match="nor set aside: No space left"):
        notes.write("g1", NoteOrder("one"))
    assert file.read_text() == "{ my own words"
    assert "nor set aside" in notes.look().trouble


def test_notes_of_a_newer_version_are_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "play.json"
    file.parent.mkdir()
    newer = '{"version": 2, "games": {}, "folders": ["of then"]}'
    file.write_text(newer)
    with pytest.raises(StoreVersionError, match="newer version, 2"):
        Notes(tmp_path).write("g1", NoteOrder("one"))
    assert file.read_text() == newer
    assert "newer version" in Notes(tmp_path).look().trouble


def test_a_disk_that_refuses_leaves_the_notes_as_they_were(tmp_path: Path) -> None:
    kept = Notes(tmp_path).write("g1", NoteOrder("one"))
    with pytest.raises(DiskError, match="The note was not kept"):
        Notes(tmp_path, ops=FullDisk()).write("g2", NoteOrder("two"))
    assert Notes(tmp_path).look().games == {"g1": kept}
