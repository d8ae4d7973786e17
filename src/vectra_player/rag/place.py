"""Where the index lies, who may build it, and how a new one takes the place of the old.

A build works in a folder of its own below `staging/` and exchanges it for `chroma/` in one step,
so readers see the old index or the new one, whole. Chroma writes to files it only reads, so a
reader works on a copy of its own, and `chroma/` stays what its seal says. What a killed build or
reader left is swept by the next one.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

import psutil

from vectra_player.errors import DamageError
from vectra_player.rag import seal
from vectra_player.rag.seal import Seal
from vectra_player.store.fsops import FileOps, remove_tree
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import only_one

_STAGED: Final = "index-"
_READ: Final = "index_read-"
_COPIES: Final = 5
_numbers = count(1)


class IndexPlace:
    """Paths of the index of one data directory."""

    def __init__(self, data_dir: DataDir) -> None:
        self.folder: Final = data_dir.root / "chroma"
        self.lock_file: Final = data_dir.run / "index.lock"
        self.quarantine: Final = data_dir.quarantine
        self._staging: Final = data_dir.staging
        self._ops: Final = FileOps()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Be the one builder; what an earlier one left half done is swept away.

        Raises:
            StoreLockedError: another process builds.
        """
        advice = "Wait for it, or stop it first."
        with only_one(self.lock_file, "The index is being built", advice):
            self.sweep()
            yield

    def sweep(self) -> None:
        """Remove what killed builds left."""
        for path in self._staging.glob(f"{_STAGED}*"):
            remove_tree(self._ops, path)

    def staged(self, *, copied: bool) -> Path:
        """Return a folder to build in: a copy of the index, or an empty one."""
        target = self._staging / f"{_STAGED}{os.getpid()}-{next(_numbers)}"
        if copied:
            shutil.copytree(self.folder, target)
        else:
            target.mkdir(mode=0o700)
        return target

    def copy(self) -> tuple[Path, Seal]:
        """Return a copy to read from, whole, and its seal; `discard` it in the end.

        Raises:
            FileNotFoundError: there is no index that this version can read.
            DamageError: the index is not what was written.
            OSError: the disk refused the copy.
        """
        self._sweep_readers()
        for _ in range(_COPIES):
            before = seal.read(self.folder)
            if before is None:
                break
            target = self._staging / f"{_READ}{os.getpid()}-{next(_numbers)}"
            try:
                shutil.copytree(self.folder, target)
                seal.check(target, before)
            except (OSError, DamageError) as error:
                remove_tree(self._ops, target)
                now = seal.read(self.folder)
                if now is None or now.build_id != before.build_id:
                    continue
                if isinstance(error, DamageError):
                    seal.check(self.folder, before)  # names the file that is the user's
                raise
            else:
                return target, before
        raise FileNotFoundError(errno.ENOENT, "no index", str(self.folder))

    def _sweep_readers(self) -> None:
        for path in self._staging.glob(f"{_READ}*"):
            pid = path.name.removeprefix(_READ).partition("-")[0]
            if not pid.isdigit() or not psutil.pid_exists(int(pid)):
                remove_tree(self._ops, path)

    def discard(self, staged: Path) -> None:
        """Remove a folder that was only looked into."""
        remove_tree(self._ops, staged)

    def swap(self, staged: Path) -> None:
        """Put a finished folder in the place of the index, and remove the old one."""
        if self.folder.is_dir():
            self._exchange(staged)
        else:
            self._ops.rename(staged, self.folder)
        self._ops.fsync_dir(self.folder.parent)
        remove_tree(self._ops, staged)

    def _exchange(self, staged: Path) -> None:
        try:
            self._ops.exchange(staged, self.folder)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOSYS):
                raise
            # No exchange on this file system: for an instant there is no index, never half of one.
            aside = staged.with_name(f"{staged.name}-old")
            self._ops.rename(self.folder, aside)
            self._ops.rename(staged, self.folder)
            remove_tree(self._ops, aside)

    def set_aside(self, stamp: str) -> Path:
        """Move an index that cannot be read to the quarantine: it may hold others' collections."""
        target = self.quarantine / f"chroma-{stamp}"
        self._ops.rename(self.folder, target)
        return target

    def size(self) -> int:
        """Return the bytes the index takes."""
        total = 0
        with suppress(OSError):
            for path in self.folder.rglob("*"):
                total += path.stat().st_size if path.is_file() else 0
        return total
