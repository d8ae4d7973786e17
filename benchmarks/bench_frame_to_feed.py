"""PF2: from a frame to a client of the feed, at 1,000 frames/s, all of the path in one process.

Run `python -m benchmarks.bench_frame_to_feed [--seconds N] [--rate N] [--clients N]`. A frame of
3.7 KB goes through scrub, journal queue, decoding, live state, normaliser and feed exactly as in
`up`; the client is another process, which compares the moment it reads a message with the moment
the frame was handed in, on the same clock. `echo` beside it is the floor: the same bytes through
plain `websockets.broadcast`, from the same loop at the same rate, to the same client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import msgspec
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from vectra_player.app.foundation import SWITCH_INTERVAL_S
from vectra_player.app.recorder import Recorder
from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.live_feed import LiveFeed
from vectra_player.model.frame import Frame
from vectra_player.sources.base import Emit
from vectra_player.store.writer import EventStore
from vectra_player.web.security import Access

TOKEN = "benchmark"
FRAME_BYTES = 3_700
TARGET_P99_MS = 5.0
WARM_UP = 500
GAME_TICKS = 200


class _Data(msgspec.Struct):
    sent_ns: int | None = msgspec.field(default=None, name="sentNs")


class _Message(msgspec.Struct):
    type: str
    data: _Data


class PacedSource:
    """Hands in frames at a fixed rate; bursts only where the loop itself was late."""

    def __init__(self, rate: float, count: int, ready: asyncio.Event) -> None:
        self._rate = rate
        self._count = count
        self._ready = ready

    async def run(self, emit: Emit) -> None:
        """Emit the frames."""
        await self._ready.wait()
        await paced(self._rate, self._count, lambda number: emit(frame(number)))

    def acknowledge(self, receipt: int) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


async def paced(rate: float, count: int, send: Callable[[int], None]) -> None:
    """Call `send(number)` so many times a second."""
    start = time.perf_counter()
    for number in range(count):
        late = time.perf_counter() - (start + number / rate)
        await asyncio.sleep(max(0.0, -late))
        send(number)


def payload(number: int) -> bytes:
    """Return a gameStateUpdate of about 3.7 KB that says when it was made."""
    tick = number % GAME_TICKS
    start = max(0, tick - 4)
    update = {
        "gameId": f"20260101-{number // GAME_TICKS:016x}",
        "active": True,
        "rugged": False,
        "price": 1.0 + tick / 1000,
        "tickCount": tick,
        "tradeCount": tick,
        "connectedPlayers": 200,
        "partialPrices": {
            "startTick": start,
            "endTick": tick,
            "values": {str(t): 1.0 + t / 1000 for t in range(start, tick + 1)},
        },
        "leaderboard": [
            {"id": f"did:privy:{n:025d}", "username": f"player{n}", "pnl": 0.123456789, "level": n,
             "positionQty": 0.5, "avgCost": 1.01, "totalInvested": 0.25, "position": n + 1}
            for n in range(10)
        ],
        "sentNs": time.monotonic_ns(),
    }  # fmt: skip
    text = msgspec.json.encode(update)
    padding = b',"padding":"' + b"x" * max(0, FRAME_BYTES - len(text) - 14) + b'"}'
    return text[:-1] + padding


def frame(number: int) -> Frame:
    """Return the packet of one update."""
    raw = '42["gameStateUpdate",' + payload(number).decode() + "]"
    return Frame(ts=time.time_ns() // 1000, raw=raw, source="public_ws", origin="example.invalid")


async def through_everything(rate: float, count: int, clients: int) -> list[float]:
    """Return the latencies in ms of the whole path."""
    ready = asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        store = await asyncio.to_thread(EventStore.open, Path(folder))
        recorder = Recorder(store, PacedSource(rate, count, ready), "public_ws")
        live = LiveFeed(
            recorder.bus, recorder.live, demo=False, recording=lambda: recorder.session_id
        )
        access = Access(TOKEN, instance="00000000")
        feed = Feed(access, lambda _: live.hub, FeedSettings(port=0))
        await feed.start()
        try:
            listening = [await start_client(feed.port, count) for _ in range(clients)]
            ready.set()
            await recorder.run()
            return [ms for one in listening for ms in await latencies(one)]
        finally:
            await feed.stop()
            await asyncio.to_thread(store.close)


async def through_nothing(rate: float, count: int, clients: int) -> list[float]:
    """Return the latencies in ms of plain broadcast."""
    joined: set[ServerConnection] = set()

    async def keep(connection: ServerConnection) -> None:
        joined.add(connection)
        await connection.wait_closed()

    def send(number: int) -> None:
        broadcast(joined, '{"type":"game.tick","data":' + payload(number).decode() + "}")

    async with serve(keep, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        listening = [await start_client(port, count) for _ in range(clients)]
        await paced(rate, count, send)
        return [ms for one in listening for ms in await latencies(one)]


async def start_client(port: int, count: int) -> asyncio.subprocess.Process:
    """Start a client in its own process; return once it is connected."""
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bench_frame_to_feed"),
        *("--client", str(port), "--count", str(count)),
        stdout=PIPE,
    )
    assert client.stdout is not None
    await client.stdout.readline()
    return client


async def latencies(client: asyncio.subprocess.Process) -> list[float]:
    """Return what a client measured."""
    out, _ = await client.communicate()
    return [float(ms) for ms in json.loads(out)]


async def be_client(port: int, count: int) -> None:
    """Measure each message against the moment it carries."""
    decode = msgspec.json.Decoder(_Message).decode
    found: list[float] = []
    async with connect(
        f"ws://127.0.0.1:{port}/feed",
        additional_headers={"Authorization": f"Bearer {TOKEN}"},
        compression=None,
        max_size=None,
    ) as feed:
        print("connected", flush=True)
        seen = 0
        while seen < count:
            text = await feed.recv(decode=False)
            now = time.monotonic_ns()
            message = decode(text)
            if message.type == "game.tick" and message.data.sent_ns is not None:
                seen += 1
                found.append((now - message.data.sent_ns) / 1e6)
    print(json.dumps(found[WARM_UP:]), flush=True)


def report(name: str, found: list[float]) -> float:
    """Print one line; return the p99 in ms."""
    cuts = statistics.quantiles(found, n=1000)
    p50, p99, p999 = cuts[499], cuts[989], cuts[998]
    print(f"{name:24} n={len(found):7,}  p50 {p50:6.2f}  p99 {p99:6.2f}  p99.9 {p999:6.2f} ms")
    return p99


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--client", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client is not None:
        asyncio.run(be_client(chosen.client, chosen.count))
        return
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    count = WARM_UP + int(chosen.rate * chosen.seconds)
    print(f"{chosen.rate:,.0f} frames/s of {FRAME_BYTES} bytes, {chosen.clients} client(s)")
    for name, run in (("plain broadcast", through_nothing), ("frame to feed", through_everything)):
        p99 = report(name, asyncio.run(run(chosen.rate, count, chosen.clients)))
    verdict = "met" if p99 < TARGET_P99_MS else "missed"
    print(f"target: p99 < {TARGET_P99_MS:g} ms: {verdict}")


if __name__ == "__main__":
    main()
