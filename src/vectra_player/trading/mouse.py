"""Press a button of the page. The only module that does; only `hands` calls it.

The permit is spent directly before the mouse events go out, so that no press exists without one.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from vectra_player.clock import Clock
from vectra_player.model.units import Micros


class Permit(Protocol):
    """Leave to press; `trading.permit.Permit`, which the gate alone makes."""

    def spend(self, button: str) -> None:
        """Take one press off, or raise PressRefusedError."""
        ...


class Mouse(Protocol):
    """What is needed of `sources.chrome.page.GamePage` to press."""

    async def send_mouse(self, x: float, y: float) -> None:
        """Press the left button at a point, once."""
        ...


class Moment(Struct, frozen=True):
    """The last instant before a press went out, by both clocks."""

    wall_us: Micros
    monotonic_s: float


async def press(
    page: Mouse, permit: Permit, button: str, x: float, y: float, *, clock: Clock
) -> Moment:
    """Press at a point of the viewport, once; return the moment before.

    Raises:
        PressRefusedError: the permit is not good for it; nothing was pressed.
        PageError: nothing was pressed, or (`sent`) it is not known what became of the press.
    """
    moment = Moment(clock.now_us(), clock.monotonic())
    permit.spend(button)
    await page.send_mouse(x, y)
    return moment
