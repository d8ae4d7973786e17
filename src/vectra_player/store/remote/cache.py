"""Files of buckets kept on this machine: each is fetched once, verified, and read from disk after.

An object never changes under its name, so a file that is here is the right one. The folder belongs
to one address; it can be removed at any time.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import psutil

from vectra_player.store.fsops import FileOps, make_directories
from vectra_player.store.remote.manifest import sha_of


class Cache:
    """Content by its SHA-256 in one folder. Safe to use from several threads and processes."""

    def __init__(self, home: Path, url: str) -> None:
        self.folder: Final = home / "mirror" / sha_of(url.encode())[:16]
        self._ops = FileOps()
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}

    def read(self, name: str) -> bytes | None:
        """Return a small file; None where it is not here."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def path(self, name: str) -> Path:
        """Return where a file is, or will be."""
        return self.folder / name

    def keep(self, name: str, parts: Iterable[bytes]) -> Path:
        """Write a file; it appears whole and durable, or not at all."""
        target = self.folder / name
        make_directories(self._ops, self.folder)
        partial = self.folder / f".partial-{os.getpid()}-{secrets.token_hex(4)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def once(self, name: str, size: int | None, make: Callable[[], Iterable[bytes]]) -> Path:
        """Return a file, made first where it is missing; `size` tells one that is cut short."""
        target = self.folder / name
        with self._lock:
            busy = self._busy.setdefault(name, threading.Lock())
        with busy:
            try:
                found = target.stat().st_size
            except FileNotFoundError:
                found = -1
            if found < 0 or (size is not None and found != size):
                self.keep(name, make())
        return target

    def purge(self, kept: set[str]) -> None:
        """Remove what no bucket names any more: it may have been deleted on request there.

        Who has such a file open reads on.
        """
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:
            old = [entry.name for entry in entries if entry.name not in kept]
        for name in old:
            if not name.startswith(".partial-") or not _alive(name):
                self._ops.unlink(self.folder / name)


def _alive(partial: str) -> bool:
    """Say whether the process that writes a partial file is still there."""
    owner = partial.split("-")[1]
    return owner.isdecimal() and psutil.pid_exists(int(owner))
