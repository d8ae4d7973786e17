"""An episode's outcome, reward and drawdown follow from its equity and what was done."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.rl.outcomes import OUTCOMES, max_drawdown, outcome_of, totals


def sol(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("entered", "held", "profit", "outcome"),
    [
        (False, False, "0", "timeout"),
        (True, False, "0.01", "exit_profit"),
        (True, False, "-0.01", "exit_loss"),
        (True, False, "0", "exit_loss"),
        (True, True, "0.5", "rug"),
        (True, True, "-0.5", "rug"),
    ],
)
def test_an_episode_ends_in_one_of_four_ways(
    entered: bool, held: bool, profit: str, outcome: str
) -> None:
    assert outcome_of(entered=entered, held_at_rug=held, profit=Decimal(profit)) == outcome
    assert outcome in OUTCOMES


def test_the_drawdown_is_the_deepest_fall_below_the_highest_before_it() -> None:
    assert max_drawdown(sol("1", "1.5", "1.2", "1.6", "0.9", "1.4")) == Decimal("0.7")
    assert max_drawdown(sol("1", "2", "3")) == 0
    assert max_drawdown([]) == 0


def test_totals_are_of_the_first_and_the_last_equity() -> None:
    told = totals(sol("1", "0.4", "1.2"), entered=True, held_at_rug=False)
    assert told == ("exit_profit", Decimal("0.2"), Decimal("0.6"))
    with pytest.raises(ValueError, match="beginning"):
        totals([], entered=False, held_at_rug=False)
