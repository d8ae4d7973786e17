"""Presses of the amount buttons, carried out by a page's arithmetic, give the wanted amount."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_player.trading.amounts import HIGHEST, MOST_PRESSES, plan
from vectra_player.trading.records import Refusal

THOUSANDTH = Decimal("0.001")
amounts = st.integers(0, HIGHEST).map(lambda units: units * THOUSANDTH)
small = st.integers(0, 400).map(lambda units: units * THOUSANDTH)
typed = st.decimals(0, 20, places=4)


def press(amount: Decimal, button: str, maximum: Decimal) -> Decimal:
    """What the page does: adds, halves, doubles, clears, takes everything."""
    if button == "CLEAR":
        return Decimal(0)
    if button == "MAX":
        return maximum
    if button == "X2":
        return amount * 2
    return amount / 2 if button == "1/2" else amount + Decimal(button)


def greedy(now: Decimal, wanted: Decimal) -> int:
    """How many presses it takes to clear and add the largest step that fits."""
    count, left = (0, wanted - now) if wanted - now >= 0 else (1, wanted)
    for step in (Decimal(1), Decimal("0.1"), Decimal("0.01"), THOUSANDTH):
        count += int(left // step)
        left %= step
    return count if left == 0 else 1 + greedy(Decimal(0), wanted)


@settings(deadline=None, max_examples=60)
@given(now=small | typed, wanted=small | amounts, maximum=amounts)
def test_the_presses_give_exactly_the_amount(
    now: Decimal, wanted: Decimal, maximum: Decimal
) -> None:
    found = plan(now, wanted, maximum=maximum)
    assert not isinstance(found, Refusal)
    amount = now
    for step in found:
        amount = press(amount, step.button, maximum)
        assert amount == step.amount
        assert amount <= max(now, 2 * wanted)
        assert amount == amount.quantize(THOUSANDTH)
    assert amount == wanted
    assert len(found) <= min(MOST_PRESSES, greedy(now, wanted))
