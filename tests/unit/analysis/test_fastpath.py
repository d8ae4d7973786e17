"""The fast path refuses what it cannot play exactly, and asks the event engine where in doubt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.backtest_support import HOUR_US, games_of

from vectra_player.analysis import fastpath
from vectra_player.analysis.fastpath import new_days, play_fast, why_not
from vectra_player.analysis.games import generate_games
from vectra_player.analysis.play import Conditions
from vectra_player.strategy.builtin.baselines import CoinFlip
from vectra_player.strategy.builtin.playbooks import Conservative, Momentum
from vectra_player.strategy.builtin.sidebets import ProfileSidebet
from vectra_player.strategy.context import Context
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.profile import Profile

GAMES = generate_games(20, seed=1)
PLAIN = Conditions(cash=Decimal(10))


class Moody(Momentum):
    """Decides otherwise than its rule says."""

    def on_tick(self, context: Context) -> Any:
        """Do nothing."""
        return ()


class MoodyProfile(ProfileSidebet):
    """May decide otherwise than its profile says."""


PROFILE = Profile(name="any")
OF_PROFILE = Conditions(cash=PROFILE.execution.initial_balance)


@pytest.mark.parametrize(
    ("strategy", "conditions", "reason"),
    [
        (CoinFlip(), PLAIN, "tick by tick"),
        (Moody(), PLAIN, "tick by tick"),
        (Momentum(), Conditions(cash=Decimal(10), latency_ms=60_000.0), "latency"),
        (
            Momentum(),
            Conditions(cash=Decimal(10), limits=Limits(max_loss_day_sol=Decimal(1))),
            "limits",
        ),
        (ProfileSidebet(PROFILE), PLAIN, "initial balance"),
        (MoodyProfile(PROFILE), OF_PROFILE, "way of its own"),
        (
            ProfileSidebet(PROFILE),
            Conditions(cash=OF_PROFILE.cash, latency_ms=219.0),
            "without latency",
        ),
    ],
)
def test_what_cannot_be_played_exactly_is_refused_with_the_reason(
    strategy: Any, conditions: Conditions, reason: str
) -> None:
    told = why_not(strategy, GAMES, conditions)
    assert told is not None
    assert reason in told


def test_what_follows_a_rule_or_a_profile_is_taken() -> None:
    assert why_not(Momentum(), GAMES, PLAIN) is None
    assert why_not(ProfileSidebet(PROFILE), GAMES, OF_PROFILE) is None


def test_games_with_gaps_are_left_to_the_event_engine() -> None:
    prices = GAMES.prices.copy()
    prices[7] = np.nan
    told = why_not(Momentum(), replace(GAMES, prices=prices), PLAIN)
    assert told is not None
    assert "gaps" in told


def test_an_amount_between_two_lamports_is_left_to_the_event_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 0.010000001 SOL at a price of 2 is 5000000.5 lamports of quantity: a tie.
    halves = games_of([1.0] * 9 + [2.0, 2.0, 2.5], [1.0] * 9 + [1.6, 1.6, 2.0])
    asked: list[int] = []
    exact = fastpath._OneGame.play_into

    def play_into(one: Any, brief: Any, game: int, cash: Any) -> None:
        asked.append(game)
        exact(one, brief, game, cash)

    monkeypatch.setattr(fastpath._OneGame, "play_into", play_into)
    params = {"buy_sol": 0.010000001, "first_tick": 9, "hold_ticks": 2}
    (brief,) = play_fast([lambda: Conservative(params)], halves, [PLAIN], seed=1)
    assert 0 in asked
    assert brief.buys.tolist() == [1, 1]


def test_a_day_begins_with_its_first_game_and_a_game_without_time_begins_none() -> None:
    games = generate_games(6, seed=1)
    hours = np.array([-1, 5, 20, -1, 25, 49])
    ended = np.where(hours < 0, -1, hours * HOUR_US)
    fresh = new_days(replace(games, ended_at=ended))
    assert fresh.tolist() == [False, False, False, False, True, True]
