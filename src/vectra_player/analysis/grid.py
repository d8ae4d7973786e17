"""Which variants a sweep tries: a grid of parameter values, whole or a random part of it.

Used by `analysis.sweep` and its command. A grid is never laid out in memory: variant k is worked
out from k, so a grid may be far larger than what is tried of it.
"""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from vectra_player.errors import UsageError

Value = int | float | bool | str

MOST_VALUES = 100_000
MOST_VARIANTS = 1_000_000

_FORM = "Write --grid name=start:stop:step or --grid name=value,value."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_WORDS: dict[str, bool] = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and the values it takes, in order; `text` is how they were typed."""

    name: str
    values: tuple[Value, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """All combinations of the axes' values; the last axis changes fastest."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """Return the number of combinations."""
        return math.prod(len(axis.values) for axis in self.axes)

    def variant(self, number: int) -> dict[str, Value]:
        """Return the parameters of variant `number`, from 0."""
        values: dict[str, Value] = {}
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            values[axis.name] = axis.values[place]
        return {axis.name: values[axis.name] for axis in self.axes}

    def choose(self, count: int | None, seed: int) -> list[int]:
        """Return the numbers to try in rising order: all, or `count` drawn without repeats.

        Raises UsageError where more than a million would be tried, or less than one.
        """
        size = self.size
        if count is not None and count < 1:
            raise UsageError(f"{count} variants cannot be drawn.", advice="Draw one or more.")
        wanted = size if count is None else min(count, size)
        if wanted > MOST_VARIANTS:
            raise UsageError(
                f"{wanted:,} variants are too many, {MOST_VARIANTS:,} is the limit.",
                advice="Make the steps coarser, or draw some of them with --random 10000.",
            )
        if wanted == size:
            return list(range(size))
        source = random.Random(seed)  # noqa: S311 -- no secret
        if size <= sys.maxsize:
            return sorted(source.sample(range(size), wanted))
        drawn: set[int] = set()
        while len(drawn) < wanted:
            drawn.add(source.randrange(size))
        return sorted(drawn)


def parse_grid(texts: Sequence[str]) -> Grid:
    """Read axes as they are typed.

    Raises UsageError for a form that cannot be read, an empty axis, or a name given twice.
    """
    axes = tuple(_axis(text) for text in texts)
    if not axes:
        raise UsageError("A sweep needs a parameter to vary.", advice=_FORM)
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is given twice.", advice="List all its values in one place.")
    return Grid(axes)


def _axis(text: str) -> Axis:
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not _NAME.fullmatch(name) or not values.strip():
        raise UsageError(f"{text!r} is no axis of a grid.", advice=_FORM)
    found = _range(text, values) if ":" in values else _list(text, values)
    if len(set(found)) != len(found):
        raise UsageError(f"{text!r} names a value twice.", advice="Name each value once.")
    return Axis(name, found, values.strip())


def _range(text: str, values: str) -> tuple[Value, ...]:
    parts = [_decimal(text, part) for part in values.split(":")]
    if len(parts) not in (2, 3):
        raise UsageError(f"{text!r} is no range.", advice=_FORM)
    start, stop, step = parts[0], parts[1], parts[2] if len(parts) == 3 else Decimal(1)
    if step <= 0 or stop < start:
        raise UsageError(
            f"{text!r} has no values.", advice="The step is above zero and stop not below start."
        )
    count = int((stop - start) / step) + 1
    if count > MOST_VALUES:
        raise UsageError(f"{text!r} has {count:,} values.", advice="Make the step larger.")
    return tuple(_plain(start + step * number) for number in range(count))


def _list(text: str, values: str) -> tuple[Value, ...]:
    words = [word.strip() for word in values.split(",")]
    if not all(words):
        raise UsageError(f"{text!r} has an empty value.", advice=_FORM)
    return tuple(_value(word) for word in words)


def _value(word: str) -> Value:
    if word in _WORDS:
        return _WORDS[word]
    try:
        number = Decimal(word)
    except InvalidOperation:
        return word
    return _plain(number) if number.is_finite() else word


def _decimal(text: str, word: str) -> Decimal:
    try:
        number = Decimal(word.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise UsageError(f"{word.strip()!r} in {text!r} is no number.", advice=_FORM)
    return number


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
