"""Play a strategy over games on the event engine, and hold what came of it as columns.

Used by backtests, sweeps and the checks of the fast path. A strategy that fails ends its own run
and nothing else; one of a user, which may also never return, is played in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import UNKNOWN, Games
from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.isolated import EngineProcess, Setup
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market, game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import GameResult, RunResult
from vectra_player.strategy.sizing import to_lamports

Amounts = npt.NDArray[np.int64]

Progress = Callable[[int, int], None]
"""Is told how many games were played, of how many."""


def unheard(done: int, total: int) -> None:
    """Take no notice of progress."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """How games are played: the cash in SOL, the delay of orders, what a run may risk."""

    cash: Decimal
    latency_ms: float = 0.0
    rug_payout: RugPayout = RUG_PAYOUT
    limits: Limits = NO_LIMITS


@dataclass(frozen=True)
class Columns:
    """What games brought, one entry a game; amounts in lamports, the rest counts.

    expected: what the same bets bring on average by the published odds, lamports.
    """

    profit: Amounts
    invested: Amounts
    staked: Amounts
    buys: Amounts
    sells: Amounts
    bets: Amounts
    bets_won: Amounts
    refused: Amounts
    missed: Amounts
    expected: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.profit)

    @property
    def at_risk(self) -> Amounts:
        """Return what a game could have lost at most: all that was paid into it."""
        paid: Amounts = self.invested + self.staked
        return paid

    def cut(self, part: slice) -> Columns:
        """Return some games in a row."""
        return Columns(*(getattr(self, field.name)[part] for field in fields(self)))


_COUNTED = tuple(field.name for field in fields(Columns) if field.name != "expected")


def play(
    strategy: Strategy,
    games: Games,
    conditions: Conditions,
    *,
    seed: int,
    first: int = 0,
    last: int = -1,
    progress: Progress = unheard,
) -> RunResult:
    """Play games `first` to `last` - 1 (-1: all) one after another with one purse.

    For strategies of ours: one of a user is played by `play_apart`.
    """
    broker = PaperBroker(
        conditions.cash,
        latency=Latency.ms(conditions.latency_ms),
        rug_payout=conditions.rug_payout,
        seed=seed,
    )
    engine = Engine(strategy, broker, limits=conditions.limits, seed=seed)
    chosen = range(first, len(games) if last < 0 else last)
    return engine.run(_all_steps(games, chosen, progress))


def play_apart(
    name: str,
    params: Mapping[str, Any],
    folder: Path | None,
    games: Games,
    conditions: Conditions,
    *,
    seed: int,
    progress: Progress = unheard,
) -> RunResult:
    """Play a user's strategy over all games in a process of its own, which may be killed.

    Raises StrategyError where it cannot be loaded or made; what it does later ends the run.
    """
    setup = Setup(
        strategy=name,
        params=dict(params),
        folder=str(folder) if folder else None,
        cash=conditions.cash,
        latency_ms=(conditions.latency_ms,),
        rug_payout=conditions.rug_payout,
        limits=conditions.limits,
        seed=seed,
    )
    with EngineProcess(setup) as process:
        for game in range(len(games)):
            if process.stopped is not None:
                break
            progress(game, len(games))
            rug_tick = int(games.rug_ticks[game])
            prices, ended = games.prices_of(game), _ended(games, game)
            process.play(games.game_ids[game], prices, rug_tick, ended_us=ended)
        return process.finish()


def columns_of(results: tuple[GameResult, ...], n_games: int) -> Columns:
    """Turn results of the first games of a run into columns; games not reached are zero."""
    table = np.zeros((len(_COUNTED), n_games), np.int64)
    expected = np.zeros(n_games)
    for game, result in enumerate(results):
        amounts = (result.profit, result.invested, result.staked)
        table[:3, game] = [to_lamports(amount) for amount in amounts]
        table[3:, game] = [getattr(result, name) for name in _COUNTED[3:]]
        expected[game] = result.expected * 1e9
    return Columns(**dict(zip(_COUNTED, table, strict=True)), expected=expected)


def _all_steps(games: Games, chosen: range, progress: Progress) -> Iterator[Market]:
    for done, game in enumerate(chosen):
        progress(done, len(chosen))
        yield from _steps(games, game)


def _steps(games: Games, game: int) -> Iterator[Market]:
    prices, rug_tick = games.prices_of(game), int(games.rug_ticks[game])
    return game_steps(games.game_ids[game], prices, rug_tick, ended_us=_ended(games, game))


def _ended(games: Games, game: int) -> int | None:
    ended = int(games.ended_at[game])
    return None if ended == UNKNOWN else ended
