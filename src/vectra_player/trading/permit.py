"""The object without which no press exists.

Only `gate` makes one (tests/security/test_gate_is_the_only_way.py reads every source file), and
only `mouse` spends one, directly before it sends the mouse events. It is good for one press of one
named button of one action, and for a moment. It cannot be copied or stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, final

from vectra_player.clock import Clock
from vectra_player.errors import PressRefusedError
from vectra_player.trading.records import Refusal

VALID_S = 1.5
"""Longer than to find a button, scroll and aim; far shorter than a game."""


@final
class Permit:
    """Leave to press one button, once. A refused `spend` ends it for good."""

    __slots__ = ("_check", "_clock", "_end_s", "_end_us", "_used", "action_id", "button")

    def __init__(
        self,
        action_id: str,
        button: str,
        *,
        clock: Clock,
        check: Callable[[], Refusal | None],
    ) -> None:
        self.action_id = action_id
        self.button = button
        self._used = False
        self._clock = clock
        self._check = check
        # Both clocks: one stands still while the machine sleeps, the other may be set back.
        self._end_s = clock.monotonic() + VALID_S
        self._end_us = clock.now_us() + int(VALID_S * 1e6)

    def spend(self, button: str) -> None:
        """Use it up. The press follows at once, or never.

        Raises:
            PressRefusedError: used up, over, another button, or the gate would refuse by now;
                nothing may be pressed, and no later spend of this permit succeeds.
        """
        refusal = self._refusal(button)
        self._used = True
        if refusal is not None:
            raise PressRefusedError(refusal.code, refusal.message)

    def _refusal(self, button: str) -> Refusal | None:
        if self._used:
            return Refusal(code="permit_used_up", message=f"{self.button} had its press.")
        if button != self.button:
            return Refusal(
                code="permit_of_another",
                message=f"The permit is for {self.button}, not for {button}.",
            )
        if self._clock.monotonic() >= self._end_s or self._clock.now_us() >= self._end_us:
            return Refusal(
                code="permit_over", message=f"The permit was good for {VALID_S:g} s. Decide anew."
            )
        return self._check()

    def __copy__(self) -> NoReturn:
        raise TypeError("a permit is not copied: it would be good for two presses")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a permit is not stored: it is good for this moment only")
