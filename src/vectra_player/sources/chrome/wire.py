"""Speak on the Unix socket between chrome-host and recorder, and remember for a recorder to come.

Standard library only: chrome-host runs this, and its recorder's end (`hostlink`) shares the format.

Both ways: kind (1 byte), number (8), length (4), payload.
Recorder to host: h hello {"acknowledged": n}, C command, A acknowledge, B bye, X close Chrome.
Host to recorder: H hello, S state to know, M message, W warning, E end of Chrome {"code": n}.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from typing import Any

HEADER = struct.Struct(">cQI")
CHUNK = 256 * 1024
EVENT = b'{"method":"'
BATCH = 64
"""Messages taken up for sending at a time: bounds the copy beside the kept ones."""
FALLBACK_FOLDER = "vectra-socket-"
"""Begins the name of the folder that holds the socket when the profile's path is too long."""


class Kept:
    """Messages not yet acknowledged, numbered without a hole."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.bytes = 0
        self._messages: deque[bytes] = deque()

    @property
    def next(self) -> int:
        """Number the next message will get."""
        return self.first + len(self._messages)

    def add(self, data: bytes) -> None:
        """Keep a message."""
        self._messages.append(data)
        self.bytes += len(data)

    def get(self, number: int) -> bytes:
        """Return a kept message."""
        return self._messages[number - self.first]

    def pop(self) -> bytes:
        """Let the oldest message go."""
        data = self._messages.popleft()
        self.first += 1
        self.bytes -= len(data)
        return data


class Sticky:
    """What a new recorder must know, as of the last acknowledged message.

    Chrome announces sessions and sockets once. Messages after the acknowledged one are sent
    again, so this folds acknowledged ones only.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, tuple[str, bytes]] = {}
        self._sockets: dict[tuple[str, str], list[bytes]] = {}
        self._polls: dict[tuple[str, str], bytes] = {}

    def messages(self) -> list[bytes]:
        """Return the announcements to repeat, parents before children."""
        sockets = [data for group in self._sockets.values() for data in group]
        return [data for _, data in self._sessions.values()] + sockets + list(self._polls.values())

    def fold(self, data: bytes) -> None:
        """Take an acknowledged message into account."""
        if not data.startswith(EVENT):
            return
        name = data[len(EVENT) : data.find(b'"', len(EVENT))].decode("ascii", "replace")
        if name.startswith("Target."):
            self._fold_target(name, data)
        elif name == "Network.requestWillBeSent":
            if b"EIO=" in data:
                self._polls[_request(data)] = data
        elif name in ("Network.loadingFinished", "Network.loadingFailed"):
            if self._polls:
                self._polls.pop(_request(data), None)
        elif name == "Network.webSocketClosed":
            self._sockets.pop(_request(data), None)
        elif name.startswith("Network.webSocket") and not name.startswith("Network.webSocketFrame"):
            self._sockets.setdefault(_request(data), []).append(data)
        elif name == "Page.frameNavigated":
            self._fold_navigation(json.loads(data))

    def _fold_target(self, name: str, data: bytes) -> None:
        if name == "Target.attachedToTarget":
            params = json.loads(data)["params"]
            self._sessions[params["sessionId"]] = (params["targetInfo"]["targetId"], data)
        elif name == "Target.detachedFromTarget":
            session = json.loads(data)["params"]["sessionId"]
            self._sessions.pop(session, None)
            self._forget(session)

    def _fold_navigation(self, message: dict[str, Any]) -> None:
        session = message.get("sessionId", "")
        target, _ = self._sessions.get(session, ("", b""))
        if message["params"]["frame"]["id"] == target:
            self._forget(session)

    def _forget(self, session: str) -> None:
        for key in [key for key in self._sockets if key[0] == session]:
            del self._sockets[key]
        for key in [key for key in self._polls if key[0] == session]:
            del self._polls[key]


def _request(data: bytes) -> tuple[str, str]:
    message = json.loads(data)
    return message.get("sessionId", ""), message["params"]["requestId"]


class Client:
    """The recorder's end: what it has been sent, and what it said."""

    def __init__(self, peer: socket.socket) -> None:
        self.socket = peer
        self.cursor = 0
        self.gone = False
        self.unsent: deque[memoryview] = deque()
        self._told_end = False
        self._received = bytearray()

    def queue(self, kind: bytes, number: int, payload: bytes | dict[str, Any]) -> None:
        """Add a frame to what will be sent."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.unsent.append(memoryview(HEADER.pack(kind, number, len(data)) + data))

    def load(self, kept: Kept, code: int | None) -> None:
        """Take kept messages up for sending, a few at a time; after the last one the end."""
        if not self.cursor:
            return
        self.cursor = max(self.cursor, kept.first)
        while len(self.unsent) < BATCH and self.cursor < kept.next:
            self.queue(b"M", self.cursor, kept.get(self.cursor))
            self.cursor += 1
        if code is not None and self.cursor == kept.next and not self._told_end:
            self._told_end = True
            self.queue(b"E", 0, {"code": code})

    def write(self) -> None:
        """Send what the socket takes."""
        while self.unsent:
            try:
                sent = self.socket.send(self.unsent[0])
            except BlockingIOError:
                return
            if sent < len(self.unsent[0]):
                self.unsent[0] = self.unsent[0][sent:]
                return
            self.unsent.popleft()

    def read(self) -> list[tuple[bytes, int, bytes]]:
        """Return the whole frames that have come; notes when the recorder is gone."""
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return []
        self.gone = not data
        self._received += data
        frames = []
        while len(self._received) >= HEADER.size:
            kind, number, length = HEADER.unpack_from(self._received)
            end = HEADER.size + length
            if len(self._received) < end:
                break
            frames.append((kind, number, bytes(self._received[HEADER.size : end])))
            del self._received[:end]
        return frames


def frame(kind: bytes, number: int, payload: bytes) -> bytes:
    """Return one frame of the wire."""
    return HEADER.pack(kind, number, len(payload)) + payload
