"""What is sent: one `ws_event` row a message, as JSON with the column names of the store.

Pure. The key (session_id, seq) names a row for ever; it is the message's id at the broker, and the
collector keeps the first row that comes with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
import zstandard

from vectra_player.errors import DecodeError
from vectra_player.model.frame import Frame
from vectra_player.model.rows import WsEvent

SUBJECTS: Final = "vectra.events"
"""First tokens of every subject; the session's id is the last."""

ID_HEADER: Final = "Nats-Msg-Id"
ENCODING_HEADER: Final = "Content-Encoding"
PACKED: Final = "zstd"

LONGEST_BYTES: Final = 64 << 20
"""No packet of the game is near it: a message that unpacks to more is not one of ours."""

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HIGHEST_SEQ = 2**62
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(WsEvent).decode


class Message(NamedTuple):
    """A row on its way."""

    subject: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The row's key as text."""
        return self.headers[ID_HEADER]


def key_of(session_id: str, seq: int) -> str:
    """Return the key of a row as text."""
    return f"{session_id}/{seq}"


def to_message(row: WsEvent, max_bytes: int) -> Message | None:
    """Make the message of a row, packed where the broker would not take it plain.

    None: it is too long for the broker even so.
    """
    headers = {ID_HEADER: key_of(row.session_id, row.seq)}
    body = _ENCODE(row)
    if len(body) > max_bytes:
        headers[ENCODING_HEADER] = PACKED
        body = zstandard.ZstdCompressor(level=3).compress(body)
        if len(body) > max_bytes:
            return None
    return Message(f"{SUBJECTS}.{row.session_id}", headers, body)


def to_row(body: bytes, headers: Mapping[str, str] | None) -> WsEvent:
    """Read a message back.

    Raises:
        DecodeError: it is not a row, or its session or seq is impossible.
    """
    encoding = (headers or {}).get(ENCODING_HEADER)
    try:
        if encoding == PACKED:
            unpack = zstandard.ZstdDecompressor().decompressobj()
            body = _bounded(unpack, body)
        elif encoding is not None:
            raise DecodeError(f"a message is packed in a way that is not known: {encoding[:40]!r}")
        row = _DECODE(body)
        row.raw.encode()  # half a character is damage: UnicodeEncodeError is a ValueError
    except (msgspec.MsgspecError, zstandard.ZstdError, ValueError, RecursionError) as error:
        raise DecodeError(f"a message is no ws_event row: {error}"[:300]) from None
    if not _SESSION_ID.fullmatch(row.session_id) or not 0 < row.seq < _HIGHEST_SEQ:
        raise DecodeError("a message has an impossible session or seq")
    return row


def to_frame(row: WsEvent) -> Frame:
    """Return the frame whose row this is: described again it gives the same row."""
    return Frame(
        ts=row.ts,
        raw=row.raw,
        direction=row.direction,
        socket_id=row.socket_id,
        transport=row.transport,
        opcode=row.opcode,
        source=row.source,
        origin=row.origin,
        raw_format=row.raw_format,
        event_name="" if row.raw_format == "engineio" else row.event_name or "",
    )


def _bounded(unpack: zstandard.ZstdDecompressionObj, body: bytes) -> bytes:
    found = zstandard.get_frame_parameters(body).content_size
    if not 0 <= found <= LONGEST_BYTES:
        raise DecodeError("a message does not say how long it is, or is too long")
    return unpack.decompress(body)
