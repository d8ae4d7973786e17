"""The whole of a recording in one line: phases, trades, sidebets, own actions, gaps by time.

Pure. `LineTracker` is fed by `replay.recording` while it reads a recording through; `line_of` gives
what a page draws under its slider.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from vectra_player.errors import DecodeError
from vectra_player.live.live_state import LiveState
from vectra_player.model.units import Millis, Tick
from vectra_player.protocol.game_payloads import (
    GameState,
    NewTrade,
    SidebetEvent,
    SidebetRecord,
    history_entries,
)
from vectra_player.protocol.rugs import Event

if TYPE_CHECKING:
    from vectra_player.replay.recording import Recording

MOST_TRADES = 2_000
MOST_BETS = 500
_BUYS = frozenset({"buy", "short_close"})

BetEnd = Literal["won", "lost", "unknown"]


class PhaseStart(Struct, frozen=True, gc=False):
    """A phase of a game begins; position: events up to it."""

    position: int
    game_id: str | None
    phase: str


class Deal(Struct, frozen=True, gc=False):
    """A trade of anybody, at a position."""

    position: int
    buys: bool
    own: bool


class Window(Struct, frozen=True, gc=False):
    """A sidebet of anybody, in ticks of its game."""

    game_id: str
    start_tick: Tick
    end_tick: Tick
    own: bool
    outcome: BetEnd


class Span(Struct, frozen=True, gc=False):
    """A stretch of the line in ms; `what`: a phase, an outcome, or why it is missing."""

    from_ms: Millis
    to_ms: Millis
    what: str
    own: bool = False


class Point(Struct, frozen=True, gc=False):
    """A moment of the line in ms; `what`: buy, sell, rug, or the event of an own action."""

    at_ms: Millis
    what: str
    own: bool = False


class ReplayLine(Struct, frozen=True):
    """What lies where in a replay, in ms at speed 1. `own`: where the account acted."""

    length_ms: Millis
    phases: list[Span]
    sidebets: list[Span]
    gaps: list[Span]
    trades: list[Point]
    rugs: list[Point]
    own: list[Point]


class LineTracker:
    """Collects phases, trades and sidebets while a recording is read through once."""

    def __init__(self) -> None:
        self.phases: list[PhaseStart] = []
        self.deals: list[Deal] = []
        self._bets: dict[tuple[str, str, Tick], Window] = {}

    @property
    def windows(self) -> list[Window]:
        """Return the sidebets, own ones first."""
        return sorted(self._bets.values(), key=lambda bet: (not bet.own, bet.start_tick))

    def see(self, position: int, event: Event, before: LiveState, after: LiveState) -> None:
        """Take in an event: the `position`-th, from 1."""
        if (before.game_phase, before.game_id) != (after.game_phase, after.game_id):
            self.phases.append(PhaseStart(position, after.game_id, after.game_phase.value))
        told = event.payload
        if event.direction == "sent" or event.kind != "event":
            return
        if isinstance(told, NewTrade):
            own = told.player_id == after.player_id is not None
            if own or len(self.deals) < MOST_TRADES:
                self.deals.append(Deal(position, told.type in _BUYS, own))
        elif isinstance(told, SidebetEvent):
            self._bet(told.game_id or after.game_id, told, after)
        elif isinstance(told, GameState) and before.settled_game_id != after.settled_game_id:
            self._revealed(told, after)

    def _revealed(self, told: GameState, state: LiveState) -> None:
        with suppress(DecodeError):  # the marks of that game stay those told live
            for entry in history_entries(told):
                if entry.id == state.settled_game_id:
                    for record in entry.global_sidebets:
                        self._bet(entry.id, record, state)

    def _bet(self, game_id: str | None, told: SidebetEvent | SidebetRecord, now: LiveState) -> None:
        start, end = told.start_tick, told.end_tick
        if isinstance(told, SidebetRecord) and start is None:
            start, end = told.started_at_tick, told.end
        if game_id is None or told.player_id is None or start is None or end is None:
            return
        key = (game_id, told.player_id, start)
        known = self._bets.get(key)
        own = told.player_id == now.player_id or (known is not None and known.own)
        if known is None and not own and len(self._bets) >= MOST_BETS:
            return
        if told.payout is None:
            outcome: BetEnd = "unknown" if known is None else known.outcome
        else:
            outcome = "won" if told.payout > 0 else "lost"
        self._bets[key] = Window(game_id, start, end, own, outcome)


class _Places:
    """Where the ticks of each game are shown, in ms."""

    def __init__(self, recording: Recording) -> None:
        self._times = recording.times
        self._ticks: dict[str, list[tuple[Tick, int]]] = {}
        for step in recording.steps:
            ticks = self._ticks.setdefault(step.game_id, [])
            if step.tick is not None and (not ticks or ticks[-1][0] < step.tick):
                ticks.append((step.tick, step.position))

    def of(self, position: int) -> Millis:
        """Return when the event at a position is shown, in whole ms that reach it."""
        return -(-self._times[position - 1] // 1000) if position else 0

    def of_tick(self, game_id: str | None, tick: Tick) -> Millis | None:
        """Return when a tick is shown, or the one before it; None: nothing of the game is."""
        ticks = self._ticks.get(game_id or "")
        if not ticks:
            return None
        return self.of(ticks[max(0, bisect_right(ticks, tick, key=_first) - 1)][1])


def line_of(recording: Recording) -> ReplayLine:
    """Return what lies where in a recording."""
    places = _Places(recording)
    marks = recording.marks
    return ReplayLine(
        length_ms=recording.length_us // 1000,
        phases=list(_phases(recording, places)),
        sidebets=list(_sidebets(recording, places)),
        gaps=list(_gaps(recording, places)),
        trades=[
            Point(places.of(deal.position), "buy" if deal.buys else "sell", deal.own)
            for deal in recording.deals
        ],
        rugs=[Point(places.of(mark.position), "rug") for mark in marks if mark.kind == "rug"],
        own=[
            Point(places.of(mark.position), mark.name, own=True)
            for mark in marks
            if mark.kind == "own"
        ],
    )


def _phases(recording: Recording, places: _Places) -> Iterator[Span]:
    ends = [*(start.position for start in recording.phases[1:]), len(recording.events)]
    for start, end in zip(recording.phases, ends, strict=True):
        yield Span(places.of(start.position), places.of(end), start.phase)


def _sidebets(recording: Recording, places: _Places) -> Iterator[Span]:
    for bet in recording.windows:
        first = places.of_tick(bet.game_id, bet.start_tick)
        last = places.of_tick(bet.game_id, bet.end_tick)
        if first is not None and last is not None:
            yield Span(first, last, bet.outcome, bet.own)


def _gaps(recording: Recording, places: _Places) -> Iterator[Span]:
    for gap in recording.gaps:
        end = places.of(gap.position)
        first = None if gap.from_tick is None else places.of_tick(gap.game_id, gap.from_tick)
        yield Span(end if first is None else min(first, end), end, gap.reason)


def _first(pair: tuple[Tick, int]) -> Tick:
    return pair[0]
