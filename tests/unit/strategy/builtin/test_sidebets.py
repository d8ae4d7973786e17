"""Sidebets by schedule and by profile are placed when and as large as they say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.strategy_support import kinds, play

from vectra_player.analysis.games import Games, generate_games
from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.strategy import sizing
from vectra_player.strategy.builtin.sidebets import ProfileSidebet, Sidebet
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.profile import Profile, changed
from vectra_player.strategy.records import RunResult

DAY_US = 86_400_000_000
FLAT = [1.0] * 200
PROFILE = Profile(name="p")


def starts(**params: Any) -> list[int]:
    """Return at which ticks bets start in a game of 200 ticks."""
    result = play(Sidebet(params), [FLAT])  # type: ignore[arg-type]
    return [o.tick for o in result.outcomes if o.kind == "placed"]


def test_sidebets_follow_each_other_as_soon_as_one_is_lost() -> None:
    assert starts() == [0]
    assert starts(first_tick=10, max_bets=3) == [10, 50, 90]
    assert starts(first_tick=10, last_tick=60, max_bets=9) == [10, 50]


def test_a_sidebet_of_the_presale_starts_at_tick_0() -> None:
    result = play(Sidebet({"first_tick": -1}), [FLAT])  # type: ignore[arg-type]
    assert (result.decisions[0].phase, result.outcomes[0].tick) == ("BETTING", 0)


def by_events(profile: Profile, games: Games, **options: Any) -> RunResult:
    broker = PaperBroker(profile.execution.initial_balance, **options)
    steps = (
        step
        for game in range(len(games))
        for step in game_steps(
            games.game_ids[game],
            games.prices_of(game),
            int(games.rug_ticks[game]),
            ended_us=game * DAY_US // 50,
        )
    )
    return Engine(ProfileSidebet(profile), broker).run(steps)


CASES: list[dict[str, Any]] = [
    {"scaling.mode": mode, "execution.num_bets": bets, "execution.entry_tick": entry}
    for mode, bets, entry in zip(
        sizing.MODES, (1, 2, 3, 4, 3, 2, 1), (0, 5, 200, 0, 40, 1, 0), strict=True
    )
] + [
    {"scaling.mode": "kelly", "scaling.win_rate_assumption": 0.3, "execution.num_bets": 2},
    {"risk_controls.daily_loss_limit": 0.01, "execution.num_bets": 3},
    {"risk_controls.max_drawdown_pct": 0.3, "scaling.mode": "progressive", "execution.num_bets": 4},
    {"risk_controls.take_profit_target": 1.05, "execution.num_bets": 2},
    {"scaling.use_volatility_scaling": True, "risk_controls.reduce_on_drawdown": True},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_a_profile_plays_as_its_sizing_says_to_the_lamport(case: dict[str, Any]) -> None:
    profile = changed(
        PROFILE,
        {"execution.initial_balance": 0.2, "execution.bet_sizes": [0.003]}
        | {"execution.bet_sizes": [0.003] * case.get("execution.num_bets", 1)}
        | case,
    )
    games = generate_games(300, 11)
    fresh = np.array([game > 0 and game % 50 == 0 for game in range(len(games))])
    out = np.zeros((len(games), 4), np.int64)
    windows, won = sizing.ladders(profile, games.rug_ticks)
    rules, sizes = sizing.rules_of(profile), sizing.bet_sizes_of(profile)
    state, _, _ = sizing.play_order(rules, sizes, windows, won, fresh, out)
    result = by_events(profile, games)
    table = [
        [
            sizing.to_lamports(game.profit),
            sizing.to_lamports(game.staked),
            game.bets,
            game.bets_won,
        ]
        for game in result.games
    ]
    assert table == out.tolist()
    assert sizing.to_lamports(result.cash) == state.bankroll
    believes_the_odds = case.get("scaling.mode") == "kelly" and len(case) == 3
    assert (out[:, 2].sum() > 5) is not believes_the_odds  # Kelly stakes nothing at these odds


def test_a_profile_with_latency_bets_later_and_never_twice() -> None:
    profile = changed(PROFILE, {"execution.entry_tick": 4, "execution.num_bets": 3})
    result = by_events(profile, generate_games(50, 3), latency=Latency.ms(600))
    placed = [o for o in result.outcomes if o.kind == "placed"]
    assert {o.tick for o in placed} <= {7, 7 + WINDOW_TICKS + 3, 7 + 2 * (WINDOW_TICKS + 3)}
    assert "refused" not in kinds(result.outcomes)
    assert len(placed) > 50


def test_a_profile_that_cannot_pay_bets_no_more() -> None:
    profile = changed(PROFILE, {"execution.num_bets": 2, "execution.bet_sizes": [0.06, 0.06]})
    strategy = ProfileSidebet(profile)
    broker = PaperBroker(Decimal("0.05"))
    steps = (step for number in range(3) for step in game_steps(f"g{number}", FLAT, 199))
    result = Engine(strategy, broker).run(steps)
    assert kinds(result.outcomes) == ["refused"] * 3
    assert strategy.halt is None


def test_a_halted_profile_says_why() -> None:
    profile = changed(PROFILE, {"risk_controls.max_drawdown_pct": 0.05})
    strategy = ProfileSidebet(profile)
    assert strategy.halt is None
    broker = PaperBroker(profile.execution.initial_balance)
    steps = (step for number in range(9) for step in game_steps(f"g{number}", FLAT, 199))
    result = Engine(strategy, broker).run(steps)
    assert strategy.halt == "drawdown"
    assert len(result.decisions) == 5
