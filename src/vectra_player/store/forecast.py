"""How long the disk lasts at the rate of the last days. Used by `cli`, `doctor` and the pages."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import NamedTuple

from vectra_player.clock import Clock, SystemClock
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.dataset import open_root
from vectra_player.store.layout import DataDir

_WINDOW_DAYS = 7


class DiskForecast(NamedTuple):
    """`bytes_per_day` over the last recorded days; None: nothing recorded, so nothing to say."""

    stored_bytes: int
    free_bytes: int
    bytes_per_day: float | None
    days_left: float | None


def disk_forecast(data_dir: DataDir, clock: Clock | None = None) -> DiskForecast:
    """Estimate the days until the disk is full, from the file sizes of the last seven days.

    Days without a recording count: the rate is that of the calendar.
    """
    root = open_root(data_dir.root)
    by_day: dict[dt.date, int] = {}
    for doc_type in DOC_TYPES:
        for file in root.files(doc_type):
            by_day[file.date] = by_day.get(file.date, 0) + file.size
    free = shutil.disk_usage(data_dir.root).free
    now = (clock or SystemClock()).now_us()
    today = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC).date()
    recent = {day: size for day, size in by_day.items() if (today - day).days < _WINDOW_DAYS}
    stored = sum(by_day.values())
    if not recent:
        return DiskForecast(stored, free, None, None)
    days = max(1, (today - min(recent)).days + 1)
    rate = sum(recent.values()) / days
    return DiskForecast(stored, free, rate, free / rate if rate else None)
