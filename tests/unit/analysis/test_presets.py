"""The eight presets are those of the strategy explorer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.analysis.presets import PRESETS
from vectra_player.strategy.profile import parse_profile, remarks
from vectra_player.strategy.sizing import next_stake, rules_of, started

# name: mode, base bet, Kelly, streak and its cap, theta from and to, drawdown, target
EXPECTED = {
    "fixed_baseline": ("fixed", "0.001", None, None, None, 0.15, 1.5),
    "quarter_kelly": ("kelly", "0.001", 0.25, None, None, 0.15, 1.5),
    "half_kelly_aggressive": ("kelly", "0.001", 0.5, None, None, 0.20, 2.0),
    "anti_martingale": ("anti_martingale", "0.001", None, (1.5, 3.0), None, 0.15, 1.5),
    "theta_bayesian_aggressive": (
        *("theta_bayesian", "0.001", 0.5, (1.5, 3.0), (1.0, 4.0), 0.20, 2.0),
    ),
    "theta_bayesian_conservative": (
        *("theta_bayesian", "0.001", 0.25, (1.3, 2.0), (0.5, 2.0), 0.10, 1.3),
    ),
    "volatility_focused": ("volatility_adjusted", "0.001", None, None, None, 0.15, 1.5),
    "ultra_aggressive": ("theta_bayesian", "0.002", 0.75, (2.0, 4.0), (1.0, 5.0), 0.25, 3.0),
}


def test_there_are_these_eight_in_this_order() -> None:
    assert list(PRESETS) == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_preset_has_the_values_it_is_known_by(name: str) -> None:
    mode, bet, kelly, streak, theta, drawdown, target = EXPECTED[name]
    profile, scaling = PRESETS[name], PRESETS[name].scaling
    assert profile.execution.bet_sizes == (Decimal(bet),) * 4
    assert profile.execution.initial_balance == Decimal("0.1")
    assert (scaling.mode, scaling.win_rate_assumption) == (mode, 0.185)
    assert scaling.use_volatility_scaling
    assert kelly is None or scaling.kelly_fraction == kelly
    assert streak is None or streak == (
        scaling.win_streak_multiplier,
        scaling.max_streak_multiplier,
    )
    assert theta is None or theta == (scaling.theta_base, scaling.theta_max)
    assert profile.risk_controls.max_drawdown_pct == drawdown
    assert profile.risk_controls.take_profit_target == target
    assert parse_profile(profile.to_json()) == profile


@pytest.mark.parametrize("name", ["quarter_kelly", "half_kelly_aggressive"])
def test_the_kelly_presets_stake_nothing_and_say_so(name: str) -> None:
    rules = rules_of(PRESETS[name])
    assert next_stake(rules, started(rules), 10**6) == 0
    assert "stakes nothing" in remarks(PRESETS[name])[0]
