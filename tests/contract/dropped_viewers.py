"""W3: viewers whose connections are cut at random come back and miss no trade or sidebet result.

A feed on a real socket publishes without pause; followers are the Python SDK's own clients. Their
connections are cut as a network would, in the middle of a frame as likely as not; some stop
reading for a while first. `python -m tests.contract.dropped_viewers --drops 1000` is the long form.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import time
from collections import Counter
from typing import Any

import structlog
from tests.feed_support import PATIENCE_S, Running, make_tick, make_trade, running_feed, until

from vectra_player.bus import spawn
from vectra_player.client import Backoff, FoundationClient, Gap, Snapshot
from vectra_player.foundation.messages import Message

QUICK = Backoff(first_s=0.005, cap_s=0.05)
KINDS = ("player.trade", "sidebet.result", "sidebet.placed", "game.rug", "game.settled")
"""Messages that are never merged."""


class Follower:
    """One client of the SDK, and the numbers it was told."""

    def __init__(self, running: Running, name: str) -> None:
        self.name = name
        self.client = FoundationClient(
            url=running.url, token=running.access.token, backoff=QUICK, capacity=64
        )
        self.heard: list[tuple[str, int]] = []
        self.snapshots = self.gaps = 0

    async def follow(self) -> None:
        """Take in everything until cancelled."""
        async with self.client as client:
            async for event in client:
                if event.type in KINDS:
                    self.heard.append((event.type, int(event.data["number"])))
                self.snapshots += isinstance(event, Snapshot)
                self.gaps += isinstance(event, Gap)


class Publisher:
    """Publishes ticks, trades and results; knows what must have arrived."""

    def __init__(self, running: Running, rng: random.Random) -> None:
        self.told: list[tuple[str, int]] = []
        self.ticks = 0
        self._hub = running.hub
        self._rng = rng

    def publish(self) -> None:
        """Publish one message."""
        self.ticks += 1
        if self._rng.random() < 0.5:
            pad = "x" * self._rng.choice([0, 300, 4_000])
            self._hub.publish(make_tick(self.ticks, 1.0 + self.ticks / 1e6, filler=pad))
            return
        kind, number = self._rng.choice(KINDS), len(self.told)
        pad = "x" * self._rng.choice([0, 100, 2_000])
        self._hub.publish(Message(kind, 1, "g1", make_trade(number, filler=pad).data))
        self.told.append((kind, number))

    async def run(self) -> None:
        """Publish in small bursts until cancelled."""
        while True:
            for _ in range(self._rng.randint(1, 4)):
                self.publish()
            await asyncio.sleep(0.004)


async def cut_one(running: Running, rng: random.Random, counts: Counter[str]) -> bool:
    """Cut one open connection as a network does; False when none is open just now."""
    sockets = [
        c for c in running.feed._sockets if c.response is not None and not c.transport.is_closing()
    ]
    if not sockets:
        return False
    victim = rng.choice(sockets)
    if rng.random() < 0.3:
        # Its peer's packets stop first: what is published meanwhile waits, and is lost with it.
        victim.transport.pause_reading()
        counts["after a stall"] += 1
        await asyncio.sleep(rng.uniform(0.0, 0.05))
    if rng.random() < 0.5:
        victim.transport.write(b"\x81\x7e\x10\x00" + b"half a frame")
        counts["inside a frame"] += 1
    victim.transport.abort()
    return True


async def run(drops: int, followers: int, seed: int) -> dict[str, Any]:
    """Cut so many connections; return what the followers came to. Raises AssertionError."""
    rng, counts = random.Random(seed), Counter[str]()
    async with running_feed() as running:
        publisher = Publisher(running, rng)
        crowd = [Follower(running, f"follower {n}") for n in range(followers)]
        following = [spawn(one.follow(), name=one.name) for one in crowd]
        await until(lambda: running.feed.stats().clients == followers)
        publishing = spawn(publisher.run(), name="publisher")
        while counts["drops"] < drops:
            counts["drops"] += await cut_one(running, rng, counts)
            await asyncio.sleep(rng.uniform(0.0, 0.02))
        publishing.cancel()
        async with asyncio.timeout(PATIENCE_S):
            while any(len(one.heard) < len(publisher.told) for one in crowd):
                await asyncio.sleep(0.01)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return summed(publisher, crowd, counts)


def summed(publisher: Publisher, crowd: list[Follower], counts: Counter[str]) -> dict[str, Any]:
    """Compare what was published with what each follower heard."""
    lost = doubled = reordered = 0
    for one in crowd:
        lost += len(set(publisher.told) - set(one.heard))
        doubled += len(one.heard) - len(set(one.heard))
        reordered += one.heard != publisher.told
    return {
        **counts,
        "followers": len(crowd),
        "trades, results and the like": len(publisher.told),
        "compared": len(publisher.told) * len(crowd),
        "reconnects": sum(one.client.stats().connects - 1 for one in crowd),
        "lost": lost,
        "doubled": doubled,
        "followers with another order": reordered,
        "gaps told": sum(one.gaps for one in crowd),
    }


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drops", type=int, default=1_000)
    parser.add_argument("--followers", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    started = time.monotonic()
    found = asyncio.run(run(options.drops, options.followers, options.seed))
    print(json.dumps({**found, "seconds": round(time.monotonic() - started, 1)}, indent=2))


if __name__ == "__main__":
    main()
