"""Read a file as a recording, through the importers' own readers; nothing is stored.

Called by `replay.reader`. Every format an import takes can be played: event captures, per-game
files of the earlier recorder, histories, our own exports, and the earlier system's Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from vectra_player.errors import UsageError
from vectra_player.model.frame import TEXT, Frame, StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.model.units import RawFormat
from vectra_player.protocol.describe import describe
from vectra_player.protocol.redact import scrub
from vectra_player.store.importers import earlier_parquet, own_exports
from vectra_player.store.importers.detect import Kind
from vectra_player.store.importers.evidence import read_records
from vectra_player.store.importers.lines import LineFormat
from vectra_player.store.importers.parquet import ParquetReader
from vectra_player.store.importers.plan import Source, make_plan
from vectra_player.store.importers.records import DEFAULT_ORIGIN, BadLine, OwnRecord
from vectra_player.store.importers.report import ImportReport
from vectra_player.store.importers.times import Timeline, parse_stamp

ADVICE = (
    "Give an event capture, a per-game file, a history, a ws_event export, or the id of a game."
)


def read_file(path: Path) -> Iterator[WsEvent]:
    """Yield the records of a file as rows, in its own order; bad lines are passed over.

    Raises:
        UsageError: there is no such file, or it is no recording.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file.", advice=ADVICE)
    report = ImportReport()
    with ParquetReader([path]) as reader:
        plan = make_plan([path], report, reader, None, lambda: None)
        if not plan:
            reason = report.skipped_files[0].reason if report.skipped_files else "nothing to read"
            raise UsageError(f"{path} cannot be replayed: {reason}.", advice=ADVICE)
        for source in plan:
            for stored in _stored(source, reader):
                yield describe(msgspec.structs.replace(stored, frame=scrub(stored.frame)))


def _stored(source: Source, reader: ParquetReader) -> Iterator[StoredFrame]:
    if source.format is not None:
        return _from_lines(source, source.format)
    if source.earlier:
        return _from_earlier(source, reader)
    return _from_own(source, reader)


def _from_lines(source: Source, fmt: LineFormat) -> Iterator[StoredFrame]:
    timeline = Timeline(source.choice.zone)
    seq = 0
    for records in read_records(source.path, fmt, array=source.kind is Kind.ARRAY):
        moments = timeline.to_utc(records.micros, records.utc)
        for ts, raw, name, direction in zip(
            moments, records.raws, records.names, records.directions, strict=True
        ):
            seq += 1
            frame = _imported(ts, raw, name, fmt.raw_format)
            frame = msgspec.structs.replace(frame, direction=direction)
            yield StoredFrame(source.session_id, seq, frame)


def _from_earlier(source: Source, reader: ParquetReader) -> Iterator[StoredFrame]:
    number = 0
    for batch in reader.rows(source.path):
        for row in batch:
            number += 1
            try:
                made = earlier_parquet.earlier_row(row, number)
                ts, _ = parse_stamp(made.entry.stamp)
            except ValueError:
                continue
            frame = _imported(ts, made.raw, made.entry.name, "capture")
            frame = msgspec.structs.replace(frame, direction=made.entry.direction)
            yield StoredFrame(made.session, number, frame)


def _from_own(source: Source, reader: ParquetReader) -> Iterator[StoredFrame]:
    """Yield the rows of an export in the order of their sessions: an export has any order."""
    rows: Iterator[OwnRecord | BadLine]
    if source.kind is Kind.OWN_CSV:
        rows = own_exports.read_csv(source.path)
    elif source.kind is Kind.OWN_JSONL:
        rows = own_exports.read_jsonl(source.path)
    else:
        rows = own_exports.read_parquet(source.path, reader)
    records = [row for row in rows if isinstance(row, OwnRecord)]
    began: dict[str, int] = {}
    for record in records:
        ts = record.frame.ts
        began[record.session_id] = min(ts, began.get(record.session_id, ts))
    records.sort(key=lambda row: (began[row.session_id], row.session_id, row.seq))
    for record in records:
        yield StoredFrame(record.session_id, record.seq, record.frame)


def _imported(ts: int, raw: str, name: str, raw_format: RawFormat) -> Frame:
    return Frame(
        ts=ts,
        raw=raw,
        opcode=TEXT,
        source="import",
        origin=DEFAULT_ORIGIN,
        raw_format=raw_format,
        event_name=name,
    )
