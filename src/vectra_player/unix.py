"""Unix sockets in a private folder: short enough paths, mode 0600, who is at the other end.

Standard library only: chrome-host loads it. Used by `sources.chrome`, `store` and `app`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def short_path(folder: Path, name: str) -> Iterator[Path]:
    """Yield a path of a socket that keeps the system's limit of about 100 bytes.

    Raises:
        OSError: there is no such folder.
    """
    if sys.platform != "linux":
        yield folder / name
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}/{name}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def bound(folder: Path, name: str) -> Iterator[socket.socket]:
    """Yield a socket bound to a name that only this process may use; the name goes at the end."""
    with short_path(folder, name) as path, socket.socket(socket.AF_UNIX) as listener:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def peer_uid(peer: socket.socket) -> int:
    """Return the user at the other end of a Unix socket."""
    if sys.platform == "linux":
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", credentials)[1])
    xucred = peer.getsockopt(0, 1, 76)
    return int(struct.unpack_from("2I", xucred)[1])
