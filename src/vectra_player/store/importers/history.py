"""Histories of finished games: one `gameHistory` entry a line (id, timestamp, prices, seeds).

The time of a record is the server's stamp of the settlement, UTC milliseconds.
Used by `store.importers` only.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from vectra_player.model.units import RawFormat
from vectra_player.store.importers.lines import Entry
from vectra_player.store.importers.records import Records
from vectra_player.store.importers.times import Evidence


class _Line(Struct, gc=False):
    id: str
    timestamp: int | float | str


_LINE = msgspec.json.Decoder(_Line)


class HistoryFormat:
    """Entries of `gameHistory`, kept by themselves."""

    raw_format: RawFormat = "history"
    first_keys = frozenset({"id"})

    def entry(self, text: str) -> Entry:
        """Read one record."""
        line = _LINE.decode(text)
        return Entry(line.timestamp, "history.game", "received", (line.id,))

    def all(self, data: bytes, raws: list[str]) -> Records | None:
        """Leave the chunk to `entry`: entries are large, lines are few."""
        return None

    def complete_fragment(self, text: str) -> str | None:
        """Keep none: the seeds come last."""
        return None

    def evidence(self, name: str, raw: str, naive: int) -> Evidence | None:
        """Need none: the stamps are UTC."""
        return None

    def session_key(self, raw: str) -> str:
        """The first entry names the session."""
        return raw
