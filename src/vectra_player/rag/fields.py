"""Say in words what packets show of an event's fields: presence, types, ranges, values. Pure.

Called by `rag.recordings`. Values a player wrote are left out by the profile itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vectra_player.store.profile_paths import EventProfile, FieldProfile

FIELDS_A_PASSAGE: Final = 8
MOST_FIELDS: Final = 96
"""Fields told of one event; deeper ones are dropped first."""

_MOST_VALUES: Final = 4
_LONGEST_VALUE: Final = 24


def described_fields(profile: EventProfile) -> Iterator[str]:
    """Yield texts that tell some fields each, shallow fields first."""
    paths = [path for path in profile.fields if path != "$"]
    paths.sort(key=lambda path: (path.count(".") + path.count("["), path))
    chosen = paths[:MOST_FIELDS]
    for start in range(0, len(chosen), FIELDS_A_PASSAGE):
        told = [
            _field(path.removeprefix("$.").removeprefix("$"), profile.fields[path], profile.count)
            for path in chosen[start : start + FIELDS_A_PASSAGE]
        ]
        yield f"Fields of {profile.name} in {profile.count:,} sampled packets: {'; '.join(told)}."


def _field(path: str, field: FieldProfile, packets: int) -> str:
    share = 100 * field.events / max(1, packets)
    kinds = " or ".join(sorted(field.types, key=lambda kind: -field.types[kind]))
    told = f"{path} {kinds}"
    if share < 100:
        told += f" in {share:.0f} %"
    if field.low is not None and field.high is not None:
        same = field.low == field.high
        told += f" {field.low:.6g}" if same else f" {field.low:.6g} to {field.high:.6g}"
    elif field.values and len(field.values) <= _MOST_VALUES:
        told += " " + "/".join(map(_cut, sorted(field.values)))
    elif field.example:
        told += f" such as {_cut(field.example)}"
    return told


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
