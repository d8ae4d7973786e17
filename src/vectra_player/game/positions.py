"""Book-keeping of an account within a game: buys, partial sells, the rug, sidebets. Decimal only.

Any layer may use it; it plays the server's part in the demo, paper trading and backtests. Source:
docs/protocol.md sections 7 and 10. Amounts are kept to a lamport, and no lamport is made or lost.

Shorts are not computed here: their published formula is contradicted twice by the feed (section
12), so the server's own values (`model.rows.ShortPosition`) are all there is. Leverage likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from vectra_player.game.refusal import RefusedError, checked_amount, checked_price
from vectra_player.game.sidebet import Settlement
from vectra_player.model.units import to_sol

ZERO = to_sol(0)

RugPayout = Literal["rug_price", "nothing"]
"""What an open position pays at the rug. Not settled: the one forced sell seen shows no price."""

RUG_PAYOUT: RugPayout = "rug_price"  # a forced sell at the rug was seen once (section 10)


@dataclass(frozen=True, slots=True)
class Fill:
    """One executed trade. `amount` is SOL paid or received; `realised` is 0 for a buy."""

    kind: Literal["buy", "sell", "forced_sell"]
    qty: Decimal
    price: float
    amount: Decimal
    cost: Decimal
    realised: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """A long holding: `qty` units for which `cost` SOL were paid."""

    qty: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def avg_cost(self) -> Decimal:
        """Return the quantity-weighted entry price, 0 when flat."""
        return self.cost / self.qty if self.qty else ZERO

    def value(self, price: float) -> Decimal:
        """Return what selling everything at this price pays. Raises RefusedError as `sell`."""
        return to_sol(self.qty * checked_price(price))

    def unrealised(self, price: float) -> Decimal:
        """Return the profit that selling everything at this price would realise."""
        return self.value(price) - self.cost

    def buy(self, amount: Decimal, price: float) -> tuple[Position, Fill]:
        """Spend `amount` SOL, to a lamport.

        Raises RefusedError for an amount or price that cannot be, or too little for one unit.
        """
        amount = checked_amount(amount, "amount")
        exact = checked_price(price)
        if not exact:
            raise RefusedError("price", "cannot buy at price 0")
        qty = checked_amount(amount / exact, "amount")
        fill = Fill("buy", qty, price, amount, amount, ZERO)
        return Position(self.qty + qty, self.cost + amount), fill

    def sell(self, percentage: float | Decimal, price: float) -> tuple[Position, Fill]:
        """Sell 1 to 100 percent of the holding; the average cost of the rest stays.

        Raises RefusedError without a holding, for another percentage or an impossible price.
        """
        if not self.qty:
            raise RefusedError("no_position", "nothing to sell")
        share = Decimal(str(percentage)) / 100
        if share.is_nan() or not Decimal("0.01") <= share <= 1:
            raise RefusedError("percentage", f"cannot sell {percentage} percent")
        return self._reduce(share, price, "sell")

    def close_at_rug(
        self, rug_price: float, payout: RugPayout = RUG_PAYOUT
    ) -> tuple[Position, Fill | None]:
        """Take the holding away at the rug; no fill when flat."""
        if not self.qty:
            return self, None
        return self._reduce(Decimal(1), rug_price if payout == "rug_price" else 0.0, "forced_sell")

    def _reduce(
        self, share: Decimal, price: float, kind: Literal["sell", "forced_sell"]
    ) -> tuple[Position, Fill]:
        qty = self.qty if share == 1 else to_sol(self.qty * share)
        cost = self.cost if qty == self.qty else to_sol(self.cost * qty / self.qty)
        amount = to_sol(qty * checked_price(price))
        fill = Fill(kind, qty, price, amount, cost, amount - cost)
        return Position(self.qty - qty, self.cost - cost), fill


@dataclass(frozen=True, slots=True)
class Ledger:
    """An account: free cash, a holding, sidebet stakes at risk and what was won or lost so far.

    Always: cash + position.cost + at_risk = all money put in + realised + sidebet_pnl.
    """

    cash: Decimal
    position: Position = Position()
    at_risk: Decimal = ZERO
    realised: Decimal = ZERO
    sidebet_pnl: Decimal = ZERO
    total_invested: Decimal = ZERO

    def equity(self, price: float) -> Decimal:
        """Return cash and the holding's value; an open sidebet counts as its stake."""
        return self.cash + self.position.value(price) + self.at_risk

    def pnl(self, price: float) -> Decimal:
        """Return realised, unrealised and settled sidebet profit together."""
        return self.realised + self.position.unrealised(price) + self.sidebet_pnl

    def buy(self, amount: Decimal, price: float) -> tuple[Ledger, Fill]:
        """Buy for `amount` SOL of cash. Raises RefusedError as `Position.buy`, or without cash."""
        position, fill = self.position.buy(amount, price)
        return replace(self._pay(fill.amount), position=position), fill

    def sell(self, percentage: float | Decimal, price: float) -> tuple[Ledger, Fill]:
        """Sell part of the holding into cash. Raises RefusedError as `Position.sell`."""
        position, fill = self.position.sell(percentage, price)
        return self._receive(position, fill), fill

    def close_at_rug(
        self, rug_price: float, payout: RugPayout = RUG_PAYOUT
    ) -> tuple[Ledger, Fill | None]:
        """Settle the holding at the rug; no fill when flat."""
        position, fill = self.position.close_at_rug(rug_price, payout)
        return (self, None) if fill is None else (self._receive(position, fill), fill)

    def stake(self, amount: Decimal) -> Ledger:
        """Move a sidebet's stake from cash to `at_risk`. Raises RefusedError without cash."""
        exact = checked_amount(amount, "stake")
        return replace(self._pay(exact), at_risk=self.at_risk + exact)

    def settle_sidebet(self, result: Settlement) -> Ledger:
        """Book a resolved sidebet whose stake was taken with `stake`."""
        return replace(
            self,
            cash=self.cash + result.payout,
            at_risk=self.at_risk - result.bet.stake,
            sidebet_pnl=self.sidebet_pnl + result.profit,
        )

    def _pay(self, amount: Decimal) -> Ledger:
        if amount > self.cash:
            raise RefusedError("cash", f"{amount} SOL needed, {self.cash} there")
        return replace(self, cash=self.cash - amount, total_invested=self.total_invested + amount)

    def _receive(self, position: Position, fill: Fill) -> Ledger:
        return replace(
            self,
            cash=self.cash + fill.amount,
            position=position,
            realised=self.realised + fill.realised,
        )
