"""What was recorded and is not in the known protocol, or is there in another form. Pure.

The known protocol is `protocol.known`. Fields of events known by name alone are not judged, nor is
what lies below a field that is kept as raw JSON.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import inspect

from vectra_player.protocol.known import NAMES, payload_type
from vectra_player.store.profile import OTHER_EVENTS, StoreProfile
from vectra_player.store.profile_paths import EventProfile, FieldProfile, Sighting

DriftKind = Literal["new event", "new field", "type change", "vanished field"]

VANISHED_US = 86_400_000_000
"""A field that was usual and is missing for a day while what held it goes on has vanished."""

USUAL = 0.5
MAX_DEPTH = 12
_MAY_LACK = frozenset({"null", "array"})
_TRACE = frozenset({"$[].__trace", "$[].traceparent", "$.__trace", "$.traceparent"})
"""The envelope of traced events, which is an argument of its own (protocol.md section 1.2)."""

_ANY = "*"
_KINDS: dict[type[inspect.Type], tuple[str, ...]] = {
    inspect.NoneType: ("null",),
    inspect.BoolType: ("boolean",),
    inspect.IntType: ("integer",),
    inspect.FloatType: ("number", "integer"),
    inspect.StrType: ("string",),
    inspect.DecimalType: ("string", "number", "integer"),
}
_PLUMBING = ("vectra.", "legacy.", "history.")
_PACKETS = frozenset({"open", "close", "ping", "pong", "upgrade", "noop", "connect", "ack"})


class Drift(msgspec.Struct, frozen=True):
    """One difference. `ts`: when it was first seen, or last seen if it vanished; microseconds.

    `session_id` is the session that shows it there.
    """

    kind: DriftKind
    event: str
    direction: str
    path: str
    words: str
    ts: int
    session_id: str | None = None


class Known(NamedTuple):
    """Kinds of JSON each path of a payload may have; `open` paths hold anything below.

    The last part of a path is `*` where keys are data: every key has these kinds.
    """

    kinds: dict[str, frozenset[str]]
    open: frozenset[str]


@cache
def known_fields(payload: type[msgspec.Struct]) -> Known:
    """Return the paths of a payload type in the spelling of the profile, `$` for itself."""
    kinds: dict[str, set[str]] = {}
    wide: set[str] = set()
    for path, kind in _walk("$", inspect.type_info(payload), 0):
        if kind == _ANY:
            wide.add(path)
        else:
            kinds.setdefault(path, set()).add(kind)
    return Known({path: frozenset(found) for path, found in kinds.items()}, frozenset(wide))


def drift(profile: StoreProfile) -> list[Drift]:
    """Return every difference between what was recorded and the known protocol, newest first."""
    found = [line for event in profile.events.values() for line in _of_event(event)]
    return sorted(found, key=lambda line: (-line.ts, line.event, line.path))


def _of_event(event: EventProfile) -> Iterator[Drift]:
    if event.name == OTHER_EVENTS or event.name in _PACKETS or event.name.startswith(_PLUMBING):
        return
    if event.name not in NAMES:
        words = f"{event.name} is not in the known protocol"
        seen = Sighting(event.first_ts, event.first_session)
        yield _line("new event", event, "$", words, seen)
        return
    payload = payload_type(event.name)
    if payload is None:
        return
    known = known_fields(payload)
    for path, field in event.fields.items():
        yield from _of_field(event, known, path, field)


def _of_field(event: EventProfile, known: Known, path: str, field: FieldProfile) -> Iterator[Drift]:
    spelt = _without_arguments(path)
    if path in _TRACE or any(
        spelt == wide or spelt.startswith((f"{wide}.", f"{wide}[")) for wide in known.open
    ):
        return
    told = known.kinds.get(spelt) or known.kinds.get(f"{parent_of(spelt)}.{_ANY}")
    if told is None:
        if parent_of(spelt) in known.kinds:
            words = f"{_kinds(field)}, first seen {_day(field.first_ts)}"
            yield _line("new field", event, path, words, _earliest(field, field.types))
        return
    odd = sorted(set(field.types) - told - ({"array"} if path == "$" else set()))
    if odd:
        words = f"{', '.join(odd)} where {', '.join(sorted(told))} is known"
        yield _line("type change", event, path, words, _earliest(field, odd))
    parent = event.fields.get(parent_of(path), field)
    usual = field.events >= USUAL * parent.events and not _MAY_LACK & set(parent.types)
    if usual and parent.last_ts - field.last_ts > VANISHED_US:
        until = _day(parent.last_ts)
        words = f"last seen {_day(field.last_ts)}; what holds it goes on until {until}"
        gone = Sighting(field.last_ts, field.last_session)
        yield _line("vanished field", event, path, words, gone)


def _line(kind: DriftKind, event: EventProfile, path: str, words: str, seen: Sighting) -> Drift:
    session = seen.session_id or None
    return Drift(kind, event.name, event.direction, path, words, seen.ts, session)


def _earliest(field: FieldProfile, kinds: Iterable[str]) -> Sighting:
    """Return where any of these types of a field was seen first."""
    return min(field.first[kind] for kind in kinds)


def _without_arguments(path: str) -> str:
    """Return a path of the payload: some captures keep an event's arguments as a list."""
    return path.replace("$[]", "$", 1) if path.startswith("$[]") else path


def parent_of(path: str) -> str:
    """Return the path a field lies in."""
    return path[:-2] if path.endswith("[]") else path.rpartition(".")[0]


def _kinds(field: FieldProfile) -> str:
    return ", ".join(sorted(field.types))


def _day(ts: int) -> str:
    return str(dt.datetime.fromtimestamp(ts / 1e6, dt.UTC).date())


def _walk(path: str, kind: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (path, kind of JSON) of a type; `*` where anything may stand."""
    if depth > MAX_DEPTH:
        yield path, _ANY
    elif isinstance(kind, inspect.Metadata):
        yield from _walk(path, kind.type, depth)
    elif isinstance(kind, inspect.UnionType):
        for part in kind.types:
            yield from _walk(path, part, depth)
    elif isinstance(kind, inspect.LiteralType):
        for value in kind.values:
            yield path, "string" if isinstance(value, str) else "integer"
    else:
        yield from _walk_inside(path, kind, depth + 1)


def _walk_inside(path: str, kind: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the kind of one plain type or container, and what lies in it."""
    if isinstance(kind, inspect.StructType):
        yield path, "object"
        for field in kind.fields:
            yield from _walk(f"{path}.{field.encode_name}", field.type, depth)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        yield path, "array"
        yield from _walk(f"{path}[]", kind.item_type, depth)
    elif isinstance(kind, inspect.DictType):
        yield path, "object"
        yield from _walk(f"{path}.{_ANY}", kind.value_type, depth)
    else:
        for name in _KINDS.get(type(kind), (_ANY,)):
            yield path, name
