"""The public feed: packets kept raw, answers recorded, silences and drops turned into facts."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from vectra_player.errors import CaptureHaltedError
from vectra_player.model.frame import Frame
from vectra_player.sources.public_ws import Backoff, PublicWsSettings, PublicWsSource, socket_url

HANDSHAKE = '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'
CONNECTED = '40{"sid":"t"}'
Handler = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def feed(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}?frontend-version=1.0"


async def record(
    url: str, enough: Callable[[list[Frame]], bool], **settings: object
) -> list[Frame]:
    """Run the source until `enough` frames came; return them."""
    frames: list[Frame] = []
    done = asyncio.Event()

    def emit(frame: Frame) -> None:
        frames.append(frame)
        if enough(frames):
            done.set()

    options = PublicWsSettings(url=url, backoff_first_s=0.01, **settings)  # type: ignore[arg-type]
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(PublicWsSource(options).run(emit))
        await done.wait()
        running.cancel()
    return frames


def wire(frames: list[Frame]) -> list[tuple[str, str]]:
    return [(frame.direction, frame.raw) for frame in frames if frame.raw_format == "engineio"]


def facts(frames: list[Frame]) -> list[str]:
    return [frame.event_name for frame in frames if frame.raw_format == "fact"]


async def test_both_directions_are_kept_as_exact_packets() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        assert await socket.recv() == "40"
        await socket.send(CONNECTED)
        await socket.send("2")
        assert await socket.recv() == "3"
        await socket.send('42["gameStateUpdate",{"price":1.5}]')
        await socket.send(b"\x00\x01")
        await socket.wait_closed()

    async with feed(handler) as url:
        frames = await record(url, lambda seen: len(seen) >= 8)
    assert wire(frames) == [
        ("received", HANDSHAKE),
        ("sent", "40"),
        ("received", CONNECTED),
        ("received", "2"),
        ("sent", "3"),
        ("received", '42["gameStateUpdate",{"price":1.5}]'),
        ("received", "AAE="),
    ]
    assert frames[-2].opcode == 2 or frames[-1].opcode == 2
    assert facts(frames)[0] == "vectra.connected"


async def test_a_login_is_sent_once_the_namespace_is_open() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.recv()
        await socket.send(CONNECTED)
        await socket.send(await socket.recv())
        await socket.wait_closed()

    login = '42["authenticate",{"token":"x"}]'
    async with feed(handler) as url:
        frames = await record(url, lambda seen: len(seen) >= 6, first_event=login)
    assert wire(frames)[-2:] == [("sent", login), ("received", login)]


async def test_a_drop_is_reported_and_the_way_back_leaves_a_gap() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.recv()
        await socket.send(CONNECTED)

    async with feed(handler) as url:
        frames = await record(url, lambda seen: "vectra.gap" in facts(seen))
    assert facts(frames)[:3] == ["vectra.connected", "vectra.disconnected", "vectra.connected"]
    gap = json.loads(next(frame.raw for frame in frames if frame.event_name == "vectra.gap"))
    assert gap["from"] <= gap["to"]
    assert gap["from"].endswith("Z")
    assert gap["reason"] == "closed by the server, code 1000"


@pytest.mark.parametrize("goodbye", ["1", "41"])
async def test_a_server_that_says_goodbye_is_left_at_once(goodbye: str) -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.recv()
        await socket.send(CONNECTED)
        await socket.send(goodbye)
        await socket.wait_closed()

    async with feed(handler) as url:
        frames = await record(url, lambda seen: "vectra.gap" in facts(seen), silence_s=600)
    assert ("received", goodbye) in wire(frames)
    assert facts(frames)[:3] == ["vectra.connected", "vectra.disconnected", "vectra.connected"]


async def test_silence_is_noticed() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.wait_closed()

    async with feed(handler) as url:
        frames = await record(url, lambda seen: "vectra.disconnected" in facts(seen), silence_s=0.2)
    assert facts(frames) == ["vectra.connected", "vectra.silence", "vectra.disconnected"]


async def test_a_server_that_only_pings_is_silent() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.send("2")
                await socket.recv()  # unread answers would hold up the closing as well
                await asyncio.sleep(0.02)

    async with feed(handler) as url:
        frames = await record(url, lambda seen: "vectra.silence" in facts(seen), silence_s=0.5)
    assert ("received", "2") in wire(frames)


async def test_a_send_that_fails_names_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: ClientConnection, message: str) -> None:
        raise ConnectionResetError("reset by peer")

    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.wait_closed()

    monkeypatch.setattr(ClientConnection, "send", refuse)
    async with feed(handler) as url:
        frames = await record(url, lambda seen: "vectra.disconnected" in facts(seen))
    gone = json.loads(next(f.raw for f in frames if f.event_name == "vectra.disconnected"))
    assert gone["reason"] == "ConnectionResetError: reset by peer"


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with feed(lambda socket: socket.wait_closed()) as url:
        gone = url
    frames = await record(gone, lambda seen: facts(seen).count("vectra.socket_error") == 3)
    assert set(facts(frames)) == {"vectra.socket_error"}


async def test_a_halted_store_ends_the_source() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(HANDSHAKE)
        await socket.wait_closed()

    def emit(frame: Frame) -> None:
        raise CaptureHaltedError("full")

    async with feed(handler) as url:
        with pytest.raises(CaptureHaltedError):
            await PublicWsSource(PublicWsSettings(url=url)).run(emit)


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        (
            "https://backend.rugs.fun?frontend-version=1.0",
            "wss://backend.rugs.fun/socket.io/?frontend-version=1.0&EIO=4&transport=websocket",
        ),
        (
            "http://127.0.0.1:81/",
            "ws://127.0.0.1:81/socket.io/?EIO=4&transport=websocket",
        ),
        (
            "ws://127.0.0.1:81/other/?EIO=3",
            "ws://127.0.0.1:81/other/?EIO=4&transport=websocket",
        ),
    ],
)
def test_the_socket_url_keeps_the_query(url: str, socket: str) -> None:
    assert socket_url(url) == socket


def test_delays_double_up_to_the_cap_and_are_jittered() -> None:
    backoff = Backoff(1.0, 8.0)
    delays = [backoff.next_delay() for _ in range(6)]
    for delay, ceiling in zip(delays, [1, 2, 4, 8, 8, 8], strict=True):
        assert ceiling / 2 <= delay <= ceiling
    backoff.reset()
    assert backoff.next_delay() <= 1.0
