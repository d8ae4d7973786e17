"""One step of a game as a strategy and its broker see it, and where such steps come from.

A step says what is known at that moment and nothing of later ones. Steps are made of recorded or
generated prices (`game_steps`), or of the live state (`LiveSteps`); the engine takes both alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from vectra_player.game.price_path import V3, rug_price
from vectra_player.game.timing import PRESALE_MS, TICK_MS, TIMER_STEP_MS
from vectra_player.live.live_state import LiveState
from vectra_player.model.units import Micros, Tick
from vectra_player.protocol.phases import GamePhase

UNKNOWN_RUG = -1
"""The rug tick of a game whose end nobody saw."""


class Market(Struct, frozen=True, gc=False, array_like=True):
    """A moment of a game. In LIVE `price` is that of `tick`; in RUGGED both are the rug's.

    `timer_ms`: what the countdown shows, in COOLDOWN and BETTING. `late`: prices of earlier
    ticks that became known only now. `time_us`: when it happened, where that is known.
    """

    game_id: str
    phase: GamePhase
    tick: Tick
    price: float
    timer_ms: int | None = None
    late: tuple[tuple[Tick, float], ...] = ()
    time_us: Micros | None = None

    @property
    def clock_ms(self) -> float:
        """Return the game's own time: 0 at tick 0, below it in the countdown."""
        if self.phase in _RUNNING:
            return float(self.tick * TICK_MS)
        return -float(PRESALE_MS if self.timer_ms is None else self.timer_ms)


_RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)


def game_steps(
    game_id: str,
    prices: npt.NDArray[np.float64] | Sequence[float],
    rug_tick: int,
    *,
    ended_us: Micros | None = None,
) -> Iterator[Market]:
    """Yield a game's steps: the presale, every known tick before the rug, the rug.

    prices: (n_ticks,) float64 from tick 0, NaN where not known, the rug price last. A game whose
    `rug_tick` is UNKNOWN_RUG just ends. `ended_us` dates the game as a whole.
    """
    known = np.asarray(prices, np.float64)
    end = len(known) if rug_tick == UNKNOWN_RUG else min(rug_tick, len(known))
    for timer in (PRESALE_MS, TIMER_STEP_MS):  # first and last: an order arrives in between
        yield Market(game_id, GamePhase.BETTING, 0, V3.start_price, timer, (), ended_us)
    for tick, price in enumerate(known[:end].tolist()):
        if price == price:  # not NaN
            yield Market(game_id, GamePhase.LIVE, tick, price, None, (), ended_us)
    if rug_tick != UNKNOWN_RUG:
        last = _rug_price(known, rug_tick)
        yield Market(game_id, GamePhase.RUGGED, rug_tick, last, time_us=ended_us)


def _rug_price(known: npt.NDArray[np.float64], rug_tick: int) -> float:
    """Return the recorded rug price; where it is missing, the rule's for the prices known."""
    if rug_tick < len(known) and not math.isnan(known[rug_tick]):
        return float(known[rug_tick])
    seen = known[:rug_tick][~np.isnan(known[:rug_tick])]
    return rug_price(seen.tolist()) if len(seen) else 0.0


class LiveSteps:
    """Makes steps of live states, one for every state that moved the game on."""

    def __init__(self) -> None:
        self._game_id: str | None = None
        self._seen = -1
        self._missing: set[int] = set()

    def step(self, state: LiveState, time_us: Micros | None = None) -> Market | None:
        """Return the step a state stands for; None while its game, tick or price is not known."""
        game_id, phase = state.game_id, state.game_phase
        if game_id is None or phase is GamePhase.UNKNOWN:
            return None
        if game_id != self._game_id:
            self._game_id, self._seen, self._missing = game_id, -1, set()
        if phase not in _RUNNING:
            timer = state.cooldown_ms
            return Market(game_id, phase, 0, V3.start_price, timer_ms=timer, time_us=time_us)
        if state.tick is None or state.price is None:
            return None
        late = self._told_late(state.prices, state.tick)
        return Market(game_id, phase, state.tick, state.price, None, late, time_us)

    def _told_late(
        self, prices: Sequence[float | None], tick: int
    ) -> tuple[tuple[int, float], ...]:
        if tick > self._seen:
            self._missing.update(range(self._seen + 1, tick))
            self._seen = tick
        told = tuple(
            (missed, price)
            for missed in sorted(self._missing)
            if missed < len(prices) and (price := prices[missed]) is not None
        )
        self._missing.difference_update(missed for missed, _ in told)
        return told
