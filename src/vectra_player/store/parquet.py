"""Rows to Parquet files: which file a row belongs to, in what order, and how it is encoded.

Used by filing and `store rebuild`; both must give the same files for the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.model.rows import DOC_TYPES, GameTick, Row, SystemEvent
from vectra_player.store.derivation import decode_failure
from vectra_player.store.layout import DAY_US, utc_date
from vectra_player.store.schema import to_table

_MISFITS = (pa.ArrowException, OverflowError, ValueError, TypeError)
"""What Arrow raises for a value that does not fit its column."""

_FAILURE_SUB = 1_000_000

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1  # performance.md: level 3 is no smaller and slower


class Partition(NamedTuple):
    """Rows of one doc type and UTC day, in the order of their file."""

    doc_type: str
    date: str
    rows: Sequence[Row]


class EncodedPartition(NamedTuple):
    """The bytes of one file."""

    doc_type: str
    date: str
    data: pa.Buffer


def partitions(rows: Mapping[str, Sequence[Row]]) -> list[Partition]:
    """Split rows by doc type and UTC day of `ts`, sorted as their files are."""
    result = []
    for doc_type, of_type in rows.items():
        days: dict[int, list[Row]] = {}
        for row in of_type:
            day = row.ts // DAY_US
            if day in days:
                days[day].append(row)
            else:
                days[day] = [row]
        key = _tick_order if DOC_TYPES[doc_type] is GameTick else _seq_order
        for day in sorted(days):
            days[day].sort(key=key)
            result.append(Partition(doc_type, utc_date(day * DAY_US), days[day]))
    return result


def encode(table: pa.Table) -> pa.Buffer:
    """Return the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **write_options(table.schema))
    return sink.getvalue()


def write_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how our files are written, for `write_table` and `ParquetWriter`."""
    return {
        "compression": COMPRESSION,
        "compression_level": COMPRESSION_LEVEL,
        "write_page_checksum": True,  # zstd frames carry none: a flipped bit would be data
        # Payloads hardly repeat: a dictionary of them costs time and saves nothing.
        "use_dictionary": [name for name in schema.names if name not in ("raw", "price", "seq")],
    }


def encode_rows(rows: dict[str, list[Row]]) -> tuple[list[EncodedPartition], int]:
    """Encode all rows; return the files and how many rows did not fit their columns.

    A row that does not fit is replaced by a `decode_failure` row; `rows` is changed accordingly.
    """
    files: list[EncodedPartition] = []
    failures: list[SystemEvent] = []
    # system_event comes last since the other types may add to it
    for doc_type in sorted(rows, key=lambda name: (name == SystemEvent.doc_type, name)):
        if doc_type == SystemEvent.doc_type:
            rows[doc_type] += failures
        bad = _encode_type(doc_type, rows, files)
        failures += _numbered(bad, len(failures))
    if failures and SystemEvent.doc_type not in rows:
        rows[SystemEvent.doc_type] = list(failures)
        _encode_type(SystemEvent.doc_type, rows, files)
    return files, len(failures)


def _encode_type(
    doc_type: str, rows: dict[str, list[Row]], files: list[EncodedPartition]
) -> list[SystemEvent]:
    row_type = DOC_TYPES[doc_type]
    try:
        files += _encode_days(doc_type, rows[doc_type])
    except _MISFITS:
        rows[doc_type], failures = _sift(rows[doc_type], row_type)
        files += _encode_days(doc_type, rows[doc_type])
        return failures
    return []


def _encode_days(doc_type: str, rows: Sequence[Row]) -> list[EncodedPartition]:
    return [
        EncodedPartition(doc_type, date, encode(to_table(of_day, DOC_TYPES[doc_type])))
        for _, date, of_day in partitions({doc_type: rows})
    ]


def _sift(rows: Sequence[Row], row_type: type[Row]) -> tuple[list[Row], list[SystemEvent]]:
    good, failures = [], []
    for row in rows:
        try:
            to_table([row], row_type)
        except _MISFITS as error:
            failures.append(decode_failure(row, error))
        else:
            good.append(row)
    return good, failures


def _numbered(failures: Sequence[SystemEvent], start: int) -> list[SystemEvent]:
    # The event may have system_event rows of its own: these keys are out of their way.
    return [
        msgspec.structs.replace(failure, sub=_FAILURE_SUB + start + index)
        for index, failure in enumerate(failures)
    ]


def _tick_order(row: Row) -> tuple[str, int, str, int]:
    return (row.game_id or "", row.sub, row.session_id, row.seq)


def _seq_order(row: Row) -> tuple[str, int, int]:
    return (row.session_id, row.seq, row.sub)
