"""What passes between `strategy.isolated` and its child: the messages, their framing, the beat.

Messages are msgpack behind their length. The beat is shared memory: when the running call of the
strategy began (0.0: none runs) and at which tick.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.model.units import Micros, Sol, Tick
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import Decision, GameResult, Outcome, Stopped

CALL_LIMIT_S = 1.0
"""How long one call of a strategy may take."""

BEAT_BYTES = mmap.PAGESIZE

_HEAD = struct.Struct("<I")
_BEAT = struct.Struct("<dq")


class Setup(Struct, frozen=True, kw_only=True):
    """What a run is made of, in a form that reaches another process."""

    strategy: str
    params: dict[str, Any] = {}
    folder: str | None = None
    cash: Sol
    latency_ms: tuple[float, ...] = (0.0,)
    rug_payout: RugPayout = RUG_PAYOUT
    limits: Limits = NO_LIMITS
    seed: int = 0
    call_limit_s: float = CALL_LIMIT_S


class Play(Struct, tag="play", frozen=True):
    """A whole game; `prices` are the bytes of float64."""

    game_id: str
    prices: bytes
    rug_tick: Tick
    ended_us: Micros | None


class Step(Struct, tag="step", frozen=True):
    """One step of a game."""

    market: Market


class Finish(Struct, tag="finish", frozen=True):
    """Close the books."""


Request: TypeAlias = Play | Step | Finish


class Report(Struct, frozen=True, kw_only=True):
    """What happened since the last report."""

    decisions: list[Decision] = []
    outcomes: list[Outcome] = []
    games: list[GameResult] = []
    stopped: Stopped | None = None
    cash: Sol


class Started(Struct, frozen=True):
    """The strategy is there, or why it is not."""

    name: str = ""
    params: dict[str, Any] = {}
    problem: str = ""
    advice: str = ""


def write_beat(beat: mmap.mmap, began: float, tick: Tick) -> None:
    """Note that a call began at this monotonic time, or with 0.0 that none runs."""
    _BEAT.pack_into(beat, 0, began, tick)


def read_beat(beat: mmap.mmap) -> tuple[float, Tick]:
    """Return when the running call began, 0.0 for none, and its tick."""
    began, tick = _BEAT.unpack_from(beat)
    return began, tick


def write_message(descriptor: int, message: Struct) -> None:
    """Write a whole message. Raises BrokenPipeError when nobody reads."""
    body = msgspec.msgpack.encode(message)
    view = memoryview(_HEAD.pack(len(body)) + body)
    while view:
        view = view[os.write(descriptor, view) :]


def read_message(descriptor: int) -> bytes:
    """Wait for the next message and return its body. Raises EOFError when the writer is gone."""
    (size,) = _HEAD.unpack(_read(descriptor, _HEAD.size))
    return _read(descriptor, size)


def _read(descriptor: int, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = os.read(descriptor, min(size - len(received), 1 << 20))
        if not part:
            raise EOFError
        received += part
    return bytes(received)
