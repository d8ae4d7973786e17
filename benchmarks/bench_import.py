"""PF4: import as many legacy per-game files as the earlier recorder left (926 files, 71 MB).

The real set is not at hand in full: the files of VECTRA_REAL_DATA are repeated under new game ids
until there are as many. Prints CPU seconds of the whole import and of decoding alone, beside the
target and a plain `json.loads` loop over the same lines.

    python benchmarks/bench_import.py [--files 926] [--bytes 71000000]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vectra_player.store.importers import import_paths
from vectra_player.store.importers.evidence import read_records
from vectra_player.store.importers.legacy import LegacyFormat

T = TypeVar("T")

TARGET_ALL_S = 6.0
TARGET_DECODE_S = 1.0


def main() -> None:
    """Make the files, run the three passes, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=926)
    parser.add_argument("--bytes", type=int, default=71_000_000)
    asked = parser.parse_args()
    data = Path(os.environ.get("VECTRA_REAL_DATA", "../shared/data")) / "legacy"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "legacy"
        folder.mkdir()
        files = replicate(sorted(data.glob("*.jsonl")), folder, asked.files, asked.bytes)
        size = sum(file.stat().st_size for file in files)
        lines = sum(file.read_bytes().count(b"\n") for file in files)
        print(f"{len(files)} files, {size / 1e6:.1f} MB, {lines} lines")
        _, plain = cpu(lambda: json_loop(files))
        records, decode = cpu(lambda: decode_all(files))
        report, whole = cpu(lambda: import_paths([folder], Path(name) / "store"))
        again, second = cpu(lambda: import_paths([folder], Path(name) / "store"))
    show("json.loads loop, bad lines left out", plain, None)
    show(f"decode and repair, {records} records", decode, TARGET_DECODE_S)
    show(f"import all in, {report.events} events, {report.bad_lines} bad", whole, TARGET_ALL_S)
    show(f"import again, {again.events} new, {again.duplicates} known", second, None)


def replicate(sources: list[Path], folder: Path, count: int, size: int) -> list[Path]:
    """Copy the files under new game ids until there are `count` of them and `size` bytes."""
    made: list[Path] = []
    written = 0
    copy = 0
    while len(made) < count or written < size:
        for source in sources:
            text = source.read_bytes()
            game_id = text.split(b'"game_id": "', 1)[1].split(b'"', 1)[0]
            renamed = game_id[:9] + b"%04x" % copy + game_id[13:]
            target = folder / f"{copy:03}_{source.name}"
            target.write_bytes(text.replace(game_id, renamed))
            made.append(target)
            written += len(text)
            if len(made) >= count and written >= size:
                break
        copy += 1
    return made


def json_loop(files: list[Path]) -> int:
    """Parse every line as a plain script would."""
    good = 0
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                json.loads(line)
            except ValueError:
                continue
            good += 1
    return good


def decode_all(files: list[Path]) -> int:
    """Read and repair every file into columns of records."""
    fmt = LegacyFormat()
    return sum(len(part.raws) for file in files for part in read_records(file, fmt, array=False))


def cpu(work: Callable[[], T]) -> tuple[T, float]:
    """Return the result and the CPU seconds of this process, all threads."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def show(what: str, seconds: float, target: float | None) -> None:
    """Print one figure beside its target."""
    beside = (
        "" if target is None else f"   target <= {target} {'ok' if seconds <= target else 'MISSED'}"
    )
    print(f"{what:55} {seconds:6.2f} CPU-s{beside}")


if __name__ == "__main__":
    main()
