"""The eight presets of the strategy explorer, as profiles: known names to start and compare from.

Pure. Used by the simulation, the profiles and their pages. They share a bankroll of 0.1 SOL, four
bets of 0.001 SOL a game and an assumed win rate of 18.5 %. That rate is an assumption: the rule of
the game gives 18.17 %. At both, Kelly stakes nothing, because a sidebet that pays five times its
stake breaks even at 20 %; the two Kelly presets therefore never bet. They are kept because that is
what they have to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vectra_player.model.units import to_sol
from vectra_player.strategy.profile import (
    Execution,
    Profile,
    RiskControls,
    Scaling,
    ScalingMode,
)

GAMES = 500
"""Games of a run, for every preset."""

WIN_RATE = 0.185
BETS = 4


def _preset(
    name: str,
    mode: ScalingMode,
    drawdown: float,
    target: float,
    *,
    bet: str = "0.001",
    kelly: float = 0.25,
    streak: tuple[float, float] = (1.3, 2.0),
    theta: tuple[float, float] = (0.5, 2.0),
) -> Profile:
    return Profile(
        name=name,
        source="preset",
        execution=Execution(
            entry_tick=0,
            num_bets=BETS,
            bet_sizes=(to_sol(bet),) * BETS,
            initial_balance=to_sol("0.1"),
        ),
        scaling=Scaling(
            mode=mode,
            kelly_fraction=kelly,
            win_rate_assumption=WIN_RATE,
            win_streak_multiplier=streak[0],
            max_streak_multiplier=streak[1],
            theta_base=theta[0],
            theta_max=theta[1],
            use_volatility_scaling=True,
        ),
        risk_controls=RiskControls(max_drawdown_pct=drawdown, take_profit_target=target),
    )


PRESETS: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _preset("fixed_baseline", "fixed", 0.15, 1.5),
            _preset("quarter_kelly", "kelly", 0.15, 1.5, kelly=0.25),
            _preset("half_kelly_aggressive", "kelly", 0.20, 2.0, kelly=0.5),
            _preset("anti_martingale", "anti_martingale", 0.15, 1.5, streak=(1.5, 3.0)),
            _preset(
                "theta_bayesian_aggressive",
                "theta_bayesian",
                0.20,
                2.0,
                kelly=0.5,
                streak=(1.5, 3.0),
                theta=(1.0, 4.0),
            ),
            _preset(
                "theta_bayesian_conservative",
                "theta_bayesian",
                0.10,
                1.3,
                kelly=0.25,
                streak=(1.3, 2.0),
                theta=(0.5, 2.0),
            ),
            _preset("volatility_focused", "volatility_adjusted", 0.15, 1.5),
            _preset(
                "ultra_aggressive",
                "theta_bayesian",
                0.25,
                3.0,
                bet="0.002",
                kelly=0.75,
                streak=(2.0, 4.0),
                theta=(1.0, 5.0),
            ),
        )
    }
)
"""Presets by name, in the order in which they are shown."""
