"""Builders for tests of the analysis: games by their prices, stores by their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tests.unit.store.conftest import Tree

from vectra_player.analysis.games import UNKNOWN, Games
from vectra_player.model.rows import Game, GameTick

__all__ = ["Tree", "game_of_length", "games_of_paths", "recorded_game", "ticks"]

RUG_PRICE = 0.02


def games_of_paths(*paths: Sequence[float], first_ticks: Sequence[int] = ()) -> Games:
    """Build games that are known at every tick, the rug price last."""
    lengths = [len(path) for path in paths]
    return Games(
        game_ids=tuple(f"g{number}" for number in range(len(paths))),
        offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        prices=np.concatenate([np.empty(0), *(np.asarray(path, float) for path in paths)]),
        rug_ticks=np.asarray(lengths, np.int64) - 1,
        first_ticks=np.asarray(first_ticks or [0] * len(paths), np.int64),
        ended_at=np.full(len(paths), UNKNOWN, np.int64),
        versions=("v3",) * len(paths),
    )


def game_of_length(rug_tick: int) -> list[float]:
    """Return the prices of a game that stays at 1 until it rugs."""
    return [1.0] * rug_tick + [RUG_PRICE]


def recorded_game(name: str, prices: Sequence[float], number: int = 0) -> Game:
    """Build the row of a finished game; the higher the number, the later it was."""
    return Tree.game(
        name,
        seq=1000 + number,
        prices=list(prices),
        rug_tick=len(prices) - 1,
        rug_price=prices[-1],
        peak=max(prices),
        ended_at=Tree.T0 + number * 60_000_000,
        game_version="v3",
    )


def ticks(
    name: str, prices: Sequence[float], first: int = 0, session: str = "s1", seq: int = 1
) -> list[GameTick]:
    """Build the rows of ticks that were watched one after another from `first` on."""
    return [
        Tree.tick(first + index, price, name, session, seq=seq + index)
        for index, price in enumerate(prices)
    ]
