"""T3 in short: whatever happens in whatever order, no press breaks a limit.

The long form is `python -m tests.security.gate_machine --steps 100000`.
"""

from __future__ import annotations

import pytest
from tests.security import gate_machine

from vectra_player.trading import limits

FEW = 40


def test_no_press_breaks_a_limit_whatever_happens() -> None:
    met = gate_machine.run(FEW * 10, derandomize=True)
    assert met["steps"] > 1000
    assert {"pressed BUY", "pressed SELL", "pressed SIDEBET"} <= met.keys()
    wanted = {"stake", "exposure", "rate", "loss_session", "stale", "phase", "halted", "under_way"}
    assert wanted <= met.keys()


@pytest.mark.parametrize(
    "rule", ["_within_stake", "_within_exposure", "_within_rate", "_within_losses", "_fresh"]
)
def test_the_model_notices_a_rule_that_is_gone(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    left = tuple(one for one in limits._RULES if one.__name__ != rule)
    assert len(left) == len(limits._RULES) - 1
    monkeypatch.setattr(limits, "_RULES", left)
    with pytest.raises(AssertionError):
        gate_machine.run(FEW * 12, derandomize=True)
