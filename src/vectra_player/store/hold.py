"""Lend the right to change filed rows: a recorder holds still while an import does it.

Who connects to the socket in the data directory's 0700 `run/` gets one line and the open file of
the writer's lock. Until it hangs up the recorder records into its journal, and files and compacts
nothing. The lock is the kernel's and belongs to both: should the recorder be killed meanwhile, no
other writer starts before the borrower is done. Served by `app.run`, asked by `store.importers`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from threading import Thread
from typing import Final

import msgspec
import structlog

from vectra_player.errors import DiskError, VectraError
from vectra_player.store.layout import DataDir
from vectra_player.store.writer import EventStore
from vectra_player.unix import bound, peer_uid, short_path

log = structlog.get_logger(__name__)

SOCKET = "hold.sock"
MAX_LINE_BYTES = 64 * 1024
ANSWER_S = 300.0
"""The recorder files what waits before it answers, and another borrower may come first."""


class _Answer(msgspec.Struct, frozen=True):
    """`session`: the one being recorded. `refused`: the disk is in the way, nothing was lent."""

    session: str | None = None
    refused: str = ""
    advice: str = ""


class Lender:
    """Serves the holds of one open store, one at a time, in a thread of its own."""

    def __init__(self, store: EventStore) -> None:
        self._store: Final = store
        self._stack = contextlib.ExitStack()
        self._waker, self._woken = socket.socketpair()
        self._thread = Thread(target=self._serve, name="vectra-hold", daemon=True)

    def start(self) -> None:
        """Begin to answer. Raises OSError when the socket cannot be made."""
        self._listener = self._stack.enter_context(bound(self._store.data_dir.run, SOCKET))
        self._listener.listen()
        self._thread.start()

    def close(self) -> None:
        """Answer no more; waits for a borrower that is in the middle. Call before the store's."""
        self._waker.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._stack.close()
        self._woken.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while all(key.fileobj is self._listener for key, _ in selector.select()):
                try:
                    self._lend()
                except OSError as error:
                    log.warning("a hold went wrong", error=str(error))

    def _lend(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            if peer_uid(peer) != os.getuid():
                return
            try:
                # A borrower that was killed has given it back as well.
                with self._store.hold() as lock, contextlib.suppress(ConnectionError):
                    line = msgspec.json.encode(_Answer(session=self._store.session_id))
                    socket.send_fds(peer, [line], [lock])
                    while peer.recv(MAX_LINE_BYTES):
                        continue
            except VectraError as error:
                peer.sendall(msgspec.json.encode(_Answer(None, error.message, error.advice)))


class Hold:
    """What was lent: nobody else changes filed rows until `release`."""

    def __init__(self, connection: socket.socket, lock: int, session: str | None) -> None:
        self.session: Final = session
        self._connection = connection
        self._lock = lock

    def release(self) -> None:
        """Give it back."""
        os.close(self._lock)
        self._connection.close()


def ask_to_hold(data_dir: DataDir) -> Hold | None:
    """Have the directory's recorder hold still; None when none answers that can.

    Raises:
        DiskError: the recorder cannot file what waits.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(ANSWER_S)
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        try:
            with short_path(data_dir.run, SOCKET) as path:
                connection.connect(str(path))
            line, locks, _, _ = socket.recv_fds(connection, MAX_LINE_BYTES, 1, flags)
        except OSError:
            return None
        for lock in locks:
            stack.callback(os.close, lock)
        if not line:
            return None
        answer = msgspec.json.decode(line, type=_Answer)
        if answer.refused or not locks:
            raise DiskError(answer.refused or "The recorder lent nothing.", advice=answer.advice)
        stack.pop_all()
        return Hold(connection, locks[0], answer.session)
