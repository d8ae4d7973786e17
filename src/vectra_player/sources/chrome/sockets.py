"""WebSockets of the game: Chrome's Network.webSocket* events become frames and facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from vectra_player.model.frame import BINARY, TEXT
from vectra_player.model.units import Direction
from vectra_player.sources.chrome.attach import Session
from vectra_player.sources.chrome.cdp import Message
from vectra_player.sources.chrome.desk import Desk, connection_id, host_of, is_engineio, query_of

UPGRADE = "5"
LOOKS_LIKE_ENGINEIO = ("0{", "2", "3", "40", "41", "42", "43", "44", "45", "46", "5", "6")
"""First characters of Engine.IO 4 and Socket.IO 5 packets; decides only for unknown sockets."""


class _Payload(msgspec.Struct):
    opcode: int = 0
    data: str = msgspec.field(name="payloadData", default="")


class _FrameEvent(msgspec.Struct):
    request_id: str = msgspec.field(name="requestId")
    timestamp: float = 0.0
    response: _Payload = msgspec.field(default_factory=_Payload)


class _Created(msgspec.Struct, rename="camel"):
    request_id: str
    url: str


class _Handshake(msgspec.Struct, rename="camel"):
    request_id: str
    timestamp: float = 0.0
    wall_time: float = 0.0


class _Failed(msgspec.Struct, rename="camel"):
    request_id: str
    timestamp: float = 0.0
    error_message: str = ""


class Socket(msgspec.Struct):
    """One WebSocket. `engineio` is None while nobody knows what it speaks."""

    key: str
    socket_id: str
    url: str
    engineio: bool | None
    open: bool = False


_frame_event = msgspec.json.Decoder(_FrameEvent).decode


class Sockets:
    """The WebSockets of all targets, by target and request."""

    def __init__(self, desk: Desk, on_upgrade: Callable[[str, str], None]) -> None:
        self._desk = desk
        self._on_upgrade = on_upgrade
        self._sockets: dict[tuple[str, str], Socket] = {}
        self.handlers: dict[str, Callable[[Session, Message], None]] = {
            "Network.webSocketFrameReceived": self._received,
            "Network.webSocketFrameSent": self._sent,
            "Network.webSocketCreated": self._created,
            "Network.webSocketWillSendHandshakeRequest": self._handshake,
            "Network.webSocketHandshakeResponseReceived": self._opened,
            "Network.webSocketFrameError": self._failed,
            "Network.webSocketClosed": self._closed,
        }

    def learn_from(self, other: Sockets) -> None:
        """Copy what another connection knows."""
        self._sockets |= {key: msgspec.structs.replace(s) for key, s in other._sockets.items()}

    def end_target(self, target_id: str, reason: str) -> None:
        """End the sockets of a page, frame or worker that is gone: Chrome does not say so."""
        for key in [key for key in self._sockets if key[0] == target_id]:
            self._end(self._sockets.pop(key), reason, 0)

    def _received(self, session: Session, message: Message) -> None:
        self._frame(session, message, "received")

    def _sent(self, session: Session, message: Message) -> None:
        self._frame(session, message, "sent")

    def _frame(self, session: Session, message: Message, direction: Direction) -> None:
        event = _frame_event(message.params)
        socket = self._sockets.get((session.target_id, event.request_id))
        if socket is None:
            socket = self._met_late(session, event.request_id)
        opcode, data = event.response.opcode, event.response.data
        if opcode not in (TEXT, BINARY) or socket.engineio is False:
            return
        if data == UPGRADE and direction == "sent":
            self._on_upgrade(session.target_id, socket.url)
        if socket.engineio is None and not self._settle(socket, opcode, data):
            return
        self._desk.put(
            self._desk.packet(
                data,
                ts=self._desk.stamps.at(event.timestamp),
                direction=direction,
                socket_id=socket.socket_id,
                transport="websocket",
                opcode=opcode,
                host=host_of(socket.url),
                stream=socket.key,
            )
        )

    def _met_late(self, session: Session, request_id: str) -> Socket:
        socket = self._add(session, request_id, "", None)
        socket.open = True
        return socket

    def _settle(self, socket: Socket, opcode: int, data: str) -> bool:
        """Decide by its first text what an already open socket speaks."""
        if opcode == TEXT:
            socket.engineio = data.startswith(LOOKS_LIKE_ENGINEIO)
            if socket.engineio:
                self._fact("late_attach", socket, 0, reason="the socket was open before; no URL")
        return socket.engineio is not False

    def _created(self, session: Session, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Created)
        if (session.target_id, event.request_id) not in self._sockets:
            self._add(session, event.request_id, event.url, is_engineio(event.url))

    def _add(self, session: Session, request_id: str, url: str, engineio: bool | None) -> Socket:
        key = f"{session.target_id[:8]}.{request_id}"
        sid = query_of(url).get("sid") if engineio else None
        # An upgrade goes on with the connection that polling began.
        socket_id = connection_id(session.target_id, sid) if sid else key
        socket = Socket(key, socket_id, url, engineio)
        self._sockets[session.target_id, request_id] = socket
        return socket

    def _handshake(self, session: Session, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Handshake)
        self._desk.stamps.calibrate(event.timestamp, event.wall_time)

    def _opened(self, session: Session, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Handshake)
        socket = self._sockets.get((session.target_id, event.request_id))
        if socket is not None and socket.engineio and not socket.open:
            socket.open = True
            self._fact("connected", socket, event.timestamp, url=socket.url, transport="websocket")

    def _failed(self, session: Session, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Failed)
        socket = self._sockets.get((session.target_id, event.request_id))
        if socket is not None and socket.engineio:
            error = event.error_message
            self._fact("socket_error", socket, event.timestamp, url=socket.url, error=error)

    def _closed(self, session: Session, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Handshake)
        socket = self._sockets.pop((session.target_id, event.request_id), None)
        if socket is not None:
            self._end(socket, "closed", event.timestamp)

    def _end(self, socket: Socket, reason: str, timestamp: float) -> None:
        if socket.engineio and socket.open:
            self._fact("disconnected", socket, timestamp, transport="websocket", reason=reason)

    def _fact(self, kind: str, socket: Socket, timestamp: float, **detail: Any) -> None:
        self._desk.put(
            self._desk.fact(
                kind,
                unique=socket.key,
                stream=socket.key,
                host=host_of(socket.url),
                ts=self._desk.stamps.at(timestamp),
                socket_id=socket.socket_id,
                **detail,
            )
        )
