"""What the server can do wrong on purpose, and how it is asked to.

A fault is asked for at the start (`drop@5`: five seconds in, in game time of the show's speed) or
at run time through `POST /__demo__/fault`. The server carries it out.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from vectra_player.demo.alterations import alterations
from vectra_player.demo.troubles import MODES, OrderKind
from vectra_player.errors import ConfigError

Kind = Literal[
    "drop",
    "close",
    "restart",
    "reboot",
    "burst",
    "stall",
    "acks",
    "echo",
    "updates",
    "autosell",
    "autobuy",
    "cash",
    "pause",
    "maintenance",
    "page",
    "big_history",
    "unknown",
    "malformed",
    "binary",
    "chat",
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. Which fields count depends on the kind.

    drop: cut every TCP connection. close: say goodbye to every client. restart: be gone for
    `seconds`; reboot: and forget holdings and sidebets. stall: hold everything back for `seconds`,
    then send it at once.
    acks, echo, updates: answer orders in `mode` from now on (`troubles.MODES`), those of one kind
    when `order` is given; slow by `seconds`. echo is the own trade or sidebet, updates the
    `playerUpdate` after it.
    autosell: sell `amount` percent (all) of every holding, unasked; autobuy: buy for `amount`;
    cash: add `amount` to every account.
    pause: let the countdown stand still for `seconds`; maintenance: announce it for so long.
    page: alter pages opened with ?faults=1 by `name` (`alterations`), one more each time; none
    undoes them.
    big_history: history frames of about `size` bytes from now on (0 ends it). burst: `count` chat
    messages of `size` bytes at once. unknown: `count` events nobody knows. malformed: packets that
    break the grammar. binary: an event with two attachments. chat: an event in the namespace /chat.
    """

    kind: Kind
    seconds: float = 2.0
    count: int = 1
    size: int = 300
    amount: float = 0.0
    mode: str = "normal"
    order: OrderKind | None = None
    name: str = ""
    at_s: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a mode or a page that is none."""
        modes = MODES.get(self.kind, frozenset(("normal",)))
        if self.mode not in modes:
            raise ValueError(f"{self.kind} has no mode {self.mode!r}; there are {_listed(modes)}")
        if self.name and self.name not in alterations():
            raise ValueError(f"there is no alteration {self.name!r}")


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_FIRST_ARGUMENT: dict[str, str] = {
    "restart": "seconds",
    "reboot": "seconds",
    "stall": "seconds",
    "pause": "seconds",
    "maintenance": "seconds",
    "burst": "count",
    "unknown": "count",
    "acks": "mode",
    "echo": "mode",
    "updates": "mode",
    "autosell": "amount",
    "autobuy": "amount",
    "cash": "amount",
    "page": "name",
    "big_history": "size",
}
_SPECIFICATION = re.compile(r"([a-z_]+)(?:=([^@/]+)(?:/([a-z]+))?)?(?:@(\d+(?:\.\d+)?))?")

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
    """Read `KIND[=ARGUMENT[/ORDER]][@SECONDS]`: `drop@5`, `restart=3@10`, `acks=missing/buy`.

    Raises:
        ConfigError: the specification names no fault.
    """
    match = _SPECIFICATION.fullmatch(specification)
    fields: dict[str, object] = {}
    if match:
        kind, argument, order, at_s = match.groups()
        fields = {"kind": kind, "at_s": float(at_s or 0)}
        if argument is not None:
            fields[_FIRST_ARGUMENT.get(kind, "?")] = argument
        if order is not None:
            fields["order"] = order
    try:
        # From text: numbers may come as strings, as command lines give them.
        return msgspec.convert(fields, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"No fault {specification!r}: {error}.",
            advice="Write KIND[=ARGUMENT[/ORDER]][@SECONDS], such as drop@5, acks=missing/buy.",
        ) from None
