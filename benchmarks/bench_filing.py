"""PF3: from journal to Parquet, with and without derivation. Figures beside targets and peers.

Run `python -m benchmarks.bench_filing [--dir DIR] [--capture FILE]`. With a capture (JSONL of
`{seq,ts,event,data}` records) its payloads are filed through the real derivation.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path

import msgspec
from benchmarks.bench_derive import frame, made_up
from benchmarks.bench_ingest import frames, plain_deriver

from vectra_player.model.frame import Frame
from vectra_player.store.derivation import Deriver
from vectra_player.store.settings import FilingReport, StoreSettings
from vectra_player.store.writer import EventStore

_FILING = StoreSettings(file_interval_s=3_600, auto_compact=False)
_NO_FILING = StoreSettings(file_interval_s=3_600, file_frames=10**9, file_bytes=1 << 40)


def filing_rate(
    root: Path, sample: Iterable[Frame], count: int, deriver: Deriver
) -> tuple[float, float, int]:
    """Return events/s, CPU microseconds an event and rows, for a restart that files `count`."""
    with EventStore.open(root, settings=_NO_FILING, deriver=deriver) as store:
        store.start_session("demo", "bench")
        for frame in islice(cycle(sample), count):
            last = store.append(frame)
            if last - store.durable_seq > 10_000:
                store.wait_durable(last - 5_000, 60)
        store.wait_durable(last, 60)
    cpu = time.process_time()
    with EventStore.open(root, settings=_FILING, deriver=deriver) as store:
        cpu = time.process_time() - cpu
        report = store.recovery.filed if store.recovery else FilingReport()
    if report.frames < count:
        raise SystemExit(f"filed {report.frames} of {count}")
    return count / report.seconds, cpu / count * 1e6, sum(report.rows.values())


def captured(path: Path) -> list[Frame]:
    """Turn the records of a capture into the packets that carried them."""

    class Record(msgspec.Struct):
        event: str
        data: msgspec.Raw

    made: list[Frame] = []
    for line in path.read_bytes().splitlines():
        record = msgspec.json.decode(line, type=Record)
        raw = f'42["{record.event}",{bytes(record.data).decode()}]'
        made.append(Frame(ts=1_764_000_000_000_000 + len(made) * 250_000, raw=raw, origin="bench"))
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--capture", type=Path, default=None)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(dir=options.dir))
    cases = [
        ("300 B, no derivation", frames(300, 5_000), plain_deriver(), 100_000),
        ("3.7 KB, no derivation", frames(3_700, 5_000), plain_deriver(), 100_000),
    ]
    mix = [frame(text, number) for number, text in enumerate(made_up())]
    cases.append(("4.7 KB mix, derived", mix, Deriver.standard(), 30_000))
    if options.capture:
        cases.append(("capture, derived", captured(options.capture), Deriver.standard(), 30_000))
    try:
        for name, sample, deriver, target in cases:
            count = options.events if "300 B" in name else options.events // 4
            rate, cpu, rows = filing_rate(base / name, sample, count, deriver)
            print(
                f"filing {name:<22}: {rate:>9,.0f} events/s ({cpu:.1f} CPU-us an event, "
                f"{rows:,} rows)  target >= {target:,}  peer: pyarrow alone 139,000"
            )
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
