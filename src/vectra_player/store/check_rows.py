"""What must hold between the rows of a store; the statements of `store.check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from vectra_player.live.derive_ticks import SUB_STRIDE
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.views import REGISTERED_AS

DELETIONS_FILE = "deletions.json"
"""Ranges of seqs that the user deleted: absent, but no loss."""

Found = tuple[Any, str, str, str]

_LISTED = 20
"""Examples named per kind and doc type; the rest is counted."""


class Gap(NamedTuple):
    """Seqs of a session that are not in the store. `reason`: missing, or deleted on request."""

    session_id: str
    first: int
    last: int
    reason: str


class Deletion(msgspec.Struct):
    """What of a session was deleted on request: seqs, and the keys of records gone or masked.

    A session that went as a whole has neither. An import of the same file again brings none of
    those records back.
    """

    session_id: str
    seqs: list[int]
    records: list[str] = []


def check_rows(reader: StoreReader) -> Iterator[Found]:
    """Yield (kind, where, detail, advice) of each rule that is broken."""
    for doc_type in DOC_TYPES:
        yield from _duplicates(reader, doc_type)
        if doc_type != "ws_event":
            yield from _orphans(reader, doc_type)
    yield from _ticks(reader)
    yield from _prices(reader)


def find_gaps(reader: StoreReader, data_dir: DataDir) -> list[Gap]:
    """Return the ranges of seqs that each session lacks, from 1 to its last."""
    table = reader.fetch(
        """
        WITH steps AS (
          SELECT session_id, seq,
            lag(seq, 1, 0) OVER (PARTITION BY session_id ORDER BY seq) AS prior
          FROM ws_event_rows
        )
        SELECT session_id, prior + 1 AS first, seq - 1 AS last FROM steps
        WHERE seq > prior + 1 ORDER BY session_id, first
        """
    )
    deleted = {one.session_id: set(one.seqs) for one in read_deletions(data_dir)}
    return [
        gap
        for row in table.to_pylist()
        for gap in _with_reason(row, deleted.get(row["session_id"], set()))
    ]


def read_deletions(data_dir: DataDir) -> list[Deletion]:
    """Return what was deleted on request."""
    try:
        text = (data_dir.manifests / DELETIONS_FILE).read_bytes()
    except FileNotFoundError:
        return []
    return msgspec.json.decode(text, type=list[Deletion])


def _with_reason(row: dict[str, Any], deleted: set[int]) -> Iterator[Gap]:
    session, first, last = row["session_id"], row["first"], row["last"]
    within = sorted(seq for seq in deleted if first <= seq <= last)
    start = first
    for seq in within:
        if start < seq:
            yield Gap(session, start, seq - 1, "missing")
        yield Gap(session, seq, seq, "deleted")
        start = seq + 1
    if start <= last:
        yield Gap(session, start, last, "missing")


def _duplicates(reader: StoreReader, doc_type: str) -> Iterator[Found]:
    table = reader.fetch(
        f"SELECT session_id, seq, sub, count(*) AS n FROM {REGISTERED_AS.get(doc_type, doc_type)}"  # noqa: S608
        f" GROUP BY ALL HAVING n > 1 ORDER BY ALL LIMIT {_LISTED}"
    )
    for row in table.to_pylist():
        yield (
            "duplicate",
            f"{doc_type} {row['session_id']} seq {row['seq']} sub {row['sub']}",
            f"stored {row['n']} times",
            "Run `store rebuild` for derived rows; restore the day for ws_event.",
        )


def _orphans(reader: StoreReader, doc_type: str) -> Iterator[Found]:
    name = REGISTERED_AS.get(doc_type, doc_type)
    table = reader.fetch(
        f"SELECT session_id, count(*) AS n, min(seq) AS seq FROM {name} d"  # noqa: S608
        " WHERE NOT EXISTS (SELECT 1 FROM ws_event_rows w"
        " WHERE w.session_id = d.session_id AND w.seq = d.seq)"
        f" GROUP BY session_id ORDER BY session_id LIMIT {_LISTED}"
    )
    for row in table.to_pylist():
        yield (
            "orphan",
            f"{doc_type} {row['session_id']}",
            f"{row['n']} rows come from events that are not there, the first from seq {row['seq']}",
            "Restore the missing ws_event file, or run `episodes build` to drop the rows."
            if doc_type == "ml_episode"
            else "Restore the missing ws_event file, or run `store rebuild` to drop the rows.",
        )


def _ticks(reader: StoreReader) -> Iterator[Found]:
    table = reader.fetch(
        f"""
        SELECT session_id, game_id, tick, count(*) AS n, bool_or(sub % {SUB_STRIDE} <> tick) AS odd
        FROM game_tick GROUP BY session_id, game_id, tick
        HAVING n > 1 OR odd ORDER BY ALL LIMIT {_LISTED}
        """  # noqa: S608
    )
    for row in table.to_pylist():
        fault = f"stored {row['n']} times" if row["n"] > 1 else "its sub is another number"
        yield (
            "duplicate",
            f"game_tick {row['session_id']} {row['game_id']} tick {row['tick']}",
            fault,
            "Run `store rebuild`.",
        )


def _prices(reader: StoreReader) -> Iterator[Found]:
    """Compare each recorded tick with the revealed series of its game, bit for bit."""
    table = reader.fetch(
        f"""
        SELECT t.session_id, t.game_id, count(*) AS n, min(t.tick) AS tick
        FROM game_tick t JOIN game_all g USING (session_id, game_id)
        WHERE g.prices IS NOT NULL
          AND (t.tick >= len(g.prices) OR g.prices[t.tick + 1] <> t.price)
        GROUP BY t.session_id, t.game_id ORDER BY ALL LIMIT {_LISTED}
        """  # noqa: S608
    )
    for row in table.to_pylist():
        yield (
            "prices",
            f"game {row['game_id']} in {row['session_id']}",
            f"{row['n']} ticks differ from its price list, the first is tick {row['tick']}",
            "Run `store rebuild`; if it stays, the server sent two series: keep both.",
        )
