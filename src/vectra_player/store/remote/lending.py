"""Files lent to a process that may open none: it asks by name and gets an open file.

The process of a user's statement has no network and no right to a folder. It knows the names of one
snapshot; for each that its statement needs, the parent fetches, opens and hands over.
"""

from __future__ import annotations

import mmap
import os
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Final

import msgspec
import pyarrow as pa

from vectra_player.errors import VectraError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.dataset import DataFile, StoreRoot
from vectra_player.store.remote.opening import OpeningFiles
from vectra_player.store.remote.root import RemoteRoot

_AT_ONCE: Final = 8
_MESSAGE_BYTES: Final = 4096


class _Asked(msgspec.Struct):
    number: int
    name: str


class _Answer(msgspec.Struct):
    number: int
    missing: bool = False
    message: str = ""
    advice: str = ""


class Lender:
    """The parent's side: serves one child until it is closed."""

    def __init__(self, root: StoreRoot) -> None:
        if not isinstance(root, RemoteRoot):
            raise TypeError("only files of a bucket are lent")
        self._root = root
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lender")
        self._thread = threading.Thread(target=self._serve, name="lender", daemon=True)
        self._thread.start()

    def listing(self) -> dict[str, list[DataFile]]:
        """Return which files there are."""
        return {doc_type: self._root.files(doc_type) for doc_type in DOC_TYPES}

    def raise_trouble(self) -> None:
        """Raise what kept a file from being brought here, if anything did."""
        if self._root.trouble is not None:
            raise self._root.trouble

    def close(self) -> None:
        """End the serving."""
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._ours.close()
        self.theirs.close()

    def _serve(self) -> None:
        while message := self._ours.recv(_MESSAGE_BYTES):
            with suppress(msgspec.DecodeError):  # a child that says nonsense gets no answer
                self._pool.submit(self._lend, msgspec.msgpack.decode(message, type=_Asked))

    def _lend(self, asked: _Asked) -> None:
        answer, descriptors = self._open(asked)
        try:
            with suppress(OSError):  # the child is gone
                socket.send_fds(self._ours, [msgspec.msgpack.encode(answer)], descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _open(self, asked: _Asked) -> tuple[_Answer, list[int]]:
        try:
            path = self._root.fetch(asked.name)
            return _Answer(asked.number), [os.open(path, os.O_RDONLY | os.O_CLOEXEC)]
        except FileNotFoundError:
            return _Answer(asked.number, missing=True), []
        except VectraError as error:
            return _Answer(asked.number, message=error.message, advice=error.advice), []
        except OSError as error:
            return _Answer(asked.number, message=f"It cannot be kept here: {error}."), []


class BorrowingRoot(StoreRoot):
    """The child's side: the files of one snapshot, each lent when it is opened."""

    def __init__(self, descriptor: int, listing: dict[str, list[DataFile]]) -> None:
        super().__init__(OpeningFiles(self._open).as_filesystem(), "")
        self._listing = listing
        self._socket = socket.socket(fileno=descriptor)
        self._numbers = count(1)
        self._waiting: dict[int, Future[int]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def files(self, doc_type: str) -> list[DataFile]:
        """List the files of a doc type."""
        return self._listing.get(doc_type, [])

    def _open(self, name: str) -> pa.NativeFile:
        future: Future[int] = Future()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._receive, daemon=True)
                self._thread.start()
            number = next(self._numbers)
            self._waiting[number] = future
        self._socket.send(msgspec.msgpack.encode(_Asked(number, name)))
        descriptor = future.result()
        try:
            mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        return pa.BufferReader(pa.py_buffer(mapped))

    def _receive(self) -> None:
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._socket, _MESSAGE_BYTES, 1)
            if not message:
                return
            answer = msgspec.msgpack.decode(message, type=_Answer)
            with self._lock:
                future = self._waiting.pop(answer.number)
            if descriptors:
                future.set_result(descriptors[0])
            elif answer.missing:
                future.set_exception(FileNotFoundError(2, "No such file or directory"))
            else:
                self.trouble = VectraError(answer.message, advice=answer.advice)
                future.set_exception(self.trouble)
