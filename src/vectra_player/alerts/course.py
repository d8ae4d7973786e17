"""The course of the game played: what rules look back at, kept once for all of them.

Made by `engine`; bounded by one game. Prices themselves are those of the live state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from vectra_player.game.price_path import V3
from vectra_player.live.live_state import LiveState

STEPS = 20
"""Ticks that `change_percent` and `volatility_percent` of conditions look back."""


class Course:
    """Where the game stands; `passed` and `reached` say what this tick went beyond.

    A game met midway has no past: what lay before the first tick seen is never told as new.
    """

    def __init__(self) -> None:
        self.game_id: str | None = None
        self.tick = -1
        self.peak = 0.0
        self.last_tick = -1
        self.last_peak = 0.0

    def see(self, state: LiveState) -> bool:
        """Take in a tick; False when it is none that is new."""
        tick, price = state.tick, state.price
        if tick is None or price is None:
            return False
        if state.game_id != self.game_id:
            self._begin(state, tick, price)
        elif tick <= self.tick:
            return False
        else:
            self.last_tick, self.last_peak = self.tick, self.peak
        self.tick = tick
        self.peak = max(self.peak, price)
        return True

    def reached(self, levels: Iterable[float]) -> float | None:
        """Return the highest of the levels the price reached for the first time at this tick."""
        return max((one for one in levels if self.last_peak < one <= self.peak), default=None)

    def passed(self, ticks: Iterable[float]) -> int | None:
        """Return the last of the ticks the game came to since the tick before."""
        found = [int(one) for one in ticks if self.last_tick < one <= self.tick]
        return max(found, default=None)

    def _begin(self, state: LiveState, tick: int, price: float) -> None:
        self.game_id = state.game_id
        met_midway = tick > 0
        known = [each for each in state.prices[:tick] if each is not None]
        self.last_peak = self.peak = max(known, default=price if met_midway else V3.start_price)
        self.last_tick = tick if met_midway else -1


def highest(state: LiveState, ticks: int) -> float | None:
    """Return the highest known price of the `ticks` ticks before the newest; None without any."""
    if state.tick is None:
        return None
    known = [p for p in state.prices[max(0, state.tick - ticks) : state.tick] if p is not None]
    return max(known) if known else None


def earlier(state: LiveState, ticks: int) -> float | None:
    """Return the price `ticks` ticks ago; None where it is not known."""
    at = -1 if state.tick is None else state.tick - ticks
    return state.prices[at] if 0 <= at < len(state.prices) else None


def change(state: LiveState, ticks: int) -> float | None:
    """Return by what share the price has changed over `ticks` ticks; None where not known."""
    then = earlier(state, ticks)
    if not then or state.price is None:
        return None
    return state.price / then - 1.0


def volatility(state: LiveState, ticks: int) -> float | None:
    """Return the root mean square of the last `ticks` relative steps; None unless all are known."""
    if state.tick is None or state.tick < ticks:
        return None
    told = state.prices[state.tick - ticks : state.tick + 1]
    known = [price for price in told if price]
    if len(known) != ticks + 1:
        return None
    total = 0.0
    for then, now in pairwise(known):
        step = now / then - 1.0
        total += step * step
    return math.sqrt(total / ticks)
