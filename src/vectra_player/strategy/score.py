"""The score card of a run: you, what was done then, never betting, and a coin flip.

Pure but for scipy, which gives the interval of the win rate. Used when a run or a practice in a
replay ends. Amounts are SOL.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct

from vectra_player.game.positions import ZERO
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.builtin.baselines import CoinFlip, NeverBet
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import NO_LATENCY, Latency
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import Outcome, RunResult

CONFIDENCE = 0.95
COIN_RUNS = 200
_COIN_TICKS = 2_000_000
"""Ticks that all runs of the coin may take together: some seconds."""


class Score(Struct, frozen=True, kw_only=True):
    """What somebody's play came to.

    bets: sidebets, and holdings from the first buy until nothing is left. won: sidebets that
    paid, holdings with a profit. win_low, win_high: exact interval of the win rate; None without
    bets. `return_on_risk`: profit over all that was paid in; None where nothing was.
    max_drawdown: the deepest fall of the cash between games. expected: the fair mean of the same
    bets. For a coin flip all are means over its runs, and low and high hold the middle 90 % of
    its profits.
    """

    who: str
    games: int
    bets: float
    won: float
    win_rate: float | None
    win_low: float | None
    win_high: float | None
    paid_in: float
    profit: float
    return_on_risk: float | None
    max_drawdown: float
    expected: float
    runs: int = 1
    profit_low: float | None = None
    profit_high: float | None = None


class ScoreCard(Struct, frozen=True):
    """Scores side by side over the same games; `then` where what was done is known."""

    you: Score
    then: Score | None
    never: Score
    coin: Score

    @property
    def rows(self) -> tuple[Score, ...]:
        """Return the scores there are, in the order they are shown in."""
        return tuple(row for row in (self.you, self.then, self.never, self.coin) if row is not None)


def score_card(
    you: RunResult,
    steps: Callable[[], Iterable[Market]],
    *,
    then: Score | None = None,
    latency: Latency = NO_LATENCY,
    seed: int = 0,
) -> ScoreCard:
    """Put a run beside its baselines, which play with the same cash and latency.

    steps: gives the steps of the same games anew each time. then: what was done in them at the
    time, None where nobody knows.
    """

    def play(strategy: Strategy, run_seed: int) -> RunResult:
        broker = PaperBroker(you.start_cash, latency=latency, seed=run_seed)
        return Engine(strategy, broker, seed=run_seed).run(steps())

    ticks = sum(game.last_tick or 0 for game in you.games)
    runs = min(COIN_RUNS, max(20, _COIN_TICKS // max(ticks, 1)))
    flips = [score(play(CoinFlip.like(you), seed + run), "coin flip") for run in range(runs)]
    return ScoreCard(
        you=score(you, "you"),
        then=then,
        never=score(play(NeverBet(), seed), "never betting"),
        coin=_mean(flips),
    )


def score(result: RunResult, who: str) -> Score:
    """Sum up a run."""
    results = [*_sidebets(result.outcomes), *_holdings(result.outcomes)]
    won = sum(results)
    low, high = interval(won, len(results))
    paid_in = float(sum((game.invested + game.staked for game in result.games), ZERO))
    profit = float(result.profit)
    return Score(
        who=who,
        games=len(result.games),
        bets=len(results),
        won=won,
        win_rate=won / len(results) if results else None,
        win_low=low,
        win_high=high,
        paid_in=paid_in,
        profit=profit,
        return_on_risk=profit / paid_in if paid_in else None,
        max_drawdown=_deepest(result),
        expected=sum(game.expected for game in result.games),
    )


def interval(won: int, bets: int) -> tuple[float, float] | tuple[None, None]:
    """Return the exact (Clopper-Pearson) interval of a win rate; None without bets."""
    if not bets:
        return None, None
    from scipy.stats import binomtest

    found = binomtest(won, bets).proportion_ci(CONFIDENCE, method="exact")
    return float(found.low), float(found.high)


def _sidebets(outcomes: Iterable[Outcome]) -> list[bool]:
    return [outcome.kind == "won" for outcome in outcomes if outcome.kind in ("won", "lost")]


def _holdings(outcomes: Iterable[Outcome]) -> list[bool]:
    """Tell of each holding, from its first buy until nothing was left, whether it had a profit."""
    found: list[bool] = []
    qty = profit = ZERO
    for outcome in outcomes:
        if outcome.kind == "bought":
            qty += outcome.qty
        elif outcome.kind in ("sold", "rugged"):
            qty -= outcome.qty
            profit += outcome.profit
            if not qty:
                found.append(profit > 0)
                profit = ZERO
    return found


def _deepest(result: RunResult) -> float:
    highest, deepest = result.start_cash, Decimal(0)
    for game in result.games:
        highest = max(highest, game.cash_after)
        deepest = max(deepest, highest - game.cash_after)
    return float(deepest)


def _mean(runs: list[Score]) -> Score:
    """Return the mean of the coin's runs with the middle 90 % of their profits."""
    profits = sorted(run.profit for run in runs)
    bets = statistics.fmean(run.bets for run in runs)
    won = statistics.fmean(run.won for run in runs)
    paid_in = statistics.fmean(run.paid_in for run in runs)
    profit = statistics.fmean(profits)
    low, high = interval(sum(int(run.won) for run in runs), sum(int(run.bets) for run in runs))
    return Score(
        who=runs[0].who,
        games=runs[0].games,
        bets=bets,
        won=won,
        win_rate=won / bets if bets else None,
        win_low=low,
        win_high=high,
        paid_in=paid_in,
        profit=profit,
        return_on_risk=profit / paid_in if paid_in else None,
        max_drawdown=statistics.fmean(run.max_drawdown for run in runs),
        expected=statistics.fmean(run.expected for run in runs),
        runs=len(runs),
        profit_low=profits[len(profits) // 20],
        profit_high=profits[-1 - len(profits) // 20],
    )
