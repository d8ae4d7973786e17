"""When each event of a recording is shown: the recording's own clock, or the game's.

Pure; used by `replay.recording`. Arrival times of a socket we captured ourselves are a clock. Those
of imported files are not: their recorders stalled for seconds and stored what had gathered in one
burst (protocol reference section 1.3), so there ticks and countdown say the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectra_player.game.timing import TICK_MS
from vectra_player.protocol.game_payloads import GameState
from vectra_player.protocol.rugs import Event

TICK_US = TICK_MS * 1000
LONGEST_WAIT_US = 20_000_000
"""Silence is shown up to here; the longest true one is a countdown of 15 s without frames."""

LONGEST_PAUSE_US = 5_000_000
"""Between the rug and the next game by the game's clock: 0.9 to 2.3 s seen (section 4)."""


def arrival_times(events: Sequence[Event]) -> list[int]:
    """Return µs from the start by arrival; a clock that was set back holds nothing up."""
    times: list[int] = []
    at, latest = 0, events[0].ts if events else 0
    for event in events:
        at += min(max(0, event.ts - latest), LONGEST_WAIT_US)
        latest = max(latest, event.ts)
        times.append(at)
    return times


def game_times(events: Sequence[Event]) -> list[int]:
    """Return µs from the start by ticks and countdown; what has neither goes with what precedes."""
    clock = _GameClock()
    return [clock.show(event) for event in events]


class _GameClock:
    """Places frames by their own game's time; tick 0 of a game is its zero."""

    def __init__(self) -> None:
        self._at = 0
        self._ts: int | None = None
        self._zeros: dict[str, int] = {}
        self._rugged: set[str] = set()

    def show(self, event: Event) -> int:
        """Return when an event is shown, never before the one ahead of it."""
        update = event.payload
        if isinstance(update, GameState):
            self._at = max(self._at, self._frame(update, event.ts))
            self._ts = event.ts
        return self._at

    def _frame(self, update: GameState, ts: int) -> int:
        place = _place(update)
        game = update.game_id
        if game in self._rugged or place is None:
            return self._at + self._pause(ts)
        if game not in self._zeros:
            self._zeros[game] = self._at + self._pause(ts) - place
        if update.active and update.rugged:
            self._rugged.add(game)
        return self._zeros[game] + place

    def _pause(self, ts: int) -> int:
        return 0 if self._ts is None else min(max(0, ts - self._ts), LONGEST_PAUSE_US)


def _place(update: GameState) -> int | None:
    """Return µs from tick 0 of the game; None where the frame tells no time."""
    if update.active:
        return None if update.tick_count is None else update.tick_count * TICK_US
    return None if update.cooldown_timer is None else -update.cooldown_timer * 1000
