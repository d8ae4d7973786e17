"""What the server can do wrong on purpose, and how it is asked to.

A fault is asked for at the start (`drop@5`: five seconds in, in game time of the show's speed) or
at run time through `POST /__demo__/fault`. The server carries it out.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from vectra_player.errors import ConfigError

Kind = Literal[
    "drop",
    "close",
    "restart",
    "burst",
    "stall",
    "acks",
    "big_history",
    "unknown",
    "malformed",
    "binary",
    "chat",
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. Which fields count depends on the kind.

    drop: cut every TCP connection. close: say goodbye to every client. restart: be gone for
    `seconds`. burst: `count` chat messages of `size` bytes at once. stall: hold everything back
    for `seconds`, then send it at once. acks: `mode` from now on, slow by `seconds`.
    big_history: history frames of about `size` bytes from now on (0 ends it). unknown: `count`
    events nobody knows. malformed: packets that break the grammar. binary: an event with two
    attachments. chat: an event in the namespace /chat.
    """

    kind: Kind
    seconds: float = 2.0
    count: int = 1
    size: int = 300
    mode: Literal["normal", "slow", "missing", "rejected"] = "normal"
    at_s: float = 0.0


_FIRST_ARGUMENT: dict[str, str] = {
    "restart": "seconds",
    "stall": "seconds",
    "burst": "count",
    "unknown": "count",
    "acks": "mode",
    "big_history": "size",
}
_SPECIFICATION = re.compile(r"([a-z_]+)(?:=([^@]+))?(?:@(\d+(?:\.\d+)?))?")

MALFORMED = (
    "42[",
    '42["gameStateUpdate",{"tickCount":',
    "42{}",
    "42[]",
    "4",
    "49[1]",
    '45-["half"]',
    '43999["nobody asked"]',
    "7unknown",
    "zzz",
    '42/unknown,["event",1]',
)
"""Packets that break the Engine.IO or Socket.IO grammar, each in another way."""


def parse_fault(specification: str) -> Fault:
    """Read `KIND[=ARGUMENT][@SECONDS]`, such as `drop@5`, `restart=3@10`, `acks=missing`.

    Raises:
        ConfigError: the specification names no fault.
    """
    match = _SPECIFICATION.fullmatch(specification)
    fields: dict[str, object] = {}
    if match:
        kind, argument, at_s = match.groups()
        fields = {"kind": kind, "at_s": float(at_s or 0)}
        if argument is not None:
            fields[_FIRST_ARGUMENT.get(kind, "?")] = argument
    try:
        # From text: numbers may come as strings, as command lines give them.
        return msgspec.convert(fields, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"No fault {specification!r}: {error}.",
            advice="Write KIND[=ARGUMENT][@SECONDS], such as drop@5, restart=3@10, acks=missing.",
        ) from None
