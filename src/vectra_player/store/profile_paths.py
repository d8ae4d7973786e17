"""What one JSON payload shows of its event: field paths, types, values. Pure.

Used by `store.profile`. Bounded by design: keys that are data become `<n>` or `<id>`, array items
share `[]`, only the first items of an array are looked at, and paths per event are counted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final

import msgspec

MAX_DEPTH: Final = 12
MAX_ITEMS: Final = 20
"""Items of an array that are looked at; leaderboards have 10, price lists hundreds."""

MAX_PATHS: Final = 2_000
MAX_ENUM: Final = 24
MAX_ENUM_TEXT: Final = 40
MAX_EXAMPLE: Final = 60

_NUMBER_KEY = re.compile(r"\d+(-\d+)?")
_ID_KEY = re.compile(r"did:privy:.*|\d{8}-[0-9a-f]{8,}|[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f-]{20,}")
_PERSONAL = frozenset({"username", "discordUsername", "message", "text", "displayName"})


class Sighting(msgspec.Struct, frozen=True, array_like=True, order=True):
    """When something was seen, and in which session; sessions in order where the time is equal."""

    ts: int
    session_id: str


class FieldProfile(msgspec.Struct):
    """One field path of one event. `values` is None once it has shown too many to list.

    `first` tells of each type where it was seen first, `last_session` where the field was last.
    """

    events: int = 0
    seen: int = 0
    types: dict[str, int] = {}
    low: float | None = None
    high: float | None = None
    values: dict[str, int] | None = {}
    example: str | None = None
    first_ts: int = 0
    last_ts: int = 0
    first: dict[str, Sighting] = {}
    last_session: str = ""


class EventProfile(msgspec.Struct):
    """One event name and direction. `sizes`: packets by power of two of their bytes."""

    name: str
    direction: str
    count: int = 0
    undecodable: int = 0
    first_ts: int = 0
    last_ts: int = 0
    bytes: int = 0
    sizes: dict[int, int] = {}
    fields: dict[str, FieldProfile] = {}
    paths_dropped: int = 0
    first_session: str = ""

    def add(self, ts: int, size: int, payload: Any, *, decoded: bool, session_id: str = "") -> None:
        """Count one packet of this event."""
        if self.count == 0 or (ts, session_id) < (self.first_ts, self.first_session):
            self.first_ts, self.first_session = ts, session_id
        self.last_ts = max(self.last_ts, ts)
        self.count += 1
        self.bytes += size
        bucket = size.bit_length()
        self.sizes[bucket] = self.sizes.get(bucket, 0) + 1
        if not decoded:
            self.undecodable += 1
            return
        met = set()
        for path, value in walk(payload):
            field = self.fields.get(path)
            if field is None:
                if len(self.fields) >= MAX_PATHS:
                    self.paths_dropped += 1
                    continue
                field = self.fields[path] = FieldProfile(first_ts=ts)
            field.events += path not in met
            met.add(path)
            _add_value(field, path, value, Sighting(ts, session_id))


def walk(payload: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of every field, containers included; the payload itself is `$`."""
    waiting: list[tuple[str, Any, int]] = [("$", payload, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        yield path, value
        if depth >= MAX_DEPTH:
            continue
        if isinstance(value, dict):
            waiting += [(f"{path}.{collapse(key)}", item, depth + 1) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[]", item, depth + 1) for item in value[:MAX_ITEMS]]


def collapse(key: str) -> str:
    """Return a key as part of a path; keys that are data are one path."""
    if _NUMBER_KEY.fullmatch(key):
        return "<n>"
    if _ID_KEY.fullmatch(key) or len(key) > MAX_ENUM_TEXT:
        return "<id>"
    return key


def _add_value(field: FieldProfile, path: str, value: Any, seen: Sighting) -> None:
    kind = _kind(value)
    field.seen += 1
    field.types[kind] = field.types.get(kind, 0) + 1
    known = field.first.get(kind)
    if known is None or seen < known:
        field.first[kind] = seen
        field.first_ts = min(field.first_ts, seen.ts)
    if seen > Sighting(field.last_ts, field.last_session):
        field.last_ts, field.last_session = seen.ts, seen.session_id
    if kind in ("integer", "number"):
        number = _number(value)
        field.low = number if field.low is None else min(field.low, number)
        field.high = number if field.high is None else max(field.high, number)
    if kind in ("object", "array", "null"):
        return
    personal = path.rpartition(".")[2].removesuffix("[]") in _PERSONAL
    text = "…" if personal else _text(value)
    field.example = _first(field.example, text[:MAX_EXAMPLE])
    if field.values is not None:
        _count_value(field, text)


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # JSON bounds no integer; a range that ends at the largest float does
        return sys.float_info.max if value > 0 else -sys.float_info.max


def _count_value(field: FieldProfile, text: str) -> None:
    if field.values is None:
        return
    if text not in field.values and (len(field.values) >= MAX_ENUM or len(text) > MAX_ENUM_TEXT):
        field.values = None
        return
    field.values[text] = field.values.get(text, 0) + 1


def _first(one: str | None, other: str | None) -> str | None:
    """Return the first in text order: the same whichever was met first."""
    return min((text for text in (one, other) if text is not None), default=None)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return "did:privy:…" if value.startswith("did:privy:") else value
    return msgspec.json.encode(value).decode()


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
