"""The prices of the running game as far as they are known. Used by the engine alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FIRST_SLOTS = 512


class Tape:
    """Prices by tick, NaN where none was seen. Holds nothing beyond the last tick seen."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin another game on fresh memory: views of the last one stay what they were."""
        self._length = 0
        self._allocate(_FIRST_SLOTS)

    def put(self, tick: int, price: float) -> None:
        """Note a price; the series then reaches at least to its tick."""
        if tick >= len(self._slots):
            self._grow(tick + 1)
        self._slots[tick] = price
        if tick >= self._length:
            self._length = tick + 1

    def seen(self) -> npt.NDArray[np.float64]:
        """Return the prices from tick 0 to the last one seen: (length,) float64, read-only."""
        return self._shown[: self._length]

    def _grow(self, needed: int) -> None:
        old = self._slots
        self._allocate(max(needed, 2 * len(old)))
        self._slots[: len(old)] = old

    def _allocate(self, slots: int) -> None:
        self._slots = np.full(slots, np.nan)
        self._shown = self._slots.view()
        self._shown.flags.writeable = False
