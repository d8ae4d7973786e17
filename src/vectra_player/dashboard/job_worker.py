"""Carry out one job in a process of its own: `python -m vectra_player.dashboard.job_worker KIND`.

The order comes as one JSON line on standard input, whose end means that the dashboard is gone; what
happens is told as JSON lines on standard output (`jobs.Said`). SIGTERM ends it cleanly.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import msgspec

from vectra_player.dashboard.jobs import Progress, Said
from vectra_player.errors import StoreLockedError, VectraError

TELL_S = 0.2
PROFILE_S = 60.0
PROFILE_STEP_S = 1.0
"""The profile is put on the disk after each step: what was counted survives a stop."""

Tell = Callable[[int, int, str], None]
Work = Callable[[Path, dict[str, Any], Tell], Any]


def import_files(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Import uploaded files: `folder`, and `tz` where the user named one."""
    from vectra_player.store.context import write_context
    from vectra_player.store.importers import import_paths
    from vectra_player.store.layout import DataDir
    from vectra_player.store.profile import update_profile

    def progress(done: int, total: int, path: Path) -> None:
        tell(done, total, path.name)

    folder = Path(request["folder"])
    paths = sorted(folder.iterdir())
    report = import_paths(paths, data_dir, tz=request.get("tz"), progress=progress)
    home = DataDir(data_dir)
    write_context(home)
    tell(0, 0, "Profiling events")
    update_profile(home, PROFILE_S)
    return _without_folder(msgspec.to_builtins(report), f"{folder}{os.sep}")


def _without_folder(value: Any, folder: str) -> Any:
    """Show uploaded files by their own names: where they lay meanwhile is nobody's business."""
    if isinstance(value, dict):
        return {key: _without_folder(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folder(item, folder) for item in value]
    return value.replace(folder, "") if isinstance(value, str) else value


def profile_events(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Bring the profile of events up to date with what is filed."""
    from vectra_player.store.layout import DataDir
    from vectra_player.store.profile import update_profile

    home, events, complete = DataDir(data_dir), 0, False
    ends = monotonic() + PROFILE_S  # what is recorded meanwhile is for the next time
    while not complete and monotonic() < ends:
        tell(events, 0, "events")
        report = update_profile(home, PROFILE_STEP_S)
        events, complete = events + report.events, report.complete
    return {"events": events}


def export_rows(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Export one doc type into `exports/`."""
    from vectra_player.store.export import ExportFilter, export

    report = export(
        data_dir,
        request["doc_type"],
        request["format"],
        Path(request["out"]),
        ExportFilter(request.get("game"), request.get("since"), request.get("until")),
        pseudonymise=request.get("pseudonymise", False),
        progress=lambda rows: tell(rows, 0, "rows"),
    )
    return {"file": report.path.name, "rows": report.rows, "bytes": report.bytes}


def run_strategy(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Run a backtest or a sweep."""
    from vectra_player.dashboard.work.backtest import run_job

    return run_job(data_dir, request, tell)


def explore(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Simulate a strategy of the explorer and the presets."""
    from vectra_player.dashboard.work import explorer

    return explorer.explore(data_dir, request, tell)


def build_index(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Bring the index of passages up to date."""
    from vectra_player.dashboard.work import search

    return search.build(data_dir, request, tell)


def verify_games(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Verify what was filed since the last time (`work.fairness`)."""
    from vectra_player.dashboard.work import fairness

    return fairness.verify_games(data_dir, request, tell)


def audit_games(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Audit all games (`work.fairness`)."""
    from vectra_player.dashboard.work import fairness

    return fairness.audit_games(data_dir, request, tell)


def simulate_profiles(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Simulate strategy profiles (`work.profiles`)."""
    from vectra_player.dashboard.work import profiles

    return profiles.simulate_profiles(data_dir, request, tell)


def compare_run(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Make the drift report of a strategy run (`work.drift`)."""
    from vectra_player.dashboard.work import drift

    return drift.compare_run(data_dir, request, tell)


def try_alert_rule(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Run a rule of alerts over recorded games (`work.alerts`)."""
    from vectra_player.dashboard.work import alerts

    return alerts.try_rule(data_dir, request, tell)


WORK: dict[str, Work] = {
    "backtest": run_strategy,
    "import": import_files,
    "export": export_rows,
    "profile": profile_events,
    "verification": verify_games,
    "audit": audit_games,
    "profile-simulation": simulate_profiles,
    "explore": explore,
    "index": build_index,
    "drift": compare_run,
    "alert-trial": try_alert_rule,
}


def main(kind: str) -> None:
    """Run the job of the order and say what it came to."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not spoil the lines
    told_at = 0.0

    def say(said: Said) -> None:
        out.write(msgspec.json.encode(said, enc_hook=str) + b"\n")

    def tell(done: int, total: int, text: str) -> None:
        nonlocal told_at
        if monotonic() - told_at >= TELL_S:
            told_at = monotonic()
            say(Said(progress=Progress(done, total, text)))

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = msgspec.json.decode(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        result = WORK[kind](Path(order["data_dir"]), order["request"], tell)
    except StoreLockedError as error:
        say(Said(error=error.message, advice=error.advice, busy=True))
    except VectraError as error:
        say(Said(error=error.message, advice=error.advice))
    except OSError as error:
        say(Said(error=f"{error.strerror or error}.", advice="Mend that and try again."))
    except Exception:
        wrong = "The work failed on something nobody foresaw."
        say(Said(error=wrong, advice="The log says what.", fault=traceback.format_exc()))
    else:
        say(Said(result=result))


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _end_with_parent() -> None:
    # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
