"""What a run may risk. Checked by the engine before an action reaches the broker.

Limits stop new risk; they never sell for the strategy. Limits of the run and of drawdown end the
run when the game is over, so the books of that game are closed by the rules.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from vectra_player.errors import UsageError
from vectra_player.model.units import to_sol
from vectra_player.strategy.actions import Action, Sell
from vectra_player.strategy.context import Account


class Limits(Struct, frozen=True, kw_only=True):
    """Limits of a run in SOL; None is no limit. `max_drawdown` is a fraction of the highest cash.

    `max_exposure_sol` bounds what is held at cost, staked and under way together. Losses of a
    game count the holding at the current price; days are UTC and need dated steps.
    """

    max_stake_sol: Decimal | None = None
    max_exposure_sol: Decimal | None = None
    max_loss_game_sol: Decimal | None = None
    max_loss_day_sol: Decimal | None = None
    max_loss_run_sol: Decimal | None = None
    max_drawdown: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and (value != value or value <= 0):  # the first: NaN
                raise UsageError(f"The limit {name} is {value}.", advice="Give it above 0.")
        if self.max_drawdown is not None and not self.max_drawdown <= 1:
            raise UsageError(
                f"The limit max_drawdown is {self.max_drawdown}.",
                advice="It is a fraction: 0.25 ends the run a quarter below its highest cash.",
            )


NO_LIMITS = Limits()


class Marks(Struct, frozen=True):
    """What limits are measured from: the highest cash, and the cash at the begin of a day.

    A run that goes on after a break begins with those of before. day: UTC, since 1970; -1: none.
    """

    highest: Decimal
    day: int
    day_cash: Decimal


def broken(
    limits: Limits, action: Action, account: Account, *, loss_game: Decimal, loss_day: Decimal
) -> str | None:
    """Return what limit an action would break, in words; None where it may pass.

    `loss_game`, `loss_day`: what was lost so far, the holding at the current price included.
    """
    if isinstance(action, Sell):
        return None
    if limits.max_stake_sol is not None and action.amount > limits.max_stake_sol:
        return f"{action.amount:f} SOL is above max_stake_sol {limits.max_stake_sol}"
    if limits.max_loss_game_sol is not None and loss_game >= limits.max_loss_game_sol:
        return f"this game has lost {loss_game:f} SOL, max_loss_game_sol is reached"
    if limits.max_loss_day_sol is not None and loss_day >= limits.max_loss_day_sol:
        return f"this day has lost {loss_day:f} SOL, max_loss_day_sol is reached"
    if limits.max_exposure_sol is not None:
        exposed = exposure(account) + action.amount
        if exposed > limits.max_exposure_sol:
            return f"{exposed:f} SOL at risk is above max_exposure_sol {limits.max_exposure_sol}"
    return None


def exposure(account: Account) -> Decimal:
    """Return what is at risk: the holding at cost, the stake, and orders under way."""
    ledger = account.ledger
    coming = sum((order.value for order in account.pending if order.action != "sell"), to_sol(0))
    return ledger.position.cost + ledger.at_risk + coming
