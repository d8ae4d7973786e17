"""Builders for tests of environments: games, and a strategy that acts by numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from vectra_player.analysis.games import Games
from vectra_player.model.units import to_sol
from vectra_player.rl.actions import ActionTable
from vectra_player.rl.agent import features_of
from vectra_player.rl.envs import GameEnv
from vectra_player.rl.features import Observer
from vectra_player.rl.outcomes import totals
from vectra_player.rl.rounds import Account
from vectra_player.strategy import Action, Context, Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker

HOUR_US = 3_600_000_000


def games_of(*paths: Sequence[float], ended_at: Sequence[int] | None = None) -> Games:
    """Make complete games of prices as published, the rug price last; an hour apart."""
    count = len(paths)
    times = np.arange(count) * HOUR_US if ended_at is None else np.array(ended_at)
    return Games(
        game_ids=tuple(f"game-{number}" for number in range(count)),
        offsets=np.cumsum([0, *map(len, paths)]).astype(np.int64),
        prices=np.concatenate([np.empty(0), *map(np.asarray, paths)]),
        rug_ticks=np.array([len(path) - 1 for path in paths], np.int64),
        first_ticks=np.zeros(count, np.int64),
        ended_at=times.astype(np.int64),
        versions=("v3",) * count,
    )


def equal(ours: Any, theirs: Any) -> bool:
    """Tell whether what environments gave is the same, in type too."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, np.ndarray) and ours.dtype == object:
        return all(equal(one, other) for one, other in zip(ours, theirs, strict=True))
    same_type = not isinstance(ours, np.ndarray) or ours.dtype == theirs.dtype
    return same_type and np.array_equal(ours, theirs)


class Moment(NamedTuple):
    """What is seen and owned at a step; `seen` is the vector as a tuple."""

    seen: tuple[float, ...]
    account: Account


class Course(NamedTuple):
    """A game played: every moment before the rug, why actions did nothing, how it ended."""

    moments: list[Moment]
    refused: list[str]
    cash: Decimal
    outcome: str
    profit: float
    max_drawdown: float


class ByNumber(Strategy):
    """Does the numbered actions of a table one after another, and notes what it sees."""

    def __init__(self, table: ActionTable, numbers: Sequence[int]) -> None:
        super().__init__()
        self._table, self._numbers = table, numbers
        self._observer = Observer(len(features_of(table)), table.unit)
        self.moments: list[Moment] = []

    def on_game_start(self, context: Context) -> None:
        self._observer.start(context.cash)

    def on_tick(self, context: Context) -> Iterable[Action]:
        seen = tuple(self._observer.of_context(context).tolist())
        bet, ledger = context.sidebet, context.ledger
        account = Account(
            tick=len(context.prices) - 1,
            cash=ledger.cash,
            qty=to_sol(ledger.position.qty),
            cost=to_sol(ledger.position.cost),
            stake=ledger.at_risk,
            equity=context.equity,
            bet_end=-1 if bet is None else bet.end_tick,
        )
        action = self._table.action(self._numbers[len(self.moments)])
        self.moments.append(Moment(seen, account))
        return [] if action is None else [action]


def by_engine(
    table: ActionTable, numbers: Sequence[int], steps: Iterable[Market], setting: Any
) -> Course:
    """Play a game on the event engine with the paper broker."""
    strategy = ByNumber(table, numbers)
    broker = PaperBroker(
        setting.cash,
        latency=Latency.ticks(setting.latency_ticks),
        rug_payout=setting.rug_payout,
    )
    result = Engine(strategy, broker).run(steps)
    assert result.stopped is None, result.stopped
    refused = [str(o.reason) for o in result.outcomes if o.kind == "refused"]
    equity = [moment.account.equity for moment in strategy.moments]
    (game,) = result.games
    held = any(outcome.kind == "rugged" for outcome in result.outcomes)
    told = totals([*equity, result.cash], entered=game.played, held_at_rug=held)
    profit, fallen = float(told.total_reward), float(told.max_drawdown)
    return Course(strategy.moments, refused, result.cash, told.outcome, profit, fallen)


def by_env(env: GameEnv, numbers: Sequence[int], reasons: Sequence[str]) -> Course:
    """Play a game of an environment that has just this one; check what it rewards on the way."""
    seen, info = env.reset(seed=1)
    moments, refused, over = [], [], False
    unit = env.setting.table.unit
    before = info["equity_lamports"]
    while not over:
        moments.append(Moment(tuple(seen.tolist()), env.account))
        seen, reward, over, truncated, info = env.step(numbers[len(moments) - 1])
        assert seen in env.observation_space
        assert not truncated
        assert reward == pytest.approx((info["equity_lamports"] - before) / unit, rel=1e-12)
        before = info["equity_lamports"]
        if info["refused"]:
            refused.append(reasons[info["refused"]])
    assert env.account.equity == env.account.cash
    how = (info["outcome"], info["profit_sol"], info["max_drawdown_sol"])
    return Course(moments, refused, env.account.cash, *how)


def numbers_for(random: np.random.Generator, table: ActionTable, steps: int) -> list[int]:
    """Draw actions; half of them do nothing, so that windows and holdings come to their end."""
    drawn: npt.NDArray[np.int64] = random.integers(0, len(table), steps)
    drawn[random.random(steps) < 0.5] = 0
    return [int(number) for number in drawn]
