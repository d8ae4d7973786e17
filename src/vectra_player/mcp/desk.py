"""Everything the tools answer, over one data directory: one question at a time.

Knows nothing of the protocol; `mcp.server` publishes it. Text of other people reaches an answer
only as a value of a field.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vectra_player.mcp.answers import (
    CoverageAnswer,
    EventAnswer,
    FairnessAnswer,
    GameAnswer,
    Rows,
)
from vectra_player.mcp.coverage import coverage_answer
from vectra_player.mcp.events import event_answer
from vectra_player.mcp.games import fairness_answer, game_answer
from vectra_player.mcp.library import Library
from vectra_player.mcp.statements import Statements
from vectra_player.store.layout import DataDir
from vectra_player.store.query import QueryLimits
from vectra_player.store.reads import StoreReader

if TYPE_CHECKING:
    from vectra_player.rag.embedder import Embedder

READ_LIMITS = QueryLimits(timeout_s=30.0, memory_mb=1000)


class Desk:
    """Answers questions; may be asked from several threads."""

    def __init__(self, data_dir: Path, embedder: Embedder | None = None) -> None:
        self.home = DataDir(data_dir)
        self._reader: StoreReader | None = None
        self._reading = threading.Lock()
        self._statements = Statements(data_dir)
        self._querying = threading.Lock()
        self.library = Library(data_dir, embedder)

    def close(self) -> None:
        """End what was started."""
        self._statements.close()
        self.library.close()
        with self._reading:
            if self._reader is not None:
                self._reader.close()

    def query(self, sql: str, limit: int) -> Rows:
        """Answer one SELECT."""
        with self._querying:
            return self._statements.run(sql, limit)

    def game(self, game_id: str) -> GameAnswer:
        """Return what is recorded of a game."""
        with self._store() as reader:
            return game_answer(reader, game_id)

    def fairness(self, game_id: str) -> FairnessAnswer:
        """Recompute a game from its seed."""
        with self._store() as reader:
            return fairness_answer(reader, game_id)

    def event(self, name: str) -> list[EventAnswer]:
        """Describe an event, one answer a direction it was seen in."""
        knowledge = self.library.explained(name)
        with self._store() as reader:
            return event_answer(reader, self.home, name, knowledge)

    def coverage(self, since: dt.datetime | None, until: dt.datetime | None) -> CoverageAnswer:
        """Sum up what is recorded."""
        with self._store() as reader:
            return coverage_answer(reader, _micros(since), _micros(until))

    @contextmanager
    def _store(self) -> Iterator[StoreReader]:
        with self._reading:
            if self._reader is None:
                self._reader = StoreReader(self.home.root, READ_LIMITS)
            yield self._reader


def _micros(time: dt.datetime | None) -> int | None:
    """Return a time in microseconds; without a zone it is UTC."""
    if time is None:
        return None
    aware = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time
    return int(aware.timestamp()) * 1_000_000 + aware.microsecond
