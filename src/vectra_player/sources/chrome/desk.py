"""Make frames and facts of one connection and put them into its outbox.

Shared by `sockets`, `polling` and `capture`: what all of them say about a frame is said here.
"""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

from vectra_player.model.frame import Frame, fact
from vectra_player.model.units import Direction, Micros
from vectra_player.sources.chrome.outbox import Item, Outbox
from vectra_player.sources.chrome.stamps import Stamps


class Desk:
    """Where frames are made out; every frame of a connection passes here."""

    def __init__(self, outbox: Outbox, stamps: Stamps, page_host: str) -> None:
        self.outbox = outbox
        self.stamps = stamps
        self._page_host = page_host

    def packet(
        self,
        raw: str,
        *,
        ts: Micros,
        direction: Direction,
        socket_id: str,
        transport: str,
        opcode: int,
        host: str,
        unique: str = "",
        stream: str = "",
    ) -> Item:
        """Build the item of one Engine.IO packet.

        A socket met late has no URL: its origin is then the page's, so that rounds of the demo
        server never pass for real ones.
        """
        frame = Frame(
            ts=ts,
            raw=raw,
            direction=direction,
            socket_id=socket_id,
            transport=transport,
            opcode=opcode,
            source="cdp",
            origin=host or self._page_host,
        )
        return Item(frame, stream or socket_id, unique)

    def fact(
        self,
        kind: str,
        *,
        unique: str,
        stream: str = "",
        host: str = "",
        ts: Micros = 0,
        **detail: object,
    ) -> Item:
        """Build the item of a fact; `unique` is its name for a second connection's copy."""
        ts = ts or self.stamps.now()
        frame = fact(kind, detail, ts=ts, source="cdp", origin=host or self._page_host)
        return Item(frame, stream, f"{kind}:{unique}")

    def put(self, item: Item) -> None:
        """Send an item out in the order of Chrome's messages."""
        self.outbox.put(item)


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a URL, the last of each name."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


def is_engineio(url: str) -> bool:
    """Tell whether a request or socket speaks Engine.IO: its URL names the protocol version."""
    return "EIO=" in url and "EIO" in query_of(url)


def host_of(url: str) -> str:
    """Return host and port of a URL."""
    return urlsplit(url).netloc


def connection_id(target_id: str, sid: str) -> str:
    """Name an Engine.IO connection that began by polling; the sid itself is a credential."""
    digest = hashlib.sha256(sid.encode()).hexdigest()[:12]
    return f"{target_id[:8]}.{digest}"
