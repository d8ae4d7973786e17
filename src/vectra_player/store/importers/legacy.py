"""Legacy per-game files: one JSON object a line, `game_start`, `tick` and `game_end`.

Times are the recorder's wall time without zone; the only tie to UTC is the date in the game id.
Used by `store.importers` only.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from vectra_player.model.units import RawFormat
from vectra_player.store.importers import repair, times
from vectra_player.store.importers.lines import Entry, columns
from vectra_player.store.importers.records import Records
from vectra_player.store.importers.times import Evidence

_NEEDED = frozenset({"type", "timestamp", "game_id", "tick", "price", "phase", "active", "rugged"})
_INTEGERS = frozenset({"tick", "cooldown_timer", "trade_count"})
_TICK_MICROS = 260_000
_COOLDOWN_MICROS = 20 * times.SECOND
_ID_DATE = re.compile(r"(\d{8})-[0-9a-f]{8,32}\Z")


class _Line(Struct, gc=False):
    type: str
    timestamp: str
    game_id: str


class _Tick(Struct, gc=False):
    type: str
    tick: int = 0
    active: bool = False


_LINE = msgspec.json.Decoder(_Line)
_TICK = msgspec.json.Decoder(_Tick)


class LegacyFormat:
    """The format of the earlier per-game recorder."""

    raw_format: RawFormat = "legacy"
    first_keys = frozenset({"type"})

    def entry(self, text: str) -> Entry:
        """Read one record."""
        line = _LINE.decode(text)
        return Entry(line.timestamp, _name(line.type), "received", (line.game_id,))

    def all(self, data: bytes, raws: list[str]) -> Records | None:
        """Read a chunk at once."""
        lines = _LINE.decode_lines(data)
        if len(lines) != len(raws):
            return None
        names = {line.type: _name(line.type) for line in lines}
        return columns(
            raws,
            [names[line.type] for line in lines],
            [line.timestamp for line in lines],
            {line.game_id for line in lines},
        )

    def complete_fragment(self, text: str) -> str | None:
        """Keep a tick that lost its `trade_count`, or its `cooldown_timer` while active.

        During play the timer is 0, so nothing a tick tells is lost with it.
        """
        closed, names = repair.whole_fields(text, _INTEGERS)
        if not names >= _NEEDED:
            return None
        if "cooldown_timer" in names:
            return closed
        try:
            tick = _TICK.decode(closed)
        except ValueError:
            return None
        return closed if tick.active else None

    def evidence(self, name: str, raw: str, naive: int) -> Evidence | None:
        """Bound the offset by the game id's date: ids are made when a game's cooldown begins."""
        if name != "legacy.tick":
            return None
        try:
            line, tick = _LINE.decode(raw), _TICK.decode(raw)
        except ValueError:
            return None
        return id_evidence(line.game_id, naive, tick.tick)

    def session_key(self, raw: str) -> str:
        """One session a game: a game split over two files is one session again."""
        return _LINE.decode(raw).game_id


def _name(kind: str) -> str:
    return f"legacy.{kind}"


def id_evidence(game_id: str, naive: int, tick: int | None) -> Evidence | None:
    """Bound the offset by the UTC date a game id carries; `tick` None: age of the game unknown."""
    match = _ID_DATE.match(game_id)
    if match is None:
        return None
    try:
        day = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    midnight = int(day.timestamp()) * times.SECOND
    age = 10 * times.MINUTE if tick is None else tick * _TICK_MICROS + _COOLDOWN_MICROS
    error = times.CLOCK_ERROR
    return Evidence(
        naive,
        low=naive - age - error - midnight - times.DAY,
        high=naive + error - midnight,
    )
