"""Find the fewest presses that turn the amount on the page into the one wanted. Pure and exact.

The page's buttons clear, add, halve, double, and take everything (MAX). Amounts are thousandths
of SOL: no other was ever seen on the page (page.md, section 3), so a half is pressed only where it
is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import NamedTuple

from vectra_player.trading.records import Refusal

CLEAR = "CLEAR"
STEPS = {"+1": 1000, "+0.1": 100, "+0.01": 10, "+0.001": 1}
"""What each button adds, in thousandths of SOL."""

MOST_PRESSES = 12
HIGHEST = 5000
"""The most the game takes as a stake, in thousandths: protocol reference, page.md section 3."""

_THOUSANDTH = Decimal("0.001")


class Step(NamedTuple):
    """A button to press, and the amount in SOL that must stand there afterwards."""

    button: str
    amount: Decimal


def all_of(cash: Decimal | None) -> Decimal | None:
    """Return the amount MAX enters, as far as is known: the cash, down to thousandths.

    Nobody measured it. Of 12,101 stakes that were recorded none has a fourth decimal (page.md,
    section 3), though cash has nine; whoever presses MAX reads the field afterwards.
    """
    return None if cash is None else cash.quantize(_THOUSANDTH, ROUND_DOWN)


def plan(
    now: Decimal, wanted: Decimal, *, maximum: Decimal | None = None, most: int = MOST_PRESSES
) -> tuple[Step, ...] | Refusal:
    """Return the shortest sequence from one amount to another, or why there is none.

    `maximum`: the amount MAX would give, where that is known; MAX is not pressed otherwise. On
    the way the amount never exceeds twice the wanted one, nor what the game takes.
    """
    goal = _thousandths(wanted)
    if goal is None or not 0 <= goal <= HIGHEST:
        return Refusal(
            code="amount_impossible",
            message=f"{wanted} SOL cannot be set: whole thousandths from 0 to {HIGHEST // 1000}.",
        )
    start = _thousandths(now)
    if start is not None and start > HIGHEST:
        start = None
    found = _shortest(start, goal, _thousandths(maximum) if maximum is not None else None, most)
    if found is None:
        return Refusal(
            code="amount_unreachable",
            message=f"{wanted} SOL takes more than {most} presses. Choose a rounder amount.",
        )
    return tuple(Step(button, amount * _THOUSANDTH) for button, amount in found)


@lru_cache(maxsize=4096)
def _shortest(
    start: int | None, goal: int, maximum: int | None, most: int
) -> tuple[tuple[str, int], ...] | None:
    """Search breadth-first. A start that is no number of thousandths can only be cleared."""
    if start == goal:
        return ()
    limit = min(HIGHEST, 2 * goal)
    came: dict[int | None, tuple[int | None, str]] = {start: (start, "")}
    edge: list[int | None] = [start]
    for _ in range(most):
        following: list[int | None] = []
        for amount in edge:
            for button, reached in _moves(amount, limit, maximum):
                if reached in came:
                    continue
                came[reached] = (amount, button)
                if reached == goal:
                    return _way(came, start, goal)
                following.append(reached)
        edge = following
    return None


def _moves(amount: int | None, limit: int, maximum: int | None) -> Iterator[tuple[str, int]]:
    yield CLEAR, 0
    if maximum is not None and maximum <= limit:
        yield "MAX", maximum
    if amount is None:
        return
    for button, step in STEPS.items():
        if amount + step <= limit:
            yield button, amount + step
    if amount and 2 * amount <= limit:
        yield "X2", 2 * amount
    if amount and amount % 2 == 0:
        yield "1/2", amount // 2


def _way(
    came: dict[int | None, tuple[int | None, str]], start: int | None, goal: int
) -> tuple[tuple[str, int], ...]:
    way = []
    at: int | None = goal
    while at != start:
        assert at is not None
        before, button = came[at]
        way.append((button, at))
        at = before
    return tuple(reversed(way))


def _thousandths(amount: Decimal) -> int | None:
    scaled = amount * 1000
    return int(scaled) if scaled == scaled.to_integral_value() and scaled >= 0 else None
