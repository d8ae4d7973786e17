"""A file that keeps room on the disk, given up when the disk is full so that a stop is clean.

Used by `store.ingest` only.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_CHUNK = bytes(1 << 20)


class Reserve:
    """`size` bytes of real disk blocks in one file."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    @property
    def held(self) -> bool:
        """Whether the room is really there."""
        with suppress(OSError):
            return self._path.stat().st_blocks * 512 >= self._size
        return False

    def take(self) -> None:
        """Allocate the room. Raises OSError, with nothing left behind, when the disk refuses."""
        if self.held:
            return
        try:
            self._allocate()
        except OSError:
            self.release()
            raise

    def give(self) -> None:
        """Give an eighth of the room back: another process may eat what is free in no time."""
        with suppress(OSError):
            left = self._path.stat().st_size - max(1, self._size // 8)
            os.truncate(self._path, max(0, left))

    def release(self) -> None:
        """Give all of the room back to the file system."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def room_is_back(self, margin: int) -> bool:
        """Whether the file could be allocated again and leave `margin` bytes free."""
        with suppress(OSError):
            free = shutil.disk_usage(self._path.parent).free
            return self.held or free >= self._size + margin
        return False

    def _allocate(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            if sys.platform != "darwin":
                os.posix_fallocate(descriptor, 0, self._size)
            else:
                self._write_zeros(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _write_zeros(self, descriptor: int) -> None:
        left = self._size
        while left > 0:
            left -= os.write(descriptor, _CHUNK[:left])
