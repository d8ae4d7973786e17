"""Doubles of the store's file calls and journal that fail when told, and record what was done."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from vectra_player.store.fsops import FileOps
from vectra_player.store.groups import Group
from vectra_player.store.journal import Journal, Operation

ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)

SHORT_WRITE = -1
"""In place of an errno: half the bytes reach the file, then the disk is full."""


class FailingOps(FileOps):
    """Fails operation `at` (from 1), once or from then on."""

    def __init__(self, at: int, code: int, *, sticky: bool) -> None:
        self.count = 0
        self.failed = 0
        self._at = at
        self._code = code
        self._sticky = sticky
        self._cut = False

    def heal(self) -> None:
        """Work again."""
        self._at = 1 << 60
        self._cut = False

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        self.count += 1
        if self.count == self._at or (self._sticky and self.count > self._at):
            self.failed += 1
            if self._code == SHORT_WRITE and operation == "write":
                self._cut = True
                return
            code = errno.ENOSPC if self._code == SHORT_WRITE else self._code
            raise OSError(code, os.strerror(code), str(path))

    def _write_some(self, descriptor: int, view: memoryview) -> int:
        if self._cut:
            self._cut = False
            os.write(descriptor, view[: len(view) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super()._write_some(descriptor, view)


class Operated(NamedTuple):
    """One recorded file call; `data` is what a write wrote."""

    name: str
    path: Path
    target: Path | None
    data: bytes


class RecordingOps(FileOps):
    """Records every file call, and tells a listener just before each."""

    def __init__(self, listener: Callable[[int], None] = lambda number: None) -> None:
        self.done: list[Operated] = []
        self._listener = listener

    def write(self, path: Path, data: bytes | memoryview) -> None:
        """Record the bytes as well."""
        super().write(path, data)
        self.done[-1] = self.done[-1]._replace(data=bytes(data))

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        self._listener(len(self.done))
        self.done.append(Operated(operation, path, target, b""))


class FailingJournal(Journal):
    """Fails commit `at` (from 1), before or after it took effect, once or from then on."""

    commits = 0
    failed = 0
    at = 0
    after = False
    sticky = False

    @classmethod
    def set(cls, at: int, *, after: bool, sticky: bool) -> None:
        """Fail commit `at` of those to come."""
        cls.commits = cls.failed = 0
        cls.at, cls.after, cls.sticky = at, after, sticky

    def commit(self, groups: Iterable[Group], operations: Sequence[Operation] = ()) -> None:
        """Commit, or fail as a disk would."""
        cls = type(self)
        cls.commits += 1
        fail = cls.at and (cls.commits == cls.at or (cls.sticky and cls.commits > cls.at))
        if fail and not cls.after:
            cls.failed += 1
            raise sqlite3.OperationalError("disk I/O error")
        super().commit(groups, operations)
        if fail:
            # As after a failed fsync: the log holds the commit, but nobody may rely on it.
            cls.failed += 1
            raise sqlite3.OperationalError("disk I/O error")
