"""How a paper account compares: its finished games beside never betting and a coin flip.

Pure. Used by `foundation.paper` alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from vectra_player.foundation.paper_records import ScoreRow, WalletRequest
from vectra_player.game.positions import ZERO, Ledger
from vectra_player.model.units import Sol
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


class Sums(Struct, frozen=True, kw_only=True):
    """What finished games came to."""

    games: int = 0
    buys: int = 0
    bets: int = 0
    won: int = 0
    profit: Sol = ZERO
    invested: Sol = ZERO
    staked: Sol = ZERO
    expected: float = 0.0


class Score:
    """Sums over the finished games of a run, on top of those of an earlier one."""

    def __init__(self, sums: Sums = Sums()) -> None:  # noqa: B008 -- immutable
        self.sums = sums
        self._taken = 0

    def take(self, context: Context) -> None:
        """Add the games that ended since the last call."""
        if context.games_played > self._taken:
            for result in context.results[self._taken :]:
                self.sums = _added(self.sums, result)
            self._taken = context.games_played

    def row(self, who: Literal["you", "never betting", "coin flip"]) -> ScoreRow:
        """Return the sums as a line of the score card."""
        sums = self.sums
        return ScoreRow(
            who=who,
            profit=float(sums.profit),
            games=sums.games,
            buys=sums.buys,
            bets=sums.bets,
            bets_won=sums.won,
            invested=float(sums.invested),
            staked=float(sums.staked),
            expected=sums.expected,
        )


def _added(sums: Sums, result: GameResult) -> Sums:
    return Sums(
        games=sums.games + result.played,
        buys=sums.buys + result.buys,
        bets=sums.bets + result.bets,
        won=sums.won + result.bets_won,
        profit=sums.profit + result.profit,
        invested=sums.invested + result.invested,
        staked=sums.staked + result.staked,
        expected=sums.expected + result.expected,
    )


def kept(ledger: Ledger, sums: Sums, wallet: WalletRequest) -> tuple[Decimal, Sums]:
    """Return cash and sums to go on from: a stake comes back, what is held counts as lost.

    So the profit of the sums stays what the cash says.
    """
    free = ledger.cash + ledger.at_risk
    return free, msgspec.structs.replace(sums, profit=free - wallet.start_cash)


class CoinShadow:
    """Bets and buys for the same amounts at random moments, on an account of its own.

    A buy follows when the holding it copies is gone, and is held for as long.
    """

    def __init__(self, wallet: WalletRequest, saved: tuple[Decimal, Sums] | None = None) -> None:
        """`saved`: cash and sums of an earlier run to go on from."""
        self._wallet = wallet
        cash, sums = saved or (wallet.start_cash, Sums())
        self._coin = CoinFlip(CoinFlipParams(chance=COIN_CHANCE, buys=0, bets=0))
        self._broker = PaperBroker(cash, latency=Latency.ms(wallet.latency_ms))
        self._engine = Engine(self._coin, self._broker, seed=COIN_SEED)
        self._score = Score(sums)
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

    def saved(self) -> tuple[Decimal, Sums]:
        """Return cash and sums to go on from."""
        return kept(self._broker.ledger, self._score.sums, self._wallet)

    def row(self) -> ScoreRow:
        """Return its line of the score card."""
        return self._score.row("coin flip")
