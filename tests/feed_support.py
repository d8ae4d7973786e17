"""Builders for the feed: messages, a line that stops reading, a running server and its clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.hub import FeedHub, HubSettings
from vectra_player.foundation.messages import Message, Source
from vectra_player.web.security import Access, new_token

PATIENCE_S = 60.0
"""How long a test waits for what must happen: the machine may be busy."""


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now_us(self) -> int:
        """Return the time in microseconds."""
        return int(self.seconds * 1_000_000)

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.seconds


class FakeLine:
    """A connection that takes everything at once, until it is stalled."""

    def __init__(self, *, stalled: bool = False) -> None:
        self.taken = b""
        self.closed: tuple[int, str] | None = None
        self.writes = 0
        self._held = b""
        self._stalled = stalled
        self._call: Callable[[], None] | None = None

    def send(self, frames: bytes) -> None:
        """Take frames."""
        if self.closed is None:
            self.writes += 1
            if self._stalled:
                self._held += frames
            else:
                self.taken += frames

    def unsent(self) -> int:
        """Return the bytes held back."""
        return len(self._held)

    def close(self, code: int, reason: str) -> None:
        """End."""
        self.closed = (code, reason)

    def on_drain(self, call: Callable[[], None]) -> None:
        """Keep whom to tell."""
        self._call = call

    def stall(self) -> None:
        """Stop reading."""
        self._stalled = True

    def read(self, size: int | None = None) -> None:
        """Read `size` bytes of what is held back, or everything and go on reading."""
        self._stalled = size is not None
        part = self._held[:size]
        self._held = self._held[len(part) :]
        self.taken += part
        if self._call is not None:
            self._call()

    def messages(self) -> list[dict[str, Any]]:
        """Return what arrived whole."""
        return split_frames(self.taken)


def split_frames(data: bytes) -> list[dict[str, Any]]:
    """Read unmasked text frames as JSON; an incomplete last one is left out."""
    found = []
    at = 0
    while at + 2 <= len(data):
        assert data[at] == 0x81
        length, start = data[at + 1], at + 2
        if length >= 126:
            wide = 2 if length == 126 else 8
            start += wide
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            break
        found.append(json.loads(data[start : start + length]))
        at = start + length
    return found


def make_tick(tick: int, price: float = 1.0, game_id: str = "g1", **more: Any) -> Message:
    """Build a tick; `more` goes into its data."""
    data = {"tick": tick, "price": price, "phase": "LIVE", **more}
    return Message("game.tick", 1_000 + tick, game_id, data, Source("s", tick + 1))


def make_trade(number: int, game_id: str = "g1", **more: Any) -> Message:
    """Build a trade with a number to know it by."""
    return Message("player.trade", 1_000, game_id, {"number": number, **more})


def make_hub(settings: HubSettings | None = None, clock: FakeClock | None = None) -> FeedHub:
    """Build a hub whose snapshot says only its phase."""
    return FeedHub(
        lambda: Message("snapshot", 5, "g1", {"phase": "LIVE"}), settings=settings, clock=clock
    )


class Running:
    """A feed that listens, with its hubs and its token."""

    def __init__(self, hubs: dict[str | None, FeedHub], settings: FeedSettings) -> None:
        self.hubs = hubs
        self.access = Access(new_token(), instance="0123abcd")
        self.feed = Feed(self.access, hubs.get, settings)

    @property
    def hub(self) -> FeedHub:
        """Return the main hub."""
        hub = self.hubs[None]
        assert hub is not None
        return hub

    @property
    def url(self) -> str:
        """Return the address of the main stream."""
        return f"ws://127.0.0.1:{self.feed.port}/feed"

    def join(self, query: str = "", **options: Any) -> connect:
        """Connect as a program that has the token."""
        headers = {"Authorization": f"Bearer {self.access.token}"}
        options = {"additional_headers": headers, "open_timeout": PATIENCE_S, **options}
        return connect(self.url + query, **options)


@asynccontextmanager
async def running_feed(
    hubs: dict[str | None, FeedHub] | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """Run a feed on a free port."""
    chosen = FeedSettings(**{"port": 0, "open_timeout_s": PATIENCE_S, **settings})
    running = Running(hubs or {None: make_hub()}, chosen)
    await running.feed.start()
    try:
        yield running
    finally:
        await running.feed.stop()


async def hear(client: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    async with asyncio.timeout(PATIENCE_S):
        message: dict[str, Any] = json.loads(await client.recv())
        return message


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds that no event tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)
