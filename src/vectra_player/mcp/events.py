"""`describe_event`: what the knowledge base says of an event, and what was seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from vectra_player.errors import UsageError
from vectra_player.mcp.answers import EventAnswer, FieldAnswer, Passage
from vectra_player.rag.passages import row_id
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.profile import read_profile
from vectra_player.store.profile_paths import EventProfile
from vectra_player.store.reads import StoreReader

MAX_FIELDS = 150
MAX_VALUES = 12
SAMPLES = 3


def event_answer(
    reader: StoreReader, home: DataDir, name: str, knowledge: list[Passage]
) -> list[EventAnswer]:
    """Return what is known of an event, one answer a direction it was seen in.

    Raises:
        UsageError: neither the recordings nor the knowledge base know it.
    """
    events = read_profile(home).events.values()
    seen = [event for event in events if event.name == name]
    if not seen and not knowledge:
        raise _unknown(name, {event.name for event in events})
    if not seen:
        return [EventAnswer(name, "not seen", 0, None, None, knowledge, [], 0, [])]
    return [_answer(reader, event, knowledge) for event in seen]


def _unknown(name: str, names: Iterable[str]) -> UsageError:
    near = get_close_matches(name, sorted(names), n=5, cutoff=0.4)
    advice = f"Near to it: {', '.join(near)}." if near else "vectra://events names all."
    return UsageError(f"No event {name[:80]!r} was recorded or is described.", advice=advice)


def _answer(reader: StoreReader, event: EventProfile, knowledge: list[Passage]) -> EventAnswer:
    fields = sorted(event.fields.items(), key=lambda item: (-item[1].events, item[0]))
    latest = reader.fetch(
        "SELECT session_id, seq, sub FROM ws_event_rows WHERE event_name = ? AND direction = ?"
        " ORDER BY ts DESC, session_id, seq DESC LIMIT ?",
        [event.name, event.direction, SAMPLES],
    )
    return EventAnswer(
        name=event.name,
        direction=event.direction,
        packets=event.count,
        first_seen=iso(event.first_ts),
        last_seen=iso(event.last_ts),
        knowledge=knowledge,
        fields=[
            FieldAnswer(
                path=path,
                presence=round(field.events / max(1, event.count - event.undecodable), 4),
                types=sorted(field.types),
                low=field.low,
                high=field.high,
                values=None if not field.values else sorted(field.values)[:MAX_VALUES],
                example=field.example,
            )
            for path, field in fields[:MAX_FIELDS]
        ],
        fields_left_out=max(0, len(fields) - MAX_FIELDS),
        rows=[row_id("ws_event", row) for row in latest.to_pylist()],
    )
