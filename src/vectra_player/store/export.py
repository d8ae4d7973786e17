"""Copies of one doc type in a format other programs read, value for value.

Rows leave in (session_id, seq, sub) order, a bounded number in memory at a time, into a file that
appears whole or not at all. JSON lines of `ws_event` can be imported again. Used by `cli`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.errors import UsageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.dataset import Location
from vectra_player.store.fsops import FileOps
from vectra_player.store.layout import DataDir
from vectra_player.store.pseudonyms import (
    ALERT_EVENT,
    CHAT_EVENTS,
    MASKED_TEXT,
    Pseudonyms,
    load_key,
)
from vectra_player.store.reads import StoreReader
from vectra_player.store.schema import arrow_schema

Format = Literal["jsonl", "csv", "parquet"]

_JSON_COLUMNS = frozenset({"raw", "detail", "message", "title"})
"""Text columns that may name players inside."""


class ExportFilter(NamedTuple):
    """Which rows. `since` and `until` are microseconds of `ts`, UTC; `until` is excluded."""

    game: str | None = None
    since: int | None = None
    until: int | None = None


_ALL_ROWS = ExportFilter()


class ExportReport(NamedTuple):
    """What was written."""

    path: Path
    rows: int
    bytes: int
    sessions: int


class _Sink(Protocol):
    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class _Job(NamedTuple):
    recordings: Location
    doc_type: str
    file_format: Format
    chosen: ExportFilter
    masks: Pseudonyms | None
    progress: Callable[[int], None]


def export(
    data_dir: DataDir | Path,
    doc_type: str,
    file_format: Format,
    out: Path,
    chosen: ExportFilter = _ALL_ROWS,
    *,
    pseudonymise: bool = False,
    force: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
    recordings: Location | None = None,
) -> ExportReport:
    """Write one doc type to a file. `progress` hears the rows written so far.

    `recordings` are read instead of the data directory's, whose key makes pseudonyms all the same.

    Raises:
        UsageError: unknown doc type, or the target exists or is no place for an export.
    """
    if not isinstance(data_dir, DataDir):
        data_dir = DataDir.open_existing(data_dir)
    if doc_type not in DOC_TYPES:
        raise UsageError(
            f"There is no doc type {doc_type!r}.", advice=f"Take one of {', '.join(DOC_TYPES)}."
        )
    target = _checked_target(data_dir, out, force=force)
    masks = Pseudonyms(load_key(data_dir.manifests)) if pseudonymise else None
    job = _Job(recordings or data_dir.root, doc_type, file_format, chosen, masks, progress)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        rows, sessions = _write(job, partial)
        if not force and target.exists():
            raise _exists(target)
        partial.replace(target)
        FileOps().fsync_dir(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return ExportReport(target, rows, target.stat().st_size, sessions)


def _write(job: _Job, partial: Path) -> tuple[int, int]:
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    rows = 0
    sessions: set[str] = set()
    with os.fdopen(descriptor, "wb") as file:
        sink = _sink(job, file)
        for table in _tables(job):
            sink.write(table)
            rows += table.num_rows
            sessions.update(map(str, table.column("session_id").unique().to_pylist()))
            job.progress(rows)
        sink.close()
        file.flush()
        os.fsync(file.fileno())
    return rows, len(sessions)


def _tables(job: _Job) -> Iterator[pa.Table]:
    where, parameters = _conditions(job.chosen)
    schema = arrow_schema(DOC_TYPES[job.doc_type]).remove_metadata()
    with StoreReader(job.recordings) as reader:
        for span in reader.spans(job.doc_type, where, parameters):
            table = reader.read_span(job.doc_type, span, where, parameters)
            table = table.select(schema.names).cast(schema)
            yield pseudonymised(table, job.masks) if job.masks else table


def _conditions(chosen: ExportFilter) -> tuple[str, list[object]]:
    terms: list[str] = []
    parameters: list[object] = []
    for term, value in (
        ("game_id = ?", chosen.game),
        ("ts >= make_timestamptz(?)", chosen.since),
        ("ts < make_timestamptz(?)", chosen.until),
    ):
        if value is not None:
            terms.append(term)
            parameters.append(value)
    return " AND ".join(terms) or "true", parameters


def pseudonymised(table: pa.Table, masks: Pseudonyms) -> pa.Table:
    """Replace ids and names of players in columns and inside JSON text; chat is masked."""
    for index, name in enumerate(table.schema.names):
        values = table.column(index).to_pylist()
        if name == "player_id":
            values = [value and masks.player_id(value) for value in values]
        elif name == "username":
            values = [value and masks.username(value) for value in values]
        elif name == "size_bytes" and "raw" in table.schema.names:
            values = [len(str(raw).encode()) for raw in table.column("raw").to_pylist()]
        elif name in _JSON_COLUMNS:
            values = _masked_texts(table, values, masks)
        else:
            continue
        table = table.set_column(
            index, table.schema.field(index), pa.array(values, table.schema.field(index).type)
        )
    return table


def _masked_texts(table: pa.Table, values: list[Any], masks: Pseudonyms) -> list[Any]:
    """Mask texts; what an alert says of another player goes whole, as it names them."""
    names, players = table.schema.names, table.column("player_id").to_pylist()
    if "alert_type" in names:
        return [
            masks.text(value) if player is None else MASKED_TEXT
            for value, player in zip(values, players, strict=True)
        ]
    known = "event_name" in names
    events = table.column("event_name").to_pylist() if known else [None] * len(values)
    return [
        value
        and masks.text(
            value,
            chat=event in CHAT_EVENTS,
            alert=event == ALERT_EVENT and player is not None,
        )
        for value, event, player in zip(values, events, players, strict=True)
    ]


def _checked_target(data_dir: DataDir, out: Path, *, force: bool) -> Path:
    text = str(out)
    if not text.strip() or any(ord(char) < 32 for char in text) or out.name in ("", ".."):
        raise UsageError(f"{text!r} is no file name.", advice="Give --out PATH.")
    target = out.expanduser().absolute()
    folder = target.parent
    if not folder.is_dir():
        raise UsageError(f"There is no directory {folder}.", advice="Make it first.")
    target = folder.resolve() / target.name
    if any(place.resolve() in (target, *target.parents) for place in _kept_places(data_dir)):
        raise UsageError(
            f"{target} belongs to the data directory.", advice=f"Export to {data_dir.exports}."
        )
    if target.is_symlink() or target.is_dir():
        raise UsageError(f"{target} is no plain file.", advice="Give another --out.")
    if target.exists() and not force:
        raise _exists(target)
    return target


def _kept_places(data_dir: DataDir) -> tuple[Path, ...]:
    """Return the files and directories no export may replace, whatever `force` says."""
    return (
        data_dir.events,
        data_dir.journal,
        data_dir.manifests,
        data_dir.staging,
        data_dir.run,
        data_dir.logs,
        data_dir.config_file,
        data_dir.context_file,
    )


def _exists(target: Path) -> UsageError:
    return UsageError(f"{target} exists already.", advice="Give another --out, or --force.")


def _sink(job: _Job, file: BinaryIO) -> _Sink:
    schema = arrow_schema(DOC_TYPES[job.doc_type])
    if job.file_format == "parquet":
        return _ParquetSink(file, schema)
    if job.file_format == "csv":
        return _CsvSink(file, schema.names)
    return _JsonlSink(file, job.doc_type)


class _ParquetSink:
    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        self._writer.close()


class _JsonlSink:
    """One object a row, with `doc_type` first; null columns are left out."""

    def __init__(self, file: BinaryIO, doc_type: str) -> None:
        self._file = file
        self._doc_type = doc_type
        self._encoder = msgspec.json.Encoder()

    def write(self, table: pa.Table) -> None:
        names = table.schema.names
        lines = []
        for row in zip(*_exact_columns(table), strict=True):
            known = {
                name: value for name, value in zip(names, row, strict=True) if value is not None
            }
            lines.append({"doc_type": self._doc_type, **known})
        self._file.write(self._encoder.encode_lines(lines))

    def close(self) -> None:
        """Nothing is held back."""


class _CsvSink:
    """RFC 4180 with a header. Text is always quoted, so that null (nothing) and "" differ."""

    def __init__(self, file: BinaryIO, names: list[str]) -> None:
        self._file = file
        self._file.write((",".join(names) + "\r\n").encode())

    def write(self, table: pa.Table) -> None:
        columns = _exact_columns(table)
        lines = [",".join(map(_csv_cell, row)) + "\r\n" for row in zip(*columns, strict=True)]
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        """Nothing is held back."""


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        value = msgspec.json.encode(value).decode()
    return '"' + str(value).replace('"', '""') + '"'


def _exact_columns(table: pa.Table) -> list[list[Any]]:
    """Columns as values that JSON and CSV carry exactly.

    Floats stay floats (shortest text that reads back bit for bit), decimals become plain text,
    times ISO 8601 with microseconds and Z, and what JSON has no number for (nan, inf) text.
    """
    columns = []
    for column in table.columns:
        values = column.to_pylist()
        if pa.types.is_timestamp(column.type):
            values = [value and _iso(value) for value in values]
        elif pa.types.is_decimal(column.type):
            values = [None if value is None else _plain_decimal(value) for value in values]
        elif pa.types.is_floating(column.type):
            values = [value if value is None or isfinite(value) else str(value) for value in values]
        columns.append(values)
    return columns


def _iso(value: dt.datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plain_decimal(value: Decimal) -> str:
    return format(value, "f")
