"""Hold Chrome's debugging pipe in a small process of its own, and relay it to one recorder.

Chrome exits when the holder of its pipe dies, so the holder must be smaller and steadier than the
recorder. This is that program: standard library only, started by `launch`. It numbers every
message of Chrome, keeps each until the recorder has it on disk, and sends again what a new
recorder has not (`wire` has the format).
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
import time
from pathlib import Path
from typing import Any

from vectra_player.sources.chrome.browser import Chrome
from vectra_player.sources.chrome.wire import (
    CHUNK,
    FALLBACK_FOLDER,
    Client,
    Kept,
    Sticky,
    frame,
)
from vectra_player.unix import peer_uid

KEEP_BYTES = 64 * 1024 * 1024
"""Beyond this the pipe is not read: Chrome queues, nothing is lost (capture.md, chrome-host)."""
ORPHAN_S = 600.0
"""With the bound reached and no recorder for so long, messages are dropped and counted."""
LINGER_S = 300.0
"""How long the last messages of a dead Chrome wait for a recorder."""
CLOSE_S = 5.0
DROPPED_BY_CHROME = b"Too large write data is pending"
OWN_COMMANDS = 16
"""Command ids below this are the host's own."""
IDS_A_CLIENT = 1_000_000


class Host:
    """The relay between one Chrome and one recorder at a time."""

    def __init__(self, chrome: Chrome, version: str, listener: socket.socket) -> None:
        self._chrome = chrome
        self._version = version
        self._listener = listener
        self._kept = Kept(time.time_ns() // 1000 * 1000)
        self._sticky = Sticky()
        self._select = selectors.DefaultSelector()
        self._client: Client | None = None
        self._clients = 0
        self._partial = bytearray()
        self._dropped = 0
        self._parked = False
        self._alone_since = time.monotonic()
        self._closing_since: float | None = None
        self._code: int | None = None
        self._ended_at = 0.0

    def run(self) -> None:
        """Relay until Chrome has ended and its last messages are delivered, or nobody comes."""
        chrome = self._chrome
        self._select.register(self._listener, selectors.EVENT_READ, self._accept)
        self._select.register(chrome.error, selectors.EVENT_READ, self._read_error)
        while not self._done():
            self._arm()
            for key, _ in self._select.select(0.5):
                key.data()
            self._housekeep()
        if self._client is not None:
            self._drop_client()
        self._select.close()

    def _done(self) -> bool:
        if self._code is None:
            return False
        lingered = time.monotonic() - self._ended_at
        nothing_left = self._kept.first == self._kept.next
        if self._client is None:
            return nothing_left or lingered > LINGER_S
        return lingered > LINGER_S

    def _arm(self) -> None:
        """Choose what to wait for: this is the whole flow control."""
        full = self._kept.bytes >= KEEP_BYTES and not self._parked
        chrome = self._chrome
        self._want(chrome.output, selectors.EVENT_READ, self._read_chrome, not full)
        self._want(chrome.input, selectors.EVENT_WRITE, chrome.write, bool(chrome.unsent))
        if self._client is not None:
            self._client.load(self._kept, self._code)
            events = selectors.EVENT_READ
            events |= selectors.EVENT_WRITE if self._client.unsent else 0
            self._want(self._client.socket, events, self._serve, True)

    def _want(self, file: Any, events: int, action: Any, wanted: bool) -> None:
        closed = isinstance(file, int) and self._code is not None
        known = file in self._select.get_map()
        if known and (closed or not wanted):
            self._select.unregister(file)
        elif known:
            self._select.modify(file, events, action)
        elif wanted and not closed:
            self._select.register(file, events, action)

    def _housekeep(self) -> None:
        now = time.monotonic()
        if self._closing_since is not None and now - self._closing_since > CLOSE_S:
            self._chrome.kill()
        orphaned = self._client is None and now - self._alone_since > ORPHAN_S
        if orphaned and self._chrome.headless and self._code is None:
            self._close_chrome()  # nobody can see it, nobody comes back for it
        if orphaned and self._kept.bytes >= KEEP_BYTES:
            while self._kept.first < self._kept.next:
                self._dropped += 1
                self._sticky.fold(self._kept.pop())

    def _read_chrome(self) -> None:
        try:
            data = os.read(self._chrome.output, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._chrome_ended()
            return
        self._partial += data
        if b"\0" not in data:
            return
        *whole, rest = bytes(self._partial).split(b"\0")
        self._partial = bytearray(rest)
        for message in whole:
            self._kept.add(message)
            if self._parked:
                self._sticky.fold(self._kept.pop())

    def _chrome_ended(self) -> None:
        for file in (self._chrome.output, self._chrome.input):
            if file in self._select.get_map():
                self._select.unregister(file)
        self._code = self._chrome.wait()
        self._ended_at = time.monotonic()

    def _read_error(self) -> None:
        try:
            text = os.read(self._chrome.error, CHUNK)
        except BlockingIOError:
            return
        if not text:
            self._select.unregister(self._chrome.error)
        if DROPPED_BY_CHROME in text and self._client is not None:
            self._client.queue(b"W", 0, {"warning": DROPPED_BY_CHROME.decode()})

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        if peer_uid(peer) != os.getuid():
            peer.close()
            return
        if self._client is not None:
            with contextlib.suppress(OSError):
                peer.sendall(frame(b"H", 0, b'{"error":"busy"}'))
            peer.close()
            return
        peer.setblocking(False)
        self._client = Client(peer)

    def _serve(self) -> None:
        client = self._client
        if client is None:
            return
        try:
            client.write()
            frames = client.read()
        except OSError:
            self._drop_client()
            return
        for kind, number, payload in frames:
            self._obey(client, kind, number, payload)
        if client.gone:
            self._drop_client()

    def _obey(self, client: Client, kind: bytes, number: int, payload: bytes) -> None:
        if kind == b"h":
            self._greet(client, json.loads(payload))
        elif kind == b"C":
            self._chrome.send(payload)
        elif kind == b"A":
            self._acknowledge(min(number, client.cursor - 1))
        elif kind == b"B":
            self._parked = True
            self._acknowledge(self._kept.next - 1)
        elif kind == b"X":
            self._close_chrome()

    def _close_chrome(self) -> None:
        if self._closing_since is None:
            self._closing_since = time.monotonic()
            self._chrome.send(b'{"id":2,"method":"Browser.close"}')

    def _greet(self, client: Client, hello: dict[str, Any]) -> None:
        self._clients += 1
        if hello["acknowledged"] < self._kept.next:
            self._acknowledge(hello["acknowledged"])
        else:
            # The recorder's last receipt is of a younger host: number on from now, so that no
            # message of ours counts as acknowledged.
            self._kept.first = time.time_ns() // 1000 * 1000
        state = self._sticky.messages()
        answer = {
            "version": self._version,
            "chrome_pid": self._chrome.pid,
            "host_pid": os.getpid(),
            "first": self._kept.first,
            "next": self._kept.next,
            "dropped": self._dropped,
            "parked": self._parked,
            "headless": self._chrome.headless,
            "first_id": OWN_COMMANDS + (self._clients % 2000) * IDS_A_CLIENT,
            "new": self._clients == 1,
        }
        client.queue(b"H", 0, answer)
        for data in state:
            client.queue(b"S", 0, data)
        client.cursor = self._kept.first
        self._parked = False
        self._dropped = 0

    def _acknowledge(self, number: int) -> None:
        while self._kept.first <= number:
            self._sticky.fold(self._kept.pop())

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        self._alone_since = time.monotonic()
        if client is not None:
            self._select.unregister(client.socket)
            client.socket.close()


def listen(path: Path) -> socket.socket:
    """Open the socket at `path`, 0600 from its first moment, replacing a dead one."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(4)
    listener.setblocking(False)
    return listener


def serve(path: Path, argv: list[str], report: int) -> None:
    """Start Chrome, say on `report` how that went, and relay until it ends."""
    chrome = Chrome(argv)
    answer = chrome.first_answer()
    if not answer:
        code, words = chrome.failure()
        _say(report, {"error": "ended", "code": code, "words": words})
        return
    version = json.loads(answer).get("result", {}).get("product", "")
    listener = listen(path)
    inode = path.stat().st_ino
    _say(report, {"version": version, "host_pid": os.getpid(), "chrome_pid": chrome.pid})
    try:
        Host(chrome, version, listener).run()
    finally:
        listener.close()
        chrome.close()
        with contextlib.suppress(OSError):
            if path.stat().st_ino == inode:
                path.unlink()
                if path.parent.name.startswith(FALLBACK_FOLDER):
                    path.parent.rmdir()


def main(socket_path: str, *argv: str) -> int:
    """Become a process of our own session; the caller is answered once Chrome answers."""
    read, write = os.pipe()
    if os.fork():
        os.close(write)
        with os.fdopen(read, "rb") as reports:
            report = reports.read()
        sys.stdout.write(report.decode() or '{"error": "died"}')
        return 0
    os.close(read)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    serve(Path(socket_path), list(argv), write)
    return 0


def _say(report: int, answer: dict[str, Any]) -> None:
    os.write(report, json.dumps(answer).encode())
    os.close(report)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
