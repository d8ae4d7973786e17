"""Engine.IO packets: their prefixes, polling bodies and binary payloads.

Sans-I/O; called by sources that split polling bodies and by the modules of this package.
Source: Engine.IO protocol revision 4.
"""

from __future__ import annotations

import base64
import binascii

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY

RECORD_SEPARATOR = "\x1e"
"""Splits the packets of a polling body (U+001E)."""

MAX_DECODED_BYTES = 4 * 1024 * 1024
"""Longer packets are stored whole and never decoded (contracts.md section 3)."""

MESSAGE = "4"

_NAMES = {
    "0": "open",
    "1": "close",
    "2": "ping",
    "3": "pong",
    "4": "message",
    "5": "upgrade",
    "6": "noop",
    "b": "binary",
}


def packet_name(raw: str, opcode: int) -> str | None:
    """Name the Engine.IO packet by its first character; None when there is no such packet."""
    return "binary" if opcode == BINARY else _NAMES.get(raw[:1])


def split_payload(body: str) -> list[str]:
    """Split a polling body into its exact packets, in order; an empty body holds none."""
    return body.split(RECORD_SEPARATOR) if body else []


def join_payload(packets: list[str]) -> str:
    """Write packets as one polling body; the inverse of `split_payload`."""
    return RECORD_SEPARATOR.join(packets)


def binary_text(raw: str, opcode: int) -> str:
    """Give the base64 of a binary packet, from a WebSocket frame or a polling body (`b...`)."""
    return raw if opcode == BINARY else raw[1:]


def decode_binary(raw: str, opcode: int) -> bytes:
    """Give the bytes of a binary packet. Raises DecodeError when it is no base64."""
    try:
        return base64.b64decode(binary_text(raw, opcode), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise DecodeError(f"binary packet is not base64: {problem}") from problem


def encode_binary(payload: bytes, opcode: int) -> str:
    """Write bytes as the raw text of a binary packet; the inverse of `decode_binary`."""
    text = base64.b64encode(payload).decode("ascii")
    return text if opcode == BINARY else "b" + text


def utf8_size(text: str) -> int:
    """Count the UTF-8 bytes of a text; lone surrogates count as they would be written."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def packet_size(raw: str, opcode: int) -> int:
    """Count the bytes of a packet on the wire; for binary the decoded payload."""
    if opcode != BINARY and raw[:1] != "b":
        return utf8_size(raw)
    encoded = binary_text(raw, opcode)
    return len(encoded) * 3 // 4 - encoded[-2:].count("=")
