"""Small values as the game's server writes them: numbers, stamps, ids, traces. Pure."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

Payload = dict[str, Any]

SOL_MINT = "So11111111111111111111111111111111111111112"
PRACTICE_MINT = "0xPractice"


class Emission(NamedTuple):
    """One event of the public feed, due `at_ms` after the start in game time.

    `cue` tells the server what else is due: "" nothing, "state" a gameStateUpdate, "start",
    "tick", "rug" and "reset" such a frame; "settle" is no event but the moment at which personal
    results are known, ahead of the public rug frame.
    """

    at_ms: float
    name: str
    args: tuple[Any, ...]
    cue: str = ""


class Stamps(NamedTuple):
    """The server's clock: wall milliseconds of a moment of game time."""

    origin_ms: int
    speed: float

    def at(self, sim_ms: float) -> int:
        """Return milliseconds since the epoch."""
        return self.origin_ms + round(sim_ms / self.speed)


def number(value: float | Decimal) -> float | int:
    """Return a number as JavaScript writes it: integers without a fraction."""
    exact = float(value)
    return int(exact) if exact.is_integer() else exact


def numbers(values: Sequence[float]) -> list[float | int]:
    """Return a list of numbers as JavaScript writes them."""
    return [number(value) for value in values]


def stream(*parts: object) -> random.Random:
    """Return a reproducible source of chance that no other purpose draws from."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - a show, no secret


def digest(*parts: object) -> str:
    """Return 64 hex digits that depend on the parts alone."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def new_uuid(rng: random.Random) -> str:
    """Return a version 4 UUID drawn from `rng`."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def new_trace(rng: random.Random, trace_id: str | None = None) -> Payload:
    """Return the telemetry argument of a traced event, joined to `trace_id` when given."""
    trace = trace_id or f"{rng.getrandbits(128):032x}"
    return {"__trace": True, "traceparent": f"00-{trace}-{rng.getrandbits(64):016x}-01"}


def trace_id_of(argument: object) -> str | None:
    """Return the 32 hex digits of a telemetry argument, None for any other value."""
    if isinstance(argument, dict) and argument.get("__trace") is True:
        parts = str(argument.get("traceparent", "")).split("-")
        return parts[1] if len(parts) == 4 else ""
    return None


def payload_of(args: Sequence[Any]) -> tuple[Any, str | None]:
    """Split a client's arguments into payload (None when absent) and trace id."""
    trace = trace_id_of(args[0]) if args else None
    rest = args[1:] if trace is not None else args
    return (rest[-1] if rest else None), trace or None


def iso(stamp_ms: int) -> str:
    """Return a server stamp as the wire writes times of events."""
    moment = datetime.fromtimestamp(stamp_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp_ms % 1000:03d}Z"


class WireJson:
    """JSON for the socket library: compact, fast, and `msgspec.Raw` goes through as it is."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """Encode a packet's data."""
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Decode a packet's data. Raises ValueError for malformed JSON."""
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from None
