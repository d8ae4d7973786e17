"""Which buttons turn one amount into another, in as few presses as can be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.trading.amounts import all_of, plan
from vectra_player.trading.records import Refusal


def presses(now: str, wanted: str, **options: Decimal) -> list[str]:
    found = plan(Decimal(now), Decimal(wanted), **options)
    assert not isinstance(found, Refusal), found
    return [step.button for step in found]


@pytest.mark.parametrize(
    ("now", "wanted", "buttons"),
    [
        ("0", "0", []),
        ("0.030", "0.03", []),
        ("0", "0.001", ["+0.001"]),
        ("5", "0", ["CLEAR"]),
        ("0", "0.03", ["+0.01", "+0.01", "+0.01"]),
        ("0.02", "0.04", ["X2"]),
        ("0.04", "0.02", ["1/2"]),
        ("0", "0.5", ["+1", "1/2"]),
        ("1", "0.03", ["CLEAR", "+0.01", "+0.01", "+0.01"]),
        ("0.5505", "0.01", ["CLEAR", "+0.01"]),
        ("1000", "0.1", ["CLEAR", "+0.1"]),
    ],
)
def test_the_fewest_presses_are_found(now: str, wanted: str, buttons: list[str]) -> None:
    assert presses(now, wanted) == buttons


def test_every_step_says_what_must_stand_there_afterwards() -> None:
    found = plan(Decimal(0), Decimal("0.5"))
    assert not isinstance(found, Refusal)
    assert [step.amount for step in found] == [Decimal(1), Decimal("0.5")]


def test_max_is_pressed_only_where_it_is_known_what_it_gives() -> None:
    assert presses("0", "3.337", maximum=Decimal("3.337")) == ["MAX"]
    assert "MAX" not in presses("0", "0.01", maximum=Decimal("3.337"))
    assert len(presses("0", "3.337")) > 1


@pytest.mark.parametrize(
    ("cash", "entered"), [("3.337", "3.337"), ("3.337999999", "3.337"), ("0.0004", "0")]
)
def test_max_enters_the_cash_down_to_thousandths(cash: str, entered: str) -> None:
    assert all_of(Decimal(cash)) == Decimal(entered)
    assert all_of(None) is None


def test_a_half_that_is_not_exact_is_never_pressed() -> None:
    assert presses("0.003", "0.001") == ["CLEAR", "+0.001"]


@pytest.mark.parametrize("wanted", ["0.0005", "-1", "5.001", "1010.575"])
def test_impossible_amounts_are_refused(wanted: str) -> None:
    found = plan(Decimal(0), Decimal(wanted))
    assert isinstance(found, Refusal)
    assert found.code == "amount_impossible"


def test_an_amount_that_takes_too_many_presses_is_refused() -> None:
    found = plan(Decimal(0), Decimal("0.999"), most=3)
    assert isinstance(found, Refusal)
    assert found.code == "amount_unreachable"
