"""The file that tells programs of the same user where this instance listens, and its token.

`run/instance.json`, 0600 in the data directory's 0700 `run/`. Written by the directory's single
writer, so whatever lies there before it starts is stale. A dashboard that runs alone writes
`run/dashboard.json` beside it: it is no writer of the directory.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from vectra_player.store.layout import DataDir, iso


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One running instance: ports on 127.0.0.1 and the bearer token. `started_at`: ISO, UTC."""

    pid: int
    token: str
    feed: int
    monitor: int
    dashboard: int | None
    started_at: str


class LoneDashboard(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard without a foundation of its own: its port on 127.0.0.1 and its token."""

    pid: int
    token: str
    dashboard: int
    started_at: str


def cookie_instance(data_dir: Path) -> str:
    """Return 8 hex digits that keep this directory's cookie apart from another one's."""
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]


def write_instance(
    data_dir: Path, token: str, *, feed: int, monitor: int, dashboard: int | None, now_us: int
) -> Instance:
    """Write the file, in place of whatever lies there."""
    instance = Instance(
        pid=os.getpid(),
        token=token,
        feed=feed,
        monitor=monitor,
        dashboard=dashboard,
        started_at=iso(now_us),
    )
    _write(DataDir(data_dir).instance_file, instance)
    return instance


def remove_instance(data_dir: Path, instance: Instance) -> None:
    """Remove the file if it is still this instance's."""
    path = DataDir(data_dir).instance_file
    if read_instance(data_dir) == instance:
        path.unlink(missing_ok=True)


def read_instance(data_dir: Path) -> Instance | None:
    """Return what the file says; None when there is none that can be read."""
    try:
        return msgspec.json.decode(DataDir(data_dir).instance_file.read_bytes(), type=Instance)
    except (OSError, msgspec.DecodeError):
        return None


def write_dashboard(data_dir: Path, token: str, *, port: int, now_us: int) -> LoneDashboard:
    """Tell where a dashboard that runs alone is found."""
    told = LoneDashboard(pid=os.getpid(), token=token, dashboard=port, started_at=iso(now_us))
    _write(_dashboard_file(data_dir), told)
    return told


def remove_dashboard(data_dir: Path, told: LoneDashboard) -> None:
    """Remove the file if it is still this dashboard's."""
    if read_dashboard(data_dir) == told:
        _dashboard_file(data_dir).unlink(missing_ok=True)


def read_dashboard(data_dir: Path) -> LoneDashboard | None:
    """Return what the file says; None when there is none that can be read."""
    try:
        return msgspec.json.decode(_dashboard_file(data_dir).read_bytes(), type=LoneDashboard)
    except (OSError, msgspec.DecodeError):
        return None


def _dashboard_file(data_dir: Path) -> Path:
    return DataDir(data_dir).run / "dashboard.json"


def _write(path: Path, value: object) -> None:
    """Put a file in place of whatever lies there, readable by this user only."""
    staged = path.with_suffix(f".{os.getpid()}")
    staged.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(staged, flags, 0o600), "wb") as file:
        file.write(msgspec.json.encode(value))
    staged.rename(path)
