"""Say what a stored record is, without fully decoding it: the columns of a `ws_event` row.

Called for every record at filing, by readers and rebuilds; total and cheap by design. Only the
fields that become columns are decoded; JSON is checked for being well-formed on the way.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from vectra_player.model.frame import BINARY, Frame, StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.protocol import engineio
from vectra_player.protocol.socketio import (
    DEFAULT_NAMESPACE,
    HEAD,
    JSON_ERRORS,
    MAX_ATTACHMENTS,
    PACKET_TYPES,
)

UNDECODABLE = "undecodable"

_ID_IS_PLAYER = frozenset({"playerUpdate", "usernameStatus"})
"""Events whose `id` is the account (protocol reference section 10)."""

_EVENT_NAME = re.compile(r'\s*\[\s*("(?:[^"\\]|\\.){0,256}")')
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-")


class _Hot(msgspec.Struct, gc=False):
    """The fields of an argument that become columns; any type, as hostile text may hold any."""

    gameId: Any = None  # noqa: N815 - wire name
    playerId: Any = None  # noqa: N815 - wire name
    id: Any = None
    username: Any = None
    traceparent: Any = None
    trace: Any = msgspec.field(default=None, name="__trace")


class _Record(msgspec.Struct, gc=False):
    """A record of a capture file, either spelling."""

    event: Any = None
    event_type: Any = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Named(msgspec.Struct, gc=False):
    """A fact, a row of a per-game file or a history entry."""

    game_id: Any = None
    gameId: Any = None  # noqa: N815 - wire name
    player_id: Any = None
    username: Any = None
    id: Any = None


_Arg = str | bool | int | float | list[msgspec.Raw] | _Hot | None
_hot_args = msgspec.json.Decoder(list[_Arg]).decode
_hot_arg = msgspec.json.Decoder(_Arg).decode
_record = msgspec.json.Decoder(_Record).decode
_named = msgspec.json.Decoder(_Named).decode
_name = msgspec.json.Decoder(str).decode


class _Found(msgspec.Struct, gc=False):
    """What was found out about a record; the defaults are those of a packet nobody can read."""

    packet_type: str = UNDECODABLE
    event_name: str | None = None
    namespace: str | None = None
    ack_id: int | None = None
    trace_id: str | None = None
    game_id: str | None = None
    player_id: str | None = None
    username: str | None = None


def describe(stored: StoredFrame) -> WsEvent:
    """Name a record and find its actors. Never raises: what cannot be read is `undecodable`.

    `game_id`, `player_id` and `username` are those of the payload's actor, else None; `trace_id`
    is the 32-hex id of a traced event. Packets above 4 MiB are named by their prefix alone.
    """
    frame = stored.frame
    raw, opcode = frame.raw, frame.opcode
    size = len(raw) if opcode != BINARY and raw.isascii() and raw[:1] != "b" else _size(frame)
    found = _find(frame, size)
    return WsEvent(
        session_id=stored.session_id,
        seq=stored.seq,
        ts=frame.ts,
        source=frame.source,
        origin=frame.origin,
        game_id=found.game_id,
        player_id=found.player_id,
        username=found.username,
        direction=frame.direction,
        event_name=found.event_name,
        packet_type=found.packet_type,
        namespace=found.namespace,
        ack_id=found.ack_id,
        socket_id=frame.socket_id,
        trace_id=found.trace_id,
        transport=frame.transport,
        opcode=opcode,
        raw_format=frame.raw_format,
        raw=raw,
        size_bytes=size,
    )


def _size(frame: Frame) -> int:
    if frame.raw_format == "engineio":
        return engineio.packet_size(frame.raw, frame.opcode)
    return engineio.utf8_size(frame.raw)


def _find(frame: Frame, size: int) -> _Found:
    if frame.raw_format == "engineio":
        if frame.opcode != BINARY and frame.raw[:1] == engineio.MESSAGE:
            return _message(frame.raw, size)
        name = engineio.packet_name(frame.raw, frame.opcode)
        return _Found(name or UNDECODABLE)
    if frame.raw_format == "capture":
        return _capture(frame, size)
    kind = "fact" if frame.raw_format == "fact" else "record"
    return _own(frame, kind, size)


def _message(raw: str, size: int) -> _Found:
    match = HEAD.match(raw)
    if match is None:
        return _Found()
    digit, count, namespace, ack = match.groups()
    kind = int(digit)
    if (kind >= 5) != (count is not None) or (count and int(count) > MAX_ATTACHMENTS):
        return _Found(namespace=namespace)
    found = _Found(PACKET_TYPES[kind], namespace=namespace or DEFAULT_NAMESPACE)
    if ack is not None:
        found.ack_id = int(ack)
    if kind in (2, 5):
        _event(found, raw, match.end(), size)
    elif kind in (3, 6) and size <= engineio.MAX_DECODED_BYTES:
        _ack(found, raw[match.end() :])
    return found


def _event(found: _Found, raw: str, start: int, size: int) -> None:
    if size > engineio.MAX_DECODED_BYTES:
        found.event_name = _prefix_name(raw, start)
        return
    try:
        args = _hot_args(raw[start:])
        name = args[0]
    except (IndexError, *JSON_ERRORS):
        name = None
    if type(name) is not str:
        found.packet_type = UNDECODABLE
        found.event_name = _prefix_name(raw, start)
        return
    found.event_name = name
    _actor(found, args, name)


def _actor(found: _Found, args: list[Any], name: str) -> None:
    last = args[-1]
    if type(last) is not _Hot:
        last = None
    first = args[1] if len(args) > 1 else None
    if type(first) is _Hot and first.trace is not None:
        found.trace_id = _trace_id(first.traceparent)
        if first is last:
            return
    if last is not None:
        _fill(found, last, name)


def _fill(found: _Found, hot: _Hot, name: str) -> None:
    if type(hot.gameId) is str:
        found.game_id = hot.gameId
    player = hot.id if name in _ID_IS_PLAYER else hot.playerId
    if type(player) is str:
        found.player_id = player
    if type(hot.username) is str:
        found.username = hot.username


def _ack(found: _Found, text: str) -> None:
    try:
        _hot_args(text)
    except JSON_ERRORS:
        found.packet_type = UNDECODABLE


def _capture(frame: Frame, size: int) -> _Found:
    found = _Found("record", event_name=frame.event_name or None)
    if size > engineio.MAX_DECODED_BYTES:
        return found
    try:
        record = _record(frame.raw)
        name = record.event if record.event is not None else record.event_type
        data = _hot_arg(record.data)
        args = [_hot_arg(arg) for arg in data] if type(data) is list else [data]
    except JSON_ERRORS:
        found.packet_type = UNDECODABLE
        return found
    if type(name) is str and not found.event_name:
        found.event_name = name
    _actor(found, [None, *args], found.event_name or "")
    return found


def _own(frame: Frame, kind: str, size: int) -> _Found:
    found = _Found(kind, event_name=frame.event_name or None)
    if size > engineio.MAX_DECODED_BYTES:
        return found
    try:
        named = _named(frame.raw)
    except msgspec.ValidationError:
        return found
    except JSON_ERRORS:
        found.packet_type = UNDECODABLE
        return found
    game = named.id if frame.raw_format == "history" else named.game_id or named.gameId
    found.game_id = game if type(game) is str else None
    found.player_id = named.player_id if type(named.player_id) is str else None
    found.username = named.username if type(named.username) is str else None
    return found


def _prefix_name(raw: str, start: int) -> str | None:
    match = _EVENT_NAME.match(raw, start)
    if match is None:
        return None
    try:
        return _name(match.group(1))
    except JSON_ERRORS:
        return None


def _trace_id(traceparent: object) -> str | None:
    match = _TRACEPARENT.match(traceparent) if type(traceparent) is str else None
    return match.group(1) if match else None
