"""A profile is read exactly or refused in words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectra_player.game.sidebet import MAX_STAKE_SOL, MIN_STAKE_SOL
from vectra_player.strategy.profile import (
    Execution,
    Profile,
    ProfileError,
    changed,
    parse_profile,
    remarks,
)

EARLIER: dict[str, Any] = {
    "schema_version": "2.0.0",
    "name": "theta_bayesian_conservative",
    "created": "2026-01-13T02:00:16Z",
    "source": "monte_carlo",
    "execution": {
        "entry_tick": 219,
        "num_bets": 4,
        "bet_sizes": [0.001, 0.001, 0.002, 0.001],
        "initial_balance": 0.1,
    },
    "scaling": {
        "mode": "theta_bayesian",
        "kelly_fraction": 0.25,
        "win_streak_multiplier": 1.3,
        "max_streak_multiplier": 2.0,
        "theta_base": 0.5,
        "theta_max": 2.0,
        "use_volatility_scaling": True,
    },
    "risk_controls": {
        "max_drawdown_pct": 0.1,
        "take_profit_target": 1.3,
        "reduce_on_drawdown": False,
        "daily_loss_limit": None,
    },
    "monte_carlo_metrics": {
        "computed_at": "2026-01-13T02:00:16Z",
        "iterations": 1000,
        "win_rate_assumption": 0.185,
        "probability_profit": 0.4,
        "risk_level": "Medium",
    },
}
"""A profile as the earlier system wrote it."""


def make_profile(**changes: Any) -> Profile:
    """Build a valid profile with fields changed by dotted path."""
    return changed(parse_profile(json.dumps(EARLIER)), changes)


def problem(path: str, value: Any) -> str:
    """Return what is said of one wrong field."""
    with pytest.raises(ProfileError) as refused:
        make_profile(**{path: value})
    (line,) = refused.value.problems
    return line


def test_every_value_of_an_earlier_profile_comes_back_from_its_file() -> None:
    written = json.loads(parse_profile(json.dumps(EARLIER)).to_json())
    for part, given_values in EARLIER.items():
        kept = written[part]
        if isinstance(given_values, dict):
            kept = {key: written[part][key] for key in given_values}
        assert kept == given_values


def test_amounts_are_exact_to_a_lamport() -> None:
    profile = make_profile(**{"execution.initial_balance": 123456.123456789})
    assert profile.execution.initial_balance == Decimal("123456.123456789")
    assert profile.execution.bet_sizes[2] == Decimal("0.002")
    assert parse_profile(profile.to_json()) == profile


@given(
    lamports=st.integers(10**6, 10**15),
    entry=st.integers(0, 4840),
    sizes=st.lists(st.integers(10**6, 5 * 10**9), min_size=1, max_size=4),
)
def test_writing_and_reading_gives_the_same_profile(
    lamports: int, entry: int, sizes: list[int]
) -> None:
    execution = {
        "entry_tick": entry,
        "num_bets": len(sizes),
        "bet_sizes": [size / 10**9 for size in sizes],
        "initial_balance": lamports / 10**9,
    }
    profile = parse_profile(json.dumps({**EARLIER, "execution": execution}))
    assert profile.execution.initial_balance == Decimal(lamports).scaleb(-9)
    assert [int(size.scaleb(9)) for size in profile.execution.bet_sizes] == sizes
    assert parse_profile(profile.to_json()) == profile


def test_unknown_keys_are_kept_and_named() -> None:
    text = json.dumps({**EARLIER, "mood": "bold", "scaling": {**EARLIER["scaling"], "gamma": 3}})
    profile = parse_profile(text)
    written = json.loads(profile.to_json())
    assert (written["mood"], written["scaling"]["gamma"]) == ("bold", 3)
    assert profile.unknown_keys == ("mood", "scaling.gamma")
    assert "scaling.gamma: kept, but nothing reads it" in remarks(profile)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("execution.entry_tick", -3, "execution.entry_tick: must be 0 to 4960, is -3"),
        ("execution.entry_tick", "x", 'execution.entry_tick: must be a whole number, is "x"'),
        ("execution.entry_tick", True, "execution.entry_tick: must be a whole number, is true"),
        ("execution.entry_tick", 2.5, "execution.entry_tick: must be a whole number, is 2.5"),
        ("execution.num_bets", 0, "execution.num_bets: must be 1 to 125, is 0"),
        (
            "execution.num_bets",
            120,
            "execution.num_bets: the last of 120 bets would begin at tick 4979, beyond 4960",
        ),
        (
            "execution.bet_sizes",
            [0.001],
            "execution.bet_sizes: must be one for each of the 4 bets, are 1",
        ),
        (
            "execution.bet_sizes",
            [0.001, 7, 0.001, 0.001],
            "execution.bet_sizes.1: must be 0.001 to 5 SOL, is 7",
        ),
        (
            "execution.bet_sizes",
            [0.001, 0.0001, 0.001, 0.001],
            "execution.bet_sizes.1: must be 0.001 to 5 SOL, is 0.0001",
        ),
        (
            "execution.initial_balance",
            float("nan"),
            "execution.initial_balance: must be a number, is NaN",
        ),
        (
            "scaling.kelly_fraction",
            2,
            "scaling.kelly_fraction: must be above 0 and at most 1, is 2",
        ),
        ("scaling.theta_max", 0.1, "scaling.theta_max: must be at least theta_base (0.5), is 0.1"),
        (
            "risk_controls.max_drawdown_pct",
            15,
            "risk_controls.max_drawdown_pct: must be above 0 and at most 1, is 15",
        ),
        (
            "risk_controls.take_profit_target",
            1,
            "risk_controls.take_profit_target: must be above 1 and at most 1000000, is 1",
        ),
        (
            "risk_controls.daily_loss_limit",
            -1,
            "risk_controls.daily_loss_limit: must be above 0 and at most 1000000, is -1",
        ),
        ("name", "../escape", 'name: must be 1 to 64 letters, digits, - or _, is "../escape"'),
        ("name", "a\n", 'name: must be 1 to 64 letters, digits, - or _, is "a\\n"'),
        (
            "created",
            "yesterday",
            'created: must be a time such as 2026-01-13T02:00:16Z, is "yesterday"',
        ),
        ("schema_version", "3.0.0", "schema_version: must be '2.0.0', is \"3.0.0\""),
        ("execution", 3, "execution: must be an object, is 3"),
        ("execution.entry_tock", 3, "execution.entry_tock: no profile has this field"),
    ],
)
def test_a_nonsense_value_is_told_in_a_line_a_person_understands(
    path: str, value: Any, line: str
) -> None:
    assert problem(path, value) == line


def test_an_unknown_scaling_mode_is_answered_with_those_there_are() -> None:
    assert "'theta_bayesian'" in problem("scaling.mode", "yolo")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", b"\xff\xfe", '{"name": 3}'])
def test_what_is_no_profile_is_refused_not_crashed_on(text: str | bytes) -> None:
    with pytest.raises(ProfileError) as refused:
        parse_profile(text, name="mine")
    assert "mine" in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as refused:
        make_profile(**{"execution.entry_tick": -1, "scaling.mode": "x", "name": ""})
    assert len(refused.value.problems) == 3


def test_fractional_kelly_is_kelly() -> None:
    assert make_profile(**{"scaling.mode": "fractional_kelly"}).scaling.mode == "kelly"


def test_another_number_of_bets_repeats_or_cuts_their_sizes() -> None:
    assert make_profile(**{"execution.num_bets": 2}).execution.bet_sizes == (MIN_STAKE_SOL,) * 2
    more = make_profile(**{"execution.num_bets": 6}).execution.bet_sizes
    assert [float(size) for size in more] == [0.001, 0.001, 0.002, 0.001, 0.001, 0.001]


def test_kelly_below_break_even_and_kelly_told_more_are_both_remarked() -> None:
    honest = make_profile(**{"scaling.mode": "kelly"})
    told = make_profile(**{"scaling.mode": "kelly", "scaling.win_rate_assumption": 0.25})
    assert "stakes nothing" in remarks(honest)[0]
    assert "assumption" in remarks(told)[0]
    assert remarks(make_profile()) == ()


def test_a_profile_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        make_profile().name = "other"


def test_the_limits_are_those_of_the_game() -> None:
    assert Execution(bet_sizes=(MAX_STAKE_SOL,)).bet_sizes == (MAX_STAKE_SOL,)
    with pytest.raises(ValueError, match="bet_sizes"):
        Execution(bet_sizes=(MAX_STAKE_SOL + Decimal("0.1"),))


def test_problems_are_told_by_field_and_several_of_one_together() -> None:
    wrong = ("execution.entry_tick: must be 0 to 4960, is -3", "name: is missing", "name: is odd")
    error = ProfileError((*wrong, "no JSON (at 3: an end)"), name="mine")
    assert error.fields == {
        "execution.entry_tick": "must be 0 to 4960, is -3",
        "name": "is missing; is odd",
        "profile": "no JSON (at 3: an end)",
    }
