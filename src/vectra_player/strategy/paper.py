"""The paper broker: carries orders out over the rules of `game/`, with no clock and no I/O.

Backtests, practice in a replay, paper trading on the live feed and RL environments drive this
one state machine: `step` with every step of a game, `submit` for what is decided at it. Fills
are at the recorded price, since trades were seen to move no price (docs/protocol.md section 7).
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import numpy as np
from msgspec import Struct

from vectra_player.game.positions import RUG_PAYOUT, ZERO, Ledger, RugPayout
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import PRESALE_START_TICK, Bet, Settlement, SidebetBook
from vectra_player.model.units import Tick
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.latency import NO_LATENCY, Latency
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import ActionName, Decision, Outcome, OutcomeKind, OutcomeReason

_ME = "me"
_STREAM = 1
_OPEN = (GamePhase.BETTING, GamePhase.LIVE)
_NOBODY_SAW = "nobody saw how the game ended"


class Submitted(Struct, frozen=True, gc=False):
    """A decision taken in. `outcome` is there when it was carried out or refused at once."""

    decision: Decision
    outcome: Outcome | None = None


class _Order(Struct, gc=False):
    decision: Decision
    arrives_ms: float


class PaperBroker:
    """An account and its orders under way, over any number of games one after another."""

    def __init__(
        self,
        cash: Decimal,
        *,
        latency: Latency = NO_LATENCY,
        rug_payout: RugPayout = RUG_PAYOUT,
        seed: int = 0,
        numbers_after: int = 0,
    ) -> None:
        """`numbers_after`: decisions are numbered on from there."""
        self._ledger = Ledger(cash)
        self._latency = latency
        self.rug_payout: RugPayout = rug_payout
        # A stream of its own: the strategy may have been given the same seed.
        self._random = np.random.default_rng([seed, _STREAM])
        self._book = SidebetBook()
        self._orders: deque[_Order] = deque()
        self._market: Market | None = None
        self._numbers = numbers_after
        self._bet_number: int | None = None
        self._entry_tick: Tick | None = None
        self._entry_price: float | None = None

    @property
    def ledger(self) -> Ledger:
        """Return the books."""
        return self._ledger

    @property
    def bet(self) -> Bet | None:
        """Return the open sidebet."""
        return self._book.of(_ME)

    @property
    def last_number(self) -> int:
        """Return the number of the last decision."""
        return self._numbers

    @property
    def pending(self) -> tuple[Decision, ...]:
        """Return the decisions still under way, oldest first."""
        return tuple(order.decision for order in self._orders)

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at, None when flat."""
        return self._entry_tick

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at, None when flat."""
        return self._entry_price

    def step(self, market: Market) -> list[Outcome]:
        """Move on to the next step of a game and return what it settled and carried out.

        A game that is followed by another without its rug was not seen to its end: see `abandon`.
        """
        outcomes: list[Outcome] = []
        if self._market is not None and self._market.game_id != market.game_id:
            outcomes = self.abandon()
        self._market = market
        if market.phase is GamePhase.RUGGED:
            return outcomes + self._rug(market)
        if len(self._book) and market.phase is GamePhase.LIVE:
            outcomes += self._settle(market, rugged=False)
        if self._orders:
            outcomes += self._arrivals(market)
        return outcomes

    def submit(self, action: Action) -> Submitted:
        """Take in what was decided at the current step; without latency it is carried out now.

        Raises ValueError before the first step.
        """
        market = self._market
        if market is None:
            raise ValueError("no step of a game was seen yet")
        decision = self._decide(action, market)
        if market.phase not in _OPEN:
            return Submitted(decision, self._refused(decision, market, "closed", "no bets now"))
        delay = self._latency.draw(self._random)
        if delay <= 0:
            return Submitted(decision, self._execute(decision, market))
        self._orders.append(_Order(decision, market.clock_ms + delay))
        return Submitted(decision)

    def refuse(self, action: Action, reason: OutcomeReason, message: str) -> Submitted:
        """Write down an action that the caller's own limits forbid. Raises as `submit`."""
        market = self._market
        if market is None:
            raise ValueError("no step of a game was seen yet")
        decision = self._decide(action, market)
        return Submitted(decision, self._refused(decision, market, reason, message))

    def abandon(self) -> list[Outcome]:
        """Close the books of a game whose end nobody saw, at the worst for the holding.

        Orders under way are missed, the holding counts as lost, a sidebet's stake goes back.
        """
        market = self._market
        if market is None or market.phase is GamePhase.RUGGED:
            return []
        outcomes = self._miss(market, "unseen", _NOBODY_SAW)
        outcomes += self._take_holding(market, 0.0, "unseen")
        bet = self._book.of(_ME)
        if bet is not None:
            self._book = SidebetBook()
            stake = bet.stake
            back = Settlement(bet, False, stake, ZERO, market.tick, market.tick)
            outcomes.append(self._booked(market, back, "void"))
        self._market = None
        return outcomes

    # Inside ---------------------------------------------------------------------------------

    def _decide(self, action: Action, market: Market) -> Decision:
        self._numbers += 1
        name, value = _named(action)
        return Decision(
            self._numbers, market.game_id, market.phase, market.tick, market.price, name, value
        )

    def _arrivals(self, market: Market) -> list[Outcome]:
        now = market.clock_ms
        due = [order for order in self._orders if order.arrives_ms <= now]
        if not due:
            return []
        self._orders = deque(order for order in self._orders if order.arrives_ms > now)
        due.sort(key=lambda order: order.arrives_ms)  # stable: equal arrivals in order of decision
        return [self._execute(order.decision, market) for order in due]

    def _execute(self, decision: Decision, market: Market) -> Outcome:
        try:
            if decision.action == "buy":
                return self._buy(decision, market)
            if decision.action == "sell":
                return self._sell(decision, market)
            return self._place(decision, market)
        except RefusedError as error:
            return self._refused(decision, market, error.reason, error.message)

    def _buy(self, decision: Decision, market: Market) -> Outcome:
        self._ledger, fill = self._ledger.buy(decision.value, market.price)
        if self._entry_tick is None:
            self._entry_tick, self._entry_price = market.tick, market.price
        return self._outcome(decision.number, "bought", market, fill.amount, fill.qty, ZERO)

    def _sell(self, decision: Decision, market: Market) -> Outcome:
        if market.phase is GamePhase.BETTING:
            return self._refused(decision, market, "closed", "nothing is sold in the presale")
        self._ledger, fill = self._ledger.sell(decision.value, market.price)
        self._forget_entry()
        return self._outcome(decision.number, "sold", market, fill.amount, fill.qty, fill.realised)

    def _place(self, decision: Decision, market: Market) -> Outcome:
        staked = self._ledger.stake(decision.value)
        start = market.tick if market.phase is GamePhase.LIVE else PRESALE_START_TICK
        bet = self._book.place(_ME, decision.value, start)
        self._ledger, self._bet_number = staked, decision.number
        return self._outcome(decision.number, "placed", market, bet.stake, ZERO, ZERO)

    def _rug(self, market: Market) -> list[Outcome]:
        outcomes = self._settle(market, rugged=True)
        outcomes += self._take_holding(market, market.price, None)
        return outcomes + self._miss(market, "rug", "the rug came first")

    def _settle(self, market: Market, *, rugged: bool) -> list[Outcome]:
        results = self._book.advance(market.tick, rugged=rugged)
        return [self._booked(market, result, "won" if result.won else "lost") for result in results]

    def _booked(self, market: Market, result: Settlement, kind: OutcomeKind) -> Outcome:
        self._ledger = self._ledger.settle_sidebet(result)
        number, self._bet_number = self._bet_number, None
        return self._outcome(number, kind, market, result.payout, ZERO, result.profit)

    def _take_holding(
        self, market: Market, price: float, reason: OutcomeReason | None
    ) -> list[Outcome]:
        payout: RugPayout = "nothing" if reason else self.rug_payout
        self._ledger, fill = self._ledger.close_at_rug(price, payout)
        self._forget_entry()
        if fill is None:
            return []
        taken = self._outcome(None, "rugged", market, fill.amount, fill.qty, fill.realised, reason)
        return [taken]

    def _forget_entry(self) -> None:
        if not self._ledger.position.qty:
            self._entry_tick = self._entry_price = None

    def _miss(self, market: Market, reason: OutcomeReason, message: str) -> list[Outcome]:
        missed = [
            self._outcome(
                order.decision.number, "missed", market, ZERO, ZERO, ZERO, reason, message
            )
            for order in self._orders
        ]
        self._orders.clear()
        return missed

    def _refused(
        self, decision: Decision, market: Market, reason: OutcomeReason, message: str
    ) -> Outcome:
        return self._outcome(decision.number, "refused", market, ZERO, ZERO, ZERO, reason, message)

    def _outcome(
        self,
        number: int | None,
        kind: OutcomeKind,
        market: Market,
        amount: Decimal,
        qty: Decimal,
        profit: Decimal,
        reason: OutcomeReason | None = None,
        message: str = "",
    ) -> Outcome:
        return Outcome(
            number,
            kind,
            market.game_id,
            market.tick,
            market.price,
            amount,
            qty,
            profit,
            self._ledger.cash,
            reason,
            message,
        )


def _named(action: Action) -> tuple[ActionName, Decimal]:
    if isinstance(action, Buy):
        return "buy", action.amount
    if isinstance(action, Sell):
        return "sell", action.percentage
    if isinstance(action, PlaceSidebet):
        return "sidebet", action.amount
    raise TypeError(f"{action!r} is no action")
