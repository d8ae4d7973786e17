"""How long an order is under way. Used by the paper broker and by whoever sets one up.

Time is the game's own: 250 ms a tick. So the same order arrives at the same tick in a backtest,
in a replay at any speed and on the live feed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vectra_player.errors import UsageError
from vectra_player.game.timing import TICK_MS


@dataclass(frozen=True, slots=True)
class Latency:
    """Delays in ms, one of which is drawn for each order; a single one is fixed."""

    samples_ms: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        good = all(math.isfinite(sample) and sample >= 0 for sample in self.samples_ms)
        if not self.samples_ms or not good:
            raise UsageError(
                "A latency needs delays of 0 ms or more.", advice="Give them in milliseconds."
            )

    @classmethod
    def ticks(cls, count: int) -> Latency:
        """Return a fixed delay of whole ticks."""
        return cls((float(count * TICK_MS),))

    @classmethod
    def ms(cls, delay_ms: float) -> Latency:
        """Return a fixed delay."""
        return cls((float(delay_ms),))

    @classmethod
    def measured(cls, samples_ms: Sequence[float]) -> Latency:
        """Return the delays that were measured, each as likely as any other.

        Raises UsageError without samples, or for one below 0.
        """
        return cls(tuple(float(sample) for sample in samples_ms))

    @property
    def fixed_ticks(self) -> int | None:
        """Return after how many ticks every order arrives; None where that varies."""
        ticks = {math.ceil(sample / TICK_MS) for sample in self.samples_ms}
        return ticks.pop() if len(ticks) == 1 else None

    def draw(self, random: np.random.Generator) -> float:
        """Return one delay in ms; a fixed one draws nothing."""
        if len(self.samples_ms) == 1:
            return self.samples_ms[0]
        return self.samples_ms[int(random.integers(len(self.samples_ms)))]


NO_LATENCY = Latency()
"""Orders are carried out at the tick they were decided at."""

BUY_ORDER_MS = 219.0
"""The one measured time from buyOrder to its ack (docs/protocol.md section 11)."""
