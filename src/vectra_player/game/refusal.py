"""What the rules refuse: the error of a move they do not allow, and the check of its numbers.

`game` raises it, any layer may catch it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from vectra_player.errors import UsageError
from vectra_player.model.units import to_sol

_LIMIT = 10**9

Reason = Literal["stake", "open_bet", "cash", "amount", "percentage", "no_position", "price"]


class RefusedError(UsageError):
    """The rules refuse this move; nothing was changed. `reason` says which rule."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


def checked_amount(amount: Decimal, reason: Reason) -> Decimal:
    """Return an amount to a lamport. Raises RefusedError unless it is above 0 and below 1e9.

    The upper limit is what the store's decimal column holds.
    """
    if not (amount.is_finite() and 0 < amount < _LIMIT) or not (exact := to_sol(amount)):
        raise RefusedError(reason, f"{amount} is no possible amount")
    return exact


def checked_price(price: float) -> Decimal:
    """Return a price as a decimal. Raises RefusedError unless it is from 0 to 1e9."""
    if not 0 <= price <= _LIMIT:
        raise RefusedError("price", f"cannot trade at price {price}")
    return Decimal(str(price))
