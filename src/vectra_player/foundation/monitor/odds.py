"""What a sidebet is worth by the published rules, for pages: they hold no rule of their own.

Pure. Used by `monitor.app`; every figure is `game.sidebet`'s.
"""

from __future__ import annotations

import math

import msgspec

from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import (
    BREAK_EVEN_CHANCE,
    FAIR_EXPECTED_VALUE,
    FAIR_WIN_CHANCE,
    MAX_STAKE_SOL,
    MIN_STAKE_SOL,
    PAYOUT_MULTIPLE,
    WINDOW_TICKS,
    win_chance,
)
from vectra_player.game.timing import TICK_MS

FARTHEST_TICKS = 1200
"""Six times the mean length of a game: 1 in 400 lasts longer."""


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """A sidebet of a fair game. Chances 0 to 1; values per unit staked.

    `rug_within[n]`: chance of a rug within the next n ticks, the same at every tick of a game.
    `deviation`: standard deviation of one bet's profit.
    """

    window_ticks: int
    payout_multiple: int
    rug_chance: float
    win_chance: float
    break_even_chance: float
    expected_value: float
    deviation: float
    min_stake: float
    max_stake: float
    tick_ms: int
    rug_within: list[float]


def fair_odds() -> Odds:
    """Return the odds of the current game version."""
    spread = math.sqrt(FAIR_WIN_CHANCE * (1 - FAIR_WIN_CHANCE))
    return Odds(
        window_ticks=WINDOW_TICKS,
        payout_multiple=PAYOUT_MULTIPLE,
        rug_chance=V3.rug_chance,
        win_chance=FAIR_WIN_CHANCE,
        break_even_chance=BREAK_EVEN_CHANCE,
        expected_value=FAIR_EXPECTED_VALUE,
        deviation=PAYOUT_MULTIPLE * spread,
        min_stake=float(MIN_STAKE_SOL),
        max_stake=float(MAX_STAKE_SOL),
        tick_ms=TICK_MS,
        rug_within=[win_chance(window_ticks=n) for n in range(FARTHEST_TICKS + 1)],
    )
