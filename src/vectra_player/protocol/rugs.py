"""Turn a stored record into a typed event. The only place that knows event names and payloads.

Called by `live.derive`, the reducer, replays and importers. Knowing the name of an event is not
required: unknown ones keep their exact JSON. Source: protocol reference sections 1.2 and 2.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.model.rows import WsEvent
from vectra_player.model.units import Direction, Micros, Source
from vectra_player.protocol import socketio
from vectra_player.protocol.game_payloads import (
    GameState,
    HistoryEntry,
    LegacyEnd,
    LegacyStart,
    LegacyTick,
    NewTrade,
    Payload,
    SidebetEvent,
    history_entries,
)
from vectra_player.protocol.player_payloads import (
    Ack,
    BuyOrder,
    ChatMessage,
    GameStatePlayerUpdate,
    LeaderboardRequest,
    PingRequest,
    PlayerLeaderboardPosition,
    PlayerUpdate,
    SellOrder,
    SidebetRequest,
    UsernameStatus,
)
from vectra_player.protocol.special_payloads import (
    BattleUpdate,
    EventUpdate,
    GoldenHourDrawing,
    Maintenance,
    Notification,
)

__all__ = [
    "PAYLOADS",
    "Ack",
    "Event",
    "GameState",
    "HistoryEntry",
    "NewTrade",
    "Payload",
    "PlayerUpdate",
    "decode",
    "decode_packet",
    "history_entries",
    "undecodable",
]

Kind = Literal["event", "ack", "fact", "record"]

RECEIVED: dict[str, type[Payload]] = {
    "gameStateUpdate": GameState,
    "standard/newTrade": NewTrade,
    "newTrade": NewTrade,
    "newChatMessage": ChatMessage,
    "rugRoyaleUpdate": EventUpdate,
    "goldenHourUpdate": EventUpdate,
    "sidebetEventUpdate": EventUpdate,
    "goldenHourDrawing": GoldenHourDrawing,
    "battleEventUpdate": BattleUpdate,
    "maintenanceUpdate": Maintenance,
    "gameNotification": Notification,
    "newSideBet": SidebetEvent,
    "currentSidebet": SidebetEvent,
    "currentSidebetResult": SidebetEvent,
    "gameStatePlayerUpdate": GameStatePlayerUpdate,
    "playerUpdate": PlayerUpdate,
    "usernameStatus": UsernameStatus,
    "playerLeaderboardPosition": PlayerLeaderboardPosition,
}
"""Payloads of events the server sends."""

SENT: dict[str, type[Payload]] = {
    "buyOrder": BuyOrder,
    "sellOrder": SellOrder,
    "requestSidebet": SidebetRequest,
    "ping": PingRequest,
    "getLeaderboard": LeaderboardRequest,
    "getPlayerLeaderboardPosition": LeaderboardRequest,
}
"""Payloads of requests the page sends."""

RECORDS: dict[str, type[Payload]] = {
    "legacy.game_start": LegacyStart,
    "legacy.tick": LegacyTick,
    "legacy.game_end": LegacyEnd,
    "history.game": HistoryEntry,
}
"""Payloads of records of imported files."""

PAYLOADS: dict[str, type[Payload]] = {**RECEIVED, **SENT, **RECORDS}
"""Every name with a typed payload."""

_DECODERS = {kind: msgspec.json.Decoder(kind) for kind in {*PAYLOADS.values(), Ack}}
_Name = msgspec.json.Decoder(str)
_NULL = b"null"
UNDECODABLE_CHARS = 4096
"""How much of a record nobody can read is told; the store has all of it."""

_TRACE_LONGEST = 512


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event, ack, fact or imported record, understood as far as it is known.

    `data` is the exact JSON of the payload (`null` when there is none), `payload` its typed form.
    `mismatch` says why a known event has no payload: a field came with another type.
    An ack's `name` is empty; whoever knows the request joins it by `ack_id`.
    """

    name: str
    direction: Direction
    kind: Kind
    payload: Payload | None = None
    data: bytes = _NULL
    ack_id: int | None = None
    trace_id: str | None = None
    namespace: str | None = None
    seq: int = 0
    ts: Micros = 0
    session_id: str = ""
    socket_id: str = ""
    origin: str = ""
    source: Source = "demo"
    mismatch: str | None = None

    def value(self) -> Any:
        """Decode `data` to plain Python objects. Raises DecodeError when it is no JSON."""
        try:
            return msgspec.json.decode(self.data)
        except socketio.JSON_ERRORS as problem:
            raise DecodeError(f"payload is not JSON: {problem}") from problem


def decode(ws: WsEvent, assembler: socketio.Assembler | None = None) -> Event | None:
    """Read one stored record; None for packets that are neither event nor ack.

    With an assembler (one for each socket, fed in seq order) binary events come out whole at
    their last attachment; without, they come out with their placeholders.
    Raises DecodeError when the packet or its JSON is malformed or beyond the limits, never for a
    field of another type.
    """
    if ws.raw_format == "engineio":
        packet = _packet(ws, assembler)
        return None if packet is None else decode_packet(ws, packet)
    socketio.check_limits(ws.raw)
    if ws.raw_format == "capture":
        return _capture(ws)
    data = _exact(ws.raw)
    name = ws.event_name or ""
    if ws.raw_format == "fact":
        return _event(ws, name, "fact", None, data)
    return _event(ws, name, "record", RECORDS.get(name), data)


def undecodable(ws: WsEvent, error: DecodeError) -> Event:
    """Tell of a record that `decode` refuses: by its name, if it has one, and its text."""
    text = ws.raw[:UNDECODABLE_CHARS].encode("utf-8", "replace").decode()
    return Event(
        name=ws.event_name or "undecodable",
        direction=ws.direction,
        kind="event",
        data=msgspec.json.encode(text),
        seq=ws.seq,
        ts=ws.ts,
        session_id=ws.session_id,
        socket_id=ws.socket_id,
        origin=ws.origin,
        source=ws.source,
        mismatch=error.message,
    )


def decode_packet(ws: WsEvent, packet: socketio.Packet) -> Event | None:
    """Read a whole Socket.IO packet; `ws` says where it came from. Raises DecodeError."""
    if packet.type in ("event", "binary_event"):
        args = socketio.arguments(packet.data)
        try:
            name = _Name.decode(args[0])
        except (IndexError, *socketio.JSON_ERRORS) as problem:
            raise DecodeError("an event starts with its name") from problem
        kind = (SENT if ws.direction == "sent" else RECEIVED).get(name)
        return _event(ws, name, "event", kind, payload_of(args[1:]), packet)
    if packet.type in ("ack", "binary_ack"):
        args = socketio.arguments(packet.data)
        data = bytes(args[0]) if args else _NULL
        kind = Ack if data.startswith(b"{") else None
        return _event(ws, "", "ack", kind, data, packet)
    return None


def payload_of(args: list[msgspec.Raw]) -> bytes:
    """Pick the payload: the last argument, unless the only one is a trace (section 1.2)."""
    if not args or (len(args) == 1 and is_trace(args[0])):
        return _NULL
    return bytes(args[-1])


def is_trace(arg: msgspec.Raw) -> bool:
    """Tell whether an argument is the telemetry object `{"__trace": true, ...}`."""
    if len(memoryview(arg)) > _TRACE_LONGEST:
        return False
    text = bytes(arg)
    return text.startswith(b"{") and b'"__trace"' in text


def _packet(ws: WsEvent, assembler: socketio.Assembler | None) -> socketio.Packet | None:
    if assembler is not None:
        return assembler.feed(ws.raw, ws.opcode)
    if ws.packet_type == "undecodable":
        raise DecodeError("not an Engine.IO or Socket.IO packet")
    return socketio.parse(ws.raw) if ws.packet_type in socketio.PACKET_TYPES else None


def _capture(ws: WsEvent) -> Event:
    try:
        record = msgspec.json.decode(ws.raw, type=dict[str, msgspec.Raw])
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"record is not a JSON object: {problem}") from problem
    data = record.get("data")
    name = ws.event_name or ""
    kind = (SENT if ws.direction == "sent" else RECEIVED).get(name)
    return _event(ws, name, "event", kind, _NULL if data is None else _recorded(data))


def _recorded(data: msgspec.Raw) -> bytes:
    """Payload of a capture file's `data`: one argument, or a list that begins with a trace."""
    text = bytes(data)
    if text.startswith(b"["):
        args = socketio.arguments(text.decode())
        if args and is_trace(args[0]):
            return payload_of(args)
    return _NULL if is_trace(data) else text


def _exact(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"record is not JSON: {problem}") from problem
    return data


def _event(
    ws: WsEvent,
    name: str,
    kind: Kind,
    shape: type[Payload] | None,
    data: bytes,
    packet: socketio.Packet | None = None,
) -> Event:
    payload, mismatch = _typed(shape, data)
    return Event(
        name=name,
        direction=ws.direction,
        kind=kind,
        payload=payload,
        data=data,
        ack_id=packet.ack_id if packet else None,
        trace_id=ws.trace_id,
        namespace=packet.namespace if packet else None,
        seq=ws.seq,
        ts=ws.ts,
        session_id=ws.session_id,
        socket_id=ws.socket_id,
        origin=ws.origin,
        source=ws.source,
        mismatch=mismatch,
    )


def _typed(shape: type[Payload] | None, data: bytes) -> tuple[Payload | None, str | None]:
    if shape is None or data == _NULL:
        return None, None
    try:
        return _DECODERS[shape].decode(data), None
    except msgspec.ValidationError as problem:
        return None, str(problem)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"payload is not JSON: {problem}") from problem
