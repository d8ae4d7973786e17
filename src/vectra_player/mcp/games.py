"""`get_game` and `verify_game`: what is recorded of a game, games like it, and was it fair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vectra_player.errors import UsageError
from vectra_player.mcp.answers import (
    Difference,
    Fact,
    FairnessAnswer,
    GameAnswer,
    Likeness,
    Point,
    SidebetCount,
)
from vectra_player.mcp.facts import fact_of
from vectra_player.rag.passages import row_id
from vectra_player.store.layout import iso
from vectra_player.store.reads import GameFilter, StoreReader
from vectra_player.store.views import REAL_ORIGIN

if TYPE_CHECKING:
    from vectra_player.fairness.checks import GameCheck

PATH_POINTS = 60
ALIKE = 5
MAX_FACTS = 20
SHORTEST_TAIL = 4
"""Characters of the end of a game id that may stand for it, as the pages show it: …4bea."""

_MARGIN_US = 60_000_000
"""Facts of the recording that are told: up to a minute around the game."""

_MEANINGS = {
    "verified": "Recomputed from its seed; everything recorded of it agrees.",
    "failed": "What was recorded differs from what its seed gives.",
    "incomplete": "It cannot be judged: something that is needed was not recorded.",
}


def find_game(reader: StoreReader, game_id: str) -> dict[str, Any]:
    """Return the row of `StoreReader.game_table` of a game, named whole or by the end of its id.

    Raises:
        UsageError: there is none, or several.
    """
    table = reader.game_table(GameFilter(), [game_id], unfinished=True).to_pylist()
    if not table and len(game_id) >= SHORTEST_TAIL:
        named = reader.fetch(
            "SELECT DISTINCT game_id FROM game_tick WHERE ends_with(game_id, ?)"
            " UNION SELECT game_id FROM game WHERE ends_with(game_id, ?) LIMIT 10",
            [game_id, game_id],
        )
        ids = sorted(str(found) for found in named.column(0).to_pylist())
        if len(ids) > 1:
            raise UsageError(f"Several games end in {game_id}.", advice=f"One of {', '.join(ids)}.")
        table = reader.game_table(GameFilter(), ids, unfinished=True).to_pylist() if ids else []
    if not table:
        raise UsageError(
            f"No game {game_id[:80]} is recorded.",
            advice="query_events lists them: SELECT game_id, rug_tick, peak FROM game"
            " ORDER BY coalesce(ended_at, started_at) DESC LIMIT 20.",
        )
    found: dict[str, Any] = max(table, key=lambda row: row["prices"] is not None)
    return found


def game_answer(reader: StoreReader, game_id: str) -> GameAnswer:
    """Return what is recorded of one game."""
    game = find_game(reader, game_id)
    wanted: str = game["game_id"]
    prices = reader.game_prices(wanted)
    trades = _one(
        reader,
        "SELECT count(*) AS n, count(DISTINCT player_id) AS players FROM other_player"
        " WHERE game_id = ?",
        wanted,
    )
    return GameAnswer(
        game_id=wanted,
        origin=game["origin"],
        completeness=game["completeness"],
        started_at=_time(game["started_at"]),
        ended_at=_time(game["ended_at"]),
        rug_tick=game["rug_tick"],
        rug_price=game["rug_price"],
        peak=game["peak"],
        peak_tick=_peak_tick(prices),
        game_version=game["game_version"],
        server_seed=game["server_seed"],
        server_seed_hash=game["server_seed_hash"],
        prices_known=int(np.count_nonzero(~np.isnan(prices))),
        path=thinned(prices, PATH_POINTS),
        trades_recorded=trades["n"],
        traders_recorded=trades["players"],
        sidebets=_sidebets(reader, wanted),
        facts=_facts(reader, game),
        alike=alike(reader, game),
        rows=_rows(reader, wanted),
    )


def _sidebets(reader: StoreReader, game_id: str) -> SidebetCount:
    counts = _one(
        reader,
        "SELECT count(*) FILTER (outcome = 'won') AS won,"
        " count(*) FILTER (outcome = 'lost') AS lost,"
        " count(*) FILTER (outcome = 'unknown') AS unknown, count(*) FILTER (own) AS own"
        " FROM sidebet WHERE game_id = ?",
        game_id,
    )
    return SidebetCount(**counts)


def thinned(prices: Any, points: int) -> list[Point]:
    """Return at most `points` prices of a path (n_ticks,), its peak and its end among them."""
    known = np.flatnonzero(~np.isnan(prices))
    if not len(known):
        return []
    spread = known[np.linspace(0, len(known) - 1, min(points - 1, len(known))).round().astype(int)]
    ticks = np.unique([*spread, known[int(np.argmax(prices[known]))]])
    return [Point(int(tick), float(prices[tick])) for tick in ticks]


def alike(reader: StoreReader, game: dict[str, Any]) -> list[Likeness]:
    """Return the recorded games nearest in length and peak, both by their ratio.

    Games of the demo server are like each other, and no other game is like them.
    """
    if game["rug_tick"] is None or not game["peak"]:
        return []
    table = reader.fetch(
        f"""
        SELECT game_id, rug_tick, peak, session_id, seq, sub,
          sqrt(pow(ln((rug_tick + 1) / ?), 2) + pow(ln(peak / ?), 2)) AS distance
        FROM game
        WHERE game_id <> ? AND {REAL_ORIGIN} = ? AND rug_tick IS NOT NULL AND peak > 0
        QUALIFY row_number() OVER (PARTITION BY game_id ORDER BY distance) = 1
        ORDER BY distance, game_id LIMIT ?
        """,  # noqa: S608 -- a constant, values are parameters
        [game["rug_tick"] + 1.0, game["peak"], game["game_id"], game["is_real"], ALIKE],
    )
    return [_likeness(row) for row in table.to_pylist()]


def _likeness(row: dict[str, Any]) -> Likeness:
    distance = round(row["distance"], 3)
    place = row_id("game", row)
    return Likeness(row["game_id"], row["rug_tick"], row["peak"], distance, place)


def fairness_answer(reader: StoreReader, game_id: str) -> FairnessAnswer:
    """Recompute one game from its seed and say what agrees."""
    from vectra_player.fairness.verify import verify_store

    game = find_game(reader, game_id)
    result = verify_store(reader, "all", [game["game_id"]])
    check = next(check for check in result.games if check.game_id == game["game_id"])
    return _fairness(check, _rows(reader, game["game_id"]))


def _fairness(check: GameCheck, rows: list[str]) -> FairnessAnswer:
    return FairnessAnswer(
        game_id=check.game_id,
        status=check.status,
        meaning=_MEANINGS[check.status],
        game_version=check.version,
        rebuilt=check.rebuilt,
        compared=check.compared,
        commitment=check.commitment,
        seconds_before=check.seconds_before,
        reason=check.reason,
        differences=[
            Difference(
                check=found.check,
                reason=found.reason,
                tick=found.tick,
                recorded=_text(found.recorded),
                recomputed=_text(found.recomputed),
            )
            for found in check.mismatches
        ],
        rows=rows,
    )


def _facts(reader: StoreReader, game: dict[str, Any]) -> list[Fact]:
    """Return what happened to the recording of a game while it was played."""
    start, end = game["started_at"], game["ended_at"]
    if start is None or end is None:
        return []
    table = reader.fetch(
        "SELECT session_id, seq, sub, epoch_us(ts) AS ts, kind, detail FROM system_event"
        " WHERE origin = ? AND epoch_us(ts) BETWEEN ? AND ?"
        " ORDER BY ts, session_id, seq LIMIT ?",
        [game["origin"], start - _MARGIN_US, end + _MARGIN_US, MAX_FACTS],
    )
    return [fact_of(row) for row in table.to_pylist()]


def _rows(reader: StoreReader, game_id: str) -> list[str]:
    """Return the game's own row, its first and last tick row, and its first sidebet."""
    table = reader.fetch(
        """
        SELECT 'game' AS doc_type, session_id, seq, sub FROM game WHERE game_id = $1
        UNION ALL (SELECT 'game_tick', session_id, seq, sub FROM game_tick
          WHERE game_id = $1 ORDER BY tick, session_id LIMIT 1)
        UNION ALL (SELECT 'game_tick', session_id, seq, sub FROM game_tick
          WHERE game_id = $1 ORDER BY tick DESC, session_id LIMIT 1)
        UNION ALL (SELECT 'sidebet', session_id, seq, sub FROM sidebet
          WHERE game_id = $1 ORDER BY start_tick, session_id, seq LIMIT 1)
        """,
        [game_id],
    )
    return list(dict.fromkeys(row_id(row["doc_type"], row) for row in table.to_pylist()))


def _one(reader: StoreReader, sql: str, game_id: str) -> dict[str, Any]:
    rows: Sequence[dict[str, Any]] = reader.fetch(sql, [game_id]).to_pylist()
    return rows[0]


def _peak_tick(prices: Any) -> int | None:
    return None if not np.any(~np.isnan(prices)) else int(np.nanargmax(prices))


def _time(micros: int | None) -> str | None:
    return None if micros is None else iso(micros)


def _text(value: object) -> str | None:
    return None if value is None else repr(value) if isinstance(value, float) else str(value)
