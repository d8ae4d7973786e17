"""Both paths of a backtest agree on every game to the lamport, whatever the games and parameters.

Deeper by hand: VECTRA_EXAMPLES=20000 python -m pytest tests/property/test_fastpath.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vectra_player.analysis.fastpath import Brief, play_fast, why_not
from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.play import Conditions, columns_of, play
from vectra_player.game.price_path import rug_price
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.builtin.playbooks import (
    Aggressive,
    Breakout,
    Conservative,
    MeanReversion,
    Momentum,
    Pullback,
)
from vectra_player.strategy.builtin.sidebets import ProfileSidebet, Sidebet
from vectra_player.strategy.profile import Profile, changed
from vectra_player.strategy.sizing import MODES

EXAMPLES = int(os.environ.get("VECTRA_EXAMPLES", "60"))
thorough = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

HOUR_US = 3_600_000_000

# Prices at which amounts end exactly between two lamports, beside any others.
ROUND = st.sampled_from([1.0, 2.0, 0.5, 4.0, 1.5, 0.25, 1.6, 10.0, 1.0000000005, 100.0])
ANY = st.floats(0.02, 1200.0, allow_nan=False)
PATHS = st.lists(st.one_of(ROUND, ANY), min_size=1, max_size=60)


def games_of(paths: list[list[float]]) -> Games:
    """Make complete games of given prices, an hour apart."""
    whole = [np.array([1.0, *path, rug_price([1.0, *path])]) for path in paths]
    count = len(whole)
    return Games(
        game_ids=tuple(f"game-{number}" for number in range(count)),
        offsets=np.cumsum([0, *map(len, whole)]),
        prices=np.concatenate(whole),
        rug_ticks=np.array([len(path) - 1 for path in whole]),
        first_ticks=np.zeros(count, np.int64),
        ended_at=np.arange(count) * HOUR_US,
        versions=("v3",) * count,
    )


invented = st.lists(PATHS, min_size=1, max_size=6).map(games_of)
drawn = st.builds(
    lambda seed, count: replace(
        generate_games(count, seed), ended_at=np.arange(count) * 5 * HOUR_US
    ),
    st.integers(0, 10_000),
    st.integers(1, 40),
)
any_games = st.one_of(invented, drawn)

exits: dict[str, Any] = {
    "buy_sol": st.sampled_from([0.001, 0.01, 0.012345679, 0.05, 1.0, 3.000000001, 999.0]),
    "take_profit": st.sampled_from([1.01, 1.1, 1.5, 2.0, 10.0, 9999.0]),
    "stop_loss": st.sampled_from([0.0, 0.5, 0.8, 0.95]),
    "trailing": st.sampled_from([0.0, 0.7, 0.9]),
    "hold_ticks": st.integers(1, 300),
}
signal = exits | {
    "lookback": st.integers(1, 30),
    "threshold": st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    "first_tick": st.integers(0, 60),
    "last_tick": st.integers(0, 400),
    "max_entries": st.integers(1, 9),
}
SHAPES: list[tuple[type[Strategy], dict[str, Any]]] = [
    (Conservative, exits | {"first_tick": st.integers(0, 80)}),
    (Aggressive, exits),
    *((kind, signal) for kind in (Momentum, Pullback, MeanReversion, Breakout)),
    (
        Sidebet,
        {
            "bet_sol": st.sampled_from([0.001, 0.01, 0.123456789, 5.0]),
            "first_tick": st.integers(-1, 120),
            "last_tick": st.integers(0, 400),
            "max_bets": st.integers(1, 12),
        },
    ),
]


@st.composite
def ruled(draw: Any) -> Callable[[], Strategy]:
    """Draw a strategy that follows a rule, with parameters of its ranges."""
    kind, shape = draw(st.sampled_from(SHAPES))
    params = draw(st.fixed_dictionaries(shape))
    return lambda: kind(params)


def both(make: Callable[[], Strategy], games: Games, conditions: Conditions) -> None:
    """Play a strategy on both paths; they must have the same to say of every game."""
    assert why_not(make(), games, conditions) is None
    (fast,) = play_fast([make], games, [conditions], seed=1)
    slow = Brief.of(columns_of(play(make(), games, conditions, seed=1).games, len(games)))
    for field in fields(Brief):
        ours, theirs = getattr(fast, field.name), getattr(slow, field.name)
        assert ours.tolist() == theirs.tolist(), (field.name, make().params)


@thorough
@given(
    make=ruled(),
    games=any_games,
    cash=st.sampled_from(["0.001", "0.0105", "0.03", "0.2", "10", "100000"]),
    latency_ms=st.sampled_from([0.0, 0.0, 1.0, 219.0, 250.0, 1000.0, 9_500.0]),
    pays=st.sampled_from(["rug_price", "nothing"]),
)
def test_rules_bring_the_same_on_both_paths(
    make: Callable[[], Strategy], games: Games, cash: str, latency_ms: float, pays: Any
) -> None:
    both(make, games, Conditions(cash=Decimal(cash), latency_ms=latency_ms, rug_payout=pays))


@st.composite
def profiles(draw: Any) -> Profile:
    """Draw a profile with any way of sizing and any limits."""
    some = draw(
        st.fixed_dictionaries(
            {
                "execution.entry_tick": st.integers(0, 200),
                "execution.initial_balance": st.sampled_from([0.001, 0.02, 0.1, 3.0, 1000.0]),
                "execution.bet_sizes": st.lists(
                    st.sampled_from([0.001, 0.0015, 0.01, 0.3, 5.0]), min_size=1, max_size=6
                ),
                "scaling.mode": st.sampled_from(sorted(MODES)),
                "scaling.win_rate_assumption": st.sampled_from([0.1, 0.185, 0.25, 0.4]),
                "scaling.kelly_fraction": st.sampled_from([0.1, 0.25, 1.0]),
                "scaling.use_volatility_scaling": st.booleans(),
                "risk_controls.reduce_on_drawdown": st.booleans(),
                "risk_controls.max_drawdown_pct": st.sampled_from([None, 0.1, 0.5]),
                "risk_controls.take_profit_target": st.sampled_from([None, 1.05, 2.0]),
                "risk_controls.daily_loss_limit": st.sampled_from([None, 0.001, 0.01, 1.0]),
            }
        )
    )
    sizes = some["execution.bet_sizes"]
    return changed(Profile(name="drawn"), some | {"execution.num_bets": len(sizes)})


@thorough
@given(profile=profiles(), games=any_games)
def test_profiles_bring_the_same_on_both_paths(profile: Profile, games: Games) -> None:
    conditions = Conditions(cash=profile.execution.initial_balance)
    both(lambda: ProfileSidebet(profile), games, conditions)
