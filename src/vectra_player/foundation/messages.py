"""One message of the feed and its bytes, encoded once for every client.

The normaliser and the replay player make messages; the hub numbers and packs them. Only
`foundation` calls this. Wire: docs/reference of the feed; framing: RFC 6455 section 5.2.
"""

from __future__ import annotations

import struct
from typing import Any

from msgspec import Raw, Struct, field
from msgspec.json import Decoder, Encoder

SNAPSHOT = "snapshot"
GAP = "gap"
PONG = "pong"
MERGEABLE = frozenset({"game.tick"})
"""Of these a slow client gets only the latest of each game; of all others every one."""

_TEXT = 0x81  # FIN and opcode 1: one whole text message
_SHORT, _MEDIUM = 126, 65536  # payload lengths from which the header grows

_encoder = Encoder()


class Source(Struct, frozen=True):
    """Where a message comes from in the store: the row's session, seq and sub."""

    session_id: str
    seq: int
    sub: int = 0


class Message(Struct, frozen=True):
    """One thing to tell, before it has a number.

    `ts`: milliseconds since the epoch, UTC. `data`: a JSON object, as values or as exact text.
    `src`: null when nothing was recorded.
    """

    type: str
    ts: int
    game_id: str | None
    data: Raw | dict[str, Any]
    src: Source | None = None


class _Envelope(Struct, frozen=True):
    type: str
    ts: int
    game_id: str | None = field(name="gameId")
    seq: int
    data: Raw | dict[str, Any]
    src: Source | None


class _Price(Struct, frozen=True):
    tick: int | None = None
    price: float | None = None


class _PricedEnvelope(Struct, frozen=True):
    data: _Price


_priced = Decoder(_PricedEnvelope)


def encode(message: Message, seq: int) -> bytes:
    """Return the envelope as JSON text in UTF-8."""
    return _encoder.encode(
        _Envelope(message.type, message.ts, message.game_id, seq, message.data, message.src)
    )


def text_frame(payload: bytes) -> bytes:
    """Return a payload as one unmasked WebSocket text frame: the same bytes for every client."""
    length = len(payload)
    if length < _SHORT:
        return struct.pack("!BB", _TEXT, length) + payload
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, length) + payload
    return struct.pack("!BBQ", _TEXT, 127, length) + payload


class Packed:
    """A numbered message, ready to be written. Shared by all outboxes that hold it."""

    __slots__ = ("_point", "_point_read", "_size", "frame", "game_id", "seq", "type")

    def __init__(self, message: Message, seq: int) -> None:
        payload = encode(message, seq)
        self.type = message.type
        self.game_id = message.game_id
        self.seq = seq
        self.frame = text_frame(payload)
        self._size = len(payload)
        self._point: tuple[int, float] | None = None
        self._point_read = False

    @property
    def payload(self) -> bytes:
        """Return the JSON text without the frame's header."""
        return self.frame[-self._size :]

    @property
    def mergeable(self) -> bool:
        """Tell whether a later message of this type and game stands for this one."""
        return self.type in MERGEABLE

    def point(self) -> tuple[int, float] | None:
        """Return (tick, price) of a tick, read once and only when it is merged; else None."""
        if not self._point_read:
            data = _priced.decode(self.payload).data
            if data.tick is not None and data.price is not None:
                self._point = (data.tick, data.price)
            self._point_read = True
        return self._point

    def frame_with(self, points: list[tuple[int, float]]) -> bytes:
        """Return the frame with `merged`: (tick, price) of each tick this one stands for."""
        merged = b',"merged":' + _encoder.encode(points) + b"}"
        return text_frame(self.payload[:-1] + merged)
