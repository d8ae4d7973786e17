"""The data directory: what lies where, who may read it, and whether it is ours.

The only module that knows the names of contracts.md section 2. Used by `store` and by every
layer above that needs a path inside the data directory.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DiskError, StoreVersionError, UsageError
from vectra_player.model.rows import SCHEMA_VERSION
from vectra_player.store.fsops import FileOps, replace_file

LAYOUT: Final = "vectra-1"

DIRECTORIES: Final = (
    *("events_parquet", "exports", "results", "quarantine", "manifests"),
    *("profiles", "strategies", "artifacts", "rules", "journal", "staging", "run", "logs"),
)

DAY_US: Final = 86_400_000_000

_FIRST_SECOND: Final = -30_610_224_000  # 1000-01-01
_LAST_SECOND: Final = 253_402_214_400  # 9999-12-31


class DataDir:
    """Paths of one data directory. Making this object touches nothing; see `open_or_create`."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root
        self.events: Final = root / "events_parquet"
        self.exports: Final = root / "exports"
        self.results: Final = root / "results"
        self.quarantine: Final = root / "quarantine"
        self.manifests: Final = root / "manifests"
        self.profiles: Final = root / "profiles"
        self.artifacts: Final = root / "artifacts"
        self.rules: Final = root / "rules"
        self.notes: Final = root / "notes"
        self.journal: Final = root / "journal"
        self.staging: Final = root / "staging"
        self.run: Final = root / "run"
        self.logs: Final = root / "logs"
        self.journal_file: Final = self.journal / "journal.sqlite"
        self.reserve_file: Final = self.journal / "reserve"
        self.lock_file: Final = self.run / "writer.lock"
        self.import_lock: Final = root / "run" / "import.lock"
        self.version_file: Final = self.manifests / "schema_version.json"
        self.context_file: Final = root / "CONTEXT.md"
        self.config_file: Final = root / "config.toml"
        self.instance_file: Final = self.run / "instance.json"

    @classmethod
    def open_or_create(
        cls, root: Path, *, clock: Clock | None = None, ops: FileOps | None = None
    ) -> DataDir:
        """Make or check the directory and return its paths.

        Raises:
            UsageError: `root` is a symbolic link, no directory, or others may write to it.
            StoreVersionError: an earlier system filled it, or a newer version wrote it.
            DiskError: the disk refused.
        """
        data_dir = cls(root.expanduser().absolute())
        try:
            data_dir._make_root()
            _check_root(data_dir.root)
            data_dir._check_version()
            data_dir._make_directories()
            if not data_dir.version_file.exists():
                data_dir._write_version(clock or SystemClock(), ops or FileOps())
        except OSError as error:
            raise DiskError(
                f"The data directory {data_dir.root} cannot be set up: {error.strerror or error}.",
                advice="Name another one with --data-dir, or mend its permissions or disk.",
            ) from error
        return data_dir

    @classmethod
    def open_existing(cls, root: Path) -> DataDir:
        """Check a directory without changing anything in it, for readers.

        Raises:
            UsageError: there is no data directory at `root`, or it is not safe to use.
            StoreVersionError: as `open_or_create`.
        """
        data_dir = cls(root.expanduser().absolute())
        if not data_dir.version_file.is_file() and not data_dir.events.is_dir():
            raise UsageError(
                f"There is no recording at {data_dir.root}.",
                advice="Record one with `vectra-player up` or bring one in with "
                "`vectra-player import`.",
            )
        _check_root(data_dir.root)
        data_dir._check_version()
        return data_dir

    def day(self, doc_type: str, date: str) -> Path:
        """Return the directory of one doc type and UTC day."""
        return self.events / f"doc_type={doc_type}" / f"date={date}"

    def version(self) -> dict[str, Any]:
        """Return the version manifest; empty when there is none.

        Raises:
            StoreVersionError: it is not readable as one.
        """
        try:
            value = msgspec.json.decode(self.version_file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise StoreVersionError(
                f"{self.version_file} cannot be read: {error}.",
                advice="Restore it from a backup; the recordings themselves are untouched.",
            ) from None
        return value if isinstance(value, dict) else {"unknown": value}

    def _make_root(self) -> None:
        if self.root.is_symlink():
            _refuse(f"{self.root} is a symbolic link", "Name the directory itself.")
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _make_directories(self) -> None:
        for name in DIRECTORIES:
            path = self.root / name
            if path.is_symlink():
                _refuse(f"{path} is a symbolic link", "Replace it by a directory.")
            path.mkdir(mode=0o700, exist_ok=True)

    def _check_version(self) -> None:
        manifest = self.version()
        if manifest.get("layout") != LAYOUT:
            if any(self.root.glob("stores/*/index.json")):
                raise StoreVersionError(
                    f"{self.root} is a copy that `store sync` made.",
                    advice=f"Read it by its address: --data-dir {self.root.as_uri()}.",
                )
            if manifest or _filled(self.events) or _filled(self.manifests):
                raise StoreVersionError(
                    f"{self.root} was filled by another system.",
                    advice="`vectra-player store migrate` imports its Parquet and sets the old "
                    "tree aside; or name another directory with --data-dir.",
                )
            return
        version = str(manifest.get("schema_version", ""))
        if _version_key(version) > _version_key(SCHEMA_VERSION):
            raise StoreVersionError(
                f"{self.root} was written by a newer version (schema {version}; "
                f"this one knows {SCHEMA_VERSION}).",
                advice="Update vectra-player, or name another directory with --data-dir.",
            )

    def _write_version(self, clock: Clock, ops: FileOps) -> None:
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "layout": LAYOUT,
            "created_at": iso(clock.now_us()),
        }
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        replace_file(ops, self.version_file, data, self.staging / "schema_version.json")
        ops.fsync_dir(self.root)


def enclosing(path: Path, known: DataDir) -> Path | None:
    """Return the data directory that a path is or lies inside: `known`, or any other one."""
    place, ours = path.expanduser().resolve(), known.root.resolve()
    return next((one for one in (place, *place.parents) if one == ours or is_marked(one)), None)


def is_marked(path: Path) -> bool:
    """Say whether a directory holds what only a data directory does."""
    one = DataDir(path)
    return any(map(os.path.exists, (one.version_file, one.lock_file, one.journal_file)))


def utc_date(ts_us: int) -> str:
    """Return the UTC date of a time stamp as YYYY-MM-DD, the name of its partition."""
    return _date_of_day(ts_us // DAY_US)


def iso(ts_us: int) -> str:
    """Return a time stamp as ISO 8601 text with milliseconds, UTC."""
    return datetime.fromtimestamp(ts_us / 1_000_000, UTC).isoformat(timespec="milliseconds")


def _date_of_day(day: int) -> str:
    # An absurd stamp must not stop filing: it lands in the first or last day there is.
    seconds = min(max(day * 86_400, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _check_root(root: Path) -> None:
    try:
        status = root.lstat()
    except OSError as error:
        _refuse(f"{root} cannot be read ({error.strerror})", "Name another one with --data-dir.")
    if not stat.S_ISDIR(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no directory"
        _refuse(f"{root} is {kind}", "Name the directory itself.")
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022:
        _refuse(
            f"Other users may write to {root}",
            f"Run `chmod 700 {root}` if it is yours, or name another one with --data-dir.",
        )


def _refuse(reason: str, advice: str) -> None:
    raise UsageError(f"{reason}.", advice=advice)


def _filled(directory: Path) -> bool:
    try:
        with os.scandir(directory) as entries:
            return any(True for _ in entries)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise


def _version_key(version: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        raise StoreVersionError(
            f"The data directory names an impossible schema version: {version!r}.",
            advice="Restore manifests/schema_version.json from a backup.",
        )
    return tuple(int(part) for part in version.split("."))
