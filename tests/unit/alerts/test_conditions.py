"""Conditions are compared, never run; what is wrong is told with its place."""

from __future__ import annotations

import pytest

from vectra_player.alerts.conditions import FIELDS, LONGEST, ConditionError, Value, parse
from vectra_player.alerts.watchers.custom import ASKED

KNOWN: dict[str, Value] = {"price": 2.0, "tick": 50.0, "phase": "LIVE", "position": 0.0}


def holds(text: str) -> bool:
    return parse(text).holds(KNOWN.get)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("price < 2.5", True),
        ("price <= 2", True),
        ("price == 2", True),
        ("price >= 2.1", False),
        ("tick > -1", True),
        ("price<2.5 and tick>=50", True),
        ("price > 9 and tick > 9 or tick == 50", True),
        ("price > 9 and (tick > 9 or tick == 50)", False),
        ("((tick == 50))", True),
        ('phase == "live"', True),
        ("phase == BETTING", False),
        ("PHASE == 'LIVE'".replace("PHASE", "phase"), True),
        ("balance < 5", False),
        ("balance >= 5", False),
        ("price < 9 AND tick > 9", True),
    ],
)
def test_a_condition_holds_as_it_reads_and_what_is_unknown_is_false(
    text: str, wanted: bool
) -> None:
    assert holds(text) is wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("price", "ends where <"),
        ("price < ", "ends where a number"),
        ("price < 1 or", "ends where a field"),
        ("prize < 1", "asks about 'prize'; known are phase, price"),
        ("price != 1", "cannot be read at character 7: '!'"),
        ("price < 1 price > 0", "has 'price' at character 11 where and, or, or the end"),
        ("(price < 1", "ends where )"),
        ("price < tick", "has 'tick' at character 9 where a number"),
        ("phase == SLEEPING", "compares a phase by == with one of"),
        ("phase < LIVE", "compares a phase by =="),
        ("__import__('os').system('id')", "cannot be read at character"),
        ("price < 1" + "0" * 400, "a number beyond any"),
        ("(" * 20 + "price < 1" + ")" * 20, "more than 8 brackets"),
        ("price < 1 and " * 100 + "tick > 1", f"longer than {LONGEST}"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(text)
    assert told in str(refused.value)


def test_every_field_a_condition_may_ask_for_is_answered() -> None:
    assert set(ASKED) == set(FIELDS)
