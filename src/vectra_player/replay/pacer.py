"""What moment of a recording is now: a clock that runs at 0.25 to 100 times the recording's own.

Pure but for the clock handed in. Every moment follows from one anchor, never from the one before,
so nothing drifts however long it runs; a pause or another speed sets a new anchor.
"""

from __future__ import annotations

from vectra_player.clock import Clock
from vectra_player.errors import UsageError
from vectra_player.model.units import Micros

SLOWEST = 0.25
FASTEST = 100.0


class Pacer:
    """Stands still until `start`; recording times are µs from its beginning."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = checked_speed(speed)
        self._anchor_us = 0.0
        self._since: float | None = None

    @property
    def speed(self) -> float:
        """Return how much faster than the recording it runs."""
        return self._speed

    @property
    def running(self) -> bool:
        """Tell whether time passes."""
        return self._since is not None

    def now_us(self) -> float:
        """Return the moment of the recording that is now."""
        if self._since is None:
            return self._anchor_us
        return self._anchor_us + (self._clock.monotonic() - self._since) * 1e6 * self._speed

    def start(self) -> None:
        """Let time pass from where it stands."""
        if self._since is None:
            self._since = self._clock.monotonic()

    def stop(self) -> None:
        """Hold time."""
        self._anchor_us, self._since = self.now_us(), None

    def move(self, at_us: Micros) -> None:
        """Go to another moment; time goes on passing if it did."""
        self._anchor_us = at_us
        if self._since is not None:
            self._since = self._clock.monotonic()

    def set_speed(self, speed: float) -> None:
        """Change the speed from this moment on. Raises UsageError when it is out of range."""
        wanted = checked_speed(speed)
        self._anchor_us = self.now_us()
        if self._since is not None:
            self._since = self._clock.monotonic()
        self._speed = wanted

    def seconds_until(self, at_us: Micros) -> float:
        """Return how long it is until a moment, 0 where it has come; only while time passes."""
        return max(0.0, (at_us - self.now_us()) / 1e6 / self._speed)


def checked_speed(speed: float) -> float:
    """Return a speed that can be played. Raises UsageError."""
    if not SLOWEST <= speed <= FASTEST:
        raise UsageError(
            f"A speed of {speed:g} cannot be played.", advice=f"Use {SLOWEST:g} to {FASTEST:g}."
        )
    return speed
