"""PF6, W1: deliveries per server CPU-second, latency and memory, beside plain `websockets`.

Run `python -m benchmarks.bench_feed [--seconds N]`. Server and clients are two processes; only the
server's CPU and memory count. `plain` is `websockets.broadcast` to the same clients at the same
rate in the same run, without any of the checks and bounds of ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import msgspec
import psutil
from msgspec import Struct
from websockets.asyncio.server import ServerConnection, broadcast, serve

from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.hub import FeedHub
from vectra_player.foundation.messages import Message, text_frame
from vectra_player.web.security import Access

TOKEN = "benchmark"
STAMP = b'"t":'
STAMP_DIGITS = 20
FIRST_SEQ = 10_000  # so that every message has the same length
TARGET_PER_CPU_S = 40_000
ROUNDS = 3


class Load(Struct, frozen=True, kw_only=True):
    """What is sent to whom. Sizes in bytes of JSON text."""

    clients: int
    stalled: int = 0
    size: int = 300
    rate: int
    burst: int = 1
    """Messages published in one turn of the loop."""
    seconds: float


class Server:
    """Publishes a load; `ours` through the feed, else through plain broadcast."""

    def __init__(self, load: Load, *, ours: bool) -> None:
        self.load = load
        self.ours = ours
        self.hub = FeedHub(lambda: Message("snapshot", 0, None, {}))
        self.hub.last_seq = FIRST_SEQ
        self.plain: set[ServerConnection] = set()
        self.memory_mb: list[float] = []

    async def run(self) -> None:
        """Serve the load and print the result as one line."""
        if self.ours:
            access = Access(TOKEN, instance="00000000")
            feed = Feed(access, lambda _: self.hub, FeedSettings(port=0))
            await feed.start()
            print(feed.port, flush=True)
        else:
            server = await serve(self._keep, "127.0.0.1", 0, compression=None)
            print(server.sockets[0].getsockname()[1], flush=True)
        while self._connected() < self.load.clients:  # noqa: ASYNC110 - both kinds alike
            await asyncio.sleep(0.05)
        print(json.dumps(await self._publish()), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

    async def _keep(self, connection: ServerConnection) -> None:
        self.plain.add(connection)
        try:
            await connection.wait_closed()
        finally:
            self.plain.discard(connection)

    def _connected(self) -> int:
        return self.hub.stats().clients if self.ours else len(self.plain)

    async def _publish(self) -> dict[str, Any]:
        load, process = self.load, psutil.Process()
        messages = int(load.rate * load.seconds)
        body = _body(load.size)
        all_gone_s: float | None = None
        began, cpu = time.monotonic(), time.process_time()
        for number in range(0, messages, load.burst):
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            for _ in range(load.burst):
                self._send(body)
            if number % max(load.rate // 2, 1) < load.burst:
                self.memory_mb.append(process.memory_info().rss / 1e6)
            if all_gone_s is None and self._connected() <= load.clients - load.stalled:
                all_gone_s = time.monotonic() - began
        await asyncio.sleep(0.5)
        return {
            "messages": messages,
            "cpu_s": time.process_time() - cpu,
            "memory_mb": self.memory_mb,
            "stalled_gone_s": all_gone_s if load.stalled else None,
            "unsent_mb": self._unsent() / 1e6,
            "connected": self._connected(),
        }

    def _send(self, body: bytes) -> None:
        stamp = str(time.monotonic_ns()).rjust(STAMP_DIGITS).encode()
        data = msgspec.Raw(body.replace(b"#" * STAMP_DIGITS, stamp))
        message = Message("player.trade", 1, "g", data)
        if self.ours:
            self.hub.publish(message)
        else:
            head = {"type": "player.trade", "ts": 1, "gameId": "g", "seq": FIRST_SEQ}
            text = msgspec.json.encode({**head, "data": data, "src": None})
            broadcast(self.plain, text, text=True)

    def _unsent(self) -> int:
        if self.ours:
            return self.hub.stats().waiting_bytes
        return sum(c.transport.get_write_buffer_size() for c in self.plain)


def _body(size: int) -> bytes:
    around = len(b'{"type":"player.trade","ts":1,"gameId":"g","seq":10000,"data":,"src":null}')
    start = b'{"t":' + b"#" * STAMP_DIGITS + b',"pad":"'
    return start + b"x" * (size - around - len(start) - 2) + b'"}'


class Reader(asyncio.Protocol):
    """A client that only counts bytes, and reads the stamps if it is a probe."""

    def __init__(self, *, stalled: bool, probe: bool) -> None:
        self.received = 0
        self.delays_ms: list[float] = []
        self._stalled = stalled
        self._probe = probe
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        port = transport.get_extra_info("peername")[1]
        transport.write(
            f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count; a stalled client reads nothing after the handshake."""
        if not self._open:
            self._open = True
            if self._stalled:
                self._transport.pause_reading()
            return
        self.received += len(data)
        if self._probe:
            now = time.monotonic_ns()
            at = data.find(STAMP)
            while at >= 0:
                digits = data[at + len(STAMP) : at + len(STAMP) + STAMP_DIGITS]
                if len(digits) == STAMP_DIGITS:
                    self.delays_ms.append((now - int(digits)) / 1e6)
                at = data.find(STAMP, at + 1)


async def clients(port: int, load: Load) -> None:
    """Hold all clients until told to end, then print what came."""
    loop = asyncio.get_running_loop()
    readers = []
    for number in range(load.clients):
        stalled = number < load.stalled
        reader = Reader(stalled=stalled, probe=not stalled and number < load.stalled + 10)
        await loop.create_connection(lambda it=reader: it, "127.0.0.1", port)  # type: ignore[misc]
        readers.append(reader)
    await asyncio.to_thread(sys.stdin.readline)
    delays = sorted(d for reader in readers for d in reader.delays_ms)
    result = {
        "deliveries": sum(r.received // len(text_frame(bytes(load.size))) for r in readers),
        "p50_ms": delays[len(delays) // 2],
        "p99_ms": delays[len(delays) * 99 // 100],
    }
    print(json.dumps(result), flush=True)


def _start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.bench_feed", *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def measure(kind: str, load: Load) -> dict[str, Any]:
    """Run one load in two processes; return the server's and the clients' figures together."""
    text = msgspec.json.encode(load).decode()
    server = _start("--serve", kind, "--load", text)
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    crowd = _start("--crowd", port, "--load", text)
    figures: dict[str, Any] = json.loads(server.stdout.readline())
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    crowd.stdin.write("\n")
    figures.update(json.loads(crowd.stdout.readline()))
    for process in (crowd, server):
        process.communicate("\n")
    figures["per_cpu_s"] = figures["deliveries"] / figures["cpu_s"]
    wanted = figures["messages"] * (load.clients - load.stalled)
    figures["complete"] = figures["deliveries"] / wanted
    return figures


def _tell(name: str, load: Load) -> dict[str, dict[str, Any]]:
    found = {}
    for kind in ("ours", "plain"):
        it = found[kind] = measure(kind, load)
        memory = it["memory_mb"]
        gone = it["stalled_gone_s"]
        print(
            f"{name:28} {kind:5}  {it['per_cpu_s']:9,.0f} deliveries/CPU-s  "
            f"p50 {it['p50_ms']:6.2f} ms  p99 {it['p99_ms']:6.2f} ms  "
            f"{100 * it['complete']:.2f} % arrived  memory {memory[0]:.0f} -> {memory[-1]:.0f} MB  "
            f"unsent {it['unsent_mb']:.1f} MB"
            + (f"  stalled closed after {gone:.1f} s" if gone is not None else ""),
            flush=True,
        )
    return found


def main() -> None:
    """Measure all loads and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--serve", choices=("ours", "plain"))
    parser.add_argument("--crowd", type=int)
    parser.add_argument("--load")
    options = parser.parse_args()
    if options.load is not None:
        load = msgspec.json.decode(options.load, type=Load)
        if options.serve is not None:
            asyncio.run(Server(load, ours=options.serve == "ours").run())
        else:
            asyncio.run(clients(options.crowd, load))
        return
    seconds = options.seconds
    fan = _tell("200 clients, 100/s", Load(clients=200, rate=100, seconds=seconds))
    _tell("200 clients, 10 x 10/s", Load(clients=200, rate=100, burst=10, seconds=seconds))
    _tell("1,000 clients, 10/s", Load(clients=1_000, rate=10, seconds=seconds))
    calm, stuck = [], []
    for _ in range(ROUNDS):
        same: dict[str, Any] = {"clients": 50, "size": 3_700, "rate": 200, "seconds": seconds}
        calm.append(_tell("50 clients, 3.7 KB, 200/s", Load(**same))["ours"]["p99_ms"])
        stuck.append(_tell("same, 5 never read", Load(**same, stalled=5))["ours"]["p99_ms"])
    reached = fan["ours"]["per_cpu_s"]
    change = statistics.median(stuck) / statistics.median(calm) - 1
    print(f"PF6: {reached:,.0f} deliveries per server CPU-second (target {TARGET_PER_CPU_S:,})")
    print(f"PF6: p99 of healthy clients {100 * change:+.0f} % with 5 of 50 stalled (limit 10 %)")


if __name__ == "__main__":
    main()
