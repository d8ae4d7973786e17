"""Parquet of a store as Arrow datasets, on disk or in object storage; reading only.

Every reader of canonical files goes through here: it knows the tree (contracts.md section 2),
gives each doc type its explicit schema even where no file exists yet, and tells a file that a
compaction has just exchanged from a damaged one.
"""

from __future__ import annotations

import datetime as dt
import errno
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs

from vectra_player.errors import UsageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.schema import arrow_schema

EVENTS_DIR = "events_parquet"
DATE_FIELD = pa.field("date", pa.date32())
ATTEMPTS = 4
"""A compaction exchanges one directory: two misses in a row already mean two exchanges."""

FORMAT = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
"""A page whose checksum is wrong is an error, never data (reliability.md D5)."""

_MOMENT = pa.timestamp("us", tz="UTC")

T = TypeVar("T")


class DataFile(NamedTuple):
    """One Parquet file of the tree. `path` is relative to nothing: open it as it stands.

    `first_ts`, `last_ts`: between which moments (microseconds) its rows lie, where that is known.
    """

    doc_type: str
    date: dt.date
    path: str
    size: int
    first_ts: int | None = None
    last_ts: int | None = None


class StoreRoot:
    """Where a store's Parquet lies, whatever kind of storage holds it.

    `trouble`: why a file could not be brought here last time, where files are brought.
    """

    trouble: Exception | None = None

    def __init__(self, filesystem: pafs.FileSystem, base: str) -> None:
        self.filesystem = filesystem
        self.base = base.rstrip("/")

    @property
    def location(self) -> str:
        """What opens this store again, in another process too: its path or its URL."""
        return self.base

    @property
    def events(self) -> str:
        """Path of the canonical tree."""
        return f"{self.base}/{EVENTS_DIR}"

    def files(self, doc_type: str) -> list[DataFile]:
        """List the files of a doc type by date and name."""
        folder = f"{self.events}/doc_type={doc_type}"
        selector = pafs.FileSelector(folder, allow_not_found=True, recursive=True)
        infos: list[pafs.FileInfo] = retrying(lambda: self.filesystem.get_file_info(selector))
        found = []
        for info in infos:
            day = _date_of(info.path)
            if info.type == pafs.FileType.File and info.path.endswith(".parquet") and day:
                found.append(DataFile(doc_type, day, info.path, info.size or 0))
        return sorted(found, key=lambda file: (file.date, file.path))

    def dataset(self, doc_type: str, files: list[DataFile] | None = None) -> ds.Dataset:
        """Open a doc type with its own columns and `date`; a column a file lacks reads as null."""
        chosen = self.files(doc_type) if files is None else files
        return ds.FileSystemDataset.from_paths(
            [file.path for file in chosen],
            schema=view_schema(doc_type),
            format=FORMAT,
            filesystem=self.filesystem,
            partitions=[bounds_of(file) for file in chosen],
        )


def bounds_of(file: DataFile) -> ds.Expression:
    """Say what holds for every row of a file, so that a condition can rule it out unopened."""
    bounds = ds.field("date") == pa.scalar(file.date)
    if file.first_ts is None or file.last_ts is None:
        return bounds
    first, last = (pa.scalar(ts, _MOMENT) for ts in (file.first_ts, file.last_ts))
    return bounds & (ds.field("ts") >= first) & (ds.field("ts") <= last)


def view_schema(doc_type: str) -> pa.Schema:
    """Return the columns a reader sees: those of the files, and the partition's `date`."""
    return arrow_schema(DOC_TYPES[doc_type]).append(DATE_FIELD).remove_metadata()


Location = str | Path | StoreRoot
"""A data directory by its path, or what recorders have shipped by an fsspec URL."""


def is_remote(location: Location) -> bool:
    """Say whether recordings are read from a URL."""
    return isinstance(location, str) and "://" in location


def open_root(location: Location) -> StoreRoot:
    """Open a data directory by its path, or what `store sync` has put at an fsspec URL.

    What is fetched from a URL is kept in the local data directory.

    Raises:
        UsageError: nothing lies there, or the URL's kind of storage is not installed.
        VectraError: the storage refuses, or what lies there is damaged.
    """
    if isinstance(location, StoreRoot):
        return location
    if is_remote(location):
        from vectra_player.config import load
        from vectra_player.store.remote.root import RemoteRoot

        return RemoteRoot(str(location), load({}).settings.data_dir)
    path = Path(location).expanduser().absolute()
    if not path.is_dir():
        raise UsageError(
            f"There is no data directory at {path}.",
            advice="Give --data-dir, or record or import something first.",
        )
    return StoreRoot(pafs.LocalFileSystem(), str(path))


def _date_of(path: str) -> dt.date | None:
    parent = posixpath.basename(posixpath.dirname(path))
    if not parent.startswith("date="):
        return None
    try:
        return dt.date.fromisoformat(parent.removeprefix("date="))
    except ValueError:
        return None


def vanished(error: BaseException) -> bool:
    """Say whether an error means a file was exchanged between listing and reading."""
    if isinstance(error, FileNotFoundError):
        return True
    return f"[errno {errno.ENOENT}]" in str(error) or "No such file or directory" in str(error)


def retrying(read: Callable[[], T]) -> T:
    """Run a read that lists and opens files again while a compaction exchanges them."""
    for _ in range(ATTEMPTS - 1):
        try:
            return read()
        except Exception as error:
            if not vanished(error):
                raise
    return read()
