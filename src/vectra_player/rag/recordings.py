"""Turn recordings into few, well-made passages: games, events, sessions, interruptions, alerts.

Never raw JSON: a passage says in words what rows say, and names the rows. Text that players wrote
is not in it. Called by `rag.build`; the SQL is `store.summaries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.game.timing import TICK_MS
from vectra_player.protocol.rugs import PAYLOADS, is_trace, payload_of
from vectra_player.protocol.socketio import arguments
from vectra_player.rag.fields import described_fields
from vectra_player.rag.passages import EVENTS, MAX_ROWS, Passage, row_id
from vectra_player.store import summaries
from vectra_player.store.profile_paths import EventProfile
from vectra_player.store.reads import Origins, StoreReader

Line = Mapping[str, Any]

MOST_EVENTS = 200
"""Events described one by one: the site has a few dozen, a hostile server may invent names."""

INSTARUG_TICKS = 6
"""The site's own threshold (docs/protocol.md section 9)."""

_LONGEST_NAME = 128
_SHOWN_DETAIL = 160


def passages_of(reader: StoreReader, origins: Origins) -> Iterator[Passage]:
    """Yield every passage about the recordings of a store."""
    yield from map(session_passage, summaries.sessions(reader, origins).to_pylist())
    yield from map(game_passage, summaries.games(reader, origins).to_pylist())
    yield from _event_passages(reader, origins)
    yield from _grouped(summaries.interruptions(reader, origins).to_pylist(), interruption_passage)
    yield from _grouped(summaries.alerts(reader, origins).to_pylist(), alert_passage)


def session_passage(line: Line) -> Passage:
    """Tell one recording session."""
    session = str(line["session_id"])
    where = line["origin"] or "a file without an origin"
    top = ", ".join(f"{_shown(name)} {int(n):,}" for name, n in line["top"])
    text = (
        f"Recording session {session} of {where}, source {line['source']}, from"
        f" {_moment(line['started_at'])} to {_moment(line['ended_at'])}"
        f" ({_span(line['ended_at'] - line['started_at'])}). {line['events']:,} events:"
        f" {line['received']:,} received, {line['sent']:,} sent. Commonest: {top}."
    )
    rows = [
        row_id("ws_event", {"session_id": session, "seq": line[end], "sub": 0})
        for end in ("first_seq", "last_seq")
    ]
    return Passage(
        id=f"session/{session}",
        collection=EVENTS,
        kind="session",
        title=f"Session of {_day(line['started_at'])}, {where}",
        text=text,
        source=f"session/{session}",
        names=(session,),
        session_id=session,
        rows=tuple(dict.fromkeys(rows)),
    )


def game_passage(line: Line) -> Passage:
    """Tell one finished game."""
    game = str(line["game_id"])
    parts = [_course(line), _evidence(line), _bets(line)]
    if line["presses"]:
        parts.append(f"{line['presses']:,} presses of buttons were recorded in it.")
    return Passage(
        id=f"game/{line['origin'] or 'import'}/{game}",
        collection=EVENTS,
        kind="game",
        title=f"Game {game} of {_day(line['started_at'] or line['ended_at'])}",
        text=" ".join(part for part in parts if part),
        source=f"game/{game}",
        names=(game,),
        game_id=game,
        session_id=str(line["session_id"]),
        rows=(row_id("game", line),),
    )


def _course(line: Line) -> str:
    rug, peak = line["rug_tick"], line["peak"]
    if rug is None:
        return "A game whose rug was not recorded."
    told = f"A {_length(rug)} game: rugged at tick {rug:,} after {rug * TICK_MS / 1000:.3g} s."
    if rug <= INSTARUG_TICKS:
        told += " An instarug: it ended at once, within its first ticks."
    if peak is not None:
        at = "" if line["peak_tick"] is None else f" at tick {line['peak_tick']:,}"
        told += f" {_height(peak)} peak: {peak:.4g}x{at}."
    if line["lowest"] is not None:
        told += f" Lowest price before the rug {line['lowest']:.4g}x."
    if line["rug_price"] is not None:
        told += f" Rug price {line['rug_price']:.4g}."
    when = line["started_at"] or line["ended_at"]
    return told if when is None else f"{told} Played {_moment(when)}."


def _evidence(line: Line) -> str:
    seed = "seed revealed" if line["has_seed"] else "seed not seen"
    told = f"Recorded as {line['completeness']}: {line['ticks_live']:,} ticks heard live, {seed}"
    if line["ticks_missing"]:
        told += f", {line['ticks_missing']:,} ticks missing"
    told += f"; rules {line['game_version']}." if line["game_version"] else "."
    return told


def _bets(line: Line) -> str:
    told = []
    if line["trade_count"] is not None:
        told.append(f"{line['trade_count']:,} trades.")
    if line["players_max"] is not None:
        told.append(f"At most {line['players_max']:,} players connected.")
    if line["bets"]:
        staked = "" if line["staked"] is None else f", {line['staked'].normalize():f} SOL staked"
        own = f", {line['own_bets']:,} of them our own" if line["own_bets"] else ""
        told.append(f"{line['bets']:,} sidebets{own}: {line['bets_won']:,} won{staked}.")
    return " ".join(told)


def _length(rug: int) -> str:
    """Name a length by the quintiles of the fair game: 44, 102, 183, 321 ticks."""
    bounds = ((44, "very short"), (102, "short"), (183, "middling"), (321, "long"))
    return next((word for most, word in bounds if rug <= most), "very long")


def _height(peak: float) -> str:
    bounds = ((2, "Low"), (5, "Moderate"), (20, "High"))
    return next((word for most, word in bounds if peak <= most), "Very high")


def _event_passages(reader: StoreReader, origins: Origins) -> Iterator[Passage]:
    lines = summaries.events(reader, origins).to_pylist()
    lines = [line for line in lines if len(line["name"]) <= _LONGEST_NAME][:MOST_EVENTS]
    profiles: dict[tuple[str, str], EventProfile] = {}
    names = sorted({str(line["name"]) for line in lines})
    for row in summaries.sampled_payloads(reader, origins, names).to_pylist():
        key = (row["name"], row["direction"])
        profile = profiles.setdefault(key, EventProfile(*key))
        payload, decoded = None, False
        with suppress(msgspec.DecodeError, RecursionError, TypeError, DecodeError):
            payload, decoded = msgspec.json.decode(_payload(row["data"])), True
        profile.add(row["ts"], row["size_bytes"], payload, decoded=decoded)
    for line in lines:
        key = (line["name"], line["direction"])
        yield from event_passages(line, profiles.get(key, EventProfile(*key)))


def _payload(text: str) -> bytes:
    """Return the payload of a record; capture files keep a trace beside it. Raises DecodeError."""
    if text.startswith("["):
        args = arguments(text)
        if args and is_trace(args[0]):
            return payload_of(args)
    return text.encode("utf-8", "surrogatepass")


def event_passages(line: Line, profile: EventProfile) -> Iterator[Passage]:
    """Tell one event as it was recorded: first what it is, then its fields in parts."""
    name, direction = str(line["name"]), str(line["direction"])
    shown = _shown(name)
    known = "read" if name in PAYLOADS else "kept whole and not read"
    intro = (
        f"{shown} as recorded here ({direction}): {line['n']:,} packets in {line['sessions']:,}"
        f" sessions from {_moment(line['first_ts'])} to {_moment(line['last_ts'])}, on average"
        f" {line['bytes'] // max(1, line['n']):,} bytes, at most {line['largest']:,}."
        f" Its payload is {known} by this product."
    )
    texts = [intro, *described_fields(profile)]
    for number, text in enumerate(texts):
        yield Passage(
            id=f"event/{direction}/{shown}" + (f"~{number + 1}" if number else ""),
            collection=EVENTS,
            kind="event",
            title=f"Recorded event {shown}" + (", its fields" if number else ""),
            text=text,
            source=f"event/{direction}/{shown}",
            names=(shown,),
            event_name=shown,
            rows=(row_id("ws_event", line),),
        )


def interruption_passage(session: str, lines: list[Line]) -> Passage:
    """Tell what went wrong while a session was recorded: gaps, lost connections, crashes."""
    told = [
        f"{line['n']:,} of kind {_shown(line['kind'])} from {_moment(line['first_ts'])} to"
        f" {_moment(line['last_ts'])}, first: {_details(line['rows'])}."
        for line in lines
    ]
    return _of_session(
        "anomaly",
        session,
        f"Gaps and faults of the recording of {_day(lines[0]['first_ts'])}",
        f"While session {session} was recorded: " + " ".join(told),
        [row_id("system_event", row) for line in lines for row in line["rows"]],
    )


def alert_passage(session: str, lines: list[Line]) -> Passage:
    """Tell which alerts were shown in a session."""
    told = [
        f"{_shown(line['alert_type'])} ({line['severity']}) {line['n']:,} times from"
        f" {_moment(line['first_ts'])} to {_moment(line['last_ts'])}"
        + (f", in games {', '.join(line['games'])}" if line["games"] else "")
        + "."
        for line in lines
    ]
    return _of_session(
        "alert",
        session,
        f"Alerts of {_day(lines[0]['first_ts'])}",
        f"Alerts shown in session {session}: " + " ".join(told),
        [row_id("alert_trigger", row) for line in lines for row in line["rows"]],
    )


def _of_session(kind: Any, session: str, title: str, text: str, rows: list[str]) -> Passage:
    return Passage(
        id=f"{kind}/{session}",
        collection=EVENTS,
        kind=kind,
        title=title,
        text=text,
        source=f"session/{session}",
        names=(session,),
        session_id=session,
        rows=tuple(rows[:MAX_ROWS]),
    )


def _grouped(lines: Iterable[Line], make: Any) -> Iterator[Passage]:
    grouped: dict[str, list[Line]] = {}
    for line in lines:
        grouped.setdefault(str(line["session_id"]), []).append(line)
    for session, found in grouped.items():
        yield make(session, found)


def _details(rows: Iterable[Line]) -> str:
    return "; ".join(f"{_moment(row['ts'])} {_shown(row['detail'])}" for row in list(rows)[:3])


def _shown(text: object) -> str:
    """Return a text from outside as one short line: it is data, and stays recognisable as such."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return line if len(line) <= _SHOWN_DETAIL else line[: _SHOWN_DETAIL - 1] + "…"


def _moment(us: int | None) -> str:
    return "an unknown time" if us is None else f"{_date(us):%Y-%m-%d %H:%M:%S} UTC"


def _day(us: int | None) -> str:
    return "an unknown day" if us is None else f"{_date(us):%Y-%m-%d}"


def _date(us: int) -> datetime:
    try:
        return datetime.fromtimestamp(us / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):  # a stamp from outside may be absurd
        return datetime.fromtimestamp(0, UTC)


def _span(us: int) -> str:
    seconds = us / 1_000_000
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.1f} seconds"
