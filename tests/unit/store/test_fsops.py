"""File calls of the filing path: whole files or none, and directories exchanged in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.store.fsops import FileOps, make_directories, publish, remove_tree, replace_file
from vectra_player.store.reserve import Reserve


def test_published_files_are_whole_private_and_leave_nothing_behind(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    files = [(staging / n, tmp_path / "a" / "b" / n, n.encode()) for n in ("x", "y")]
    publish(FileOps(), files)
    assert (tmp_path / "a" / "b" / "x").read_bytes() == b"x"
    assert (tmp_path / "a" / "b" / "y").stat().st_mode & 0o777 == 0o600
    assert list(staging.iterdir()) == []


def test_publishing_again_replaces_and_passes_over_leftovers(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.write_bytes(b"left over by a kill")
    publish(FileOps(), [(staged, tmp_path / "t", b"one")])
    publish(FileOps(), [(staged, tmp_path / "t", b"two")])
    assert (tmp_path / "t").read_bytes() == b"two"


def test_a_staged_file_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="exists"):
        FileOps().write(tmp_path / "link", b"evil")
    assert (tmp_path / "victim").read_text() == "precious"


def test_directories_are_exchanged_with_all_they_hold(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    FileOps().exchange(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "old" / "f").read_text() == "new"
    assert (tmp_path / "new" / "f").read_text() == "old"
    with pytest.raises(FileNotFoundError):
        FileOps().exchange(tmp_path / "old", tmp_path / "none")


def test_removing_a_tree_does_not_follow_links_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("stays")
    tree = tmp_path / "tree"
    make_directories(FileOps(), tree / "deep")
    (tree / "deep" / "link").symlink_to(tmp_path / "outside")
    (tree / "f").write_text("")
    remove_tree(FileOps(), tree)
    assert not tree.exists()
    assert (tmp_path / "outside" / "f").read_text() == "stays"
    remove_tree(FileOps(), tree)


def test_a_small_file_gets_new_content_in_one_step(tmp_path: Path) -> None:
    replace_file(FileOps(), tmp_path / "m.json", b"1")
    replace_file(FileOps(), tmp_path / "m.json", b"2")
    assert (tmp_path / "m.json").read_bytes() == b"2"
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]


def test_the_reserve_holds_real_blocks_and_gives_them_back_bit_by_bit(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 1 << 20)
    assert not reserve.held
    reserve.take()
    assert reserve.held
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 1 << 20
    reserve.give()
    assert not reserve.held
    assert (tmp_path / "reserve").stat().st_size == (1 << 20) * 7 // 8
    assert reserve.room_is_back(0)
    reserve.take()
    reserve.release()
    assert not (tmp_path / "reserve").exists()
    reserve.give()


def test_a_reserve_larger_than_the_disk_is_not_taken(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 1 << 50)
    with pytest.raises(OSError, match=r"No space|too large"):
        reserve.take()
    assert not (tmp_path / "reserve").exists()
    assert not reserve.room_is_back(0)
