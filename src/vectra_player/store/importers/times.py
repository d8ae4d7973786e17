"""Turn wall times of a recorder into UTC: zones, transitions, and which zone fits the evidence.

Recorders wrote naive local times. Server stamps in the data give the offset; the UTC date inside
game ids bounds it; a zone with daylight saving is preferred over a fixed offset when both fit,
because recordings cross its changes. Pure; used by `store.importers` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from msgspec import Struct

from vectra_player.errors import UsageError
from vectra_player.store.importers.records import INT64

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 15 * MINUTE
"""Every zone in use is a whole number of quarter hours from UTC."""

EARLIEST = 1_262_304_000 * SECOND
LATEST = 4_102_444_800 * SECOND
"""2010 to 2100: a time outside is damage, not a time of a recording."""

CLOCK_ERROR = 2 * MINUTE
"""How far a recorder's clock may be off; the captures show under 1 s (protocol.md section 11)."""

CANDIDATES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Halifax",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)


class Evidence(Struct, frozen=True):
    """At wall time `naive` the offset (local minus UTC) is over `low` and at most `high`, in µs.

    `exact`: the bounds come from a fresh server stamp and leave one quarter hour.
    """

    naive: int
    low: int
    high: int
    exact: bool = False


class Choice(Struct, frozen=True):
    """The zone times are read in, how it was found, and what the user should know about it."""

    zone: tzinfo
    how: str
    warning: str | None = None


def parse_zone(name: str) -> tzinfo:
    """Return the zone of a name (`America/New_York`) or an offset (`-05:00`).

    Raises UsageError when there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    try:
        zone = datetime.fromisoformat(f"2025-01-01T00:00:00{name}").tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise UsageError(
            f"unknown time zone {name!r}.", advice="Give a name like America/New_York or -05:00."
        )
    return zone


def parse_uniform(stamps: Sequence[str]) -> INT64 | None:
    """Read naive ISO times of one form at once; None when one of them is of another kind."""
    joined = "".join(stamps)
    if joined.count("-") != 2 * len(stamps) or "Z" in joined or "+" in joined:
        return None
    try:
        micros = np.array(stamps, dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        return None
    if len(micros) and (micros.min() < EARLIEST or micros.max() > LATEST):
        return None
    return micros


def parse_stamp(value: str | int | float) -> tuple[int, bool]:
    """Return (µs, is UTC) of an ISO text or of seconds, ms, µs or ns since the epoch.

    Raises ValueError.
    """
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.strip())
        naive = moment.tzinfo is None
        delta = moment.replace(tzinfo=UTC) if naive else moment
        micros, utc = (delta - _EPOCH) // timedelta(microseconds=1), not naive
    else:
        micros, utc = _epoch_micros(value), True
    if not EARLIEST <= micros <= LATEST:
        raise ValueError(f"time out of range: {value}")
    return micros, utc


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _epoch_micros(value: int | float) -> int:
    """Tell the unit by the size: 2010 to 2100 do not overlap between s, ms, µs and ns."""
    for top, scale in ((1e11, SECOND), (1e14, 1000), (1e17, 1)):
        if abs(value) < top:
            return int(value * scale)
    return int(value) // 1000


def offset_at(zone: tzinfo, naive: int, fold: int = 0) -> int:
    """Return local minus UTC in µs at a wall time; `fold` 1 is the second of two equal hours."""
    return _offset(zone, naive // QUARTER, fold)


@lru_cache(maxsize=65536)
def _offset(zone: tzinfo, quarter: int, fold: int) -> int:
    moment = datetime.fromtimestamp(quarter * QUARTER / SECOND, UTC)
    delta = moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta(0)
    return delta // timedelta(microseconds=1)


class Timeline:
    """Convert the wall times of one file, in file order, to UTC.

    In the hour that happens twice when daylight saving ends, a step back of more than half an
    hour means its second pass has begun: UTC goes on rising.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: int | None = None
        self._fold = 0

    def to_utc(self, micros: Sequence[int], utc: Sequence[bool]) -> list[int]:
        """Return UTC µs for wall times; those marked `utc` stay."""
        if True not in utc:
            fast = self._uniform(micros)
            if fast is not None:
                return fast
        return [
            moment if known else self._one(moment)
            for moment, known in zip(micros, utc, strict=True)
        ]

    def _uniform(self, micros: Sequence[int]) -> list[int] | None:
        """Take one offset off all when no transition is near."""
        if not micros:
            return []
        low, high = min(micros), max(micros)
        first, last = low // QUARTER, high // QUARTER
        if last - first > 200:
            return None
        offsets = {_offset(self._zone, q, fold) for q in range(first, last + 1) for fold in (0, 1)}
        if len(offsets) != 1:
            return None
        offset = offsets.pop()
        self._last, self._fold = micros[-1], 0
        return [moment - offset for moment in micros]

    def _one(self, naive: int) -> int:
        quarter = naive // QUARTER
        first = _offset(self._zone, quarter, 0)
        second = _offset(self._zone, quarter, 1)
        if first == second:
            self._fold = 0
        elif self._last is not None and naive < self._last - HOUR // 2:
            self._fold = 1
        self._last = naive
        return naive - (second if self._fold else first)


def choose_zone(evidence: Sequence[Evidence], wish: tzinfo | None, default: str) -> Choice:
    """Pick the zone of a recorder: server stamps first, then `wish`, then bounds, then `default`.

    `wish` (the user's --tz) is overruled only by evidence it contradicts.
    """
    stamped = any(item.exact for item in evidence)
    if wish is not None and _fits(wish, evidence):
        return Choice(wish, "server stamps and --tz" if stamped else "--tz")
    refused = None if wish is None else f"--tz {wish} contradicts the recording's server times"
    usual = _candidate(default)
    fitting = [zone for zone in map(_candidate, CANDIDATES) if zone and _fits(zone, evidence)]
    if stamped:
        zone = fitting[0] if fitting else _fixed(evidence)
        return Choice(zone, "server stamps", refused)
    how = "UTC dates in game ids"
    if not fitting:
        return Choice(UTC, "assumed", _join(refused, "no zone fits the UTC dates in the game ids"))
    if usual in fitting and UTC not in fitting:
        return Choice(usual, how, refused)
    if usual in fitting:
        note = f"naive times and nothing that tells the zone: read as {usual}; --tz says otherwise"
        return Choice(usual, "assumed", _join(refused, note))
    best = max(fitting, key=lambda zone: _margin(zone, evidence))
    return Choice(best, how, _join(refused, f"the UTC dates in the game ids fit {best} best"))


def _join(*notes: str | None) -> str:
    return "; ".join(note for note in notes if note)


def _candidate(name: str) -> tzinfo | None:
    """Return a zone, or None on a machine without the zone tables."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return None


def _fits(zone: tzinfo, evidence: Iterable[Evidence]) -> bool:
    return all(
        any(item.low < offset_at(zone, item.naive, fold) <= item.high for fold in (0, 1))
        for item in evidence
    )


def _margin(zone: tzinfo, evidence: Iterable[Evidence]) -> int:
    """How far the tightest bound is from being broken."""
    margins = (
        min(offset - item.low, item.high - offset)
        for item in evidence
        for offset in (offset_at(zone, item.naive),)
    )
    return min(margins, default=0)


def _fixed(evidence: Iterable[Evidence]) -> tzinfo:
    """Return the fixed offset of the first server stamp: no known zone has it."""
    exact = next(item for item in evidence if item.exact)
    return timezone(timedelta(microseconds=exact.high))
