"""PF2: from `append` to durable journal. Prints our figures beside targets and peers.

Run `python -m benchmarks.bench_ingest [--dir DIR]`; DIR should be on the disk that matters.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from vectra_player.model.frame import Frame
from vectra_player.model.rows import Row, WsEvent
from vectra_player.store.derivation import Deriver, undecodable
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore

_NO_FILING = StoreSettings(file_interval_s=3_600, file_frames=10**9, file_bytes=1 << 40)


def frames(size: int, count: int) -> list[Frame]:
    """Build packets of `size` characters that compress about as real ones do."""
    rng = random.Random(7)
    names = [f"player{rng.randrange(10**6)}" for _ in range(64)]
    made = []
    for number in range(count):
        parts = [f'42["gameStateUpdate",{{"tickCount":{number},"price":{rng.random()!r},"l":[']
        length = len(parts[0])
        while length < size:
            part = f'{{"username":"{rng.choice(names)}","pnl":{rng.random():.9f}}},'
            parts.append(part)
            length += len(part)
        raw = "".join(parts)[:size]
        made.append(Frame(ts=1_764_000_000_000_000 + number, raw=raw, origin="bench"))
    return made


def plain_deriver() -> Deriver:
    """Return a derivation that makes nothing but the event itself."""

    def derive(state: int, event: WsEvent) -> tuple[int, list[Row]]:
        return state, []

    return Deriver(
        undecodable,
        lambda session_id: 0,
        derive,
        lambda state: (state, []),
        msgspec.msgpack.encode,
        lambda packed: msgspec.msgpack.decode(packed, type=int),
    )


def throughput(root: Path, size: int, count: int) -> tuple[float, float]:
    """Return events/s to durable and CPU microseconds an event, appending as fast as it goes."""
    sample = frames(size, 5_000)
    with EventStore.open(root, settings=_NO_FILING, deriver=plain_deriver()) as store:
        store.start_session("demo", "bench")
        cpu, started = time.process_time(), time.perf_counter()
        seq = 0
        for number in range(count):
            seq = store.append(sample[number % len(sample)])
            if seq % 1_000 == 0 and seq - store.durable_seq > 20_000:
                store.wait_durable(seq - 10_000, 60)
        if not store.wait_durable(seq, 120):
            raise SystemExit("the disk does not keep up")
        wall = time.perf_counter() - started
        return count / wall, (time.process_time() - cpu) / count * 1e6


def latency(root: Path, rate: int, seconds: float) -> list[float]:
    """Return sorted milliseconds from `append` to durable, one an event."""
    sample = frames(3_700, 1_000)
    appended: list[float] = []
    durable: list[float] = []

    def on_durable(seq: int, _: int) -> None:
        now = time.perf_counter()
        durable.extend([now] * (seq - 1 - len(durable)))

    with EventStore.open(root, settings=_NO_FILING, deriver=plain_deriver()) as store:
        store.start_session("demo", "bench")
        store.on_durable(on_durable)
        started = time.perf_counter()
        last = 1
        while (now := time.perf_counter()) - started < seconds:
            while len(appended) < (now - started) * rate:
                last = store.append(sample[len(appended) % len(sample)])
                appended.append(time.perf_counter())
            time.sleep(0.001)
        store.wait_durable(last, 60)
    return sorted((d - a) * 1000 for a, d in zip(appended, durable, strict=False))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--events", type=int, default=300_000)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(dir=options.dir))
    try:
        for size, count, target, peer in (
            (300, options.events, 50_000, "SQLite WAL FULL, blob a group: 126,000"),
            (3_700, options.events // 4, 15_000, "none measured"),
        ):
            rate, cpu = throughput(base / f"t{size}", size, count)
            print(
                f"ingest {size:>5} B: {rate:>9,.0f} events/s ({cpu:.1f} CPU-us an event)  "
                f"target >= {target:,}  peer: {peer}"
            )
        for rate in (10, 1_000, 5_000):
            times = latency(base / f"l{rate}", rate, 5.0)
            p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(
                f"durable at {rate:>5}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {times[-1]:.1f} "
                f"ms  target p99 < 100 ms  peer: p50 31, p99 53 ms"
            )
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
