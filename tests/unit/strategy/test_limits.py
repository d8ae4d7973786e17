"""Limits are checked when they are set."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vectra_player.errors import UsageError
from vectra_player.strategy.limits import Limits


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_stake_sol": Decimal(0)},
        {"max_loss_run_sol": Decimal(-1)},
        {"max_loss_day_sol": Decimal("NaN")},
        {"max_drawdown": 0.0},
        {"max_drawdown": 1.1},
        {"max_drawdown": float("nan")},
    ],
)
def test_an_impossible_limit_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Limits(**wrong)


def test_a_drawdown_of_everything_is_possible() -> None:
    assert Limits(max_drawdown=1.0).max_drawdown == 1.0
