"""The drift report of a recorded run, made as `vectra-player drift` makes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vectra_player.clock import SystemClock
from vectra_player.dashboard.data import run_drift

Tell = Callable[[int, int, str], None]


def compare_run(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Play a run again, explain every difference, keep the report. `run_id`: which run."""
    from vectra_player.analysis.drift import compare
    from vectra_player.analysis.drift_run import find_run, load_run
    from vectra_player.store.reads import StoreReader

    tell(0, 0, "Reading the run")
    with StoreReader(data_dir) as reader:
        run_id = find_run(reader, request["run_id"])
        run = load_run(reader, run_id)
        games, orders = run_drift.counted(reader, run_id)
    tell(0, 0, f"Playing {len(run.games):,} games again")
    made_at = SystemClock().now_us() // 1000
    kept = run_drift.kept_of(compare(run, data_dir), made_at=made_at, games=games, orders=orders)
    run_drift.keep(data_dir, kept)
    return {"run_id": run_id, "unexplained": kept.unexplained, "summary": list(kept.sentences)}
