"""Play a recording: the reducer of live, the messages of live, at any speed and from any tick.

Used by `replay.sessions`; belongs to one event loop. What is shown goes to a `Stage`, which makes
messages of it; the player knows neither messages nor clients. Playing on from a seek shows exactly
what playing from the start would have shown from there.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol, TypeVar

from msgspec import Struct

from vectra_player.clock import Clock
from vectra_player.errors import UsageError
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.units import Micros, Tick
from vectra_player.protocol.rugs import Event
from vectra_player.replay.pacer import Pacer
from vectra_player.replay.recording import Recording
from vectra_player.replay.track import Gap

M = TypeVar("M")

SLICE_EVENTS = 64
"""Shown before the event loop gets its turn again, however late the player is."""

STATUS_EVERY_S = 1.0
MOST_GAPS = 50
"""Told in a status; the recording knows all of them."""


class PlayState(StrEnum):
    """What a player is doing."""

    playing = "playing"
    paused = "paused"
    ended = "ended"


class ReplayStatus(Struct, frozen=True, kw_only=True):
    """Where a replay stands: the data of a `replay.status` message.

    `tick`, `last_tick` and `gaps` are of the game shown; `position` is 0 to 1 of the whole replay,
    `at_ms` and `length_ms` the same in time at speed 1. `synthetic`: made of prices or rows, no
    frame was recorded.
    """

    id: str
    game_id: str | None
    state: PlayState
    tick: Tick | None
    last_tick: Tick | None
    speed: float
    position: float
    at_ms: int
    length_ms: int
    gaps: tuple[Gap, ...]
    source_session: str | None
    title: str
    games: tuple[str, ...]
    synthetic: bool


class Stage(Protocol):
    """Where a player shows things: a feed hub behind the normaliser, or a list in a test."""

    def show(self, event: Event, before: LiveState, after: LiveState) -> None:
        """Publish the messages of an event."""
        ...

    def jump(self, state: LiveState, position: int) -> None:
        """Tell that the state is another now, without the events between."""
        ...

    def tell(self, status: ReplayStatus) -> None:
        """Publish where the replay stands."""
        ...


class Player:
    """Plays one recording on one stage; the position is how many events were shown."""

    def __init__(
        self,
        replay_id: str,
        recording: Recording,
        stage: Stage,
        clock: Clock,
        *,
        speed: float = 1.0,
    ) -> None:
        self.id = replay_id
        self.recording = recording
        self._stage = stage
        self._clock = clock
        self._pacer = Pacer(clock, speed)
        self._position = 0
        self._state = LiveState()
        self._told_at = clock.monotonic()
        self._wake = asyncio.Event()

    @property
    def live(self) -> LiveState:
        """Return the state of the game at the position."""
        return self._state

    @property
    def position(self) -> int:
        """Return how many events were shown."""
        return self._position

    @property
    def ended(self) -> bool:
        """Tell whether everything was shown."""
        return self._position >= len(self.recording.events)

    def status(self) -> ReplayStatus:
        """Return where the replay stands."""
        recording, game_id = self.recording, self._game_id()
        last_tick = recording.last_tick(game_id)
        length = recording.length_us
        at = min(max(self._pacer.now_us(), self._shown_us()), self._next_us())
        session = recording.events[max(0, self._position - 1)].session_id
        return ReplayStatus(
            id=self.id,
            game_id=game_id,
            state=self._doing(),
            tick=self._tick(game_id, last_tick),
            last_tick=last_tick,
            speed=self._pacer.speed,
            position=self._position / len(recording.events),
            at_ms=int(at) // 1000,
            length_ms=length // 1000,
            gaps=self._gaps(game_id),
            source_session=session or None,
            title=recording.title,
            games=tuple(game.game_id for game in recording.games),
            synthetic=recording.synthetic,
        )

    def play(self) -> None:
        """Go on from the position; at the end it stays."""
        if not self.ended:
            self._pacer.start()
        self._changed()

    def pause(self) -> None:
        """Stand still at the position."""
        self._pacer.stop()
        self._changed()

    def step(self) -> None:
        """Show events up to the next frame that moves the game on, and stand still."""
        self._pacer.stop()
        end = self.recording.step_after(self._position)
        while self._position < end:
            self._show_next()
        self._pacer.move(self._shown_us())
        self._changed()

    def back(self) -> None:
        """Jump to the frame before the last one shown, and stand still."""
        self._pacer.stop()
        self._jump(self.recording.step_before(self._position))

    def seek(self, tick: Tick, game_id: str | None = None) -> None:
        """Jump to right after a tick of a game: of the status's one, unless another is named.

        Beyond the last tick it is the last. Raises UsageError when nothing of the game is here.
        """
        if tick < 0:
            raise UsageError(f"There is no tick {tick}.", advice="Ticks count from 0.")
        wanted = game_id or self._game_id()
        self._jump(self.recording.position_of(tick, wanted))

    def seek_time(self, at_ms: int) -> None:
        """Jump to a moment of the replay, in ms at speed 1; beyond the end it is the end.

        Raises UsageError for a moment before the start.
        """
        if at_ms < 0:
            raise UsageError(f"There is no moment {at_ms} ms.", advice="Time counts from 0.")
        at_us = min(at_ms * 1000, self.recording.length_us)
        self._jump(self.recording.position_at(at_us), at_us)

    def set_speed(self, speed: float) -> None:
        """Change the speed. Raises UsageError when it is not 0.25 to 100."""
        self._pacer.set_speed(speed)
        self._changed()

    def advance(self) -> float | None:
        """Show everything that is due, a slice at most; return the seconds until the next.

        0: more is due already; None: nothing will be due before somebody does something.
        """
        if not self._pacer.running:
            return None
        # A rounding of the clock must not leave a wait too short to move it.
        due = bisect_right(self.recording.times, self._pacer.now_us() + 1)
        end = min(due, self._position + SLICE_EVENTS)
        while self._position < end:
            self._show_next()
        if self.ended:
            self._pacer.stop()
            self._changed()
            return None
        if self._clock.monotonic() - self._told_at >= STATUS_EVERY_S:
            self._tell()
        return self._pacer.seconds_until(self._next_us())

    async def run(self) -> None:
        """Play in time until cancelled; `advance` says when the next event is due."""
        while True:
            self._wake.clear()
            wait = self.advance()
            if wait == 0:
                await asyncio.sleep(0)
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _show_next(self) -> None:
        event = self.recording.events[self._position]
        before, self._state = self._state, reduce(self._state, event)
        self._position += 1
        self._stage.show(event, before, self._state)

    def _jump(self, position: int, at_us: Micros | None = None) -> None:
        self._position = position
        self._state = self.recording.state_at(position)
        self._pacer.move(self._shown_us() if at_us is None else at_us)
        if self.ended:
            self._pacer.stop()
        self._stage.jump(self._state, position)
        self._changed()

    def _changed(self) -> None:
        self._tell()
        self._wake.set()

    def _tell(self) -> None:
        self._told_at = self._clock.monotonic()
        self._stage.tell(self.status())

    def _doing(self) -> PlayState:
        if self.ended:
            return PlayState.ended
        return PlayState.playing if self._pacer.running else PlayState.paused

    def _game_id(self) -> str | None:
        """Return the game that was asked for, else the one shown.

        A game of which only the countdown is here counts to the one before.
        """
        if self.recording.game_id is not None:
            return self.recording.game_id
        games = [game for game in self.recording.games if game.last_tick is not None]
        begun = [game.game_id for game in games if game.first <= self._position]
        if begun:
            return begun[-1]
        return games[0].game_id if games else self._state.game_id

    def _tick(self, game_id: str | None, last_tick: Tick | None) -> Tick | None:
        """Return the tick of a game; after it, when the next one is shown, its last."""
        if self._state.game_id == game_id:
            return self._state.tick
        return last_tick if game_id in self._state.round.past else None

    def _gaps(self, game_id: str | None) -> tuple[Gap, ...]:
        gaps = [gap for gap in self.recording.gaps if gap.game_id == game_id]
        return tuple(gaps[:MOST_GAPS])

    def _shown_us(self) -> Micros:
        return self.recording.times[self._position - 1] if self._position else 0

    def _next_us(self) -> Micros:
        return self.recording.length_us if self.ended else self.recording.times[self._position]


def play_through(
    recording: Recording, normalise: Callable[[Event, LiveState, LiveState], list[M]]
) -> Iterator[M]:
    """Yield every message of a recording without waiting."""
    state = LiveState()
    for event in recording.events:
        before, state = state, reduce(state, event)
        yield from normalise(event, before, state)
