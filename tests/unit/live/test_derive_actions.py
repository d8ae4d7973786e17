"""Rows of actions: what a page shows may be anything, and must never stop the filing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.live_support import Session
from tests.trading_support import order

from vectra_player.model.action import OUTCOME, AccountState, ActionRecord
from vectra_player.model.rows import PlayerAction, SystemEvent
from vectra_player.store.schema import to_table

WHOLE: dict[str, Any] = msgspec.to_builtins(order())


def row_of(**fields: Any) -> PlayerAction:
    given = {"action_id": "practice-1", "action_type": "BUY", "button": "BUY", "actor": "human"}
    record = ActionRecord(**{**given, "mode": "practice", "outcome": "UNKNOWN", **fields})
    session = Session()
    session.fact(OUTCOME, msgspec.to_builtins(record))
    (row,) = session.of(PlayerAction)
    return row


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("0.03", "0.030000000"),
        ("0.30000000000000004", "0.300000000"),
        ("1e50", None),
        ("NaN", None),
        ("sNaN", None),
        ("Infinity", None),
    ],
)
def test_any_amount_a_page_may_show_can_be_filed(told: str, kept: str | None) -> None:
    value = Decimal(told)
    account = AccountState(cash=value, position_qty=value)
    row = row_of(amount=value, qty=value, profit=value, state_before=account, state_after=account)
    wanted = None if kept is None else Decimal(kept)
    assert (row.amount, row.qty, row.profit) == (wanted, wanted, wanted)
    assert (row.state_before_cash, row.state_after_position_qty) == (wanted, wanted)
    assert to_table([row], PlayerAction).num_rows == 1


def test_times_and_ticks_beyond_their_columns_are_null() -> None:
    row = row_of(press_ts=10**17, executed_tick=2**40, intent_ts=1)
    assert (row.press_ts, row.executed_tick, row.intent_ts) == (None, None, 1)
    assert to_table([row], PlayerAction).num_rows == 1


@pytest.mark.parametrize(
    "told", [{}, {**WHOLE, "outcome": "MAYBE"}, {**WHOLE, "amount": "much"}, []]
)
def test_a_fact_that_is_no_outcome_is_a_failure_and_no_row(told: object) -> None:
    session = Session()
    session.fact(OUTCOME, told)
    assert session.of(PlayerAction) == []
    assert [row.kind for row in session.of(SystemEvent)] == ["outcome", "decode_failure"]
