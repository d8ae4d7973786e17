"""Turn Chrome's monotonic timestamps into wall-clock microseconds."""

from __future__ import annotations

from vectra_player.clock import Clock


class Stamps:
    """The difference between Chrome's clock and the wall, as Chrome last told it.

    Chrome stamps frames with CLOCK_MONOTONIC seconds (capture.md, CDP timestamps), the clock
    `monotonic()` reads, so our own difference serves until the first handshake.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_us = clock.now_us() - round(clock.monotonic() * 1e6)

    def calibrate(self, timestamp_s: float, wall_time_s: float) -> None:
        """Learn from an event that carries both times."""
        if timestamp_s > 0 and wall_time_s > 0:
            self._offset_us = round(wall_time_s * 1e6) - round(timestamp_s * 1e6)

    def at(self, timestamp_s: float) -> int:
        """Return the wall time of a timestamp, microseconds; now when there is none."""
        return round(timestamp_s * 1e6) + self._offset_us if timestamp_s > 0 else self.now()

    def now(self) -> int:
        """Return the wall time now, microseconds."""
        return self._clock.now_us()
