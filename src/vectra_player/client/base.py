"""What every event of the feed has, and how its fields are read from a payload.

Pure. Used by `events` and `decode` only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

import msgspec

from vectra_player.model.units import Tick, to_sol

Reads: TypeAlias = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""Field of a class to (key of the payload, how it is read)."""


def text(value: Any) -> str | None:
    """Read a text."""
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Read a number."""
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if told else None


def integer(value: Any) -> int | None:
    """Read a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def flag(value: Any) -> bool | None:
    """Read true or false."""
    return value if isinstance(value, bool) else None


def sol(value: Any) -> Decimal | None:
    """Read an amount of SOL; one that nobody can own is None."""
    try:
        return None if number(value) is None else to_sol(value)
    except ArithmeticError:
        return None


def prices(value: Any) -> tuple[float | None, ...] | None:
    """Read prices by tick, with None where none is told."""
    return tuple(number(price) for price in value) if isinstance(value, list) else None


class Origin(msgspec.Struct, frozen=True):
    """The stored row a message was made of."""

    session_id: str
    seq: int
    sub: int = 0


class FeedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Any message of the feed. `ts`: ms since the epoch, UTC; `seq`: its place in the stream."""

    reads: ClassVar[Reads] = {}

    type: str
    ts: int
    game_id: str | None = None
    seq: int
    data: dict[str, Any]
    src: Origin | None = None


MOMENT: Reads = {"phase": ("phase", text), "tick": ("tick", integer), "own": ("own", flag)}


class GameEvent(FeedEvent, frozen=True, kw_only=True):
    """A message with its moment in the game; `own`: it is about the account itself."""

    reads: ClassVar[Reads] = MOMENT

    phase: str | None = None
    tick: Tick | None = None
    own: bool | None = None
