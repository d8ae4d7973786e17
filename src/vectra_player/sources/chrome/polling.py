"""Engine.IO over HTTP: requests and answers of the polling transport, split into packets.

An answer is fetched from Chrome right when it is complete (capture.md, polling bodies); frames
behind it wait, so that order holds.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from vectra_player.clock import Clock
from vectra_player.model.frame import BINARY, TEXT
from vectra_player.model.units import Direction, Micros
from vectra_player.sources.chrome.attach import Send, Session
from vectra_player.sources.chrome.cdp import Message, Reply
from vectra_player.sources.chrome.desk import Desk, connection_id, host_of, is_engineio, query_of
from vectra_player.sources.chrome.outbox import Item

SEPARATOR = "\x1e"
"""Between packets of one body (Engine.IO 4)."""
CLOSE = "1"
_SAYS: dict[Direction, str] = {"received": "server", "sent": "page"}
BODY_S = 60.0
"""How long frames wait for a body before it becomes a gap. A busy Chrome was seen to need more than
ten seconds; meanwhile the chrome-host keeps what comes."""


class _Request(msgspec.Struct, rename="camel"):
    url: str
    method: str
    post_data: str | None = None
    has_post_data: bool = False


class _WillBeSent(msgspec.Struct, rename="camel"):
    request_id: str
    request: _Request
    timestamp: float = 0.0
    wall_time: float = 0.0


class _Response(msgspec.Struct):
    status: int = 200


class _Received(msgspec.Struct, rename="camel"):
    request_id: str
    response: _Response


class _Finished(msgspec.Struct, rename="camel"):
    request_id: str
    timestamp: float = 0.0
    error_text: str = ""
    canceled: bool = False


class _Body(msgspec.Struct, rename="camel"):
    body: str
    base64_encoded: bool = False


class _PostData(msgspec.Struct, rename="camel"):
    post_data: str


class Poll(msgspec.Struct):
    """One request in flight."""

    key: str
    method: str
    url: str
    sid: str
    socket_id: str
    status: int = 200


class Connection(msgspec.Struct):
    """One Engine.IO connection that polls or began by polling."""

    socket_id: str
    url: str


class Polling:
    """The polling requests of all targets, by target and request."""

    def __init__(self, desk: Desk, send: Send, clock: Clock) -> None:
        self._desk = desk
        self._send = send
        self._clock = clock
        self._polls: dict[tuple[str, str], Poll] = {}
        self._beginning: Counter[str] = Counter()
        self._connections: dict[tuple[str, str], Connection] = {}
        self.handlers: dict[str, Callable[[Session, Message], None]] = {
            "Network.requestWillBeSent": self._requested,
            "Network.responseReceived": self._answered,
            "Network.loadingFinished": self._finished,
            "Network.loadingFailed": self._failed,
        }

    def learn_from(self, other: Polling) -> None:
        """Copy what another connection knows."""
        self._connections |= other._connections

    def end_target(self, target_id: str, reason: str) -> None:
        """End the connections of a page, frame or worker that is gone."""
        for key in [key for key in self._polls if key[0] == target_id]:
            del self._polls[key]
        for key in [key for key in self._connections if key[0] == target_id]:
            self._end(key, reason)

    def upgraded(self, target_id: str, url: str) -> None:
        """Learn that a connection goes on over a WebSocket, whose end is its end."""
        self._connections.pop((target_id, query_of(url).get("sid", "")), None)

    def give_up(self, now: float) -> None:
        """Turn bodies that never came into gaps."""
        for slot in self._desk.outbox.overdue(now):
            self._desk.outbox.fill(slot, [self._lost(str(slot.number), "no answer of Chrome")])

    def _requested(self, session: Session, message: Message) -> None:
        # Most requests of a page are none of ours; looking at the bytes spares decoding them.
        if b"EIO=" not in bytes(message.params):
            return
        event = msgspec.json.decode(message.params, type=_WillBeSent)
        url, method = event.request.url, event.request.method
        query = query_of(url)
        if not is_engineio(url) or method not in ("GET", "POST"):
            return
        self._desk.stamps.calibrate(event.timestamp, event.wall_time)
        if query.get("transport") != "polling":
            return
        sid = query.get("sid", "")
        key = f"{session.target_id[:8]}.{event.request_id}"
        socket_id = connection_id(session.target_id, sid) if sid else ""
        poll = Poll(key, method, url, sid, socket_id)
        self._polls[session.target_id, event.request_id] = poll
        if sid:
            self._met(session, poll)
        if method == "POST":
            self._sent(session, event, poll)

    def _sent(self, session: Session, event: _WillBeSent, poll: Poll) -> None:
        ts = self._desk.stamps.at(event.timestamp)
        if event.request.post_data is not None:
            for item in self._packets(session, event.request.post_data, poll, "sent", ts):
                self._desk.put(item)
            return
        slot = self._desk.outbox.hold(self._clock.monotonic() + BODY_S)

        def told(reply: Reply) -> None:
            if reply.error:
                items = [self._lost(poll.key, reply.error)]
            else:
                body = msgspec.json.decode(reply.result, type=_PostData).post_data
                items = self._packets(session, body, poll, "sent", ts)
            self._desk.outbox.fill(slot, items)

        self._send("Network.getRequestPostData", {"requestId": event.request_id}, session.id, told)

    def _answered(self, session: Session, message: Message) -> None:
        if not self._polls:
            return
        event = msgspec.json.decode(message.params, type=_Received)
        poll = self._polls.get((session.target_id, event.request_id))
        if poll is not None:
            poll.status = event.response.status

    def _finished(self, session: Session, message: Message) -> None:
        if not self._polls:
            return
        event = msgspec.json.decode(message.params, type=_Finished)
        poll = self._polls.pop((session.target_id, event.request_id), None)
        if poll is None:
            return
        if poll.status >= 400:
            self._refused(session, poll, f"HTTP {poll.status}")
        elif poll.method == "GET":
            self._fetch(session, event, poll)

    def _fetch(self, session: Session, event: _Finished, poll: Poll) -> None:
        slot = self._desk.outbox.hold(self._clock.monotonic() + BODY_S)
        ts = self._desk.stamps.at(event.timestamp)
        first = not poll.sid
        self._beginning[session.target_id] += first

        def told(reply: Reply) -> None:
            self._beginning[session.target_id] -= first
            if reply.error:
                items = [self._lost(poll.key, reply.error)]
            else:
                items = self._unpack(session, poll, reply.result, ts)
            self._desk.outbox.fill(slot, items)

        self._send("Network.getResponseBody", {"requestId": event.request_id}, session.id, told)

    def _unpack(self, session: Session, poll: Poll, result: bytes, ts: Micros) -> list[Item]:
        answer = msgspec.json.decode(result, type=_Body)
        body = answer.body
        if answer.base64_encoded:
            body = base64.b64decode(body).decode("utf-8", "replace")
        begun: list[Item] = []
        if not poll.sid:
            poll.sid = _sid_of(body)
            poll.socket_id = connection_id(session.target_id, poll.sid)
            begun = self._begin(session, poll, ts)
        return begun + self._packets(session, body, poll, "received", ts)

    def _packets(
        self, session: Session, body: str, poll: Poll, direction: Direction, ts: Micros
    ) -> list[Item]:
        items: list[Item] = []
        key = session.target_id, poll.sid
        for index, packet in enumerate(body.split(SEPARATOR) if body else []):
            binary = packet.startswith("b")
            items.append(
                self._desk.packet(
                    packet[1:] if binary else packet,
                    ts=ts,
                    direction=direction,
                    socket_id=poll.socket_id,
                    transport="polling",
                    opcode=BINARY if binary else TEXT,
                    host=host_of(poll.url),
                    stream=poll.key,
                    unique=f"{direction}:{index}",
                )
            )
            if packet == CLOSE:
                items += self._ended(key, f"the {_SAYS[direction]} said goodbye ({CLOSE})")
        return items

    def _begin(self, session: Session, poll: Poll, ts: Micros) -> list[Item]:
        self._connections[session.target_id, poll.sid] = Connection(poll.socket_id, poll.url)
        return [self._fact("connected", poll, ts, url=poll.url, transport="polling")]

    def _met(self, session: Session, poll: Poll) -> None:
        """Learn of a connection that began before we listened."""
        if (session.target_id, poll.sid) in self._connections:
            return
        self._connections[session.target_id, poll.sid] = Connection(poll.socket_id, poll.url)
        # With a first answer still on its way to us, this is that connection.
        if not self._beginning[session.target_id]:
            reason = "the connection was open before"
            self._desk.put(self._fact("late_attach", poll, 0, url=poll.url, reason=reason))

    def _failed(self, session: Session, message: Message) -> None:
        if not self._polls:
            return
        event = msgspec.json.decode(message.params, type=_Finished)
        poll = self._polls.pop((session.target_id, event.request_id), None)
        # The page itself cancels a poll when it upgrades or goes away.
        if poll is not None and not event.canceled:
            self._refused(session, poll, event.error_text)

    def _refused(self, session: Session, poll: Poll, error: str) -> None:
        self._desk.put(self._fact("socket_error", poll, 0, url=poll.url, error=error))
        if poll.sid:
            self._end((session.target_id, poll.sid), error)

    def _end(self, key: tuple[str, str], reason: str) -> None:
        for item in self._ended(key, reason):
            self._desk.put(item)

    def _ended(self, key: tuple[str, str], reason: str) -> list[Item]:
        """Forget a connection; return the fact of its end, if it was open."""
        connection = self._connections.pop(key, None)
        if connection is None:
            return []
        return [
            self._desk.fact(
                "disconnected",
                unique=connection.socket_id,
                stream=connection.socket_id,
                host=host_of(connection.url),
                socket_id=connection.socket_id,
                transport="polling",
                reason=reason,
            )
        ]

    def _lost(self, key: str, error: str) -> Item:
        missing = "the packets of one polling body"
        return self._desk.fact("gap", unique=key, stream=key, missing=missing, reason=error)

    def _fact(self, kind: str, poll: Poll, ts: Micros, **detail: Any) -> Item:
        return self._desk.fact(
            kind,
            unique=poll.key if kind == "socket_error" else poll.socket_id,
            stream=poll.socket_id or poll.key,
            host=host_of(poll.url),
            ts=ts,
            socket_id=poll.socket_id,
            **detail,
        )


def _sid_of(body: str) -> str:
    """Return the sid of an open packet; empty when the body does not start with one."""
    try:
        return str(json.loads(body.split(SEPARATOR, 1)[0][1:])["sid"])
    except (ValueError, KeyError, TypeError):
        return ""
