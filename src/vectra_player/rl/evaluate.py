"""How a trained agent does in games it has not seen, beside never betting and a coin.

Every game is played on the event engine as in a backtest, each with a purse of its own as an
episode of the environments has it. All play the same games, so they are compared game by game.
Used by `examples/evaluate_agent.py`; `evaluation_report` puts it into words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vectra_player.analysis.games import Games
from vectra_player.analysis.play import Columns, Conditions, columns_of, play
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.significance import LAMPORTS, Evidence, bootstrap_interval, weigh
from vectra_player.errors import UsageError
from vectra_player.rl.actions import CASH, ActionTable
from vectra_player.rl.agent import read_agent
from vectra_player.rl.agent_strategy import strategy_of
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.builtin.baselines import CoinFlip, CoinFlipParams, NeverBet
from vectra_player.strategy.records import RunResult
from vectra_player.strategy.sizing import from_lamports

AGENT, BY_CHANCE = "the agent", "the agent by chance"
NEVER, COIN, AS_OFTEN = "never betting", "coin flip", "its bets at random"
COIN_CHANCE = 0.02
COIN_BETS = 1_000_000  # more than any game has ticks: the coin never runs out

Progress = Callable[[int, int, str], None]
"""Is told how many games were played, of how many, by whom."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What one of them made of the games. SOL, where nothing else is said.

    played: games with a buy or a bet. put_in: paid for buys and staked. expected: mean of a game
    by the published odds, given the bets that were made. drawdown: deepest fall of what the games
    brought together. ahead: mean of what the agent brought beyond this one, game by game, with its
    interval; None for the agent itself.
    """

    name: str
    played: int
    buys: int
    bets: int
    bets_won: int
    put_in: float
    expected: float
    drawdown: float
    best: float
    worst: float
    evidence: Evidence
    ahead: tuple[float, float, float] | None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The agent and the others in the same games.

    told: which games these are, in words. games: the same as `Selected.told`.
    """

    told: str
    games: dict[str, Any]
    digest: str
    seed: int
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """Return which games these are, in a few words."""
        kind = "generated" if self.games["origin"] == "generated" else "recorded"
        return f"{self.agent.evidence.games:,} {kind} games"

    @property
    def agent(self) -> Line:
        """Return the agent's line."""
        return self.line(AGENT)

    def line(self, name: str) -> Line:
        """Return a line by the name of who played. Raises StopIteration for nobody."""
        return next(line for line in self.lines if line.name == name)


def try_out(
    path: Path, chosen: Selected, *, seed: int, progress: Progress = lambda done, total, who: None
) -> Trial:
    """Let an agent's file and the baselines play the same games.

    seed: of the coins and of the intervals. Raises UsageError without games, or as `read_agent`;
    DamageError for a damaged file.
    """
    games = chosen.games
    if not len(games):
        raise UsageError("There is no game to play.", advice=chosen.advice())
    agent = read_agent(path)

    def tell(who: str) -> Callable[[int], None]:
        return lambda done: progress(done, len(games), who)

    def played(strategy: Strategy, who: str) -> RunResult:
        return one_by_one(strategy, games, seed=seed, progress=tell(who))

    own = played(strategy_of(path), AGENT)
    others = {
        BY_CHANCE: played(strategy_of(path, by_chance=True), BY_CHANCE),
        NEVER: played(NeverBet(), NEVER),
        COIN: played(CoinFlip(_coin(agent.table())), COIN),
    }
    if any(game.played for game in own.games):
        others[AS_OFTEN] = played(CoinFlip.like(own), AS_OFTEN)
    return Trial(
        told=chosen.sentence(),
        games=chosen.told(),
        digest=games.digest,
        seed=seed,
        lines=tuple(_lines(own, others, seed)),
    )


def one_by_one(
    strategy: Strategy,
    games: Games,
    *,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> RunResult:
    """Play each game with a purse of its own, and return all as one run.

    Raises UsageError where the strategy fails: what it did then says nothing about it.
    """
    runs = []
    for game in range(len(games)):
        progress(game)
        how = Conditions(cash=CASH)
        run = play(strategy, games, how, seed=seed + game, first=game, last=game + 1)
        if run.stopped is not None:
            raise UsageError(f"Game {games.game_ids[game]}: {run.stopped.message}.")
        runs.append(run)
    return msgspec.structs.replace(
        runs[0],
        seed=seed,
        games=tuple(game for run in runs for game in run.games),
        decisions=tuple(decision for run in runs for decision in run.decisions),
        outcomes=tuple(outcome for run in runs for outcome in run.outcomes),
    )


def _coin(table: ActionTable) -> CoinFlipParams:
    """Return a coin that makes the smallest bets of an environment."""
    amount = float(from_lamports(table.unit))
    buys = COIN_BETS if table.env == "trading" else 0
    return CoinFlipParams(
        chance=COIN_CHANCE, buys=buys, buy_sol=amount, bets=COIN_BETS, bet_sol=amount
    )


def _lines(own: RunResult, others: dict[str, RunResult], seed: int) -> Sequence[Line]:
    columns = columns_of(own.games, len(own.games))
    lines = [_line(AGENT, columns, None, seed)]
    for name, run in others.items():
        lines.append(_line(name, columns_of(run.games, len(run.games)), columns, seed))
    return lines


def _line(name: str, columns: Columns, agent: Columns | None, seed: int) -> Line:
    course = np.cumsum(np.r_[0, columns.profit])
    ahead = None
    if agent is not None:
        gap = agent.profit - columns.profit
        ahead = (float(gap.mean()) / LAMPORTS, *bootstrap_interval(gap, seed))
    return Line(
        name=name,
        played=int(((columns.buys > 0) | (columns.bets > 0)).sum()),
        buys=int(columns.buys.sum()),
        bets=int(columns.bets.sum()),
        bets_won=int(columns.bets_won.sum()),
        put_in=float(columns.at_risk.sum()) / LAMPORTS,
        expected=float(columns.expected.mean()) / LAMPORTS,
        drawdown=float((np.maximum.accumulate(course) - course).max()) / LAMPORTS,
        best=float(columns.profit.max()) / LAMPORTS,
        worst=float(columns.profit.min()) / LAMPORTS,
        evidence=weigh(columns.profit, columns.at_risk, seed=seed),
        ahead=ahead,
    )


def verdict(trial: Trial) -> str:
    """Say in plain words what the games show of the agent, and what they do not."""
    told = [_beside_nothing(trial.agent), _drawn(trial.line(BY_CHANCE), trial.agent)]
    ahead = trial.line(COIN).ahead
    return " ".join((*told, _beside_coin(ahead))) if ahead is not None else " ".join(told)


def _beside_nothing(agent: Line) -> str:
    evidence = agent.evidence
    if not agent.played:
        return (
            "It does not beat never betting: it never bets. Nothing better can be learned, since "
            "every bet of this game loses on average."
        )
    if evidence.winner:
        found = "It did better than never betting, beyond chance"
    elif evidence.high < 0:
        found = "It does not beat never betting; it does worse, beyond chance"
    else:
        found = "It does not beat never betting"
    return (
        f"{found}: {_interval(evidence.mean, evidence.low, evidence.high)}. By the published odds "
        f"its bets bring {agent.expected:+.6f} SOL a game on average."
    )


def _drawn(line: Line, agent: Line) -> str:
    """Say how it does when it draws its actions: what it learned shows there as well."""
    evidence = line.evidence
    if not line.played:
        nor = "It never bets" if agent.played else "Nor does it bet"
        return f"{nor} when it draws its actions by chance, as in training."
    return (
        f"Drawing its actions by chance, as in training, it bets in {line.played:,} of "
        f"{evidence.games:,} games: {_interval(evidence.mean, evidence.low, evidence.high)}."
    )


def _beside_coin(ahead: tuple[float, float, float]) -> str:
    _, low, high = ahead
    if low > 0:
        return f"It comes out ahead of a coin: {_interval(*ahead)}."
    if high < 0:
        return f"It comes out behind a coin: {_interval(*ahead)}."
    return f"It cannot be told from a coin: {_interval(*ahead)}."


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:+.6f} SOL a game, with 95 % confidence between {low:+.6f} and {high:+.6f}"
