"""Which broker the outlet talks to: NATS JetStream and Redis Streams side by side, in one run.

Run `python -m benchmarks.bench_outlet [--count N] [--dir DIR]`; DIR should be on the disk that
matters. Both servers are real ones on this machine; every event is acknowledged by its broker.
Prints throughput, time to acknowledgement at a live rate, what the servers use, and what is there
after they were killed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from benchmarks.bench_ingest import frames
from benchmarks.brokers import Broker, JetStream, RedisStreams, Usage
from nats import connect
from nats.aio.msg import Msg

from vectra_player.app.outlet import address_of, outlet
from vectra_player.config import load
from vectra_player.model.frame import StoredFrame
from vectra_player.outlet.messages import SUBJECTS, to_row
from vectra_player.protocol.describe import describe
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore

LIVE_RATE = 20.0
"""Events a second that are sent alone, at about five times the rate of the real feed."""

SIZES = (3_700, 300)


def bodies(size: int, count: int) -> list[bytes]:
    """Return events as the outlet sends them."""
    sample = frames(size, 1_000)
    encode = msgspec.json.Encoder().encode
    rows = (describe(StoredFrame("session", seq, sample[seq % 1_000])) for seq in range(count))
    return [encode(row) for row in rows]


async def throughput(broker: Broker, events: Sequence[bytes]) -> list[str]:
    """Publish as fast as it goes, then take it all out again."""
    usage = Usage(broker.pid)
    await broker.connect()
    server, client, began = usage.cpu_s(), time.process_time(), time.perf_counter()
    await broker.publish(events, 1)
    wall = time.perf_counter() - began
    client = time.process_time() - client
    server, memory = usage.cpu_s() - server, usage.memory_mb()
    took = time.perf_counter()
    await broker.take(len(events))
    took = time.perf_counter() - took
    left = await broker.count()
    await broker.close()
    count = len(events)
    return [
        f"{count / wall:,.0f}/s",
        f"{client / count * 1e6:.0f}",
        f"{server / count * 1e6:.0f}",
        f"{memory:,.0f}",
        f"{count / took:,.0f}/s",
        f"{left:,}",
    ]


async def latency(broker: Broker, events: Sequence[bytes]) -> list[str]:
    """Publish one event after the other at a live rate."""
    await broker.connect()
    times = []
    due = time.perf_counter()
    for number, event in enumerate(events):
        due += 1 / LIVE_RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        await broker.publish([event], 1_000_000 + number)
        times.append((time.perf_counter() - began) * 1e3)
    await broker.close()
    times.sort()
    return [f"{times[len(times) // 2]:.2f}", f"{times[int(len(times) * 0.99)]:.2f}"]


async def after_a_kill(broker: Broker, events: Sequence[bytes]) -> list[str]:
    """Kill the server with everything acknowledged; start it again; send the last ones twice."""
    await broker.connect()
    await broker.publish(events, 1)
    before = await broker.count()
    await broker.close()
    broker.kill()
    began = time.perf_counter()
    broker.start()
    await broker.connect()
    kept = await broker.count()
    ready = time.perf_counter() - began
    again = events[-1_000:]
    await broker.publish(again, len(events) - len(again) + 1)
    twice = await broker.count() - kept
    await broker.close()
    return [f"{before - kept:,}", f"{ready * 1e3:,.0f}", f"{twice:,}"]


async def lag(nats: JetStream, folder: Path, count: int) -> list[str]:
    """Record at a live rate with the outlet set; hear at the broker what the sender sends.

    Returns ms from `append` to a subscriber, and the sender's memory and processor time.
    """
    connected = asyncio.Event()
    heard: dict[int, float] = {}
    appended: dict[int, float] = {}

    async def hear(message: Msg) -> None:
        heard[to_row(message.data, message.headers).seq] = time.perf_counter()
        connected.set()

    url = f"nats://127.0.0.1:{nats.port}"
    settings = load({"data_dir": folder}, {"VECTRA_OUTLET": url}).settings
    os.environ["VECTRA_OUTLET"] = url  # for the sender's process
    await nats.connect()
    listener = await connect(url)
    await listener.subscribe(f"{SUBJECTS}.>", cb=hear)
    with EventStore.open(folder, settings=StoreSettings()) as store:
        store.start_session("demo", "bench")
        async with outlet(folder, address_of(settings), store) as sender:
            await connected.wait()
            assert sender is not None
            assert sender.pid is not None
            usage = Usage(sender.pid)
            began = usage.cpu_s()
            due = time.perf_counter()
            for frame in frames(3_700, count):
                due += 1 / LIVE_RATE
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                now = time.perf_counter()
                appended[store.append(frame)] = now
            await asyncio.sleep(1)
            spent = usage.cpu_s() - began
            used = [f"{usage.memory_mb():,.0f}", f"{spent / count * 1e6:,.0f}"]
        store.stop_session("bench")
    await listener.close()
    await nats.close()
    times = sorted((heard[seq] - at) * 1e3 for seq, at in appended.items())
    return [f"{times[len(times) // 2]:.1f}", f"{times[int(len(times) * 0.99)]:.1f}", *used]


@contextmanager
def brokers(folder: Path) -> Iterator[list[Broker]]:
    """Start each broker on an empty store."""
    places = [Path(tempfile.mkdtemp(prefix="broker-", dir=folder)) for _ in range(3)]
    made: list[Broker] = [
        JetStream(places[0]),
        RedisStreams(places[1], "everysec"),
        RedisStreams(places[2], "always"),
    ]
    for broker in made:
        broker.start()
    try:
        yield made
    finally:
        for broker in made:
            broker.kill()


def table(title: str, columns: Sequence[str], rows: dict[str, list[str]]) -> None:
    """Print one table."""
    print(f"\n{title}")
    print(f"{'':<22}" + "".join(f"{column:>16}" for column in columns))
    for name, values in rows.items():
        print(f"{name:<22}" + "".join(f"{value:>16}" for value in values))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--live", type=int, default=200, help="events of the live rate")
    parser.add_argument("--dir", type=Path)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-outlet-", dir=chosen.dir))
    try:
        for size in SIZES:
            events = bodies(size, chosen.count)
            with brokers(folder) as made:
                table(
                    f"{chosen.count:,} events with a packet of {size:,} characters",
                    ("acknowledged", "client us/ev", "server us/ev", "server MB", "taken", "left"),
                    {broker.name: asyncio.run(throughput(broker, events)) for broker in made},
                )
        events = bodies(3_700, chosen.count)
        with brokers(folder) as made:
            table(
                f"{chosen.live} events at {LIVE_RATE:g}/s, ms to the acknowledgement",
                ("p50", "p99"),
                {one.name: asyncio.run(latency(one, events[: chosen.live])) for one in made},
            )
            nats = made[0]
            assert isinstance(nats, JetStream)
            place = Path(tempfile.mkdtemp(prefix="recorder-", dir=folder))
            table(
                f"{chosen.live} events at {LIVE_RATE:g}/s recorded, ms from frame to broker",
                ("p50", "p99", "sender MB", "sender us/ev"),
                {nats.name: asyncio.run(lag(nats, place, chosen.live))},
            )
            held = events[: chosen.count // 3]
            table(
                f"{len(held):,} acknowledged, server killed and started, 1,000 sent once more",
                ("lost", "ready after ms", "stored twice"),
                {broker.name: asyncio.run(after_a_kill(broker, held)) for broker in made},
            )
            print()
            for broker in made:
                print(f"{broker.name}: {broker.licence}; {broker.durability}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
