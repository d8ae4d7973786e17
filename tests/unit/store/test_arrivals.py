"""Files that move into the dataset arrive all, whatever refuses or dies meanwhile."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from tests.crash.faults import FailingOps
from tests.store_support import SMALL

from vectra_player.store.arrivals import arrivals_wait, finish_arrivals, take_in
from vectra_player.store.fsops import FileOps, Staged
from vectra_player.store.layout import DataDir
from vectra_player.store.writer import EventStore


def staged(home: DataDir) -> list[Staged]:
    folder = home.staging / "import-1"
    folder.mkdir()
    files = []
    for doc_type in ("game", "game_tick", "ws_event"):
        path = folder / f"{doc_type}.parquet"
        path.write_text(doc_type)
        files.append(Staged(path, home.day(doc_type, "2025-01-01") / "s-1-2.parquet"))
    return files


def arrived(files: list[Staged]) -> bool:
    return all(
        not file.staged.exists() and file.target.read_text() == file.staged.stem for file in files
    )


def test_files_arrive_with_their_events_first(tmp_path: Path) -> None:
    home = DataDir.open_or_create(tmp_path / "d")
    files = staged(home)
    seen: list[list[bool]] = []

    def look(step: str) -> None:
        if step == "file.renamed":
            seen.append([file.target.exists() for file in files])

    take_in(home, files, FileOps(), look)
    assert seen == [[False, False, True], [True, False, True], [True, True, True]]
    assert arrived(files)
    assert not arrivals_wait(home)


def test_whatever_the_disk_refuses_the_next_writer_finishes_or_nothing_has_begun(
    tmp_path: Path,
) -> None:
    begun = 0
    for at in range(1, 100):
        home = DataDir.open_or_create(tmp_path / str(at))
        files = staged(home)
        ops = FailingOps(at, errno.EIO, sticky=True)
        try:
            take_in(home, files, ops)
        except OSError:
            if arrivals_wait(home):
                begun += 1
                with EventStore.open(home.root, settings=SMALL):
                    assert arrived(files), at
            else:
                assert all(file.staged.exists() for file in files) or arrived(files), at
        else:
            break
    assert begun > 5


def test_a_second_batch_does_not_forget_the_first(tmp_path: Path) -> None:
    home = DataDir.open_or_create(tmp_path / "d")
    first = staged(home)

    def die(step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(home, first, FileOps(), die)
    path = home.staging / "sidebet.parquet"
    path.write_text("sidebet")
    second = [Staged(path, home.day("sidebet", "2025-01-01") / "s-3-4.parquet")]
    take_in(home, second, FileOps())
    assert arrived(first)
    assert arrived(second)


def test_nothing_noted_is_nothing_done(tmp_path: Path) -> None:
    home = DataDir.open_or_create(tmp_path / "d")
    finish_arrivals(home, FailingOps(1, errno.EIO, sticky=True))
