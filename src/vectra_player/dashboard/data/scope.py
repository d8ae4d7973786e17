"""The rows of one game in any table: a game lasts minutes, so only the days around it are read."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

_ID_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})-")


def days_of(reader: StoreReader, game_id: str) -> list[dt.date]:
    """Return the UTC days rows of a game may lie in, with a day on each side."""
    found = reader.fetch(
        "SELECT DISTINCT unnest([date, started_at::DATE, ended_at::DATE]) AS day"
        " FROM game_all WHERE game_id = ?",
        [game_id],
    )
    days = {day for day in found.column("day").to_pylist() if day is not None}
    named = _ID_DAY.match(game_id)
    if named is not None:
        with contextlib.suppress(ValueError):  # digits that are no day
            days.add(dt.date(*map(int, named.groups())))
    return sorted({day + dt.timedelta(days=step) for day in days for step in (-1, 0, 1)})


class Scope:
    """The rows of one game in any table: a condition and its parameters."""

    def __init__(self, reader: StoreReader, game_id: str) -> None:
        days = days_of(reader, game_id)
        self.reader = reader
        self.game_id = game_id
        self.where = "game_id = ?"
        self.values: list[object] = [game_id]
        if days:
            marks = ", ".join("?" * len(days))
            self.where += f" AND date IN ({marks})"
            self.values += days

    def rows(self, sql: str, *more: object) -> list[dict[str, Any]]:
        """Run a statement whose `{game}` is the condition."""
        text = sql.replace("{game}", self.where)
        return self.reader.fetch(text, [*self.values, *more]).to_pylist()
