"""A TCP proxy whose connections a test can cut one by one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Proxy:
    """Relays to `port`; `lines` are the open WebSocket connections, oldest first."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = 0
        self.lines: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self, index: int) -> None:
        """Abort one connection."""
        self.lines[index].transport.abort()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        first = await reader.read(65536)
        if b"/devtools/browser" in first:
            self.lines.append(writer)
        far_writer.write(first)
        back = asyncio.get_running_loop().create_task(_pump(far_reader, writer))
        self._tasks.add(back)
        await _pump(reader, far_writer)
        await back
        self._tasks.discard(back)
        if writer in self.lines:
            self.lines.remove(writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@contextlib.asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.relay, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for line in list(proxy.lines):
            line.transport.abort()
        await asyncio.sleep(0.1)
