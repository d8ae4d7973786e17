"""Records of presses that send nothing: confirmed only by what the page showed after them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.trading_support import order

from vectra_player.model.press import PressSeen
from vectra_player.trading.action_records import prepared


@pytest.mark.parametrize(
    ("button", "amount", "percentage", "outcome"),
    [
        ("+0.01", "0.03", None, "CONFIRMED"),
        ("+0.01", "0.000", None, "UNKNOWN"),
        ("+0.01", None, None, "UNKNOWN"),
        ("X2", "0.02", None, "CONFIRMED"),
        ("50%", "0.02", "50%", "CONFIRMED"),
        ("50%", "0.02", "25%", "UNKNOWN"),
        ("50%", "0.02", None, "UNKNOWN"),
    ],
)
def test_the_page_says_whether_a_press_was_taken(
    button: str, amount: str | None, percentage: str | None, outcome: str
) -> None:
    press = PressSeen(button=button, at_ms=1.0, trusted=True, amount=amount, percentage=percentage)
    assert prepared(replace(order(), button=button), press).outcome == outcome


def test_a_press_the_page_did_not_see_is_unknown() -> None:
    record = prepared(replace(order(), button="+0.01"), None)
    assert (record.outcome, record.error) == ("UNKNOWN", "the page does not show it")
    assert record.amount is None
