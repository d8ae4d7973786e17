"""What a strategy may ask for: made by strategies, carried out by a broker, read by anybody.

Amounts may be given as Decimal, int, float or text; they are kept as Decimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from vectra_player.model.units import to_sol

Number: TypeAlias = Decimal | int | float | str


@dataclass(frozen=True, slots=True, init=False)
class Buy:
    """Buy for `amount` SOL: in the presale at 1.0, else at the price of the tick it arrives at."""

    amount: Decimal

    def __init__(self, amount: Number) -> None:
        object.__setattr__(self, "amount", _sol(amount))


@dataclass(frozen=True, slots=True, init=False)
class Sell:
    """Sell 1 to 100 percent of what is held."""

    percentage: Decimal

    def __init__(self, percentage: Number = 100) -> None:
        object.__setattr__(self, "percentage", _decimal(percentage))


@dataclass(frozen=True, slots=True, init=False)
class PlaceSidebet:
    """Stake `amount` SOL on a rug within the 40 ticks after the one it arrives at."""

    amount: Decimal

    def __init__(self, amount: Number) -> None:
        object.__setattr__(self, "amount", _sol(amount))


Action: TypeAlias = Buy | Sell | PlaceSidebet


def _decimal(value: Number) -> Decimal:
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None


def _sol(value: Number) -> Decimal:
    try:
        return to_sol(_decimal(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no possible amount") from None
