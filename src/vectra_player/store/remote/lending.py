"""Files brought to a process that can reach no storage: it asks for them by name.

The process of a user's statement has no credentials, and no right but to read what its parent has
fetched. It knows the files of one snapshot; those that a scan needs it asks the parent to bring.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
import pyarrow.fs as pafs

from vectra_player.errors import VectraError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.dataset import DataFile, StoreRoot
from vectra_player.store.remote.bringing import BringingRoot
from vectra_player.store.remote.root import RemoteRoot

_FILES_AT_ONCE: Final = 100
_MESSAGE_BYTES: Final = 1 << 16


class _Answer(msgspec.Struct):
    """Whether the files are here now; `gone`: one went away with its day."""

    gone: bool = False
    message: str = ""
    advice: str = ""


class Lent(msgspec.Struct):
    """What a child is told of its files: which socket to ask over, where they come to lie."""

    descriptor: int
    folder: str
    listing: dict[str, list[DataFile]]


class Lender:
    """The parent's side: serves one child until it is closed."""

    def __init__(self, root: StoreRoot) -> None:
        if not isinstance(root, RemoteRoot):
            raise TypeError("only files of a bucket are lent")
        self._root = root
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, name="lender", daemon=True)
        self._thread.start()

    def lent(self) -> Lent:
        """Return what the child is told; it inherits the descriptor."""
        root = self._root
        root.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        listing = {doc_type: root.files(doc_type) for doc_type in DOC_TYPES}
        return Lent(self._theirs.fileno(), str(root.folder), listing)

    @property
    def trouble(self) -> Exception | None:
        """Why a file could not be brought here, if one could not."""
        return self._root.trouble

    def close(self) -> None:
        """End the serving."""
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._ours.close()
        self._theirs.close()

    def _serve(self) -> None:
        while message := self._ours.recv(_MESSAGE_BYTES):
            with suppress(OSError):  # the child is gone
                self._ours.send(msgspec.msgpack.encode(self._bring(message)))

    def _bring(self, message: bytes) -> _Answer:
        try:
            self._root.bring(msgspec.msgpack.decode(message, type=list[str]))
        except FileNotFoundError:
            return _Answer(gone=True)
        except Exception as error:
            advice = error.advice if isinstance(error, VectraError) else ""
            text = error.message if isinstance(error, VectraError) else str(error)
            return _Answer(message=text[:4096] or type(error).__name__, advice=advice[:4096])
        return _Answer()


class BorrowingRoot(BringingRoot):
    """The child's side: the files of one snapshot, asked for when a scan needs them."""

    def __init__(self, lent: Lent) -> None:
        super().__init__(pafs.LocalFileSystem(), lent.folder)
        self._listing = lent.listing
        self._socket = socket.socket(fileno=lent.descriptor)
        self._lock = threading.Lock()

    def files(self, doc_type: str) -> list[DataFile]:
        """List the files of a doc type."""
        return self._listing.get(doc_type, [])

    def _bring(self, paths: Sequence[str]) -> None:
        with self._lock:
            for start in range(0, len(paths), _FILES_AT_ONCE):
                wanted = list(paths[start : start + _FILES_AT_ONCE])
                self._socket.send(msgspec.msgpack.encode(wanted))
                answer = msgspec.msgpack.decode(self._socket.recv(_MESSAGE_BYTES), type=_Answer)
                if answer.gone:
                    raise FileNotFoundError(2, "No such file or directory")
                if answer.message:
                    raise VectraError(answer.message, advice=answer.advice)
