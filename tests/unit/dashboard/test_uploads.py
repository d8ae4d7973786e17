"""Pieces of files are appended in order, under names that stay where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.uploads import Uploads, safe_name
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    DataDir.open_or_create(tmp_path / "d")
    return Uploads(tmp_path / "d")


def test_pieces_become_the_file(uploads: Uploads) -> None:
    upload_id = uploads.begin()
    assert uploads.add(upload_id, "a.jsonl", 0, b"one\n") == 4
    assert uploads.add(upload_id, "a.jsonl", 4, b"two\n") == 8
    assert (uploads.folder(upload_id) / "a.jsonl").read_bytes() == b"one\ntwo\n"


def test_a_piece_that_does_not_follow_is_refused(uploads: Uploads) -> None:
    upload_id = uploads.begin()
    uploads.add(upload_id, "a", 0, b"one")
    for offset in (0, 2, 4):
        with pytest.raises(UsageError, match="begins at 3"):
            uploads.add(upload_id, "a", offset, b"x")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.jsonl", "a.jsonl"),
        ("../../etc/passwd", "passwd"),
        ("C:\\games\\b.jsonl", "b.jsonl"),
        ("a\x00b\n.jsonl", "a_b_.jsonl"),
        (".hidden", "hidden"),
        ("x" * 300 + ".jsonl", "x" * 100 + ".jsonl"),
        ("<img onerror=1>.jsonl", "_img onerror_1_.jsonl"),
    ],
)
def test_a_name_is_cut_down_to_a_plain_one(name: str, kept: str) -> None:
    assert safe_name(name) == kept


@pytest.mark.parametrize("name", ["", "/", "..", ".", "a/..", "\\", "   "])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        safe_name(name)


@pytest.mark.parametrize("upload_id", ["", "../x", "0123456789abcdef", "x" * 16])
def test_an_upload_nobody_began_is_missing(uploads: Uploads, upload_id: str) -> None:
    with pytest.raises(MissingError):
        uploads.add(upload_id, "a", 0, b"x")
