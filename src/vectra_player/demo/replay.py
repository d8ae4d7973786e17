"""A recorded capture as the show: its events with their relative times instead of the simulation.

Pure but for reading the file. Reads `{seq,ts,event,data}` and `{timestamp,event_type,data}` lines
and exported `ws_event` rows; what the client sent is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.demo.values import Emission, trace_id_of
from vectra_player.errors import SourceError

_NOT_ON_THE_WIRE = frozenset({"connect", "disconnect", "connect_error"})


def read_capture(path: Path) -> list[Emission]:
    """Return the events of a capture, earliest at 0 ms, in the order of the file.

    Raises:
        SourceError: the file cannot be read, or holds no event.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
    timed = list(_events(lines))
    if not timed:
        raise SourceError(
            f"{path} holds no received event.",
            advice="Give a capture of {seq,ts,event,data} or {timestamp,event_type,data} lines.",
        )
    first = timed[0][0]
    clock = 0.0
    shown = []
    for at_ms, name, args in timed:
        clock = max(clock, at_ms - first)  # a clock that was set back holds the show up, no more
        shown.append(Emission(clock, name, args))
    return shown


def _events(lines: list[bytes]) -> Iterator[tuple[float, str, tuple[Any, ...]]]:
    for line in lines:
        try:
            record = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if not isinstance(record, dict) or record.get("direction", "received") == "sent":
            continue
        name, args = _packet(record)
        at_ms = _moment(record.get("ts", record.get("timestamp")))
        if name and at_ms is not None and name not in _NOT_ON_THE_WIRE:
            yield at_ms, name, args


def _packet(record: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    raw = record.get("raw")
    if isinstance(raw, str):
        return _raw_event(raw)
    name = record.get("event") or record.get("event_type") or record.get("event_name")
    if not isinstance(name, str):
        return "", ()
    data = record.get("data")
    if isinstance(data, list) and len(data) > 1 and trace_id_of(data[0]) is not None:
        return name, tuple(data)
    return name, () if data is None else (data,)


def _raw_event(raw: str) -> tuple[str, tuple[Any, ...]]:
    if not raw.startswith("42["):
        return "", ()
    try:
        packet = msgspec.json.decode(raw[2:].encode())
    except msgspec.DecodeError:
        return "", ()
    if not isinstance(packet, list) or not packet or not isinstance(packet[0], str):
        return "", ()
    return packet[0], tuple(packet[1:])


def _moment(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # Seconds, milliseconds or microseconds since the epoch, told apart by size.
        return value * 1000 if value < 1e11 else value / 1000 if value > 1e14 else float(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        # Only differences count, so a naive time may be read as any zone.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    return None
