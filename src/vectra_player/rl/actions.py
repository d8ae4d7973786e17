"""What an agent may do at a tick: numbered actions, the same for environment, strategy and export.

`SIDEBET` and `TRADING` are the tables of the two environments; `table_of` makes one with other
stakes. Pure; used by the environments, by agents that run as a strategy, and by the data sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from vectra_player.errors import UsageError
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import check_stake
from vectra_player.rl.kernels import BET, BUY, NOTHING, SELL
from vectra_player.strategy.actions import Action, Buy, Number, PlaceSidebet, Sell
from vectra_player.strategy.records import OutcomeReason
from vectra_player.strategy.sizing import from_lamports, to_lamports

EnvName = Literal["sidebet", "trading"]
"""Which environment: sidebets alone, or buys, sales and sidebets."""

STAKES = (Decimal("0.01"), Decimal("0.02"), Decimal("0.05"))
"""SOL that a buy or a sidebet costs, smallest first; the smallest is the unit of the reward."""

CASH = Decimal(1)
"""SOL at the beginning of each game."""

SELLS = (10, 25, 50, 100)
"""Percent of the holding: the buttons of the page."""

MOST_STAKES = 16

REFUSALS: tuple[OutcomeReason | Literal[""], ...] = (
    *("", "closed", "cash", "open_bet", "no_position", "amount", "price"),
)
"""Why an action did nothing, by the number that the environments tell; 0 is that it was fine."""


@dataclass(frozen=True)
class ActionTable:
    """The actions of an environment by their number.

    kinds: (n,) of NOTHING, BUY, SELL, BET. values: (n,) lamports, or percent for a sale.
    """

    env: EnvName
    kinds: tuple[int, ...]
    values: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.kinds)

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Return the table as the kernels take it: (n, 2) int64, kind and value."""
        return np.array([self.kinds, self.values], np.int64).T.copy()

    @cached_property
    def unit(self) -> int:
        """Return the smallest stake in lamports: one unit of reward."""
        return min(
            value for kind, value in zip(self.kinds, self.values, strict=True) if kind == BET
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return what each action is, in words."""
        return tuple(map(_name, self.kinds, self.values))

    def action(self, number: int) -> Action | None:
        """Return an action as a strategy asks for it; None for doing nothing.

        Raises IndexError for a number outside of the table.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"action {number} of {len(self)}")
        kind, value = self.kinds[number], self.values[number]
        if kind == NOTHING:
            return None
        if kind == SELL:
            return Sell(value)
        return Buy(from_lamports(value)) if kind == BUY else PlaceSidebet(from_lamports(value))

    def nearest(self, action: Action | None) -> int:
        """Return the number of the action most like one that was taken, for recorded play.

        Amounts go by ratio: 0.015 SOL is as near to 0.01 as to 0.0225. A kind of action that
        the table lacks is 0, doing nothing.
        """
        kind, value = _wanted(action)
        alike = [number for number in range(len(self)) if self.kinds[number] == kind]
        if kind == NOTHING or value <= 0 or not alike:
            return 0
        return min(alike, key=lambda number: abs(np.log(self.values[number] / value)))


def table_of(env: EnvName, stakes: Sequence[Number] = STAKES) -> ActionTable:
    """Return the actions of an environment for given stakes in SOL.

    Sidebet: 0 wait, then a sidebet of each stake. Trading: 0 hold, a buy of each stake, a sale of
    each of SELLS, a sidebet of each stake. Raises UsageError for a stake the game does not take.
    """
    one = isinstance(stakes, str) or not isinstance(stakes, Iterable)
    sizes = [] if one else [to_lamports(_checked(stake)) for stake in stakes]
    if not 0 < len(sizes) <= MOST_STAKES or sizes != sorted(set(sizes)):
        raise UsageError(
            f"The stakes of an environment are 1 to {MOST_STAKES} different amounts.",
            advice="Give them in SOL, smallest first, such as 0.01, 0.02, 0.05.",
        )
    rows = [(NOTHING, 0)]
    if env == "trading":
        rows += [(BUY, size) for size in sizes] + [(SELL, percent) for percent in SELLS]
    rows += [(BET, size) for size in sizes]
    kinds, values = zip(*rows, strict=True)
    return ActionTable(env, kinds, values)


def _checked(stake: Number) -> Decimal:
    try:
        return check_stake(PlaceSidebet(stake).amount)
    except (RefusedError, ValueError) as error:
        raise UsageError(f"{stake!r} is no possible stake: {error}.") from None


def _wanted(action: Action | None) -> tuple[int, float]:
    if isinstance(action, Buy):
        return BUY, float(to_lamports(action.amount))
    if isinstance(action, Sell):
        return SELL, float(action.percentage)
    if isinstance(action, PlaceSidebet):
        return BET, float(to_lamports(action.amount))
    return NOTHING, 0.0


def _name(kind: int, value: int) -> str:
    if kind == NOTHING:
        return "nothing"
    if kind == SELL:
        return f"sell {value} %"
    amount = f"{from_lamports(value).normalize():f} SOL"
    return f"buy for {amount}" if kind == BUY else f"sidebet of {amount}"


SIDEBET = table_of("sidebet")
TRADING = table_of("trading")
