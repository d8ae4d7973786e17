"""`query_events`: one fenced SELECT in a process of its own, the answer cut to what a client takes.

The process is the same as that of `vectra-player query` (`store.query_process`), with less time,
less memory and fewer rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vectra_player.mcp.answers import Rows
from vectra_player.store.plain import plain
from vectra_player.store.query import QueryLimits, QueryResult
from vectra_player.store.query_process import QueryProcess

MAX_ROWS = 500
MAX_CELL = 2_000
"""Characters of one value that are told; a raw packet may have half a million."""

MAX_ANSWER = 60_000
"""Characters of all values of an answer together: about 20,000 tokens."""

LIMITS = QueryLimits(timeout_s=3.0, rows=MAX_ROWS, memory_mb=500, result_mb=32)
GRACE_S = 0.7
"""With the start of a new process after one was killed, an answer comes within 5 s."""


class Statements:
    """Runs statements one after the other; `close` ends the process behind it."""

    def __init__(self, location: str | Path, limits: QueryLimits = LIMITS) -> None:
        self._process = QueryProcess(location, limits, grace_s=GRACE_S)

    def run(self, sql: str, limit: int) -> Rows:
        """Run one SELECT and return at most `limit` rows.

        Raises:
            QueryRefusedError: it is not one SELECT, reaches outside, or broke a limit.
        """
        return _cut(self._process.query(sql), limit)

    def close(self) -> None:
        """End the process."""
        self._process.close()


def _cut(result: QueryResult, limit: int) -> Rows:
    rows: list[list[Any]] = []
    cut_cells = size = 0
    for values in result.rows()[:limit]:
        row = [_short(plain(value)) for value in values]
        size += sum(len(str(value)) for value, _ in row)
        if rows and size > MAX_ANSWER:
            break
        cut_cells += sum(cut for _, cut in row)
        rows.append([value for value, _ in row])
    return Rows(
        columns=result.columns,
        rows=rows,
        row_count=len(rows),
        truncated=result.truncated or len(rows) < result.table.num_rows,
        cut_cells=cut_cells,
        elapsed_ms=round(result.elapsed_ms, 1),
    )


def _short(value: Any) -> tuple[Any, bool]:
    """Return a value, or its beginning as text when it is long."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if len(text) <= MAX_CELL:
        return value, False
    return f"{text[:MAX_CELL]}… ({len(text):,} characters)", True
