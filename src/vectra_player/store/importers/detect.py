"""Tell what a file is by its content, never by its name.

Reads the head only. Used by `store.importers.run` only.
"""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from vectra_player.store.importers import repair
from vectra_player.store.importers.captures import CaptureFormat
from vectra_player.store.importers.history import HistoryFormat
from vectra_player.store.importers.legacy import LegacyFormat
from vectra_player.store.importers.lines import LineFormat
from vectra_player.store.importers.reader import BOM, read_elements
from vectra_player.store.importers.records import MAX_LINE_BYTES, Chunk

FIRST_LOOK = 1 << 20
LONGEST_LOOK = MAX_LINE_BYTES + (4 << 20)


class Kind(StrEnum):
    """How a file is read."""

    LINES = "lines"
    ARRAY = "array"
    OWN_JSONL = "own-jsonl"
    OWN_CSV = "own-csv"
    PARQUET = "parquet"
    SKIP = "skip"


class Detected(Struct, frozen=True):
    """What a file is: `format` for lines and arrays, `reason` for what is skipped."""

    kind: Kind
    format: LineFormat | None = None
    reason: str = ""


FORMATS: tuple[LineFormat, ...] = (LegacyFormat(), CaptureFormat(), HistoryFormat())
LEGACY, CAPTURE, HISTORY = FORMATS

DERIVED = (
    "rows of a derived doc type: they are made again from ws_event rows, import an export of those"
)
_NO_RECORDING = "no recording: none of the known record shapes"
_LEGACY_KINDS = frozenset({"game_start", "tick", "game_end"})
_OWN = frozenset({"session_id", "seq", "raw", "raw_format"})
_DERIVED_COLUMNS = frozenset({"session_id", "seq", "sub"})


def detect(path: Path) -> Detected:
    """Look at a file's head. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        head = file.read(FIRST_LOOK)
        while b"\n" not in head and len(head) < LONGEST_LOOK:
            more = file.read(len(head) or FIRST_LOOK)
            if not more:
                break
            head += more
    if not head.strip():
        return Detected(Kind.SKIP, reason="empty")
    if head[:4] == b"PAR1":
        return Detected(Kind.PARQUET)
    return _detect_text(path, head.removeprefix(BOM))


def _detect_text(path: Path, head: bytes) -> Detected:
    if head.lstrip()[:1] == b"[":
        return _detect_array(path)
    lines = head.split(b"\n")
    if len(head) > FIRST_LOOK // 2 and len(lines) > 1:
        lines.pop()  # the head may end inside it
    found = _first_shape(lines)
    if found is not None:
        return found
    as_csv = _detect_csv(lines[0])
    if as_csv is not None:
        return as_csv
    binary = b"\0" in head[:65536] or not _mostly_text(head[:65536])
    return Detected(Kind.SKIP, reason="binary file" if binary else _NO_RECORDING)


def _first_shape(lines: list[bytes]) -> Detected | None:
    """Classify by the first line that is a record; else by a record inside a damaged line."""
    for line in lines:
        if line.lstrip()[:1] == b"{":
            found = _classify_text(line)
            if found is not None:
                return found
    for line in lines[:100]:
        text = line[:FIRST_LOOK].decode("utf-8", "replace")
        for fmt in FORMATS:
            for piece in repair.pieces(text, fmt.first_keys):
                found = _classify_text(piece.text.encode()) if piece.whole else None
                if found is not None:
                    return found
    return None


def _detect_array(path: Path) -> Detected:
    for element in read_elements(path):
        found = _classify_text(element.data) if isinstance(element, Chunk) else None
        if found is None:
            break
        if found.kind is Kind.LINES:
            return Detected(Kind.ARRAY, found.format)
        return Detected(Kind.SKIP, reason=found.reason or _NO_RECORDING)
    return Detected(Kind.SKIP, reason=_NO_RECORDING)


def _classify_text(line: bytes) -> Detected | None:
    try:
        value = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return None
    return classify(value) if isinstance(value, dict) else None


def classify(value: dict[str, Any]) -> Detected | None:
    """Name the format of one record, None when it is of none."""
    keys = value.keys()
    if keys >= _OWN:
        return Detected(Kind.OWN_JSONL)
    if keys >= _DERIVED_COLUMNS:
        return Detected(Kind.SKIP, reason=DERIVED)
    if isinstance(value.get("game_id"), str) and isinstance(value.get("timestamp"), str):
        return Detected(Kind.LINES, LEGACY) if value.get("type") in _LEGACY_KINDS else None
    if keys >= {"ts", "event", "data"} and isinstance(value["event"], str):
        return Detected(Kind.LINES, CAPTURE)
    if keys >= {"timestamp", "event_type", "data"} and isinstance(value["event_type"], str):
        return Detected(Kind.LINES, CAPTURE)
    return _classify_history(value)


def _classify_history(value: dict[str, Any]) -> Detected | None:
    tells = {"provablyFair", "prices", "peakMultiplier", "globalSidebets"} & value.keys()
    if isinstance(value.get("id"), str) and isinstance(value.get("timestamp"), int) and tells:
        return Detected(Kind.LINES, HISTORY)
    return None


def _detect_csv(line: bytes) -> Detected | None:
    try:
        columns = set(next(csv.reader([line.decode().strip()]), []))
    except (UnicodeDecodeError, csv.Error):
        return None
    if columns >= _OWN:
        return Detected(Kind.OWN_CSV)
    return Detected(Kind.SKIP, reason=DERIVED) if columns >= _DERIVED_COLUMNS else None


def _mostly_text(data: bytes) -> bool:
    odd = sum(byte < 9 or 13 < byte < 32 for byte in data)
    return odd * 20 < len(data)
