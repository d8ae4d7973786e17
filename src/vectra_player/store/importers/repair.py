"""Find the records inside a line that two writers overlaid, or that was cut off.

Two programs wrote one file without locking: a record's end was overwritten by the next record,
so a line reads `{"type": "tick", ..., "trade_count": 0{"type": "tick", ...}`. The rules:

1. A complete JSON object that begins like a record is a record, its text unchanged.
2. An object whose end was overwritten by the beginning of another one keeps its whole fields and
   gets a closing brace, nothing else. A field is whole when its comma is there, or when its value
   cannot have gone on: a closed string, `true`, `false`, `null`, and `0` in a field of integers.
   A number that runs into the overwriting text is dropped, for digits may be missing.
3. Which fields may be missing is for the format to say; what lacks another stays in quarantine.

Nothing is guessed. (One record's beginning joined to another's end so that the whole is JSON cannot
be told from a record; none is known to exist.) Pure; used by `store.importers` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

MAX_SCANNED_BYTES = 256 << 20
"""Bound on work for one bad line: an attempt to parse costs its length."""

_DECODER = json.JSONDecoder()
_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
_FIELD = re.compile(
    rf"[ ]*({_STRING})[ ]*:[ ]*(?:({_STRING}|true|false|null)|(-?\d[\d.eE+-]*))[ ]*(,|$)?"
)


class Piece(Struct, frozen=True):
    """A stretch of a bad line: a whole object, or one that was overwritten by the next."""

    text: str
    whole: bool


def pieces(text: str, first_keys: frozenset[str]) -> Iterator[Piece]:
    """Yield the objects that begin with one of the keys, in order, without overlap."""
    start_of = re.compile(r'\{\s*"(?:' + "|".join(map(re.escape, sorted(first_keys))) + r')"\s*:')
    budget = MAX_SCANNED_BYTES
    match = start_of.search(text)
    while match and budget > 0:
        start = match.start()
        end, looked_at = _object_end(text, start)
        budget -= looked_at
        if end is not None:
            yield Piece(text[start:end], whole=True)
            match = start_of.search(text, end)
            continue
        match = start_of.search(text, match.end())
        if match:
            yield Piece(text[start : match.start()], whole=False)


def _object_end(text: str, start: int) -> tuple[int | None, int]:
    """Return where the object ends (None: it does not) and how many characters that cost."""
    try:
        _, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return None, error.pos - start + 64
    except (ValueError, RecursionError):
        return None, 1 << 16
    return end, end - start


def whole_fields(text: str, integers: frozenset[str]) -> tuple[str, frozenset[str]]:
    """Return a flat object's whole fields, closed again, and their names (rule 2)."""
    position = text.index("{") + 1
    end = 0
    names: list[str] = []
    while match := _FIELD.match(text, position):
        name = match[1][1:-1]
        number = match[3]
        cut = match[4] != ","
        if number is not None and cut and not (number == "0" and name in integers):
            break
        names.append(name)
        end = match.end(3) if number is not None else match.end(2)
        position = match.end()
        if cut:
            break
    if len(set(names)) != len(names):
        return "", frozenset()
    return text[:end] + "}", frozenset(names)
