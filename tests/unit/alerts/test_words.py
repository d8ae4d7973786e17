"""Figures and strangers' text in alerts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.alerts.words import amount, clean, fill, sol


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.01"), "0.010"),
        (0, "0.000"),
        (-1.5, "-1.500"),
        (1234.5, "1,234.500"),
        (0.000002, "0.000002"),
        (None, "unknown"),
        (float("inf"), "unknown"),
    ],
)
def test_sol_shows_what_is_there(value: Decimal | float | None, text: str) -> None:
    assert sol(value) == text


@pytest.mark.parametrize("value", [None, True, "x", [], {}, "nan", 10**400, "9" * 5000])
def test_an_amount_that_is_none_is_unknown(value: object) -> None:
    assert amount(value) == "unknown"


def test_a_value_is_put_in_once_and_never_read_as_a_template() -> None:
    assert fill("{a} {b} {c} {}", {"a": "{b}", "b": "2"}) == "{b} 2 unknown {}"


def test_strangers_text_is_cut_and_cleaned() -> None:
    assert clean("a\u2028b\x7f\ud800", 10) == "a\ufffdb\ufffd\ufffd"
    assert clean("x" * 99, 5) == "xxxx…"
    assert clean(7) == "unknown"
