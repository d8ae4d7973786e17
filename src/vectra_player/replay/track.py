"""What lies where in a recording: its steps, the ticks nobody recorded, and what deserves a mark.

Pure; fed by `replay.recording` with every event and the states around it.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from vectra_player.live.live_state import LiveState
from vectra_player.model.units import Tick
from vectra_player.protocol.game_payloads import GameState, NewTrade
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event

ORDERS = frozenset({"buyOrder", "sellOrder", "requestSidebet"})
_RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)


class Step(Struct, frozen=True, gc=False):
    """A frame that moved a game on; `tick` None in the countdown. Position: events up to it."""

    position: int
    game_id: str
    tick: Tick | None


class Gap(Struct, frozen=True, gc=False):
    """Something that was not recorded, at a position.

    Ticks `from_tick` to `to_tick` had no frame of their own; `prices_known` where later frames
    told their prices all the same. Without ticks it is what the recorder itself noted.
    """

    position: int
    game_id: str | None
    reason: str
    from_tick: Tick | None = None
    to_tick: Tick | None = None
    prices_known: bool = False


class Mark(Struct, frozen=True, gc=False):
    """Something to find again on a time line; `name` is the event's, for own actions."""

    position: int
    kind: Literal["start", "rug", "settled", "own", "gap"]
    game_id: str | None
    tick: Tick | None
    name: str = ""


class _GapFact(Struct):
    missing: str | None = None
    reason: str | None = None


class _Missing(Struct):
    position: int
    game_id: str
    first: Tick
    last: Tick


class Tracker:
    """Collects steps, gaps and marks while a recording is read through once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.gaps: list[Gap] = []
        self.marks: list[Mark] = []
        self._games: set[str] = set()
        self._missing: list[_Missing] = []

    def see(self, position: int, event: Event, before: LiveState, after: LiveState) -> None:
        """Take in an event: the `position`-th, from 1."""
        if event.kind == "fact":
            self._fact(position, event, after)
        elif isinstance(event.payload, GameState):
            self._frame(position, event.payload, before, after)
        elif _is_own(event, after):
            self._mark(position, "own", after, event.name)

    def end(self, last: LiveState) -> None:
        """Close what is still open."""
        self._settle_missing(last)
        self.gaps.sort(key=lambda gap: gap.position)

    def _frame(self, position: int, update: GameState, before: LiveState, after: LiveState) -> None:
        revealed = after.settled_game_id
        if revealed != before.settled_game_id and revealed in self._games:
            self.marks.append(Mark(position, "settled", revealed, None))
        if before.game_id != after.game_id:
            self._settle_missing(before)
        if update.game_id != after.game_id or after.game_id is None:
            return  # came late: it moved nothing on
        running = after.game_phase in _RUNNING
        tick = after.tick if running else None
        if running and (before.game_id != after.game_id or before.game_phase not in _RUNNING):
            if after.tick == 0 or before.game_id == after.game_id:
                self._mark(position, "start", after)
            self._note_missing(position, after, 0)
        elif running and before.tick is not None:
            self._note_missing(position, after, before.tick + 1)
        if after.game_phase is GamePhase.RUGGED and before.game_phase is not GamePhase.RUGGED:
            self._mark(position, "rug", after)
        if before.round != after.round or before.tick != after.tick:
            self.steps.append(Step(position, after.game_id, tick))
            self._games.add(after.game_id)

    def _note_missing(self, position: int, after: LiveState, expected: Tick) -> None:
        if after.tick is not None and after.game_id is not None and after.tick > expected:
            self._missing.append(_Missing(position, after.game_id, expected, after.tick - 1))

    def _settle_missing(self, state: LiveState) -> None:
        """Note the gaps of a game once all its frames told what they know."""
        for gap in self._missing:
            told = state.prices[gap.first : gap.last + 1]
            known = len(told) == gap.last - gap.first + 1 and None not in told
            self.gaps.append(
                Gap(gap.position, gap.game_id, "not recorded", gap.first, gap.last, known)
            )
            self.marks.append(Mark(gap.position, "gap", gap.game_id, gap.first))
        self._missing.clear()

    def _fact(self, position: int, event: Event, after: LiveState) -> None:
        if event.name == "vectra.gap":
            self.gaps.append(Gap(position, after.game_id, _reason(event.data)))
            self._mark(position, "gap", after)

    def _mark(
        self,
        position: int,
        kind: Literal["start", "rug", "own", "gap"],
        state: LiveState,
        name: str = "",
    ) -> None:
        self.marks.append(Mark(position, kind, state.game_id, state.tick, name))


def _reason(detail: bytes) -> str:
    """Say in words what a gap fact tells."""
    try:
        told = msgspec.json.decode(detail, type=_GapFact)
    except msgspec.DecodeError:
        return "a gap was noted"
    return ": ".join(part for part in (told.missing, told.reason) if part) or "a gap was noted"


def _is_own(event: Event, state: LiveState) -> bool:
    if event.direction == "sent":
        return event.name in ORDERS
    if event.name == "currentSidebet":
        return True
    trade = event.payload
    return isinstance(trade, NewTrade) and trade.player_id == state.player_id is not None
