"""Find a game, a session or a file, and make a recording of it.

Called by `replay.worker` and by commands; an asyncio process goes through the worker, as this reads
Parquet and may take seconds. Reading only: nothing is stored, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from vectra_player.errors import UsageError
from vectra_player.model.rows import WsEvent
from vectra_player.replay import files, synthetic
from vectra_player.replay.recording import Material, Recording, make_recording
from vectra_player.replay.synthetic import KnownGame
from vectra_player.store.dataset import Location
from vectra_player.store.reads import Span, StoreReader, rows_of

MAX_EVENTS = 200_000
MAX_BYTES = 256 << 20
"""What one replay may hold in memory: about five hours of play."""

REVEAL_WAIT_US = 30_000_000
"""The frame that reveals a game's seed follows its rug within this, unless it was lost."""

_LEAD_EVENTS = ("usernameStatus", "playerUpdate")


def load_game(location: Location, game_id: str) -> Recording:
    """Load a game from the session that saw most of it; from its prices where none did.

    Raises:
        UsageError: there is no data directory, or nothing of the game in it.
    """
    return make_recording(find_game(location, game_id))


def load_session(location: Location, session_id: str) -> Recording:
    """Load a session from its first event to its last.

    Raises:
        UsageError: there is no such session, or it is too long for one replay.
    """
    return make_recording(find_session(location, session_id))


def load_file(path: Path) -> Recording:
    """Load a file of any format that can be imported; nothing is stored.

    Raises:
        UsageError: there is no such file, it is no recording, or it is too long.
    """
    return make_recording(find_file(path))


def find_game(location: Location, game_id: str) -> Material:
    """Collect the rows of a game; see `load_game`."""
    with StoreReader(location) as reader:
        seen = _sighting(reader, game_id)
        if seen is not None and seen.ticks:
            return _recorded(reader, game_id, seen)
        known = _known(reader, game_id)
        if known is not None:
            return known
        if seen is not None:
            return _recorded(reader, game_id, seen)
    raise UsageError(
        f"No game {game_id} is recorded here.",
        advice="`vectra-player games` lists the recorded ones; a game that is still being"
        " recorded is filed within a minute.",
    )


def find_session(location: Location, session_id: str) -> Material:
    """Collect the rows of a session; see `load_session`."""
    title = f"session {session_id}"
    with StoreReader(location) as reader:
        rows = _bounded(reader.read_ws_events(session_id), title)
    if not rows:
        raise UsageError(
            f"No session {session_id} is recorded here.",
            advice="`vectra-player sessions` lists the recorded ones.",
        )
    return _material(title, rows)


def find_file(path: Path) -> Material:
    """Collect the records of a file; see `load_file`."""
    return _material(path.name, _bounded(files.read_file(path), path.name))


def _material(title: str, rows: list[WsEvent], **known: Any) -> Material:
    remade = synthetic.needs_frames(rows)
    if remade:
        rows = _bounded(synthetic.as_frames(rows), title)
    return Material(title=title, rows=rows, synthetic=remade, **known)


def _bounded(rows: Iterable[WsEvent], title: str) -> list[WsEvent]:
    taken: list[WsEvent] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += len(row.raw)
        if len(taken) > MAX_EVENTS or size > MAX_BYTES:
            raise UsageError(
                f"{title} is too long for one replay (over {MAX_EVENTS:,} events or"
                f" {MAX_BYTES >> 20} MiB).",
                advice="Replay one of its games.",
            )
    return taken


class _Sighting(NamedTuple):
    """What one session saw of a game; `ticks` had a frame of their own."""

    session_id: str
    first: int
    last: int
    ticks: int
    reveal: int | None


_SIGHTINGS = """
    SELECT e.session_id, e.first, e.last, coalesce(t.ticks, 0) AS ticks, g.reveal
    FROM (SELECT session_id, min(seq) AS first, max(seq) AS last, any_value(source) AS source
      FROM ws_event_rows WHERE game_id = ?
        AND event_name IN ('gameStateUpdate', 'legacy.tick') GROUP BY session_id) e
    LEFT JOIN (SELECT session_id, count(*) AS ticks FROM game_tick
      WHERE game_id = ? AND price_source = 'live' GROUP BY session_id) t USING (session_id)
    LEFT JOIN (SELECT session_id, max(seq) AS reveal FROM game_all
      WHERE game_id = ? AND server_seed IS NOT NULL GROUP BY session_id) g USING (session_id)
    LEFT JOIN (SELECT DISTINCT session_id, 1 AS own FROM server_state
      WHERE game_id = ?) s USING (session_id)
    ORDER BY ticks DESC, own NULLS LAST, e.source = 'import', e.session_id LIMIT 1
"""
"""The session that heard most of a game; of equal ones the one that was logged in."""


def _sighting(reader: StoreReader, game_id: str) -> _Sighting | None:
    found = reader.fetch(_SIGHTINGS, [game_id] * 4).to_pylist()
    return _Sighting(**found[0]) if found else None


def _recorded(reader: StoreReader, game_id: str, seen: _Sighting) -> Material:
    """Take the game's stretch of a session: who plays, its frames, and what reveals its seed."""
    title = f"game {game_id}"
    lead = list(_lead(reader, seen))
    rows = _bounded(_stretch(reader, seen.session_id, seen.first, seen.last), title)
    if rows and seen.reveal is not None and seen.reveal > seen.last:
        rows += _until_reveal(reader, seen, rows[-1].ts)
    return _material(title, [*lead, *rows], lead=len(lead), game_id=game_id)


def _lead(reader: StoreReader, seen: _Sighting) -> Iterator[WsEvent]:
    """Yield what the session had last heard about the account before the game."""
    marks = ", ".join("?" * len(_LEAD_EVENTS))
    found = reader.fetch(
        "SELECT max(seq) AS seq FROM ws_event_rows WHERE session_id = ? AND seq < ?"  # noqa: S608
        f" AND direction = 'received' AND event_name IN ({marks}) GROUP BY event_name ORDER BY 1",
        [seen.session_id, seen.first, *_LEAD_EVENTS],
    )
    for row in found.to_pylist():
        yield from _stretch(reader, seen.session_id, row["seq"], row["seq"])


def _until_reveal(reader: StoreReader, seen: _Sighting, ended: int) -> list[WsEvent]:
    """Return what came up to the revealing frame, or that frame alone where it came late."""
    reveal = list(_stretch(reader, seen.session_id, seen.reveal or 0, seen.reveal or 0))
    if not reveal or reveal[0].ts - ended > REVEAL_WAIT_US:
        return reveal
    return list(_stretch(reader, seen.session_id, seen.last + 1, seen.reveal or 0))


def _stretch(reader: StoreReader, session_id: str, first: int, last: int) -> Iterator[WsEvent]:
    return rows_of(WsEvent, reader.read_span("ws_event", Span((session_id,), first, last)))


def _known(reader: StoreReader, game_id: str) -> Material | None:
    """Make a game of its prices: from a history entry, its seed, or what other frames told."""
    found = reader.fetch(
        "SELECT session_id, seq, epoch_us(coalesce(ended_at, ts)) AS ended_us, prices,"
        " server_seed, server_seed_hash, game_version, peak FROM game WHERE game_id = ?",
        [game_id],
    ).to_pylist()
    if not found:
        return None
    row = found[0]
    like = next(_stretch(reader, row["session_id"], row["seq"], row["seq"]), None)
    prices = row["prices"] or reader.game_prices(game_id).tolist()
    if not prices and row["server_seed"] is not None:
        prices = synthetic.prices_of_seed(row["server_seed"], game_id, row["game_version"])
    if like is None or not prices:
        return None
    game = KnownGame(
        game_id=game_id,
        prices=prices,
        rugged=row["prices"] is not None or row["server_seed"] is not None,
        ended_us=row["ended_us"],
        seed_hash=row["server_seed_hash"],
        version=row["game_version"],
        entry=_entry(game_id, row),
    )
    rows = list(synthetic.game_rows(game, like))
    return Material(title=f"game {game_id}", rows=rows, synthetic=True, game_id=game_id)


def _entry(game_id: str, row: dict[str, Any]) -> str | None:
    """Write the part of the history entry the store keeps in columns."""
    if row["server_seed"] is None:
        return None
    told = {
        "id": game_id,
        "timestamp": row["ended_us"] // 1000,
        "prices": row["prices"],
        "peakMultiplier": row["peak"],
        "rugged": True,
        "gameVersion": row["game_version"],
        "provablyFair": {
            "serverSeed": row["server_seed"],
            "serverSeedHash": row["server_seed_hash"],
        },
    }
    return msgspec.json.encode(told).decode()
