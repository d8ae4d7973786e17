"""Connections that ask for nothing, on a server whose limits a test can reach."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vectra_player.foundation.listen import take_port
from vectra_player.foundation.monitor import connections
from vectra_player.foundation.monitor.server import MonitorServer

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 30.0


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with nothing."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Caller:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self, said: bytes = ASK) -> bytes:
        """Say something; return the head of the answer, empty when hung up on."""
        self.writer.write(said)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                return await self.reader.readuntil(b"\r\n\r\n")
        return b""

    async def hung_up(self) -> bool:
        """Wait until the server ends the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True


Call = Callable[[], Awaitable[Caller]]


@asynccontextmanager
async def serving() -> AsyncIterator[Call]:
    """Serve; yield what opens one more connection."""
    sockets = take_port(0, "FOUNDATION_HTTP_PORT")
    server, callers = MonitorServer(app, sockets), list[Caller]()
    await server.start()

    async def call() -> Caller:
        port = int(sockets[0].getsockname()[1])
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", port)))
        return callers[-1]

    try:
        yield call
    finally:
        for caller in callers:
            caller.writer.close()
        await server.stop()


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_request_that_never_comes_is_not_waited_for(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    async with serving() as call:
        caller = await call()
        caller.writer.write(said)
        assert await caller.hung_up()


async def test_a_second_request_that_never_ends_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    async with serving() as call:
        caller = await call()
        assert b"204" in await caller.answer()
        caller.writer.write(b"GET / HT")
        assert await caller.hung_up()


async def test_a_connection_that_asks_again_and_again_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    async with serving() as call:
        caller = await call()
        for _ in range(5):
            assert b"204" in await caller.answer()
            await asyncio.sleep(0.1)


async def test_connections_that_ask_nothing_make_room_for_one_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    async with serving() as call:
        kept = await call()
        assert b"204" in await kept.answer()
        idle = [await call() for _ in range(60)]
        asking = await call()
        assert b"204" in await asking.answer()
        for caller in idle[:30]:
            assert await caller.hung_up()
