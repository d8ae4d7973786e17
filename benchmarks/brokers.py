"""The two brokers of `bench_outlet`, each a real server on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import redis.asyncio as redis

from vectra_player.outlet.address import parse_address
from vectra_player.outlet.broker import BrokerError, connected
from vectra_player.outlet.messages import ID_HEADER, SUBJECTS, Message, key_of

WINDOW = 500
"""Events on their way at once, the same for both."""

NAME = "bench"


class Broker(Protocol):
    """What the benchmark asks of a broker."""

    name: str
    licence: str
    durability: str

    def start(self) -> None:
        """Start the server on what its store holds."""

    def kill(self) -> None:
        """End the server without warning."""

    @property
    def pid(self) -> int:
        """Process id of the server."""

    async def connect(self) -> None:
        """Connect; returns once the server takes events."""

    async def publish(self, bodies: Sequence[bytes], first: int) -> None:
        """Publish events numbered from `first`; returns when each is acknowledged."""

    async def count(self) -> int:
        """Return how many events the server holds."""

    async def take(self, count: int) -> None:
        """Read events as a durable consumer does, and acknowledge each."""

    async def close(self) -> None:
        """Disconnect."""


class Server:
    """A child process on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._child is not None
        return self._child.pid

    def run(self, *words: str) -> None:
        """Start it and wait for its port."""
        program = shutil.which(words[0])
        if program is None:
            raise SystemExit(f"{words[0]} is not installed")
        self._child = subprocess.Popen(
            [program, *words[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise SystemExit(f"{words[0]} does not listen")

    def kill(self) -> None:
        """End it without warning."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


class JetStream(Server):
    """nats-server as the outlet uses it, through the outlet's own code."""

    name = "NATS JetStream"
    licence = "Apache-2.0"
    durability = "acknowledged in the page cache, fsync every 2 minutes (fixed in 2.9)"

    def start(self) -> None:
        """Start the server on what its store holds."""
        self.run("nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd",
                 str(self.folder))  # fmt: skip

    async def connect(self) -> None:
        """Connect; returns once the server takes events."""
        self._open = contextlib.AsyncExitStack()
        address = parse_address(f"nats://127.0.0.1:{self.port}", None)
        while True:
            try:
                self._broker = await self._open.enter_async_context(connected(address))
                await self._broker.open_stream()
                return
            except BrokerError:  # JetStream is up a moment after the port
                await asyncio.sleep(0.01)

    async def publish(self, bodies: Sequence[bytes], first: int) -> None:
        """Publish events numbered from `first`; returns when each is acknowledged."""
        for start in range(0, len(bodies), WINDOW):
            batch = [
                Message(f"{SUBJECTS}.{NAME}", {ID_HEADER: key_of(NAME, number)}, body)
                for number, body in enumerate(bodies[start : start + WINDOW], first + start)
            ]
            done = await self._broker.publish(batch)
            if done.events != len(batch):
                raise SystemExit(f"not acknowledged: {done.reason}")

    async def count(self) -> int:
        """Return how many events the server holds."""
        return (await self._broker.open_stream()).messages

    async def take(self, count: int) -> None:
        """Read events as a durable consumer does, and acknowledge each."""
        pull = await self._broker.follow()
        left = count
        while left:
            messages = await pull.take(WINDOW)
            await pull.acknowledge(messages)
            left -= len(messages)
        while await pull.left():  # noqa: ASYNC110 - it forgets them in a task of its own
            await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Disconnect."""
        await self._open.aclose()


class RedisStreams(Server):
    """redis-server with an append-only file; the client numbers events itself."""

    licence = "BSD-3-Clause (7.0; from 7.4 on RSALv2/SSPLv1, from 8 also AGPLv3)"

    def __init__(self, folder: Path, fsync: str) -> None:
        super().__init__(folder)
        self._fsync = fsync
        self.name = f"Redis, fsync {fsync}"
        self.durability = {
            "always": "fsync before the acknowledgement",
            "everysec": "acknowledged in the page cache, fsync every second",
        }[fsync]

    def start(self) -> None:
        """Start the server on what its store holds."""
        self.run("redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir",
                 str(self.folder), "--appendonly", "yes", "--appendfsync", self._fsync,
                 "--save", "")  # fmt: skip

    async def connect(self) -> None:
        """Connect; returns once the server takes events."""
        self._client = redis.Redis(port=self.port)
        while True:
            try:
                await self._client.ping()
                return
            except redis.RedisError:  # it reads its file first
                await asyncio.sleep(0.01)

    async def publish(self, bodies: Sequence[bytes], first: int) -> None:
        """Publish events numbered from `first`; returns when each is acknowledged."""
        for start in range(0, len(bodies), WINDOW):
            async with self._client.pipeline(transaction=False) as pipe:
                for number, body in enumerate(bodies[start : start + WINDOW], first + start):
                    pipe.xadd(NAME, {"k": f"session-{number}", "b": body})
                await pipe.execute()

    async def count(self) -> int:
        """Return how many events the server holds."""
        return int(await self._client.xlen(NAME))

    async def take(self, count: int) -> None:
        """Read events as a durable consumer does, acknowledge and delete each."""
        await self._client.xgroup_create(NAME, "collector", id="0")
        left = count
        while left:
            answer = await self._client.xreadgroup(
                "collector", "one", {NAME: ">"}, count=min(left, WINDOW), block=10_000
            )
            ids = [entry[0] for _, entries in _streams(answer) for entry in entries]
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.xack(NAME, "collector", *ids)
                pipe.xdel(NAME, *ids)
                await pipe.execute()
            left -= len(ids)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()


def _streams(answer: object) -> list[tuple[bytes, list[tuple[bytes, object]]]]:
    """Return (stream, entries) of an answer, whichever protocol the client speaks."""
    if isinstance(answer, dict):
        return [(name, [item for part in parts for item in part]) for name, parts in answer.items()]
    assert isinstance(answer, list)
    return answer


class Usage:
    """What a process uses, from /proc."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu_s(self) -> float:
        """Return its processor time so far."""
        text = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Return its resident memory."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
