"""Builders for the tests of replays: made-up recordings, a clock, and a stage that notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.live_support import GAME, T0, cooldown, entry, packet, reset, rug, rug_history, tick

from vectra_player.live.live_state import LiveState
from vectra_player.model.frame import Frame, StoredFrame, fact
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import Event
from vectra_player.replay.player import Player, ReplayStatus
from vectra_player.replay.recording import Material, Recording, make_recording

PRICES = [1.0, 1.01, 1.05, 1.1, 1.02, 0.99, 1.2, 0.0198]
AFTER = "20251215-1a211bfc7caf41d6"


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now_us(self) -> int:
        return T0 + int(self.seconds * 1e6)

    def monotonic(self) -> float:
        return self.seconds


class NotingStage:
    """Notes what a player shows."""

    def __init__(self) -> None:
        self.shown: list[Event] = []
        self.states: list[LiveState] = []
        self.jumps: list[LiveState] = []
        self.statuses: list[ReplayStatus] = []
        self.watching = 0
        self.closed = False

    def show(self, event: Event, before: LiveState, after: LiveState) -> None:
        self.shown.append(event)
        self.states.append(after)

    def jump(self, state: LiveState, position: int) -> None:
        self.jumps.append(state)

    def tell(self, status: ReplayStatus) -> None:
        self.statuses.append(status)

    def watchers(self) -> int:
        return self.watching

    def close(self) -> None:
        self.closed = True


def game_frames(
    game: str = GAME, prices: Sequence[float] = PRICES, following: str = AFTER
) -> list[dict[str, Any]]:
    """A whole round as the server sends it, the reset frame that reveals it included."""
    series = list(prices)
    return [
        *(cooldown(timer, game) for timer in range(1000, 0, -100)),
        *(tick(number, series, game) for number in range(len(series) - 1)),
        rug(series, game),
        rug_history(series, game),
        reset([entry(series, game)], following),
    ]


def rows_of_frames(
    frames: Sequence[dict[str, Any]], *, step_us: int = 250_000, source: str = "public_ws"
) -> list[WsEvent]:
    """Store frames one after the other, `step_us` apart."""
    return [
        row(packet("gameStateUpdate", frame, ts=T0 + number * step_us), number + 1, source=source)
        for number, frame in enumerate(frames)
    ]


def row(frame: Frame, seq: int, *, session: str = "session", source: str = "") -> WsEvent:
    described = describe(StoredFrame(session, seq, frame))
    if not source:
        return described
    import msgspec

    return msgspec.structs.replace(described, source=source)


def fact_row(kind: str, detail: object, seq: int, ts: int = T0) -> WsEvent:
    return row(fact(kind, detail, ts=ts, source="public_ws"), seq)


def recording(rows: Sequence[WsEvent] | None = None, **known: Any) -> Recording:
    """A recording of rows; without any, of one whole game."""
    found = rows_of_frames(game_frames()) if rows is None else list(rows)
    return make_recording(Material(title="made up", rows=found, **known))


def player(
    of: Recording | None = None, *, speed: float = 1.0
) -> tuple[Player, NotingStage, FakeClock]:
    stage, clock = NotingStage(), FakeClock()
    return Player("r1", of or recording(), stage, clock, speed=speed), stage, clock


def finish(one: Player, clock: FakeClock) -> None:
    """Play to the end, a moment at a time."""
    one.play()
    while (wait := one.advance()) is not None:
        clock.seconds += max(wait, 1e-6)


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
