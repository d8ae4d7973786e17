"""W1: do viewers that never read harm those that do, or the recording? Measured in one run.

The whole way is under load: a source emits at a fixed rate, the recorder stores, the feed sends.
Rounds alternate between five more viewers that read (A) and five that never do (B), so that the
noise of the machine falls on both. `python -m tests.contract.stalled_viewers --rounds 60` is the
long form; the clients run in a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from tests.live_support import packet, tick
from tests.store_support import seqs

from vectra_player.app.recorder import Recorder
from vectra_player.bus import spawn
from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.live_feed import LiveFeed
from vectra_player.foundation.outbox import Outbox
from vectra_player.sources.base import Emit
from vectra_player.store.writer import EventStore
from vectra_player.web.security import Access

TOKEN = "load"
STAMP = b'"t": "'
DIGITS = 20
TICKS = 400
"""Ticks a game."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a run is: rates in frames a second, sizes in bytes of payload."""

    healthy: int = 45
    stalled: int = 5
    rate: int = 100
    size: int = 3_700
    rounds: int = 60
    round_s: float = 5.0
    seed: int = 1


# Server side ---------------------------------------------------------------------------------


class LoadSource:
    """Emits ticks and trades by turns, each with the time it was made."""

    def __init__(self, rate: int, size: int) -> None:
        self.emitted = 0
        self._rate = rate
        self._pad = "x" * size

    async def run(self, emit: Emit) -> None:
        """Emit until cancelled."""
        began = time.monotonic()
        while True:
            due = began + self.emitted / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            emit(self._frame(self.emitted))
            self.emitted += 1

    def acknowledge(self, receipt: int) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is open."""

    def _frame(self, number: int) -> Any:
        told = {"t": str(time.monotonic_ns()).rjust(DIGITS, "0"), "pad": self._pad}
        ts = 1_765_000_000_000_000 + number * 1_000
        if number % 2:
            trade = {"type": "buy", "playerId": "p", "gameId": "g", "price": 1.0, **told}
            return packet("standard/newTrade", trade, ts=ts)
        game, at = divmod(number // 2, TICKS)
        frame = tick(at, [1.0] * TICKS, f"game-{game}", **told)
        return packet("gameStateUpdate", frame, ts=ts)


class Watch:
    """What viewers cost at most, and how long those stayed that were cut off as too slow."""

    def __init__(self) -> None:
        self.most_bytes = 0
        self.stayed_s: list[float] = []

    async def run(self, feed: LiveFeed) -> None:
        """Look often until cancelled."""
        here: dict[Outbox, float] = {}
        while True:
            now, outboxes = time.monotonic(), feed.hub._outboxes()
            self.most_bytes = max([self.most_bytes, *(o.waiting_bytes for o in outboxes)])
            for gone in here.keys() - set(outboxes):
                joined = here.pop(gone)
                if gone.too_slow:
                    self.stayed_s.append(now - joined)
            here |= {outbox: now for outbox in outboxes if outbox not in here}
            await asyncio.sleep(0.02)


async def serve(root: Path, plan: Plan) -> None:
    """Record and serve until standard input closes; print the port, then what was kept."""
    store = await asyncio.to_thread(EventStore.open, root)
    source, seen = LoadSource(plan.rate, plan.size), Watch()
    recorder = Recorder(store, source, "demo")
    session = recorder.session_id or ""
    live = LiveFeed(recorder.bus, recorder.live, demo=True, recording=lambda: session)
    feed = Feed(Access(TOKEN, instance="00000000"), lambda _: live.hub, FeedSettings(port=0))
    await feed.start()
    print(feed.port, flush=True)
    watching = spawn(seen.run(live), name="watch")
    running = spawn(recorder.run(), name="record")
    await asyncio.to_thread(sys.stdin.readline)
    recorder.stop("the load ends")
    await running
    watching.cancel()
    await feed.stop()
    await asyncio.to_thread(store.close)
    stored = seqs(root, session)
    kept = len(stored) - 2  # started and stopped
    told = {
        "emitted": source.emitted,
        "missing on disk": source.emitted - kept + (stored != list(range(1, len(stored) + 1))),
        "most bytes a viewer": seen.most_bytes,
        "stalled closed": len(seen.stayed_s),
        "stalled closed after s, longest": round(max(seen.stayed_s, default=0.0), 2),
    }
    print(json.dumps(told), flush=True)


# Client side ---------------------------------------------------------------------------------


class Viewer(asyncio.Protocol):
    """A client that reads the stamps, or stops reading after the handshake."""

    def __init__(self, *, reads: bool) -> None:
        self.delays_ms: list[float] = []
        self._reads = reads
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        port = transport.get_extra_info("peername")[1]
        transport.write(
            f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Note how old each message is."""
        now = time.monotonic_ns()
        if not self._open:
            self._open = True
            if not self._reads:
                self.transport.pause_reading()
            return
        at = data.find(STAMP)
        while at >= 0:
            digits = data[at + len(STAMP) : at + len(STAMP) + DIGITS]
            if len(digits) == DIGITS and digits.isdigit():
                self.delays_ms.append((now - int(digits)) / 1e6)
            at = data.find(STAMP, at + 1)


async def join(port: int, *, reads: bool) -> Viewer:
    """Connect one viewer; one that never reads has a small buffer, as a phone would."""
    plain = socket.socket()
    if not reads:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(plain, ("127.0.0.1", port))
    _, viewer = await loop.create_connection(lambda: Viewer(reads=reads), sock=plain)
    return viewer


class Round(Struct, frozen=True, kw_only=True):
    """How old each message was when a healthy viewer had it."""

    stalled: bool
    delays_ms: list[float]


async def watch(port: int, plan: Plan) -> list[Round]:
    """Play the rounds; each pair holds one of either kind, in random order."""
    rng = random.Random(plan.seed)
    healthy = [await join(port, reads=True) for _ in range(plan.healthy)]
    await asyncio.sleep(1.0)
    kinds = [kind for _ in range(plan.rounds // 2) for kind in rng.sample([False, True], 2)]
    rounds = [await _round(port, plan, healthy, stalled=kind) for kind in kinds]
    for viewer in healthy:
        viewer.transport.abort()
    return rounds


async def _round(port: int, plan: Plan, healthy: list[Viewer], *, stalled: bool) -> Round:
    for number, viewer in enumerate(healthy):
        if viewer.transport.is_closing():  # the machine gave this process no time to read
            healthy[number] = await join(port, reads=True)
        viewer.delays_ms.clear()
    guests = [await join(port, reads=not stalled) for _ in range(plan.stalled)]
    await asyncio.sleep(plan.round_s)
    delays = [d for viewer in healthy for d in viewer.delays_ms]
    for guest in guests:
        guest.transport.abort()
    await asyncio.sleep(0.3)
    return Round(stalled=stalled, delays_ms=delays)


# Both ----------------------------------------------------------------------------------------


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[len(values) * 99 // 100]


def run(plan: Plan) -> dict[str, Any]:
    """Run server and viewers in two processes; return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        server = _start("--serve", folder, plan)
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        crowd = _start("--watch", port, plan)
        text, _ = crowd.communicate()
        rounds = msgspec.json.decode(text, type=list[Round])
        kept: dict[str, Any] = json.loads(server.communicate("\n")[0])
    return {**summed(plan, rounds), **kept}


def summed(plan: Plan, rounds: list[Round]) -> dict[str, Any]:
    """Compare the two kinds of rounds."""
    kinds = {False: "A", True: "B"}
    figures: dict[str, Any] = {"rounds": len(rounds)}
    for stalled, name in kinds.items():
        found = [r for r in rounds if r.stalled is stalled]
        delays = [d for r in found for d in r.delays_ms]
        figures[f"{name} deliveries"] = len(delays)
        figures[f"{name} p50 ms"] = round(statistics.median(delays), 3)
        figures[f"{name} p99 ms, all rounds"] = round(p99(delays), 3)
        figures[f"{name} p99 ms, median round"] = round(
            statistics.median(p99(r.delays_ms) for r in found), 3
        )
    ratios = [
        p99(b.delays_ms) / p99(a.delays_ms)
        for one, two in zip(rounds[::2], rounds[1::2], strict=True)
        for a, b in [sorted((one, two), key=lambda r: r.stalled)]
    ]
    low, high = interval(ratios, plan.seed)
    figures["B/A of p99, median pair"] = round(statistics.median(ratios), 3)
    figures["95 % interval"] = [round(low, 3), round(high, 3)]
    figures["stalled viewers"] = plan.stalled * len(ratios)
    return figures


def interval(values: list[float], seed: int, tries: int = 2_000) -> tuple[float, float]:
    """Return a bootstrap interval of the median."""
    rng = random.Random(seed)
    medians = sorted(statistics.median(rng.choices(values, k=len(values))) for _ in range(tries))
    return medians[tries * 25 // 1000], medians[tries * 975 // 1000]


def _start(what: str, value: str, plan: Plan) -> subprocess.Popen[str]:
    words = ["-m", "tests.contract.stalled_viewers", what, value]
    words += ["--plan", msgspec.json.encode(plan).decode()]
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *words], stdin=pipe, stdout=pipe, text=True)


def main() -> None:
    """Run the long form, or one of its two processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--watch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--plan", default="{}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    plan = msgspec.json.decode(options.plan, type=Plan)
    if options.serve is not None:
        asyncio.run(serve(options.serve, plan))
    elif options.watch is not None:
        rounds = asyncio.run(watch(options.watch, plan))
        print(msgspec.json.encode(rounds).decode())
    else:
        plan = msgspec.structs.replace(plan, rounds=options.rounds, seed=options.seed)
        print(json.dumps(run(plan), indent=2))


if __name__ == "__main__":
    main()
