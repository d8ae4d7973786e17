"""A demo server in the test's own process, and a client that keeps all it is sent.

async with running_demo(seed=7, speed=50) as server:
    async with listening(server.url) as heard:
        await heard.until(lambda: heard.named("gameStateUpdate"))
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import aiohttp
import socketio

from vectra_player.demo import DemoServer, DemoSettings
from vectra_player.demo.frames import Table

TRACE_ID = "5f" * 16
TRACE = {"__trace": True, "traceparent": f"00-{TRACE_ID}-{'6a' * 8}-01"}
LONG_GAMES = {"shortest_game": 150, "longest_game": 600}
"""Switches for tests that need time to trade within a game."""

PATIENCE_S = 60.0
"""The machine may be busy: long enough never to matter, short enough to end a hung test."""


@contextlib.asynccontextmanager
async def running_demo(**switches: Any) -> AsyncIterator[DemoServer]:
    """Start a server with these `DemoSettings` on a free port: seeded, fast, ten past games."""
    settings = DemoSettings(**{"seed": 7, "speed": 50.0, "past_games": 10} | switches)
    server = DemoServer(settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def standing_demo(**switches: Any) -> AsyncIterator[DemoServer]:
    """Start a server whose long game has just begun and stands still: no page draws its ticks."""
    async with running_demo(**LONG_GAMES | switches) as server:
        async with asyncio.timeout(PATIENCE_S):
            while not _is_young(server.sim.table):
                await asyncio.sleep(0.002)
        server.hold()
        yield server


def _is_young(table: Table) -> bool:
    return table.active and not table.rugged and 3 < table.tick < LONG_GAMES["shortest_game"] - 20


class Heard(NamedTuple):
    """One event as a client got it."""

    name: str
    args: tuple[Any, ...]

    @property
    def payload(self) -> Any:
        """Return the last argument, which is the payload."""
        return self.args[-1] if self.args else None


class Listener:
    """A real python-socketio client and everything it heard, in order."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.events: list[Heard] = []
        self._news = asyncio.Event()
        # Plain functions in arrival order: the library gives each event a task of its own.
        self.client.on("*", self._hear)

    def _hear(self, name: str, *args: Any) -> None:
        self.events.append(Heard(name, args))
        self._news.set()

    def named(self, name: str) -> list[Heard]:
        """Return the events of this name so far."""
        return [event for event in self.events if event.name == name]

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until the condition holds after some event; return its value."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := condition()):
                self._news.clear()
                await self._news.wait()
        return found


@contextlib.asynccontextmanager
async def listening(
    url: str, *, transports: tuple[str, ...] = ("websocket",), namespaces: tuple[str, ...] = ("/",)
) -> AsyncIterator[Listener]:
    """Connect a listener; disconnect it afterwards."""
    listener = Listener()
    await listener.client.connect(
        url, transports=list(transports), namespaces=list(namespaces), wait_timeout=60
    )
    try:
        yield listener
    finally:
        await listener.client.disconnect()


@contextlib.asynccontextmanager
async def back_again(url: str) -> AsyncIterator[Listener]:
    """Connect as soon as the server is there again."""
    while True:
        try:
            async with aiohttp.ClientSession() as http, http.get(url):
                break
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)
    async with listening(url) as heard:
        yield heard


async def log_in(heard: Listener, token: str = "token") -> None:
    before = len(heard.named("inboxMessages"))
    await heard.client.emit("authenticate", (TRACE, {"token": token}))
    await heard.until(lambda: len(heard.named("inboxMessages")) > before)


async def live(heard: Listener) -> None:
    """Wait for a tick of a game that is running."""
    before = len(heard.events)

    def ticking() -> bool:
        return any(
            e.name == "gameStateUpdate"
            and e.payload.get("active")
            and not e.payload["rugged"]
            and e.payload["tickCount"] > 0
            for e in heard.events[before:]
        )

    await heard.until(ticking)


async def ask(heard: Listener, name: str, payload: dict[str, Any]) -> Any:
    return await heard.client.call(name, (TRACE, payload), timeout=60)


async def control(server: DemoServer, **fault: Any) -> int:
    url = f"{server.url}/__demo__/fault"
    async with aiohttp.ClientSession() as http, http.post(url, json=fault) as answer:
        return answer.status


def joined(heard: Listener, name: str) -> list[Any]:
    """Return payloads of events that carry the trace of our request."""
    return [
        e.payload
        for e in heard.named(name)
        if len(e.args) > 1 and e.args[0]["traceparent"].split("-")[1] == TRACE_ID
    ]
