"""What is wrong with this machine or data directory, and how to mend it; `cli doctor` prints it.

Every check looks and says; none changes anything.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from vectra_player.config import Settings
from vectra_player.errors import UsageError, VectraError
from vectra_player.ports import holder_of
from vectra_player.store.forecast import disk_forecast
from vectra_player.store.layout import DataDir

Outcome = Literal["ok", "warning", "problem"]

MIN_FREE_BYTES = 2 * 1024**3
"""Below this a day of play (about 1 GB before filing) may not fit."""


class Finding(msgspec.Struct, frozen=True):
    """One check: what was seen, and what to do where it is not well."""

    check: str
    outcome: Outcome
    seen: str
    mend: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check."""
    checks: list[Callable[[Settings], Finding | list[Finding]]] = [
        _python,
        _chrome,
        _ports,
        _disk,
        _data_dir,
        _journal,
        _index,
        _outlet,
        _clock,
    ]
    findings: list[Finding] = []
    for check in checks:
        found = check(settings)
        findings += found if isinstance(found, list) else [found]
    return findings


def _python(settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _chrome(settings: Settings) -> Finding:
    from vectra_player.sources.chrome.launch import MIN_VERSION, find_chrome

    try:
        chrome = find_chrome(settings.chrome_path)
    except VectraError as error:
        return Finding("chrome", "warning", error.message, error.advice)
    version = chrome_version(chrome)
    if version is None:
        return Finding("chrome", "warning", f"{chrome} does not say its version", "Try it by hand.")
    major = re.search(r"\b(\d+)\.\d+", version)
    if major and int(major[1]) < MIN_VERSION:
        mend = f"Install {MIN_VERSION} or newer, or name one with VECTRA_CHROME."
        return Finding("chrome", "warning", f"{version} at {chrome} is too old", mend)
    return Finding("chrome", "ok", f"{version} at {chrome}")


def chrome_version(chrome: Path) -> str | None:
    """Ask a browser for its version; None when it does not answer."""
    try:
        told = subprocess.run(
            [chrome, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def _ports(settings: Settings) -> list[Finding]:
    wanted = {
        "FOUNDATION_PORT": settings.foundation_port,
        "FOUNDATION_HTTP_PORT": settings.foundation_http_port,
        "VECTRA_DASHBOARD_PORT": settings.dashboard_port,
    }
    return [_port(name, port) for name, port in wanted.items()]


def _port(variable: str, port: int) -> Finding:
    check = f"port {port}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            holder = holder_of(port)
            return Finding(check, "warning", f"taken by {holder}", f"Stop it or set {variable}.")
    return Finding(check, "ok", "free")


def _disk(settings: Settings) -> Finding:
    existing = settings.data_dir
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    seen = f"{free / 1024**3:.1f} GiB free at {existing}{_forecast(settings.data_dir)}"
    if free < MIN_FREE_BYTES:
        advice = "Free some space, or set RUGS_DATA_DIR to a larger disk."
        return Finding("disk", "problem", seen, advice)
    return Finding("disk", "ok", seen)


def _forecast(root: Path) -> str:
    if not root.is_dir():
        return ""
    forecast = disk_forecast(DataDir(root))
    if not forecast.bytes_per_day or forecast.days_left is None:
        return ""
    rate = forecast.bytes_per_day / 1024**2
    return f", {rate:.1f} MiB a day: enough for {forecast.days_left:,.0f} days"


def _data_dir(settings: Settings) -> Finding:
    root = settings.data_dir
    if not root.exists():
        return Finding("data directory", "ok", f"{root} does not exist yet; recording creates it")
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o077:
        mend = f"Run: chmod 700 {root}"
        return Finding("data directory", "warning", f"others may enter {root} ({mode:o})", mend)
    if not os.access(root, os.W_OK):
        return Finding("data directory", "problem", f"{root} is not writable", "Mend its owner.")
    return _layout(root)


def _layout(root: Path) -> Finding:
    data_dir = DataDir(root)
    if not data_dir.version_file.exists() and not data_dir.events.exists():
        return Finding("data directory", "ok", f"{root} holds nothing yet; recording fills it")
    try:
        DataDir.open_existing(root)
    except VectraError as error:
        return Finding("data directory", "problem", error.message, error.advice)
    return Finding("data directory", "ok", str(root))


def _journal(settings: Settings) -> Finding:
    path = DataDir(settings.data_dir).journal_file
    if not path.exists():
        return Finding("journal", "ok", "empty")
    try:
        uri = f"{path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        return Finding("journal", "problem", str(error), "Run: vectra-player store check")
    if verdict != "ok":
        return Finding("journal", "problem", str(verdict), "Run: vectra-player store check")
    return Finding("journal", "ok", f"{path.stat().st_size / 1024:.0f} KiB, whole")


def _index(settings: Settings) -> Finding:
    from vectra_player.rag.status import index_status

    mend = "Run 'vectra-player index build'."
    try:
        found = index_status(DataDir.open_existing(settings.data_dir))
    except VectraError:  # the check of the directory says what is wrong with it
        return Finding("index", "ok", "none: nothing is recorded here")
    held = f"{sum(found.passages.values()):,} passages"
    if found.state == "damaged":
        return Finding("index", "problem", found.reason or "it is damaged", mend)
    if found.state == "missing":
        return Finding("index", "ok", f"none yet; {mend}")
    if found.state == "stale":
        return Finding("index", "warning", f"{held}, but {found.reason}", mend)
    return Finding("index", "ok", held)


def _outlet(settings: Settings) -> Finding:
    from vectra_player.app.outlet import address_of, look_at
    from vectra_player.outlet.broker import BrokerError

    try:
        address = address_of(settings)
        if address is None:
            return Finding("outlet", "ok", "none is set")
        waiting = asyncio.run(look_at(address))
    except BrokerError as error:
        mend = "Mend that; recordings go on, and what was not sent is sent afterwards."
        return Finding("outlet", "warning", f"{settings.outlet}: {error.message}", mend)
    except UsageError as error:
        return Finding("outlet", "problem", error.message, error.advice)
    seen = f"{address.url} answers; {waiting:,} events wait to be collected"
    return Finding("outlet", "ok", seen)


def _clock(settings: Settings) -> Finding:
    then = newest_change(settings.data_dir)
    behind_s = then - time.time()
    if behind_s > 60:
        seen = f"the clock is {behind_s / 60:.0f} minutes behind the newest recording"
        return Finding(
            "clock", "warning", seen, "Set the clock; order is kept by seq all the same."
        )
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def newest_change(root: Path) -> float:
    """Return the newest modification time of the recordings, in seconds since the epoch."""
    newest = (path.stat().st_mtime for path in (root / "events_parquet").rglob("*.parquet"))
    return max(newest, default=0.0)
