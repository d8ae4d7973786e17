"""Every file call of the filing path, behind one object, so that tests can make any of them fail.

The order that makes a file safe is fixed here: write, fsync, close, rename, fsync the directory.
Used by `store` and by `trading.memory`; the journal's own files are SQLite's business.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h
_RENAME_SWAP = 2  # macOS sys/stdio.h
_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700


class FileOps:
    """The real thing. A test double overrides `_before` to record or to fail an operation."""

    def write(self, path: Path, data: bytes | memoryview) -> None:
        """Create `path` (it must not exist) with `data`; not yet on disk when this returns.

        Raises:
            OSError: the disk refused, or `path` exists or is a symbolic link.
        """
        self._before("write", path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, _FILE_MODE)
        try:
            view = memoryview(data)
            while view:
                view = view[self._write_some(descriptor, view) :]
        finally:
            os.close(descriptor)

    def fsync(self, path: Path) -> None:
        """Put a file's content on disk.

        Raises:
            OSError: it is not known what reached the disk; the file must be written anew.
        """
        self._before("fsync", path)
        _sync(path, os.O_RDONLY)

    def fsync_dir(self, path: Path) -> None:
        """Put a directory's entries on disk: creations, renames and removals in it."""
        self._before("fsync_dir", path)
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file, replacing `target` in one step."""
        self._before("rename", source, target)
        source.replace(target)

    def exchange(self, first: Path, second: Path) -> None:
        """Exchange two directories in one step.

        Raises:
            OSError: refused; ENOTSUP or EINVAL where the file system cannot exchange.
        """
        self._before("exchange", first, second)
        _exchange(first, second)

    def mkdir(self, path: Path) -> None:
        """Create one directory, 0700; an existing one is fine."""
        self._before("mkdir", path)
        with suppress(FileExistsError):
            path.mkdir(mode=_DIRECTORY_MODE)

    def unlink(self, path: Path) -> None:
        """Remove a file; a missing one is fine."""
        self._before("unlink", path)
        path.unlink(missing_ok=True)

    def rmdir(self, path: Path) -> None:
        """Remove an empty directory; a missing one is fine."""
        self._before("rmdir", path)
        with suppress(FileNotFoundError):
            path.rmdir()

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        """Do nothing; the seam of the fault tests."""

    def _write_some(self, descriptor: int, view: memoryview) -> int:
        return os.write(descriptor, view)


class Staged(NamedTuple):
    """A file in `staging/` with its place in the dataset."""

    staged: Path
    target: Path


def make_directories(ops: FileOps, path: Path) -> None:
    """Create `path` and its missing parents, each durable before anything is put into it."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        ops.mkdir(directory)
        ops.fsync_dir(directory.parent)


def publish(
    ops: FileOps,
    files: Sequence[tuple[Path, Path, bytes | memoryview]],
    step: Callable[[str], None] = lambda name: None,
) -> None:
    """Write (staged, target, data) files and move them into the dataset; all durable on return.

    All files are staged and synced before the first becomes visible. A file of the same name is
    replaced in one step. On error the staged files are removed and the call can be repeated.

    Raises:
        OSError: the disk refused; some targets may be in place already, whole.
    """
    try:
        for staged, _, data in files:
            ops.unlink(staged)
            ops.write(staged, data)
            ops.fsync(staged)
        step("files.staged")
        move(ops, [Staged(staged, target) for staged, target, _ in files], step)
    except OSError:
        for staged, _, _ in files:
            with suppress(OSError):
                ops.unlink(staged)
        raise


def move(ops: FileOps, files: Sequence[Staged], step: Callable[[str], None]) -> None:
    """Rename synced files into place and make the renames durable."""
    directories = dict.fromkeys(target.parent for _, target in files)
    for directory in directories:
        make_directories(ops, directory)
    for staged, target in files:
        ops.rename(staged, target)
        step("file.renamed")
    for directory in directories:
        ops.fsync_dir(directory)
    step("files.published")


def replace_file(ops: FileOps, target: Path, data: bytes, staged: Path | None = None) -> None:
    """Give a small file new content in one durable step; readers see the old or the new."""
    publish(ops, [(staged or target.with_name(f".{target.name}.new"), target, data)])


def remove_tree(ops: FileOps, path: Path) -> None:
    """Remove a directory and everything in it, never following a symbolic link."""
    if path.is_symlink() or not path.is_dir():
        ops.unlink(path)
        return
    with os.scandir(path) as entries:
        names = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, directory in names:
        if directory:
            remove_tree(ops, name)
        else:
            ops.unlink(name)
    ops.rmdir(path)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        if sys.platform == "darwin":  # a plain fsync leaves the data in the drive's cache there
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _exchange(first: Path, second: Path) -> None:
    names = os.fsencode(first), os.fsencode(second)
    libc = _libc()
    if sys.platform == "darwin":
        call = getattr(libc, "renamex_np", None)
        arguments: tuple[int | bytes | ctypes.c_uint, ...] = (*names, ctypes.c_uint(_RENAME_SWAP))
    else:
        call = getattr(libc, "renameat2", None)
        flags = ctypes.c_uint(_RENAME_EXCHANGE)
        arguments = (_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags)
    if call is None:
        raise OSError(errno.ENOTSUP, "the C library cannot exchange directories", str(first))
    if call(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(first), None, str(second))
