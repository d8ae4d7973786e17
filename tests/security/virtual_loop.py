"""An event loop whose time passes in jumps: minutes of waiting cost nothing.

Both clocks are the loop's own; the wall clock can be set besides, as people and NTP do.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.live_support import T0

_T = TypeVar("_T")


class VirtualClock:
    """`clock.Clock` of a virtual loop. `step_s`: what the wall clock was set by."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step_s = 0.0

    def now_us(self) -> int:
        """Return the wall time."""
        return T0 + round((self.seconds + self.step_s) * 1e6)

    def monotonic(self) -> float:
        """Return the seconds that passed."""
        return self.seconds


class _Jump(selectors.SelectSelector):
    """Lets the time pass instead of waiting for files."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return at once, so much later."""
        if timeout is None:
            raise RuntimeError("nothing is left to happen")
        self._clock.seconds += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop by the clock."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(_Jump(clock))
        self._virtual = clock

    def time(self) -> float:
        """Return the virtual seconds."""
        return self._virtual.seconds


def run(clock: VirtualClock, main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end in virtual time; what still runs then is cancelled."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)
