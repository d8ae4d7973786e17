"""The earlier system's Parquet: `ws_event` rows become capture records.

Its trees are `doc_type=<t>/date=<d>/*.parquet` with columns such as session_id, seq, ts, doc_type,
source, event_name and raw_json. A row's event goes in as the text of one capture record; rows that
system derived from its events (ticks, states, trades) are not taken, ours are made anew.
Used by `store.importers.run` only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.store.importers.captures import CaptureFormat
from vectra_player.store.importers.lines import Entry

_DOC_TYPE = re.compile(r"doc_type=([A-Za-z0-9_]+)")
_PACKET = re.compile(r"\d+(/[^,]*,)?\d*\[")
_EVENTS = frozenset({"ws_event", "", "None"})

DERIVED_EARLIER = "rows the earlier system derived from its ws_event rows; those are imported"
UNKNOWN = "Parquet without the columns of a recording"


class EarlierRow(msgspec.Struct, frozen=True):
    """One row as a capture record, with the session it came from."""

    session: str
    raw: str
    entry: Entry


def is_earlier(columns: set[str]) -> bool:
    """Tell the earlier system's files by their columns."""
    return bool({"raw_json", "raw"} & columns) and {"session_id", "ts"} <= columns


def doc_type_of(path: Path, row: Mapping[str, Any] | None) -> str:
    """Return the doc type of a file: a column, or a directory of its path."""
    if row and row.get("doc_type"):
        return str(row["doc_type"])
    match = _DOC_TYPE.search(str(path.parent))
    return match[1] if match else ""


def is_event_file(path: Path, row: Mapping[str, Any] | None) -> bool:
    """Tell whether the file holds events rather than rows derived from them."""
    return doc_type_of(path, row) in _EVENTS


def earlier_row(row: Mapping[str, Any], number: int) -> EarlierRow:
    """Turn a row into a capture record. Raises ValueError when it holds no event."""
    text = row.get("raw_json") or row.get("raw")
    if isinstance(text, bytes):
        text = text.decode()
    if not isinstance(text, str) or not text.strip():
        raise ValueError("the row holds no raw event")
    name, data = _event(row, text)
    record = {
        "seq": _integer(row.get("seq"), number),
        "ts": _time(row.get("ts")),
        "event": name,
        "data": msgspec.Raw(data.encode()),
        "source": str(row.get("source") or ""),
        "direction": str(row.get("direction") or "received"),
    }
    raw = msgspec.json.encode(record).decode()
    return EarlierRow(str(row.get("session_id") or ""), raw, CaptureFormat().entry(raw))


def _event(row: Mapping[str, Any], text: str) -> tuple[str, str]:
    """Return the event's name and its payload as JSON text."""
    name = str(row.get("event_name") or row.get("event") or "")
    packet = _PACKET.match(text)
    if packet is not None:
        arguments = msgspec.json.decode(text[packet.end() - 1 :], type=list[msgspec.Raw])
        name = name or msgspec.json.decode(arguments[0], type=str)
        return name, _joined(arguments[1:])
    msgspec.json.decode(text)
    if not name:
        inner = msgspec.json.decode(text)
        if not isinstance(inner, dict) or not isinstance(inner.get("event"), str):
            raise ValueError("the row names no event")
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return str(inner["event"]), bytes(fields.get("data", b"null")).decode()
    return name, text


def _joined(arguments: list[msgspec.Raw]) -> str:
    if len(arguments) == 1:
        return bytes(arguments[0]).decode()
    return "[" + ",".join(bytes(part).decode() for part in arguments) + "]"


def _integer(value: object, default: int) -> int:
    return value if isinstance(value, int) else default


def _time(value: object) -> str | int | float:
    """Keep a text as it is; µs become ISO text in UTC."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat(timespec="microseconds")
    if isinstance(value, str | float):
        return value
    raise ValueError("the row has no time")
