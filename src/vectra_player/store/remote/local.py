"""The days of a data directory as a sync sees them: every filed file with what a manifest says.

Files never change in place and a day is exchanged as a whole, so one listing of a directory is one
moment of it. What a file holds is read once and remembered.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vectra_player.errors import DamageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.layout import DataDir
from vectra_player.store.remote.manifest import RemoteFile
from vectra_player.store.remote.state import Fact

_CHUNK: Final = 1 << 20


class LocalFile(NamedTuple):
    """A filed file. `name`: its path under `events_parquet`."""

    doc_type: str
    date: str
    name: str
    path: Path


def list_days(data_dir: DataDir) -> dict[str, list[LocalFile]]:
    """List every filed file by its UTC date; `ws_event` last, as filing makes it visible first.

    So no row that is listed lacks its event.
    """
    days: dict[str, list[LocalFile]] = {}
    for doc_type in reversed(DOC_TYPES):
        for folder in sorted((data_dir.events / f"doc_type={doc_type}").glob("date=*")):
            date = folder.name.removeprefix("date=")
            days.setdefault(date, []).extend(_files_of(data_dir, doc_type, date))
    return {date: files for date, files in sorted(days.items()) if files}


def list_day(data_dir: DataDir, date: str) -> list[LocalFile]:
    """List the files of one day again, in the same order."""
    return [
        file for doc_type in reversed(DOC_TYPES) for file in _files_of(data_dir, doc_type, date)
    ]


def _files_of(data_dir: DataDir, doc_type: str, date: str) -> list[LocalFile]:
    folder = data_dir.day(doc_type, date)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".parquet"))  # noqa: PTH208 -- one scan of one directory
    except FileNotFoundError:
        return []
    return [
        LocalFile(doc_type, date, f"{folder.parent.name}/{folder.name}/{name}", folder / name)
        for name in names
    ]


class Facts:
    """What is known of local files, looked into where it is not known yet."""

    def __init__(self, known: dict[str, Fact]) -> None:
        self._before = known
        self.now: dict[str, Fact] = {}

    def of(self, local: LocalFile) -> RemoteFile:
        """Return what a manifest says of a file.

        Raises:
            FileNotFoundError: its day was exchanged meanwhile.
            DamageError: it cannot be read.
        """
        status = local.path.stat()
        stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
        fact = self._before.get(local.name)
        if fact is None or (fact.size, fact.mtime_ns, fact.inode) != stamp:
            fact = Fact(*stamp, _look_into(local))
        self.now[local.name] = fact
        return fact.file


def _look_into(local: LocalFile) -> RemoteFile:
    try:
        with local.path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
            table = pq.read_table(
                file,
                columns=["session_id", "ts"],
                partitioning=None,
                page_checksum_verification=True,
            )
    except (pa.ArrowException, ValueError) as error:
        raise DamageError(
            f"{local.path} cannot be read: {str(error).splitlines()[0]}.",
            advice="Run `vectra-player store check --repair`.",
        ) from error
    stamps: Any = table.column("ts").cast(pa.int64())
    sessions = sorted(map(str, table.column("session_id").unique().to_pylist()))
    return RemoteFile(
        doc_type=local.doc_type,
        sha256=sha,
        size=size,
        rows=table.num_rows,
        first_ts=pc.min(stamps).as_py() or 0,
        last_ts=pc.max(stamps).as_py() or 0,
        sessions=tuple(sessions),
    )
