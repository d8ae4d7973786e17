"""The importer's entry: checks what was asked, listens for SIGINT and SIGTERM, runs one job.

Called by `cli` (`import`, `store migrate`) and by the web upload's worker.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from vectra_player.clock import Clock, SystemClock
from vectra_player.store.importers.job import ImportJob, Progress
from vectra_player.store.importers.parquet import ParquetReader
from vectra_player.store.importers.records import DEFAULT_ORIGIN
from vectra_player.store.importers.report import ImportReport
from vectra_player.store.importers.times import parse_zone
from vectra_player.store.layout import DataDir


def import_paths(
    paths: Sequence[Path],
    data_dir: Path | DataDir,
    *,
    tz: str | None = None,
    origin: str = DEFAULT_ORIGIN,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> ImportReport:
    """Import files and folders into a data directory; only what is new is added.

    SIGINT or SIGTERM ends it after the batch in hand: the report then says `stopped`, and
    importing again goes on from there.

    Raises:
        UsageError: a path does not exist, `tz` is no zone, or the directory cannot be used.
        DiskError: the disk refused a write.
    """
    wish = parse_zone(tz) if tz else None
    root = data_dir.root if isinstance(data_dir, DataDir) else data_dir
    with _interruptible() as stopping, ParquetReader(paths) as reader:
        job = ImportJob(root, origin, progress, clock or SystemClock(), stopping, reader)
        job.carry_out(paths, wish)
        return job.report


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event; a second one does what it does elsewhere."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        restore()

    for number in before:
        signal.signal(number, stop)
    try:
        yield stopping
    finally:
        restore()
