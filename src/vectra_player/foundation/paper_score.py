"""How a paper account compares: its finished games beside never betting and a coin flip.

Pure. Used by `foundation.paper` alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from vectra_player.foundation.paper_records import ScoreRow, WalletRequest
from vectra_player.game.positions import ZERO
from vectra_player.strategy.builtin.baselines import CoinFlip, CoinFlipParams, PlannedBuy
from vectra_player.strategy.context import Context
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import GameResult, Outcome

COIN_CHANCE = 0.05
"""Chance at each tick that the coin does what was planned: 20 ticks later on average."""

COIN_SEED = 1


class Score:
    """Sums over the finished games of a run."""

    def __init__(self) -> None:
        self._taken = 0
        self._games = self._buys = self._bets = self._won = 0
        self._profit = self._invested = self._staked = ZERO
        self._expected = 0.0

    def take(self, context: Context) -> None:
        """Add the games that ended since the last call."""
        if context.games_played > self._taken:
            for result in context.results[self._taken :]:
                self._add(result)
            self._taken = context.games_played

    def row(self, who: Literal["you", "never betting", "coin flip"]) -> ScoreRow:
        """Return the sums as a line of the score card."""
        return ScoreRow(
            who=who,
            profit=float(self._profit),
            games=self._games,
            buys=self._buys,
            bets=self._bets,
            bets_won=self._won,
            invested=float(self._invested),
            staked=float(self._staked),
            expected=self._expected,
        )

    def _add(self, result: GameResult) -> None:
        self._games += result.played
        self._buys += result.buys
        self._bets += result.bets
        self._won += result.bets_won
        self._profit += result.profit
        self._invested += result.invested
        self._staked += result.staked
        self._expected += result.expected


class CoinShadow:
    """Bets and buys for the same amounts at random moments, on an account of its own.

    A buy follows when the holding it copies is gone, and is held for as long.
    """

    def __init__(self, wallet: WalletRequest) -> None:
        self._coin = CoinFlip(CoinFlipParams(chance=COIN_CHANCE, buys=0, bets=0))
        self._broker = PaperBroker(wallet.start_cash, latency=Latency.ms(wallet.latency_ms))
        self._engine = Engine(self._coin, self._broker, seed=COIN_SEED)
        self._score = Score()
        self._bought: tuple[Decimal, int] | None = None

    @property
    def idle(self) -> bool:
        """Tell whether nothing is planned, held, staked or under way."""
        broker = self._broker
        at_work = broker.ledger.position.qty or broker.bet or broker.pending
        return not (at_work or self._coin.buys or self._coin.bets or self._bought)

    def see(self, market: Market) -> None:
        """Move on to a step."""
        self._engine.step(market)
        self._engine.decisions.clear()
        self._engine.outcomes.clear()
        self._score.take(self._engine.context)

    def follow(self, outcome: Outcome, broker: PaperBroker) -> None:
        """Plan what the account did."""
        if outcome.kind == "placed":
            self._coin.bets.append(outcome.amount)
        elif outcome.kind == "bought":
            amount, tick = self._bought or (ZERO, outcome.tick)
            self._bought = (amount + outcome.amount, tick)
        elif outcome.kind in ("sold", "rugged") and not broker.ledger.position.qty:
            if self._bought is not None:
                amount, tick = self._bought
                self._coin.buys.append(PlannedBuy(amount, max(1, outcome.tick - tick)))
            self._bought = None

    def row(self) -> ScoreRow:
        """Return its line of the score card."""
        return self._score.row("coin flip")
