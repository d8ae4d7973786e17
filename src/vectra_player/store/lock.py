"""One writer per data directory, enforced by the kernel.

`flock` ends with its holder, however that dies, so a lock is never stale; the text in the file only
says who holds it. Used by `store.writer` and by commands that change the dataset.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DiskError, StoreLockedError
from vectra_player.store.layout import DataDir, iso


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock."""

    pid: int
    started_at: str


class WriterLock:
    """The right to write to a data directory, held until `release` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path, clock: Clock | None = None) -> Self:
        """Take the lock or say who has it; never waits.

        Raises:
            StoreLockedError: another process, or another store of this one, holds it.
            DiskError: the lock file cannot be opened, or its file system has no locks.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise DiskError(
                f"{path} cannot be opened for writing: {error.strerror}.",
                advice="Mend its permissions or disk, or name another directory with --data-dir.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StoreLockedError(
                f"{path.parent.parent} is being written by {_describe(holder(path))}.",
                advice="Stop it first, or name another directory with --data-dir.",
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise DiskError(
                f"{path} cannot be locked: {error.strerror}.",
                advice="Name a data directory on a local disk with --data-dir.",
            ) from error
        text = msgspec.json.encode(Holder(os.getpid(), iso((clock or SystemClock()).now_us())))
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        return cls(path, descriptor)

    @property
    def descriptor(self) -> int:
        """The open file: whoever has a copy of it holds the lock too, until all are closed."""
        return self._descriptor

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would let two processes win."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


def lock_store(data_dir: DataDir, clock: Clock) -> WriterLock:
    """Become the writer; where an import is, say so: it ends by itself, or can be ended.

    Raises: see `WriterLock.acquire`.
    """
    try:
        return WriterLock.acquire(data_dir.lock_file, clock)
    except StoreLockedError:
        writing, importing = holder(data_dir.lock_file), holder(data_dir.import_lock)
        if writing is None or importing is None or writing.pid != importing.pid:
            raise
        raise StoreLockedError(
            f"An import writes to {data_dir.root}: process {writing.pid}, "
            f"started {writing.started_at}.",
            advice="Start again when it has ended, or stop it first: importing again completes it. "
            "An import begun while a recorder runs keeps nobody waiting.",
        ) from None


def only_one(path: Path, others: str, advice: str, clock: Clock | None = None) -> WriterLock:
    """Take a lock for one kind of work; `others`: what another process does that has it.

    Raises:
        StoreLockedError: one has it; it is named.
        DiskError: see `WriterLock.acquire`.
    """
    try:
        return WriterLock.acquire(path, clock)
    except StoreLockedError:
        raise StoreLockedError(f"{others}: {_describe(holder(path))}.", advice=advice) from None


def holder(path: Path) -> Holder | None:
    """Return who wrote the lock file last; None when that cannot be told."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _describe(who: Holder | None) -> str:
    if who is None:
        return "another process"
    return f"process {who.pid}, started {who.started_at}"
