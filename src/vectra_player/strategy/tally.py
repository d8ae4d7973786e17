"""Counts one game of a run while it is played. Used by the engine alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from vectra_player.game.expectation import holding_edges
from vectra_player.game.positions import Ledger, RugPayout
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE
from vectra_player.model.units import Tick, to_sol
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import GameResult, Outcome, OutcomeKind


class GameTally:
    """What happened in a game so far; `cash` is what it began with."""

    def __init__(self, market: Market, ledger: Ledger, rug_payout: RugPayout) -> None:
        self._first = market
        self._rug_payout: RugPayout = rug_payout
        self._held: list[tuple[Tick, Decimal]] = []
        self._before = ledger
        self._kinds: Counter[OutcomeKind] = Counter()
        self._staked = to_sol(0)
        self._invested = to_sol(0)

    @property
    def cash(self) -> Decimal:
        """Return the cash at the first step of the game."""
        return self._before.cash

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what became of decisions."""
        for outcome in outcomes:
            self._kinds[outcome.kind] += 1
            if outcome.kind == "placed":
                self._staked += outcome.amount
            elif outcome.kind == "bought":
                self._invested += outcome.amount
                self._held.append((outcome.tick, outcome.qty))
            elif outcome.kind in ("sold", "rugged"):
                self._held.append((outcome.tick, -outcome.qty))
            elif outcome.kind == "void":
                self._staked -= outcome.amount

    def result(
        self, ledger: Ledger, prices: npt.NDArray[np.float64], rug_tick: Tick | None
    ) -> GameResult:
        """Return the finished game."""
        first = self._first
        kinds = self._kinds
        return GameResult(
            game_id=first.game_id,
            first_tick=first.tick,
            last_tick=len(prices) - 1 if len(prices) else None,
            rug_tick=rug_tick,
            cash_before=self._before.cash,
            cash_after=ledger.cash,
            trade_profit=ledger.realised - self._before.realised,
            sidebet_profit=ledger.sidebet_pnl - self._before.sidebet_pnl,
            invested=self._invested,
            staked=self._staked,
            buys=kinds["bought"],
            sells=kinds["sold"],
            bets=kinds["placed"],
            bets_won=kinds["won"],
            refused=kinds["refused"],
            missed=kinds["missed"],
            expected=self._expected(prices),
            time_us=first.time_us,
        )

    def _expected(self, prices: npt.NDArray[np.float64]) -> float:
        """Return the fair mean of what was bet, given for how long it was held."""
        total = float(self._staked) * FAIR_EXPECTED_VALUE
        if self._held and len(prices):
            edges = holding_edges(prices, payout=self._rug_payout)
            before = np.concatenate(([0.0], np.cumsum(edges)))
            # What is bought at one tick and sold at another has the edges from the one to the
            # other: added where the holding ends, taken away where it begins.
            total -= sum(float(qty) * float(before[tick]) for tick, qty in self._held)
        return total
