"""One writer per data directory, whoever comes first, and none left over by the dead (D8)."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from tests.store_support import SMALL, SMALL_DERIVER, FakeClock

from vectra_player.errors import DiskError, StoreLockedError
from vectra_player.store.importers.beside import open_way
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock, holder
from vectra_player.store.writer import EventStore

RACERS = 4
RACES = 50


def racer(path: str, pipe: Connection) -> None:
    """Try for the lock at each starting shot and hold it until told to go on."""
    while pipe.recv():
        try:
            lock = WriterLock.acquire(Path(path))
        except StoreLockedError:
            pipe.send(False)
            pipe.recv()
        else:
            pipe.send(True)
            pipe.recv()
            lock.release()
        pipe.send(None)


def test_of_many_racers_exactly_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.test_lock"])
    pipes, processes = [], []
    for _ in range(RACERS):
        mine, theirs = context.Pipe()
        process = context.Process(target=racer, args=(str(tmp_path / "lock"), theirs), daemon=True)
        process.start()
        pipes.append(mine)
        processes.append(process)
    winners = [race(pipes) for _ in range(RACES)]
    for pipe in pipes:
        pipe.send(False)
    for process in processes:
        process.join()
    assert winners == [1] * RACES


def race(pipes: list[Any]) -> int:
    """Let all try at once; return how many won."""
    for pipe in pipes:
        pipe.send(True)
    won = sum(pipe.recv() for pipe in pipes)
    for pipe in pipes:
        pipe.send(True)
    for pipe in pipes:
        pipe.recv()
    return int(won)


def test_a_second_recorder_is_told_who_writes_since_when(tmp_path: Path) -> None:
    clock = FakeClock()
    first = EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER, clock=clock)
    with first, pytest.raises(StoreLockedError) as refused:
        EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER)
    assert f"process {os.getpid()}" in str(refused.value)
    assert "2025-11-24T16:00:00" in str(refused.value)
    assert "--data-dir" in refused.value.advice


def test_who_comes_during_an_import_is_told_that_it_ends_by_itself(tmp_path: Path) -> None:
    data_dir = DataDir.open_or_create(tmp_path)
    with (
        open_way(data_dir, FakeClock()),
        pytest.raises(StoreLockedError, match=f"An import writes .* process {os.getpid()}") as told,
    ):
        EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER)
    assert "importing again completes it" in told.value.advice


def hold(path: str, pipe: Connection) -> None:
    """Take the lock and die with it."""
    WriterLock.acquire(Path(path))
    pipe.send("held")
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    mine, theirs = context.Pipe()
    process = context.Process(target=hold, args=(str(tmp_path / "lock"), theirs), daemon=True)
    process.start()
    assert mine.recv() == "held"
    process.join()
    with WriterLock.acquire(tmp_path / "lock"):
        found = holder(tmp_path / "lock")
        assert found is not None
        assert found.pid == os.getpid()


def test_a_lock_file_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(DiskError, match="symbolic"):
        WriterLock.acquire(tmp_path / "lock")
    assert (tmp_path / "victim").read_text() == "precious"


def refusing(code: int) -> Any:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_disk_too_full_to_name_the_holder_still_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "pwrite", refusing(errno.ENOSPC))
    with WriterLock.acquire(tmp_path / "lock"), pytest.raises(StoreLockedError):
        WriterLock.acquire(tmp_path / "lock")


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    with pytest.raises(DiskError, match="cannot be locked"):
        WriterLock.acquire(tmp_path / "lock")
