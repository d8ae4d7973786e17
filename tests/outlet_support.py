"""A real nats-server with a store of its own, and senders and collectors that talk to it.

with broker(tmp_path / "nats") as nats:
    nats.kill()
    nats.start()
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import PATIENCE_S, free_port, listens, table, wait_until
from tests.store_support import SMALL

from vectra_player.bus import spawn
from vectra_player.model.frame import Frame
from vectra_player.outlet import sender as sender_module
from vectra_player.outlet.address import Address, parse_address
from vectra_player.outlet.broker import connected
from vectra_player.outlet.collector import Collected, Collector
from vectra_player.outlet.positions import Positions
from vectra_player.outlet.sender import Sender
from vectra_player.store.layout import DataDir
from vectra_player.store.tail import Tail
from vectra_player.store.writer import EventStore


class Nats:
    """A nats-server on one port and one store, started and killed at will."""

    def __init__(self, folder: Path, *options: str) -> None:
        found = shutil.which("nats-server")
        if found is None:
            pytest.skip("nats-server is not installed")
        self.program = found
        self.folder = folder
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.address = parse_address(self.url, None)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, jetstream: bool = True) -> None:
        """Start it on what its store holds; returns once it takes connections."""
        words = ["-a", "127.0.0.1", "-p", str(self.port)]
        if jetstream:
            words += ["-js", "-sd", str(self.folder)]
        self._process = subprocess.Popen(
            [self.program, *words, *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: listens(self.port), "the broker listens")

    def kill(self) -> None:
        """Take its life without notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Have it take connections and do nothing while the block runs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Remove its store; call it while it is dead."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def broker(folder: Path, *options: str, started: bool = True) -> Iterator[Nats]:
    """Have a broker while the block runs; the test is skipped where nats-server is missing."""
    nats = Nats(folder, *options)
    try:
        if started:
            nats.start()
        yield nats
    finally:
        nats.kill()


class Recording:
    """A data directory that is being recorded, and its sender."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = EventStore.open(root, settings=SMALL)
        self.session_id = self.store.start_session("demo", "127.0.0.1")

    def append(self, frames: Sequence[Frame]) -> None:
        """Record frames; durable when this returns."""
        seq = 0
        for frame in frames:
            seq = self.store.append(frame)
        assert self.store.wait_durable(seq, PATIENCE_S)

    def end(self) -> None:
        """End the recording; everything is filed."""
        self.store.stop_session("test")
        self.store.close()

    @contextlib.asynccontextmanager
    async def sending(self, address: Address) -> AsyncIterator[Sender]:
        """Have a sender run; at the end of the block it sends what is left and ends."""
        run = DataDir(self.root).run
        tail = Tail(DataDir(self.root))
        with Positions(run / "outlet.sqlite", address.url) as positions:
            if not positions.begun:
                positions.begin(tail.extents(all_sessions=True))
            sender = Sender(tail, positions, address)
            task = spawn(sender.run(), "sender")
            try:
                yield sender
                sender.close()
                async with asyncio.timeout(PATIENCE_S):
                    await task
            finally:
                task.cancel()
                await asyncio.wait([task])
                tail.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nats]:
    """Have a broker."""
    with broker(tmp_path / "nats") as nats_server:
        yield nats_server


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """Have a recording."""
    made = Recording(tmp_path / "recorder")
    yield made
    made.store.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have senders and collectors look and try again at once instead of in seconds."""
    monkeypatch.setattr(sender_module, "CHECK_S", 0.05)
    monkeypatch.setattr(sender_module, "FULL_LOOK_S", 0.1)
    monkeypatch.setattr(sender_module, "LONGEST_RETRY_S", 0.1)
    monkeypatch.setattr(sender_module, "FIRST_RETRY_S", 0.02)


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait on the loop until a condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)
    assert condition(), what


async def within(work: Awaitable[Any]) -> Any:
    """Wait for something, but not for ever."""
    async with asyncio.timeout(PATIENCE_S):
        return await work


async def collect(root: Path, address: Address) -> Collected:
    """Collect what is in the stream into a data directory."""
    with EventStore.open(root, settings=SMALL) as store:
        report: Collected = await within(Collector(store, address).run(once=True))
        return report


async def waiting_at(server: Nats) -> int:
    """Return how many events wait in the broker's stream."""
    async with connected(server.address) as there:
        found = await there.look()
        return 0 if found is None else found.messages


def rows(*roots: Path) -> list[dict[str, Any]]:
    """Return the `ws_event` rows of stores, all columns, by session and seq."""
    found = [row for root in roots for row in table(root, "ws_event")]
    return sorted(found, key=lambda row: (row["session_id"], row["seq"]))
