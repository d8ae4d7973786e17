"""The kill switch: a flag in memory and the file `run/KILL`. Either of them stops every press.

The file is the switch that needs nothing of ours to work: anybody may make it, with `touch`, and
it outlives the process. Used by `gate` and, to let it fall, by `app` and `cli`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FILE_NAME = "KILL"


class KillSwitch:
    """One switch of a data directory. It falls in an instant and is raised by a person only."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._text = os.fspath(self.path)
        self._by = ""

    @property
    def fallen(self) -> bool:
        """Whether nothing may be pressed. Looks at the disk: some microseconds."""
        if self._by:
            return True
        try:
            os.lstat(self._text)
        except FileNotFoundError:
            return False
        except OSError:  # a directory that cannot be read may hold the file
            pass
        self._by = f"the file {self._text}"
        return True

    @property
    def by(self) -> str:
        """Who or what let it fall; empty while it stands."""
        return self._by

    def fall(self, by: str) -> None:
        """Let it fall, in memory first, then on disk; safe in a signal handler.

        A disk that refuses leaves the flag: it holds until the process ends.
        """
        self._by = self._by or by or "somebody"
        with contextlib.suppress(OSError):
            write_kill(self.path, by)

    def raise_again(self) -> None:
        """Put it back.

        Raises:
            OSError: the file cannot be removed; the switch stays fallen.
        """
        by, self._by = self._by, ""  # first: a signal that comes now must not be lost
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            self._by = by
            raise


def write_kill(path: Path, by: str) -> None:
    """Make the file, durable when this returns; one that exists is left as it is.

    Raises:
        OSError: the disk refused.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        return
    try:
        os.write(descriptor, f"{by}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
