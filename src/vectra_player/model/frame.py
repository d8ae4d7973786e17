"""What a source yields: one Engine.IO packet as captured, before anybody understood it."""

from __future__ import annotations

import msgspec

from vectra_player.model.units import Direction, Micros, RawFormat, Source

TEXT = 1
BINARY = 2
"""WebSocket opcodes (RFC 6455 section 5.2)."""


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One packet of a socket, or one fact of our own, with the moment it reached us.

    `raw` is the exact text of the packet (binary: base64 of the payload, `opcode` 2); for a fact
    or an imported record it is the JSON text. `event_name` is empty for packets: they name
    themselves. `receipt` is the source's own message number, acknowledged once durable
    (0: nobody waits for it).
    """

    ts: Micros
    raw: str
    direction: Direction = "received"
    socket_id: str = ""
    transport: str = ""
    opcode: int = TEXT
    source: Source = "demo"
    origin: str = ""
    raw_format: RawFormat = "engineio"
    event_name: str = ""
    receipt: int = 0


class StoredFrame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A frame with its place in its session; what the journal holds."""

    session_id: str
    seq: int
    frame: Frame


FACT_PREFIX = "vectra."
"""Event names of our own facts: `vectra.<kind>`."""


def fact(kind: str, detail: object, *, ts: Micros, source: Source, origin: str = "") -> Frame:
    """Build the frame of a fact that is not on the wire; `detail` must be JSON-encodable."""
    return Frame(
        ts=ts,
        raw=msgspec.json.encode(detail).decode(),
        source=source,
        origin=origin,
        raw_format="fact",
        event_name=FACT_PREFIX + kind,
    )
