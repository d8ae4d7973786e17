"""Builders for tests of backtests and sweeps: games, strategies of a user, runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vectra_player.analysis.backtest import Question, Run, run_backtest
from vectra_player.analysis.contestant import Contestant, find_contestant
from vectra_player.analysis.games import Games
from vectra_player.analysis.selection import Selected, select_games
from vectra_player.game.price_path import rug_price

HOUR_US = 3_600_000_000
NOW = "2026-01-01T00:00:00.000+00:00"

BUYER = """
from vectra_player.strategy import Buy, Params, Sell, Strategy


class BuyerParams(Params, frozen=True):
    tick: int = 5
    hold: int = 10


class Buyer(Strategy):
    Params = BuyerParams

    def on_tick(self, context):
        {body}
        if context.tick == self.params.tick and context.flat:
            yield Buy("0.01")
        elif context.ticks_in_position >= self.params.hold:
            yield Sell()
"""


def strategy_file(path: Path, body: str = "pass") -> Path:
    """Write a user's strategy that buys at a tick and sells later; `body` runs at each tick."""
    path.write_text(BUYER.format(body=body), "utf-8")
    return path


def games_of(*paths: Sequence[float], ids: Sequence[str] = ()) -> Games:
    """Make complete games of given prices, an hour apart; the rug price is added."""
    whole = [np.array([*path, rug_price(path)]) for path in paths]
    count = len(whole)
    return Games(
        game_ids=tuple(ids) or tuple(f"game-{number}" for number in range(count)),
        offsets=np.cumsum([0, *map(len, whole)]).astype(np.int64),
        prices=np.concatenate([np.empty(0), *whole]),
        rug_ticks=np.array([len(path) - 1 for path in whole], np.int64),
        first_ticks=np.zeros(count, np.int64),
        ended_at=np.arange(count) * HOUR_US,
        versions=("v3",) * count,
    )


def recorded(games: Games) -> Selected:
    """Say that games were recorded and all of them chosen."""
    return Selected(games, "all", "real", {})


def generated(count: int, seed: int = 3) -> Selected:
    """Choose fair games of our own."""
    return select_games(
        Path("nowhere"), [f"generated:{count}"], origin="real", include_incomplete=False, seed=seed
    )


def contestant(word: str | Path, root: Path, **options: Any) -> Contestant:
    """Return what a word stands for in a data directory."""
    return find_contestant(str(word), root, **options)


def backtest(root: Path, word: str | Path, chosen: Selected, **question: Any) -> Run:
    """Run a backtest whose results lie in the data directory."""
    return run_backtest(
        contestant(word, root),
        chosen,
        Question(**question),
        results=root / "results",
        made_at=NOW,
    )
