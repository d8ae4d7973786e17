"""Socket.IO packets inside Engine.IO messages, and the joining of binary attachments.

Sans-I/O; called by `describe` and `rugs`, by sources that speak the protocol themselves and by
the demo server's tests. Source: Socket.IO protocol revision 5; prefixes seen in captures are
`42[`, `42<id>[`, `43<id>[`.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY
from vectra_player.protocol import engineio

PacketType = Literal[
    "connect", "disconnect", "event", "ack", "connect_error", "binary_event", "binary_ack"
]

PACKET_TYPES: tuple[PacketType, ...] = get_args(PacketType)
"""In wire order: the digit after `4` is the index."""

MAX_ATTACHMENTS = 16
MAX_DEPTH = 64
"""Limits against memory and recursion attacks; models: CVE-2020-36049, CVE-2022-2421."""

DEFAULT_NAMESPACE = "/"

# Digits are bounded so that no attacker-chosen text becomes a huge integer.
HEAD = re.compile(r"4([0-6])(?:([0-9]{1,9})-)?(?:(/[^,\[{]*)(?:,|$))?([0-9]{1,18})?")

_Args = msgspec.json.Decoder(list[msgspec.Raw])
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PLACEHOLDER = re.compile(
    rb'\{\s*"_placeholder"\s*:\s*true\s*,\s*"num"\s*:\s*([0-9]{1,3})\s*\}'
    rb'|\{\s*"num"\s*:\s*([0-9]{1,3})\s*,\s*"_placeholder"\s*:\s*true\s*\}'
)

JSON_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)
"""Everything a JSON decoder raises on hostile text."""


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One Socket.IO packet; `data` is its exact JSON text, empty when it carries none."""

    type: PacketType
    data: str = ""
    namespace: str = DEFAULT_NAMESPACE
    ack_id: int | None = None
    attachments: int = 0


def parse(raw: str) -> Packet:
    """Read the packet of one Engine.IO message. Raises DecodeError when it is not one."""
    match = HEAD.match(raw)
    if match is None:
        raise DecodeError("not a Socket.IO packet")
    digit, count, namespace, ack = match.groups()
    kind = PACKET_TYPES[int(digit)]
    binary = kind.startswith("binary")
    if binary != (count is not None):
        raise DecodeError("attachment count does not fit the packet type")
    attachments = int(count or 0)
    if attachments > MAX_ATTACHMENTS:
        raise DecodeError(f"{attachments} attachments, at most {MAX_ATTACHMENTS} are read")
    return Packet(
        type=kind,
        data=raw[match.end() :],
        namespace=namespace or DEFAULT_NAMESPACE,
        ack_id=None if ack is None else int(ack),
        attachments=attachments,
    )


def encode(packet: Packet) -> str:
    """Write a packet as the text of an Engine.IO message; the inverse of `parse`."""
    head = engineio.MESSAGE + str(PACKET_TYPES.index(packet.type))
    if packet.type.startswith("binary"):
        head += f"{packet.attachments}-"
    if packet.namespace != DEFAULT_NAMESPACE:
        head += packet.namespace + ","
    if packet.ack_id is not None:
        head += str(packet.ack_id)
    return head + packet.data


def nesting(text: str) -> int:
    """Count the deepest nesting of JSON text, without recursion; too high if it is malformed."""
    openers = text.count("[") + text.count("{")
    if openers <= MAX_DEPTH:
        return openers
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    outside = "".join(text.split('"')[::2]).encode("utf-8", "surrogatepass")
    left = outside.translate(_ONE_BRACKET, _NO_BRACKETS)
    depth = 0
    # Each pass takes the innermost pairs away, so the passes count the levels.
    while left and depth <= MAX_DEPTH:
        shorter = left.replace(b"[]", b"")
        if len(shorter) == len(left):
            return depth + left.count(b"[")
        left, depth = shorter, depth + 1
    return depth


def check_limits(text: str) -> None:
    """Refuse text that is too long or too deep. Raises DecodeError."""
    if engineio.utf8_size(text) > engineio.MAX_DECODED_BYTES:
        raise DecodeError("packet is longer than 4 MiB: kept whole, not decoded")
    if nesting(text) > MAX_DEPTH:
        raise DecodeError(f"nested deeper than {MAX_DEPTH} levels")


def arguments(text: str) -> list[msgspec.Raw]:
    """Split a JSON array into the exact JSON of its elements. Raises DecodeError."""
    check_limits(text)
    try:
        return _Args.decode(text)
    except JSON_ERRORS as problem:
        raise DecodeError(f"arguments are not a JSON array: {problem}") from problem


class Assembler(msgspec.Struct):
    """Join the attachments of one socket's binary packets; keep one for each socket.

    The state is serialisable, so a reader may stop between a header and its attachments.
    """

    header: Packet | None = None
    parts: list[str] = msgspec.field(default_factory=list)

    def feed(self, raw: str, opcode: int) -> Packet | None:
        """Take the next packet of the socket; give a Socket.IO packet once it is complete.

        In a joined packet every placeholder is replaced by `{"base64": "..."}`; its type is
        `event` or `ack`. Engine.IO's own packets give None and change nothing.
        Raises DecodeError for an attachment nobody announced, for a text packet in place of an
        announced attachment (what was pending is dropped) and for malformed packets.
        """
        if opcode == BINARY or raw[:1] == "b":
            return self._attach(raw, opcode)
        if raw[:1] != engineio.MESSAGE:
            return None
        if self.header is not None:
            self._reset()
            raise DecodeError("text packet in place of an announced attachment")
        packet = parse(raw)
        if packet.type not in ("binary_event", "binary_ack"):
            return packet
        if packet.attachments == 0:
            return _joined(packet, [])
        self.header = packet
        return None

    def _attach(self, raw: str, opcode: int) -> Packet | None:
        if self.header is None:
            raise DecodeError("binary packet that no header announced")
        header, text = self.header, engineio.binary_text(raw, opcode)
        held = sum(map(len, self.parts)) + len(text)
        if held * 3 // 4 > engineio.MAX_DECODED_BYTES:
            self._reset()
            raise DecodeError("attachments are longer than 4 MiB: kept whole, not decoded")
        self.parts.append(text)
        if len(self.parts) < header.attachments:
            return None
        parts = self.parts
        self._reset()
        return _joined(header, parts)

    def _reset(self) -> None:
        self.header, self.parts = None, []


def _joined(header: Packet, parts: list[str]) -> Packet:
    def fill(match: re.Match[bytes]) -> bytes:
        number = int(match.group(1) or match.group(2))
        if number >= len(parts):
            raise DecodeError(f"placeholder {number} has no attachment")
        return msgspec.json.encode({"base64": parts[number]})

    data = _PLACEHOLDER.sub(fill, header.data.encode("utf-8", "surrogatepass"))
    return Packet(
        type="event" if header.type == "binary_event" else "ack",
        data=data.decode("utf-8", "surrogatepass"),
        namespace=header.namespace,
        ack_id=header.ack_id,
    )
