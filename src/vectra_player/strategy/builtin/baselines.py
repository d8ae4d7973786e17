"""What any strategy is held against: never betting, and betting at random moments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, NamedTuple

from msgspec import Meta

from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.builtin.ruled import BetSol, BuySol, HoldTicks
from vectra_player.strategy.context import Context
from vectra_player.strategy.records import Outcome, RunResult


class NeverBet(Strategy):
    """Do nothing, and keep everything. The strategy with the highest expectation there is: zero."""


class CoinFlipParams(Params, frozen=True):
    """How often and how much."""

    chance: Annotated[
        float, Meta(gt=0, le=1, description="chance at each tick that a bet is placed")
    ] = 0.02
    buys: Annotated[int, Meta(ge=0, description="buys in the whole run")] = 1000
    buy_sol: BuySol = 0.01
    hold_ticks: HoldTicks = 20
    bets: Annotated[int, Meta(ge=0, description="sidebets in the whole run")] = 1000
    bet_sol: BetSol = 0.001


_SPARE = 1.5
"""How much more often the coin shows heads than needed: nothing is placed while a bet is open."""


class PlannedBuy(NamedTuple):
    """A buy that is made at a random moment and held for so many ticks."""

    amount: Decimal
    hold_ticks: int


class CoinFlip(Strategy):
    """Buy and bet at random ticks, as often and for as much as planned.

    Whether a tick is taken is decided at that tick and not by the length of the game, which
    nobody knows then. Its expectation is below zero, as that of every bet.
    """

    Params = CoinFlipParams

    def __init__(self, params: CoinFlipParams | None = None) -> None:
        super().__init__(params)
        p: CoinFlipParams = self.params
        self.buys = deque([PlannedBuy(Buy(p.buy_sol).amount, p.hold_ticks)] * p.buys)
        self.bets = deque([PlaceSidebet(p.bet_sol).amount] * p.bets)
        self._hold_ticks = 0

    @classmethod
    def like(cls, result: RunResult) -> CoinFlip:
        """Return a coin flip that plans what a run did, spread over as many ticks as it saw.

        What finds no moment before the games end is not placed.
        """
        buys, bets = _planned(result.outcomes)
        ticks = sum(game.last_tick or 0 for game in result.games)
        wanted = max(len(buys), len(bets))
        chance = min(1.0, _SPARE * wanted / ticks) if wanted and ticks else 1.0
        coin = cls(CoinFlipParams(chance=chance, buys=0, bets=0))
        coin.buys.extend(buys)
        coin.bets.extend(bets)
        return coin

    def on_tick(self, context: Context) -> Iterator[Action]:
        """Flip the coin for whatever may be done at this tick."""
        if context.phase is not GamePhase.LIVE:
            return
        if context.holding:
            if context.ticks_in_position >= self._hold_ticks and not context.trade_pending:
                yield Sell()
        elif self.buys and self._heads(context) and context.flat:
            amount, self._hold_ticks = self.buys.popleft()
            yield Buy(amount)
        if self.bets and self._heads(context) and context.can_bet:
            yield PlaceSidebet(self.bets.popleft())

    def _heads(self, context: Context) -> bool:
        return bool(context.random.random() < self.params.chance)


def _planned(outcomes: Iterable[Outcome]) -> tuple[list[PlannedBuy], list[Decimal]]:
    """Return the buys of a run, each with the ticks until something was sold, and its sidebets."""
    buys: list[PlannedBuy] = []
    bets: list[Decimal] = []
    waiting: list[Outcome] = []
    for outcome in outcomes:
        if outcome.kind == "bought":
            waiting.append(outcome)
        elif outcome.kind == "placed":
            bets.append(outcome.amount)
        elif outcome.kind in ("sold", "rugged"):
            buys += [PlannedBuy(b.amount, max(1, outcome.tick - b.tick)) for b in waiting]
            waiting.clear()
    return buys, bets
