"""Our own exports of `ws_event` rows, JSONL, CSV or Parquet: each row returns to its place.

The session and the seq are those of the recording; exports of derived doc types are refused by
`detect`, because their rows are made from these. Used by `store.importers.run` only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from vectra_player.model.frame import BINARY, TEXT, Frame
from vectra_player.model.units import Direction, RawFormat, Source
from vectra_player.store.importers import times
from vectra_player.store.importers.parquet import ParquetReader
from vectra_player.store.importers.reader import read_lines, split_lines
from vectra_player.store.importers.records import MAX_LINE_BYTES, BadLine, OwnRecord

_DIRECTIONS = frozenset(get_args(Direction))
_SOURCES = frozenset(get_args(Source))
_RAW_FORMATS = frozenset(get_args(RawFormat))
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_SEQ = 2**62
_NEEDED = frozenset({"session_id", "seq", "ts", "raw", "raw_format", "direction", "source"})

Own = OwnRecord | BadLine


def read_jsonl(path: Path) -> Iterator[Own]:
    """Yield the rows of a JSONL export. Raises OSError."""
    for chunk in read_lines(path):
        if isinstance(chunk, BadLine):
            yield chunk
            continue
        for line, offset, data in split_lines(chunk):
            if data.strip():
                yield _from_json(line, offset, data)


def _from_json(line: int, offset: int, data: bytes) -> Own:
    try:
        value = msgspec.json.decode(data, type=dict[str, Any])
        return own_record(value)
    except (ValueError, RecursionError) as error:
        return BadLine(line, offset, len(data), _reason(error), data)


def read_csv(path: Path) -> Iterator[Own]:
    """Yield the rows of a CSV export; the offset of a bad row is not known (0). Raises OSError."""
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadLine(rows.line_num, 0, 0, f"not CSV: {error}", b"")
                continue
            if row:
                yield _from_csv(rows.line_num, header, row)


def _from_csv(line: int, header: list[str], row: list[str]) -> Own:
    data = ",".join(row).encode("utf-8", "surrogateescape")
    if len(row) != len(header):
        return BadLine(line, 0, len(data), f"{len(row)} fields, not {len(header)}", data)
    try:
        return own_record(dict(zip(header, row, strict=True)))
    except ValueError as error:
        return BadLine(line, 0, len(data), _reason(error), data)


def read_parquet(path: Path, reader: ParquetReader) -> Iterator[Own]:
    """Yield the rows of a Parquet export or of our own tree. Raises DecodeError."""
    number = 0
    for batch in reader.rows(path):
        for row in batch:
            number += 1
            try:
                yield own_record(row)
            except ValueError as error:
                data = msgspec.json.encode(row, enc_hook=str)
                yield BadLine(number, 0, len(data), _reason(error), data)


def own_record(row: Mapping[str, Any]) -> OwnRecord:
    """Build the frame of an exported row. Raises ValueError when a value is impossible."""
    missing = _NEEDED - row.keys()
    if missing:
        raise ValueError(f"columns missing: {sorted(missing)}")
    session_id, seq = str(row["session_id"]), int(row["seq"])
    if not 0 < seq < _MAX_SEQ or not is_session_id(session_id):
        raise ValueError("session_id or seq is impossible")
    raw_format = _one_of(row["raw_format"], _RAW_FORMATS)
    raw = row["raw"]
    if not isinstance(raw, str):
        raise ValueError("raw is no text")
    raw.encode()  # half a character is a damaged row: UnicodeEncodeError is a ValueError
    frame = Frame(
        ts=_micros(row["ts"]),
        raw=raw,
        direction=_one_of(row["direction"], _DIRECTIONS),
        socket_id=str(row.get("socket_id") or ""),
        transport=str(row.get("transport") or ""),
        opcode=BINARY if str(row.get("opcode")) == str(BINARY) else TEXT,
        source=_one_of(row["source"], _SOURCES),
        origin=str(row.get("origin") or ""),
        raw_format=raw_format,
        event_name="" if raw_format == "engineio" else str(row.get("event_name") or ""),
    )
    return OwnRecord(session_id, seq, frame, str(row.get("game_id") or "") or None)


def is_session_id(text: str) -> bool:
    """Tell whether a session id is safe in a file name: our ids are UUIDs."""
    return _SESSION_ID.fullmatch(text) is not None


def _one_of(value: object, allowed: frozenset[str]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(sorted(allowed))}"[:200])
    return value


def _micros(value: object) -> int:
    """Read a time of an export: ISO text or µs."""
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    if not isinstance(value, str | int | float):
        raise ValueError(f"{type(value).__name__} is no time")
    return times.parse_stamp(value)[0]


def _reason(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200] or type(error).__name__
