"""A recording made ready to be played: its events, when each is shown, and what to mark.

Pure; made by `replay.reader`, played by `replay.player`. Immutable, so many players may share one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct

from vectra_player.errors import DecodeError, UsageError
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.rows import WsEvent
from vectra_player.model.units import Micros, Tick
from vectra_player.protocol import rugs
from vectra_player.protocol.rugs import Event
from vectra_player.replay.line import Deal, LineTracker, PhaseStart, Window
from vectra_player.replay.timeline import arrival_times, game_times
from vectra_player.replay.track import Gap, Mark, Step, Tracker

OF_THE_RECORDER = frozenset({"vectra.started", "vectra.stopped", "vectra.crash_recovered"})
"""Facts about the recording itself: live, they do not reach the state either."""

SNAPSHOT_EVENTS = 50
"""Between two kept states: a seek reduces at most so many events (a tick has one or more)."""


class Material(Struct, frozen=True):
    """What was found for a recording, before it is understood; what the worker hands over.

    The first `lead` rows come from earlier in the session: who the account is. `synthetic`: rows
    were made of prices, no frame of them was recorded.
    """

    title: str
    rows: list[WsEvent]
    lead: int = 0
    synthetic: bool = False
    game_id: str | None = None


class GameSpan(Struct, frozen=True, gc=False):
    """One game of a recording; `first` is the position of its first step."""

    game_id: str
    first: int
    last_tick: Tick | None


class Recording(Struct, frozen=True):
    """Events in order, each with the µs from the start at which it is shown.

    `steps` are the frames of the game that moved it on; `states[k]` is the state before event
    `k * SNAPSHOT_EVENTS`. `game_id`: the one that was asked for. `by_arrival`: shown as it
    arrived, else by the game's own clock. `undecodable` counts rows nobody can read. `phases`,
    `deals` and `windows` (sidebets) are for the line under a slider.
    """

    title: str
    events: tuple[Event, ...]
    times: tuple[Micros, ...]
    states: tuple[LiveState, ...]
    steps: tuple[Step, ...]
    games: tuple[GameSpan, ...]
    gaps: tuple[Gap, ...]
    marks: tuple[Mark, ...]
    sessions: tuple[str, ...]
    game_id: str | None
    synthetic: bool
    by_arrival: bool
    undecodable: int
    phases: tuple[PhaseStart, ...] = ()
    deals: tuple[Deal, ...] = ()
    windows: tuple[Window, ...] = ()

    @property
    def length_us(self) -> int:
        """Return how long it takes at speed 1."""
        return self.times[-1] if self.times else 0

    def state_at(self, position: int) -> LiveState:
        """Return the state after the first `position` events, by the reducer of live."""
        start = min(position // SNAPSHOT_EVENTS, len(self.states) - 1)
        state = self.states[start]
        for event in self.events[start * SNAPSHOT_EVENTS : position]:
            state = reduce(state, event)
        return state

    def last_tick(self, game_id: str | None) -> Tick | None:
        """Return the last tick that is shown of a game."""
        return next((game.last_tick for game in self.games if game.game_id == game_id), None)

    def position_of(self, tick: Tick, game_id: str | None) -> int:
        """Return the position right after a tick of a game, or after the one before a missing one.

        A tick before the first recorded one gives the game's first step.
        Raises UsageError when nothing of the game is here.
        """
        steps = [step for step in self.steps if step.game_id == game_id]
        if not steps:
            raise UsageError(f"Nothing of game {game_id} is in this replay.")
        found = steps[0]
        for step in steps:
            if step.tick is not None and found.tick != step.tick <= tick:
                found = step
        return found.position

    def position_at(self, at_us: Micros) -> int:
        """Return the position once everything up to a moment was shown."""
        return bisect_right(self.times, at_us)

    def step_after(self, position: int) -> int:
        """Return the position after the next step; the end where there is none."""
        found = bisect_right(self.steps, position, key=_position)
        return self.steps[found].position if found < len(self.steps) else len(self.events)

    def step_before(self, position: int) -> int:
        """Return the position after the step before the last one shown; the start if none."""
        found = bisect_right(self.steps, position, key=_position) - 1
        if found >= 0 and self.steps[found].position < position:
            return self.steps[found].position
        return self.steps[found - 1].position if found > 0 else 0


def _position(step: Step) -> int:
    return step.position


def make_recording(material: Material) -> Recording:
    """Understand the rows, time them and keep states for seeking.

    Raises:
        UsageError: there is nothing to play.
    """
    events, lead, bad = _decoded(material)
    if len(events) == lead:
        raise UsageError(
            f"{material.title} holds no event that can be played.",
            advice="`vectra-player games` lists the games that can.",
        )
    shown = events[lead:]
    states, tracker, line = _run(events)
    by_arrival = shown[-1].source != "import" and not material.synthetic
    by_arrival = by_arrival or not tracker.steps
    times = arrival_times(shown) if by_arrival else game_times(shown)
    return Recording(
        title=material.title,
        events=tuple(events),
        times=(0,) * lead + tuple(times),
        states=states,
        steps=tuple(tracker.steps),
        games=_games(tracker.steps),
        gaps=tuple(tracker.gaps),
        marks=tuple(tracker.marks),
        sessions=tuple(dict.fromkeys(event.session_id for event in events)),
        game_id=material.game_id,
        synthetic=material.synthetic,
        by_arrival=by_arrival,
        undecodable=bad,
        phases=tuple(line.phases),
        deals=tuple(line.deals),
        windows=tuple(line.windows),
    )


def _decoded(material: Material) -> tuple[list[Event], int, int]:
    """Return the events as live tells them, how many of them lead in, how many are unreadable."""
    events: list[Event] = []
    lead = bad = 0
    for number, row in enumerate(material.rows):
        if row.raw_format == "fact" and row.event_name in OF_THE_RECORDER:
            continue
        try:
            event = rugs.decode(row)
        except DecodeError as error:
            bad += 1
            event = rugs.undecodable(row, error)
        if event is not None:
            events.append(event)
            lead += number < material.lead
    return events, lead, bad


def _run(events: Sequence[Event]) -> tuple[tuple[LiveState, ...], Tracker, LineTracker]:
    state, states, tracker, line = LiveState(), [], Tracker(), LineTracker()
    for number, event in enumerate(events):
        if number % SNAPSHOT_EVENTS == 0:
            states.append(state)
        before, state = state, reduce(state, event)
        tracker.see(number + 1, event, before, state)
        line.see(number + 1, event, before, state)
    tracker.end(state)
    return tuple(states), tracker, line


def _games(steps: Iterable[Step]) -> tuple[GameSpan, ...]:
    """Sum up the games in the order they are shown."""
    games: dict[str, GameSpan] = {}
    for step in steps:
        known = games.get(step.game_id)
        first = step.position if known is None else known.first
        last = step.tick if step.tick is not None or known is None else known.last_tick
        games[step.game_id] = GameSpan(step.game_id, first, last)
    return tuple(games.values())
