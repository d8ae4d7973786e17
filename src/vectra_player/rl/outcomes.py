"""How an episode went, told the same by the environments and by `episodes build`. Pure.

An episode is one game. Amounts are SOL, exact to a lamport.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from vectra_player.game.positions import ZERO

EpisodeOutcome = Literal["rug", "exit_profit", "exit_loss", "timeout"]
"""rug: something was held when the game rugged. exit_profit, exit_loss: all that was bought was
sold, or only sidebets were placed, and it brought something, or nothing and less. timeout: the
game went by and nothing was bought or bet, as in a game that was only watched."""

OUTCOMES: tuple[EpisodeOutcome, ...] = ("rug", "exit_profit", "exit_loss", "timeout")


class Totals(NamedTuple):
    """What an episode came to. `max_drawdown`: the deepest fall of the equity, 0 or more."""

    outcome: EpisodeOutcome
    total_reward: Decimal
    max_drawdown: Decimal


def outcome_of(*, entered: bool, held_at_rug: bool, profit: Decimal) -> EpisodeOutcome:
    """Say how an episode ended.

    entered: a buy was filled or a sidebet placed. held_at_rug: the rug took a holding.
    """
    if held_at_rug:
        return "rug"
    if not entered:
        return "timeout"
    return "exit_profit" if profit > 0 else "exit_loss"


def max_drawdown(equity: Iterable[Decimal]) -> Decimal:
    """Return the deepest fall below the highest so far: equity at each moment, in order."""
    highest: Decimal | None = None
    deepest = ZERO
    for amount in equity:
        highest = amount if highest is None else max(highest, amount)
        deepest = max(deepest, highest - amount)
    return deepest


def totals(equity: Iterable[Decimal], *, entered: bool, held_at_rug: bool) -> Totals:
    """Sum up an episode by its equity at the presale, at each tick and after the rug.

    Equity is cash, what the holding sells for, and the stake of an open sidebet. Raises ValueError
    without any.
    """
    course = list(equity)
    if not course:
        raise ValueError("an episode has an equity at its beginning")
    profit = course[-1] - course[0]
    outcome = outcome_of(entered=entered, held_at_rug=held_at_rug, profit=profit)
    return Totals(outcome, profit, max_drawdown(course))
