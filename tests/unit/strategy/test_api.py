"""Strategies are named, described and parametrised so that forms and sweeps can list them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from vectra_player.errors import UsageError
from vectra_player.strategy import Buy, Params, PlaceSidebet, Sell, Strategy
from vectra_player.strategy.api import param_fields


class DipParams(Params, frozen=True):
    """Of a test."""

    ticks: Annotated[int, Meta(ge=1, le=9, description="how many")] = 3
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    kind: Literal["a", "b"] = "a"
    loud: bool = False


class BuyTheDip(Strategy):
    """Buy low.

    Sell high.
    """

    Params = DipParams


def test_a_strategy_has_a_name_and_a_description() -> None:
    assert (BuyTheDip.name, BuyTheDip.description()) == ("buy-the-dip", "Buy low.\n\nSell high.")


def test_parameters_are_listed_with_their_ranges() -> None:
    ticks, share, kind, loud = param_fields(DipParams)
    assert (ticks.kind, ticks.default, ticks.low, ticks.high) == ("int", 3, 1, 9)
    assert (ticks.description, ticks.range) == ("how many", "from 1 to 9")
    assert (share.low_open, share.high_open, share.range) == (True, True, "above 0 below 1")
    assert (kind.kind, kind.choices, kind.range) == ("text", ("a", "b"), "a, b")
    assert (loud.kind, loud.range) == ("bool", "")
    assert param_fields(Params) == ()


def test_parameters_may_be_given_as_a_record_or_as_text() -> None:
    assert BuyTheDip(DipParams(ticks=5)).params.ticks == 5
    given = BuyTheDip({"ticks": "7", "share": "0.25", "loud": "true"}).params
    assert given == DipParams(ticks=7, share=0.25, loud=True)
    assert BuyTheDip().params == DipParams()


@pytest.mark.parametrize(
    "wrong", [{"ticks": 0}, {"ticks": "many"}, {"share": 1.0}, {"size": 1}, DipParams(ticks=10)]
)
def test_a_wrong_parameter_is_refused_with_what_there_is(wrong: Any) -> None:
    with pytest.raises(UsageError, match="ticks, share, kind, loud") as caught:
        BuyTheDip(wrong)
    assert "buy-the-dip" in caught.value.message


def test_amounts_may_be_given_as_any_number() -> None:
    assert Buy(0.1).amount == Buy("0.1").amount == Buy(Decimal("0.1")).amount == Decimal("0.1")
    assert PlaceSidebet(1).amount == 1
    assert (Sell().percentage, Sell(12.5).percentage) == (100, Decimal("12.5"))


@pytest.mark.parametrize("wrong", ["much", None, "1e99", float("inf")])
def test_what_is_no_amount_is_refused_where_it_is_written(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is no"):
        Buy(wrong)


def test_actions_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Buy(1).amount = Decimal(2)  # type: ignore[misc]
