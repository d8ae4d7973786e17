"""Event captures: `{seq,ts,event,data[,source,direction]}` and `{timestamp,event_type,data}`.

One JSON object a line, or the elements of an array. `data` is the event's payload, or the list of
its arguments with a telemetry argument first (protocol.md section 1.2).
Used by `store.importers` only.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vectra_player.model.units import Direction, RawFormat
from vectra_player.store.importers import times
from vectra_player.store.importers.legacy import id_evidence
from vectra_player.store.importers.lines import Entry
from vectra_player.store.importers.records import Records
from vectra_player.store.importers.times import Evidence

_SENT = frozenset({"sent", "send", "out", "outgoing", "outbound", "client", "c2s", "tx"})
_STAMPED = frozenset(
    {"newChatMessage", "newSideBet", "currentSidebet", "currentSidebetResult", "goldenHourDrawing"}
)
"""Events whose `timestamp` the server makes as it sends them (protocol.md section 11)."""


_WIDEST_OFFSET = 15 * times.HOUR
"""Zones reach from -12 to +14 hours: a stamp that says more was not made as the event was sent."""


class _Line(Struct, gc=False):
    data: msgspec.Raw
    ts: str | int | float | UnsetType = UNSET
    event: str | UnsetType = UNSET
    timestamp: str | int | float | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    direction: str | None = None


class _HistoryEntry(Struct, gc=False):
    id: str = ""
    timestamp: float = 0


class _Payload(Struct, gc=False, rename={"game_id": "gameId", "history": "gameHistory"}):
    game_id: str | None = None
    history: list[_HistoryEntry] = []
    timestamp: Any = None


_LINE = msgspec.json.Decoder(_Line)
_PAYLOAD = msgspec.json.Decoder(_Payload)
_ARGUMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class CaptureFormat:
    """Events as a recorder of decoded Socket.IO events wrote them."""

    raw_format: RawFormat = "capture"
    first_keys = frozenset({"seq", "ts", "event", "timestamp", "event_type"})

    def entry(self, text: str) -> Entry:
        """Read one record."""
        line = _LINE.decode(text)
        stamp = line.ts if line.ts is not UNSET else line.timestamp
        name = line.event if line.event is not UNSET else line.event_type
        if stamp is UNSET or name is UNSET:
            raise ValueError("a capture record needs ts and event, or timestamp and event_type")
        return Entry(stamp, name, _direction(line.direction), _games(line.data))

    def all(self, data: bytes, raws: list[str]) -> Records | None:
        """Leave the chunk to `entry`: payloads are large, lines are few."""
        return None

    def complete_fragment(self, text: str) -> str | None:
        """Keep none: the payload comes last and has no end."""
        return None

    def evidence(self, name: str, raw: str, naive: int) -> Evidence | None:
        """Read a fresh server stamp, else the date of the game id."""
        try:
            payload = _payload(_LINE.decode(raw).data)
        except (ValueError, RecursionError):
            return None
        if payload is None:
            return None
        stamp = _server_stamp(name, payload)
        if stamp is not None and abs(naive - stamp * 1000) < _WIDEST_OFFSET:
            return _stamp_evidence(naive, stamp)
        return id_evidence(payload.game_id, naive, None) if payload.game_id else None

    def session_key(self, raw: str) -> str:
        """The first record names the session: it stays when the file grows."""
        return raw


def _direction(text: str | None) -> Direction:
    return "sent" if text is not None and text.lower() in _SENT else "received"


def _games(data: msgspec.Raw) -> tuple[str, ...]:
    """Return the games an event tells of: its own and those of its history."""
    if b"gameId" not in bytes(data) and b"gameHistory" not in bytes(data):
        return ()
    try:
        payload = _payload(data)
    except (ValueError, RecursionError):
        return ()
    if payload is None:
        return ()
    own = (payload.game_id,) if payload.game_id else ()
    return own + tuple(entry.id for entry in payload.history if entry.id)


def _payload(data: msgspec.Raw) -> _Payload | None:
    """Decode the last argument. Raises DecodeError when it is no object of known fields."""
    text = bytes(data)
    if text[:1] == b"[":
        arguments = _ARGUMENTS.decode(text)
        if not arguments:
            return None
        text = bytes(arguments[-1])
    return _PAYLOAD.decode(text) if text[:1] == b"{" else None


def _server_stamp(name: str, payload: _Payload) -> int | None:
    """Return the newest moment (ms) the server itself wrote into the event."""
    if name == "gameStateUpdate" and payload.history:
        return int(max(entry.timestamp for entry in payload.history)) or None
    if name in _STAMPED and isinstance(payload.timestamp, int | float):
        return int(payload.timestamp)
    return None


def _stamp_evidence(naive: int, stamp_ms: int) -> Evidence:
    """Bound the offset from above: an event arrives after the server stamped it."""
    high = naive - stamp_ms * 1000 + times.CLOCK_ERROR
    return Evidence(naive, low=-times.DAY, high=high)


def stamped(evidence: list[Evidence]) -> list[Evidence]:
    """Replace upper bounds from stamps by the quarter hour the smallest of them leaves.

    The smallest delay of many is near the truth (minimum filter): a history is at most one game
    old, that is under 13 minutes, so the offset is the quarter hour below.
    """
    bounds = [item for item in evidence if item.low == -times.DAY]
    if not bounds:
        return evidence
    least = min(bounds, key=lambda item: item.high)
    offset = least.high // times.QUARTER * times.QUARTER
    exact = Evidence(least.naive, low=offset - 1, high=offset, exact=True)
    return [exact, *(item for item in evidence if item.low != -times.DAY)]
