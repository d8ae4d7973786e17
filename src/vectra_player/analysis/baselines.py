"""The coin that a backtest is held against: as many bets of the same size, at random moments.

Used by backtests. Never betting needs no making: it is `strategy.builtin.baselines.NeverBet`.
"""

from __future__ import annotations

from collections import deque

from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.strategy.builtin.baselines import CoinFlip, CoinFlipParams, PlannedBuy
from vectra_player.strategy.records import Outcome, RunResult

_RARELY = 1e-9
"""A coin needs a chance above zero, also where nothing is planned."""


def coin_flip_of(result: RunResult, ticks: int) -> CoinFlip:
    """Return a coin flip with the buys and sidebets of a run, spread over so many ticks.

    What cannot be placed before the games end is not placed.
    """
    bets = deque(outcome.amount for outcome in result.outcomes if outcome.kind == "placed")
    buys = deque(planned_buys(result.outcomes))
    busy = sum(buy.hold_ticks for buy in buys)
    chance = max(
        _chance(len(bets), ticks - WINDOW_TICKS * len(bets)), _chance(len(buys), ticks - busy)
    )
    coin = CoinFlip(CoinFlipParams(chance=chance, buys=0, bets=0))
    coin.buys, coin.bets = buys, bets
    return coin


def _chance(wanted: int, free_ticks: int) -> float:
    """Return how often the coin must show heads at the ticks at which nothing is open."""
    return min(1.0, wanted / free_ticks) if free_ticks > 0 and wanted else _RARELY


def planned_buys(outcomes: tuple[Outcome, ...]) -> list[PlannedBuy]:
    """Return the buys of a run with the ticks from each until the holding was gone."""
    planned: list[PlannedBuy] = []
    waiting: list[Outcome] = []
    for outcome in outcomes:
        if outcome.kind == "bought":
            waiting.append(outcome)
        elif outcome.kind in ("sold", "rugged"):
            planned += [
                PlannedBuy(bought.amount, max(1, outcome.tick - bought.tick)) for bought in waiting
            ]
            waiting.clear()
    return planned
