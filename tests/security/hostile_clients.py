"""W4: hostile clients of a running Foundation: fuzzed messages and half-open handshakes.

The real `up` command is the victim; everything hostile comes over raw sockets.
`python -m tests.security.hostile_clients` is the long form: 100,000 messages, 1,000 handshakes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
from tests.foundation_support import Site, site

from vectra_player.bus import spawn

JOIN = (
    "GET /feed{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {token}\r\n\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
END_S = 30.0
BEFORE_THE_END = 3
"""Harmless messages a connection sends before the one that may end it."""

Fuzz = Callable[[random.Random], bytes]


def frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bool = True
) -> bytes:
    """Write one frame as a client does; every rule can be broken."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size, bit = len(payload), 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    key = b"\x01\x02\x03\x04"
    masked = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
    return head + (key + masked if mask else payload)


# Messages ------------------------------------------------------------------------------------


def harmless(rng: random.Random) -> bytes:
    """Make a message the feed takes: odd, and allowed."""
    odd = rng.choice([0, -1, 2**53, 1.5, None, "", "é" * 50, "\ud7ff", "x" * 900, rng.random()])
    asked: list[dict[str, Any]] = [
        {"type": "ping", "id": odd},
        {"id": odd, "type": "ping", "more": [{}, [odd]]},
        {"type": "subscribe", "types": None},
        {"type": "subscribe", "types": [f"t{rng.random()}" for _ in range(rng.randint(1, 64))]},
    ]
    chosen = rng.randrange(len(asked) + 2)
    if chosen < len(asked):
        text = json.dumps(asked[chosen], ensure_ascii=rng.random() < 0.5)
        return frame(TEXT, text.encode()[:4_096] if len(text) < 4_000 else b'{"type":"ping"}')
    return frame(rng.choice([PING, PONG]), rng.randbytes(rng.randint(0, 125)))


def _mutated(rng: random.Random) -> bytes:
    text = bytearray(b'{"type":"subscribe","types":["game.tick","player.trade"]}')
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        text[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 4))
    return frame(TEXT, bytes(text))


def _json_bomb(rng: random.Random) -> bytes:
    depth = rng.randint(1, 2_000)
    return frame(TEXT, rng.choice([b"[" * depth, b'{"a":' * (depth // 3), b'"' + b"\\" * depth]))


def _any_frame(rng: random.Random) -> bytes:
    return frame(
        rng.randrange(16),
        rng.randbytes(rng.choice([0, 1, 2, 125, 126, 300, 5_000])),
        fin=rng.random() < 0.7,
        rsv=rng.randrange(8),
        mask=rng.random() < 0.8,
    )


def _any_length(rng: random.Random) -> bytes:
    size = rng.choice([2**16, 2**31, 2**32 + 5, 2**62, 2**63, 2**64 - 1])
    return bytes([0x81, 0xFF]) + size.to_bytes(8, "big") + rng.randbytes(rng.randint(0, 40))


def _any_close(rng: random.Random) -> bytes:
    code = rng.choice([0, 1000, 1005, 1006, 1015, 2999, 3000, 4999, 65535])
    return frame(CLOSE, rng.choice([b"", b"\x03", code.to_bytes(2, "big") + rng.randbytes(20)]))


def _fragments(rng: random.Random) -> bytes:
    parts = [frame(TEXT, b"{", fin=False)]
    parts += [frame(0, rng.randbytes(3), fin=False) for _ in range(rng.randint(0, 90))]
    return b"".join([*parts, frame(rng.choice([0, TEXT, PING]), b"}")])


def _bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(1, 600))


FUZZ: tuple[Fuzz, ...] = (
    *(_mutated, _json_bomb, _any_frame, _any_length, _any_close, _fragments, _bytes),
    lambda rng: frame(TEXT, rng.randbytes(rng.randint(0, 200))),
    lambda rng: frame(BINARY, rng.randbytes(rng.randint(0, 4_096))),
    lambda rng: frame(TEXT, b"x" * rng.randint(4_097, 20_000)),
    lambda rng: frame(rng.choice([TEXT, BINARY]), b"x" * 50)[: rng.randint(1, 20)],
)


class Attacker:
    """Sends fuzzed messages over one connection after the other."""

    def __init__(self, victim: Site, rng: random.Random, counts: Counter[str]) -> None:
        instance = victim.instance
        self._port, self._token = instance.feed, instance.token
        self._rng = rng
        self._counts = counts

    async def attack(self, messages: int) -> None:
        """Send so many messages."""
        while messages > 0:
            harmless_first = min(self._rng.randint(0, BEFORE_THE_END), messages - 1)
            await self._one_connection(harmless_first)
            messages -= harmless_first + 1

    async def _one_connection(self, harmless_first: int) -> None:
        rng, counts = self._rng, self._counts
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        query = rng.choice(["", "", "?types=alert", f"?since={rng.randint(0, 99)}&feed=x"])
        head = JOIN.format(query=query, port=self._port, token=self._token)
        said = [harmless(rng) for _ in range(harmless_first)] + [rng.choice(FUZZ)(rng)]
        try:
            writer.write(head.encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 101"), "no handshake"
            writer.write(b"".join(said))
            writer.write_eof()
            async with asyncio.timeout(END_S):
                while await reader.read(1 << 16):
                    pass
            counts["ended by the server"] += 1
        except (ConnectionResetError, BrokenPipeError):
            counts["cut by the server"] += 1
        finally:
            counts["connections"] += 1
            counts["messages"] += len(said)
            writer.transport.abort()


async def fuzz(victim: Site, messages: int, seed: int, *, attackers: int = 16) -> Counter[str]:
    """Send so many fuzzed messages from several connections at once."""
    counts: Counter[str] = Counter()
    crowd = [Attacker(victim, random.Random(seed + n), counts) for n in range(attackers)]
    share = -(-messages // attackers)
    await asyncio.gather(*(one.attack(share) for one in crowd))
    return counts


# Handshakes ----------------------------------------------------------------------------------


STARTS = (b"", b"G", b"GET /feed HTTP/1.1\r\n", b"GET /feed HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")


async def hold_half_open(port: int, number: int, tell: Connection) -> None:
    """Begin so many handshakes and end none, each again when the server cuts it; tell how many."""
    held = opened = 0

    async def hold(start: bytes) -> None:
        nonlocal held, opened
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            held, opened = held + 1, opened + 1
            try:
                writer.write(start)
                with contextlib.suppress(ConnectionResetError):
                    await reader.read()
            finally:
                held -= 1
                writer.transport.abort()

    crowd = [spawn(hold(STARTS[n % len(STARTS)]), name="half-open") for n in range(number)]
    while held < number:
        await asyncio.sleep(0.05)
    tell.send(held)
    while not tell.poll():
        await asyncio.sleep(0.05)
    tell.send((held, opened))
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


def _hold_half_open(port: int, number: int, tell: Connection) -> None:
    asyncio.run(hold_half_open(port, number, tell))


def health_ms(victim: Site, checks: int) -> list[float]:
    """Ask whether it is healthy, again and again, each time over a new connection."""
    found = []
    for _ in range(checks):
        began = time.perf_counter()
        answer = victim.get("/health", {})
        found.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer
        time.sleep(0.05)
    return sorted(found)


def half_open(victim: Site, number: int, checks: int) -> dict[str, Any]:
    """Hold half-open handshakes on feed and monitor in turn, and check its health meanwhile."""
    figures: dict[str, Any] = {}
    ports = {"feed": victim.instance.feed, "monitor": victim.instance.monitor}
    for name, port in ports.items():
        ours, theirs = multiprocessing.Pipe()
        holder = multiprocessing.get_context("spawn").Process(
            target=_hold_half_open, args=(port, number, theirs)
        )
        holder.start()
        try:
            assert ours.poll(2 * END_S), "the handshakes are not under way"
            assert ours.recv() == number
            times = health_ms(victim, checks)
            ours.send("enough")
            held, opened = ours.recv()
        finally:
            holder.kill()
            holder.join()
        figures[f"{name}: half-open at the end, in all"] = [held, opened]
        for part, at in (("median", 50), ("p99", 99), ("longest", 100)):
            place = min(len(times) * at // 100, len(times) - 1)
            figures[f"{name}: health check ms, {part}"] = round(times[place], 1)
    return figures


# Both ----------------------------------------------------------------------------------------


def trouble(victim: Site) -> list[str]:
    """Return what went wrong inside the victim, by its own log."""
    log = (victim.root / "logs" / "vectra.log").read_text().splitlines()
    marks = ("Traceback", "task failed", "unhandled", '"level": "critical"')
    return [line for line in log if any(mark in line for mark in marks)]


def run(root: Path, *, messages: int, handshakes: int, checks: int, seed: int) -> dict[str, Any]:
    """Attack a Foundation that records a demo; return the figures."""
    with site(root, "--source", "demo", "--speed", "4") as victim:
        process = psutil.Process(victim.process.pid)
        victim.until(lambda state: state["recorder"]["events"] > 20, "events")
        before = process.memory_info().rss
        counts = asyncio.run(fuzz(victim, messages, seed))
        after = process.memory_info().rss
        figures = {**counts, "memory MiB": [before >> 20, after >> 20]}
        figures |= half_open(victim, handshakes, checks)
        state = victim.get("/api/state").json
        figures["unhandled exceptions"] = len(trouble(victim))
        ended = victim.stop()
        figures["exit code"] = ended.code
        figures["recording whole"] = bool(state["recorder"]["session_id"]) and ended.code == 0
    return figures


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--handshakes", type=int, default=1_000)
    parser.add_argument("--checks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(Path(folder) / "data", **vars(options))
    print(json.dumps({**figures, "seconds": round(time.monotonic() - started, 1)}, indent=2))


if __name__ == "__main__":
    main()
