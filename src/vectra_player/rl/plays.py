"""What one player did in one game, and what it came to moment by moment, by the rules of `game`.

Pure. The moments of a game: 0 is the presale, tick t is moment t + 1, the last one is after the
rug. A game that rugs at tick r has r + 1 moments at which something can be done: the steps of an
episode. Used by `rl.episodes` and by the data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from vectra_player.analysis.own_play import LEAST
from vectra_player.game.positions import ZERO, Position
from vectra_player.game.sidebet import Bet, settle_at
from vectra_player.model.units import Tick
from vectra_player.rl.outcomes import Totals, totals

MOST_SOL = Decimal(10) ** 9
"""No column holds an amount of it or more (`model.units.Sol`)."""

OrderKind = Literal["buy", "sell", "sidebet"]

ORDER_KINDS: dict[str, OrderKind] = {"BUY": "buy", "SELL": "sell", "SIDEBET": "sidebet"}
"""Kinds by the names that rows have for them."""


class Order(NamedTuple):
    """One order that took effect. `amount`: SOL paid, received or staked.

    `profit`: what a sidebet brought where the server told it; None: the rule says.
    """

    step: int
    kind: OrderKind
    amount: Decimal
    qty: Decimal = ZERO
    profit: Decimal | None = None


class Course(NamedTuple):
    """An account over one game, from nothing: n_steps + 1 entries each, the last after the rug.

    equity: SOL won or lost so far, what is held at its price and an open stake as it is.
    qty, staked: what is held, what is at stake, when the moment begins. orders: carried out.
    """

    equity: tuple[Decimal, ...]
    qty: tuple[Decimal, ...]
    staked: tuple[Decimal, ...]
    held_at_rug: bool
    oversold: bool
    orders: int

    @property
    def fits(self) -> bool:
        """Tell whether every amount fits its column; those of damaged records may not."""
        return all(abs(amount) < MOST_SOL for amount in (*self.equity, *self.qty, *self.staked))

    def ending(self, profit: Decimal) -> Course:
        """Return the course with another end: what the server told, whatever brought it."""
        return self._replace(equity=(*self.equity[:-1], profit))

    @property
    def totals(self) -> Totals:
        """Sum up the episode. A short is no order here, but it moves the account's money."""
        entered = bool(self.orders or self.equity[-1])
        return totals(self.equity, entered=entered, held_at_rug=self.held_at_rug)


def step_at(tick: Tick | None) -> int:
    """Return the step at which something happened; no tick: in the presale."""
    return 0 if tick is None else tick + 1


def step_in(phase: str | None, tick: Tick | None) -> int:
    """Return the step at which a row's order took effect: tick 0 of BETTING is the presale."""
    return step_at(None if phase == "BETTING" and not tick else tick)


def steps_of(rug_tick: Tick) -> int:
    """Return how many steps a game has: the presale and each tick before the rug."""
    return rug_tick + 1


def course_of(orders: Sequence[Order], prices: Sequence[float], rug_tick: Tick) -> Course:
    """Follow an account through a game known at every tick. prices: those of ticks 0 to the rug.

    Orders are those before the rug. `oversold`: more was sold than bought, so a buy was not seen.
    """
    account = _Account()
    waiting = sorted(orders, key=lambda order: order.step)
    told: list[tuple[Decimal, Decimal, Decimal]] = []
    for moment in range(steps_of(rug_tick)):
        tick, price = moment - 1, prices[moment - 1] if moment else 1.0
        if account.open_bets:
            account.settle(tick, rugged=False)
        told.append((account.equity(price), account.qty, account.at_risk))
        while waiting and waiting[0].step == moment:
            account.carry_out(waiting.pop(0))
    account.settle(rug_tick, rugged=True)
    held = account.qty > LEAST
    account.close(prices[rug_tick])
    told.append((account.cash, ZERO, ZERO))
    equity, qty, staked = zip(*told, strict=True)
    return Course(equity, qty, staked, held, account.oversold, len(orders))


class _Account:
    def __init__(self) -> None:
        self.cash = self.qty = self.at_risk = ZERO
        self.oversold = False
        self.open_bets: list[tuple[Bet, Decimal | None]] = []

    def equity(self, price: float) -> Decimal:
        held = Position(self.qty).value(price) if self.qty else ZERO
        return self.cash + held + self.at_risk

    def carry_out(self, order: Order) -> None:
        if order.kind == "buy":
            self.cash -= order.amount
            self.qty += order.qty
        elif order.kind == "sell":
            self.cash += order.amount
            self.oversold |= order.qty > self.qty + LEAST
            self.qty = max(self.qty - order.qty, ZERO)
        else:
            bet = Bet("", max(order.step - 1, 0), order.amount)
            self.cash -= order.amount
            self.at_risk += order.amount
            self.open_bets.append((bet, order.profit))

    def settle(self, tick: Tick, *, rugged: bool) -> None:
        still_open = []
        for bet, told in self.open_bets:
            result = settle_at(bet, tick, rugged=rugged)
            if result is None:
                still_open.append((bet, told))
            else:
                self.at_risk -= bet.stake
                self.cash += bet.stake + (result.profit if told is None else told)
        self.open_bets = still_open

    def close(self, rug_price: float) -> None:
        _, fill = Position(self.qty).close_at_rug(rug_price)
        self.cash += fill.amount if fill is not None else ZERO
        self.qty = ZERO
