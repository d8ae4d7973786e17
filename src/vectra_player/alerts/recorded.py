"""Recorded games as stretches of sessions, for trials: the events of the store, in their order.

Reading only. Called by commands and, in a worker process, by pages; never by the capture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from vectra_player.alerts.trial import Stretch
from vectra_player.errors import DecodeError, UsageError
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.rugs import Event, decode
from vectra_player.store.listing import GameInfo
from vectra_player.store.reads import GameFilter, Span, StoreReader, rows_of

LEAD = 200
"""Packets before a game's first that are read too: the countdown, and who is logged in."""

_SEEN = """
    SELECT session_id, game_id, min(seq) AS first, max(seq) AS last FROM ws_event_rows
    WHERE game_id IN (SELECT unnest(?::VARCHAR[]))
      AND event_name IN ('gameStateUpdate', 'legacy.tick') GROUP BY ALL
"""


class Plan(NamedTuple):
    """Which stretches are read. unseen: games known only from a history; they have no frames."""

    parts: tuple[_Part, ...]
    games: int
    unseen: int


class _Part(NamedTuple):
    session_id: str
    first: int
    last: int
    games: frozenset[str]


def plan_trial(
    reader: StoreReader, chosen: GameFilter, game_ids: Sequence[str] | None = None
) -> Plan:
    """Find where games lie: each in the session that saw most of it.

    Raises UsageError when there is none.
    """
    games = [one for one in reader.games(chosen) if game_ids is None or one.game_id in game_ids]
    seen = {
        (row["session_id"], row["game_id"]): (row["first"], row["last"])
        for row in reader.fetch(_SEEN, [[one.game_id for one in games]]).to_pylist()
    }
    by_session: dict[str, list[str]] = defaultdict(list)
    for game in games:
        if game.ticks_live and (game.session_id, game.game_id) in seen:
            by_session[game.session_id].append(game.game_id)
    if not by_session:
        raise _nothing(games, game_ids)
    parts = tuple(
        _part(session_id, ids, [seen[session_id, game_id] for game_id in ids])
        for session_id, ids in by_session.items()
    )
    found = sum(len(part.games) for part in parts)
    return Plan(parts, found, len(games) - found)


def stretches(
    reader: StoreReader, plan: Plan, on_event: Callable[[], object] = lambda: None
) -> Iterator[Stretch]:
    """Read the stretches of a plan one after another, a bounded part in memory at a time."""
    for part in plan.parts:
        yield Stretch(_events(reader, part, on_event), part.games)


def _events(reader: StoreReader, part: _Part, on_event: Callable[[], object]) -> Iterator[Event]:
    for row in _rows(reader, part):
        on_event()
        try:
            event = decode(row)
        except DecodeError:
            continue
        if event is not None:
            yield event


def _rows(reader: StoreReader, part: _Part) -> Iterator[WsEvent]:
    for span in reader.spans("ws_event", sessions=[part.session_id]):
        first, last = max(span.first, part.first), min(span.last, part.last)
        if first <= last:
            wanted = Span((part.session_id,), first, last)
            yield from rows_of(WsEvent, reader.read_span("ws_event", wanted))


def _part(session_id: str, game_ids: list[str], places: list[tuple[int, int]]) -> _Part:
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    return _Part(session_id, max(1, first - LEAD), last, frozenset(game_ids))


def _nothing(games: list[GameInfo], game_ids: Sequence[str] | None) -> UsageError:
    if game_ids and not games:
        return UsageError(
            f"No game {game_ids[0]} is recorded here.",
            advice="`vectra-player games` lists the recorded ones.",
        )
    if games:
        return UsageError(
            f"Of {len(games):,} games no frame was recorded: they are known from histories alone.",
            advice="Record some with `vectra-player up`.",
        )
    return UsageError(
        "There are no games to try rules on here.",
        advice="Bring recordings in with `vectra-player import PATH` or record with"
        " `vectra-player up`. Rounds of the demo server count with --origin all.",
    )
