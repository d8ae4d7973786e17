"""Sizing keeps to the game, to the lamport, compiled or not, and its limits hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategy.test_profile import make_profile

from vectra_player.game.positions import Ledger
from vectra_player.game.sidebet import FAIR_WIN_CHANCE, SidebetBook
from vectra_player.strategy import sizing
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.sizing import (
    RUINED,
    RUNNING,
    TOOK_PROFIT,
    SizingRules,
    SizingState,
    from_lamports,
    halted,
    kelly_share,
    ladders,
    next_day,
    next_stake,
    play_order,
    rules_of,
    settled,
    started,
    to_lamports,
)

MODES = list(sizing.MODES)
MILLI = 10**6
"""A thousandth of a SOL, the smallest stake, in lamports."""


def free(**changes: Any) -> Profile:
    """Build a profile of equal bets without limits."""
    return make_profile(
        **{
            "execution.entry_tick": 0,
            "execution.bet_sizes": [0.01] * 4,
            "execution.initial_balance": 1,
            "scaling.use_volatility_scaling": False,
            "risk_controls.max_drawdown_pct": None,
            "risk_controls.take_profit_target": None,
            "scaling.mode": "fixed",
            **changes,
        }
    )


def after(rules: SizingRules, results: str, stake: int = 10 * MILLI) -> SizingState:
    """Return the state after bets: "w" for a win, "l" for a loss."""
    state = started(rules)
    for result in results:
        state = settled(rules, state, stake, result == "w")
    return state


def stake_after(profile: Profile, results: str) -> int:
    """Return the stake that follows these results, at a size of 0.01 SOL."""
    rules = rules_of(profile)
    return next_stake(rules, after(rules, results), 10 * MILLI)


# Payout ------------------------------------------------------------------------------------------


def test_a_win_pays_five_times_the_stake_with_the_stake_included() -> None:
    rules = rules_of(free())
    before = started(rules)
    assert settled(rules, before, MILLI, True).bankroll - before.bankroll == 4 * MILLI
    assert settled(rules, before, MILLI, False).bankroll - before.bankroll == -MILLI


def test_the_sizer_is_told_about_wins_and_about_losses() -> None:
    rules = rules_of(free())
    state = after(rules, "wwlw")
    assert (state.wins, state.bets, state.staked, state.streak) == (3, 4, 40 * MILLI, 1)
    assert after(rules, "lll").streak == -3
    assert after(rules, "wwl").streak == -1


# Modes -------------------------------------------------------------------------------------------


def test_kelly_stakes_nothing_at_the_chance_of_the_rule_and_just_below_break_even() -> None:
    assert kelly_share(FAIR_WIN_CHANCE, 5) == pytest.approx(-0.0229, abs=1e-4)
    for chance in (FAIR_WIN_CHANCE, 0.185, 0.19999):
        assert stake_after(free(**{"scaling.mode": "kelly", **assumed(chance)}), "") == 0


def assumed(chance: float) -> dict[str, Any]:
    """Return the change that assumes a win rate."""
    return {"scaling.win_rate_assumption": chance}


def test_kelly_stakes_its_fraction_of_the_share_that_an_assumed_edge_gives() -> None:
    # (5 x 0.25 - 1) / 4 = 1/16 of 1 SOL, a quarter of it staked.
    profile = free(**{"scaling.mode": "kelly", "scaling.kelly_fraction": 0.25, **assumed(0.25)})
    assert stake_after(profile, "") == 15_625_000


def test_fixed_stakes_the_size_whatever_happened() -> None:
    assert {stake_after(free(), results) for results in ("", "www", "lllll")} == {10 * MILLI}


def test_anti_martingale_grows_with_wins_to_its_cap_and_falls_back_at_a_loss() -> None:
    profile = free(**{"scaling.mode": "anti_martingale"})
    stakes = [stake_after(profile, results) for results in ("", "w", "ww", "www", "wwl", "l")]
    assert [stake / MILLI for stake in stakes] == pytest.approx([10, 13, 16.9, 20, 10, 10])


def test_progressive_grows_with_losses_to_its_cap_and_falls_back_at_a_win() -> None:
    profile = free(**{"scaling.mode": "progressive", "scaling.loss_streak_multiplier": 1.5})
    stakes = [stake_after(profile, results) for results in ("", "l", "ll", "llw", "w")]
    assert [stake / MILLI for stake in stakes] == pytest.approx([10, 15, 20, 10, 10])


def test_theta_is_its_base_without_evidence_and_rises_with_wins() -> None:
    profile = free(**{"scaling.mode": "theta_bayesian", **assumed(0.18)})
    rules = rules_of(profile)
    assert sizing.theta(rules, started(rules)) == 0.5
    assert sizing.theta(rules, after(rules, "l" * 50)) == 0.5
    believed = [sizing.theta(rules, after(rules, "w" * wins)) for wins in (5, 10, 40)]
    assert believed[0] < believed[1] < believed[2] == 2.0


def test_the_posterior_is_that_of_the_stated_prior() -> None:
    rules = rules_of(free(**{"scaling.mode": "theta_bayesian", **assumed(0.18)}))
    mean, deviation = sizing.posterior(rules, after(rules, "wl"))
    alpha, beta = 18 + 1, 82 + 1
    assert mean == pytest.approx(alpha / (alpha + beta))
    spread = alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))
    assert deviation == pytest.approx(spread**0.5)


def test_volatility_sizing_stakes_less_after_large_results_and_more_in_a_quiet_stretch() -> None:
    profile = free(**{"scaling.mode": "volatility_adjusted"})
    assert stake_after(profile, "") == 10 * MILLI
    assert stake_after(profile, "www") < 10 * MILLI < stake_after(profile, "l" * 12)
    rich = free(**{"scaling.mode": "volatility_adjusted", "execution.initial_balance": 1000})
    assert stake_after(rich, "l" * 60) / MILLI == pytest.approx(10 * 3.725**0.5, rel=0.05)


def test_drawdown_sizing_shrinks_to_a_quarter_and_recovers_at_a_new_peak() -> None:
    profile = free(**{"scaling.mode": "drawdown_adjusted"})
    assert stake_after(profile, "w") == 10 * MILLI
    assert stake_after(profile, "l" * 25) == 5 * MILLI
    assert stake_after(profile, "l" * 70) == 10 * MILLI // 4
    assert stake_after(profile, "l" * 20 + "w" * 6) == 10 * MILLI


def test_overlays_only_ever_reduce() -> None:
    for overlay in ("scaling.use_volatility_scaling", "risk_controls.reduce_on_drawdown"):
        for results in ("", "l" * 20, "wwlw", "w" * 9):
            assert stake_after(free(**{overlay: True}), results) <= 10 * MILLI


# Limits ------------------------------------------------------------------------------------------


@given(
    mode=st.sampled_from(MODES),
    results=st.lists(st.booleans(), max_size=120),
    size=st.integers(MILLI, 5000 * MILLI),
    balance=st.integers(5, 20_000),
    limit=st.one_of(st.none(), st.integers(1, 400)),
    per_day=st.integers(1, 30),
    calm=st.booleans(),
    chance=st.sampled_from([0.1, 0.185, 0.25, 0.6]),
)
def test_stakes_and_limits_hold_whatever_happens(
    mode: str, results: list[bool], size: int, balance: int, limit: int | None, per_day: int,
    calm: bool, chance: float,
) -> None:  # fmt: skip
    profile = free(
        **{
            "scaling.mode": mode,
            "scaling.use_volatility_scaling": calm,
            "execution.initial_balance": balance / 1000,
            "risk_controls.daily_loss_limit": None if limit is None else limit / 1000,
            "risk_controls.take_profit_target": 3.0,
            "risk_controls.max_drawdown_pct": 0.4,
            **assumed(chance),
        }
    )
    rules = rules_of(profile)
    state = started(rules)
    day_began = state.bankroll
    for number, won in enumerate(results):
        if number % per_day == 0 and number:
            state = next_day(rules, state)
            day_began = state.bankroll
        assert halted(rules, state) == RUNNING
        stake = next_stake(rules, state, size)
        if stake == 0:
            continue
        assert MILLI <= stake <= min(5000 * MILLI, state.bankroll)
        state = settled(rules, state, stake, won)
        assert state.bankroll >= 0
        if limit is not None:
            assert day_began - state.bankroll <= limit * MILLI
        assert state.deepest < 0.4 + stake / state.peak + 1e-9
        if halted(rules, state) != RUNNING:
            break


def test_a_daily_loss_limit_pauses_and_begins_anew_the_next_day() -> None:
    rules = rules_of(free(**{"risk_controls.daily_loss_limit": 0.025}))
    state = after(rules, "ll")
    assert next_stake(rules, state, 10 * MILLI) == 5 * MILLI  # what the day may still lose
    state = settled(rules, state, 5 * MILLI, False)
    assert next_stake(rules, state, 10 * MILLI) == 0
    assert halted(rules, state) == RUNNING
    assert next_stake(rules, next_day(rules, state), 10 * MILLI) == 10 * MILLI


def test_a_run_ends_at_its_target_at_its_drawdown_and_in_ruin() -> None:
    target = rules_of(free(**{"risk_controls.take_profit_target": 1.04}))
    assert halted(target, after(target, "w")) == TOOK_PROFIT
    falling = rules_of(free(**{"risk_controls.max_drawdown_pct": 0.05}))
    assert [halted(falling, after(falling, "l" * n)) for n in (4, 5)] == [RUNNING, sizing.DREW_DOWN]
    poor = rules_of(free(**{"execution.initial_balance": 0.0105}))
    assert halted(poor, after(poor, "l")) == RUINED


def test_the_last_stake_is_what_is_left() -> None:
    rules = rules_of(free(**{"execution.initial_balance": 0.0145}))
    assert next_stake(rules, after(rules, "l"), 10 * MILLI) == 4_500_000


# Games -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entry", "bets"), [(0, 1), (0, 4), (39, 2), (219, 4), (1, 3)])
def test_windows_are_those_that_the_book_of_the_game_takes_and_pays(entry: int, bets: int) -> None:
    profile = make_profile(**{"execution.entry_tick": entry, "execution.num_bets": bets})
    rug_ticks = np.arange(-1, entry + 40 * bets + 60)
    windows, won = ladders(profile, rug_ticks)
    for rug, offered, wins in zip(rug_ticks.tolist(), windows.tolist(), won.tolist(), strict=True):
        assert (offered, wins) == played_by_the_book(entry, bets, rug)


def played_by_the_book(entry: int, bets: int, rug: int) -> tuple[int, bool]:
    """Place up to `bets` sidebets in a row in a game's own book; return placed and won."""
    book, placed, won = SidebetBook(), 0, False
    for tick in range(rug + 1):
        won = any(result.won for result in book.advance(tick, rugged=tick == rug))
        if entry <= tick < rug and placed < bets and not len(book):
            book.place("me", Decimal("0.001"), tick)
            placed += 1
    return placed, won


@pytest.mark.parametrize("mode", MODES)
def test_compiled_games_plain_steps_and_the_ledger_of_the_game_agree_to_the_lamport(
    mode: str,
) -> None:
    profile = free(
        **{
            "scaling.mode": mode,
            "scaling.use_volatility_scaling": mode != "fixed",
            "risk_controls.daily_loss_limit": 0.13,
            **assumed(0.22),
        }
    )
    rug_ticks = np.random.default_rng(5).geometric(0.005, 300)
    windows, won = ladders(profile, rug_ticks)
    fresh = np.arange(300) % 40 == 39
    out = np.zeros((2, 300, 4), np.int64)
    rules, sizes = rules_of(profile), sizing.bet_sizes_of(profile)
    plain = play_order(rules, sizes, windows, won, fresh, out[0])
    compiled = sizing.compiled(play_order)(rules, sizes, windows, won, fresh, out[1])
    assert compiled == plain
    assert (out[0] == out[1]).all()
    ledger = play_with_the_ledger(profile, rug_ticks, fresh)
    assert to_lamports(ledger.cash) == plain[0].bankroll


def play_with_the_ledger(profile: Profile, rug_ticks: Any, fresh: Any) -> Ledger:
    """Play games tick by tick with the book and the ledger of `game`, sized by the plain steps."""
    rules, sizes = rules_of(profile), sizing.bet_sizes_of(profile)
    state, ledger = started(rules), Ledger(profile.execution.initial_balance)
    for rug, new_day in zip(rug_ticks.tolist(), fresh.tolist(), strict=True):
        if halted(rules, state) != RUNNING:
            break
        state = next_day(rules, state) if new_day else state
        book, position, over = SidebetBook(), 0, False
        for tick in range(rug + 1):
            for result in book.advance(tick, rugged=tick == rug):
                ledger = ledger.settle_sidebet(result)
                state = settled(rules, state, to_lamports(result.bet.stake), result.won)
                over = over or halted(rules, state) != RUNNING
            if tick < rug and not over and not len(book) and position < len(sizes):
                stake = next_stake(rules, state, int(sizes[position]))
                over = stake == 0
                if stake:
                    position += 1
                    ledger = ledger.stake(from_lamports(stake))
                    book.place("me", from_lamports(stake), tick)
    assert ledger.at_risk == 0
    return ledger


def test_lamports_and_sol_convert_without_loss() -> None:
    for lamports in (0, 1, 999_999_999, 10**15):
        assert to_lamports(from_lamports(lamports)) == lamports
