"""Ways to trade: conservative, aggressive, momentum, pullback, mean reversion, breakout.

Each is a `Rule`, so it plays alike tick by tick and vectorised. None has a positive expectation:
the price process loses about 0.06 % a tick held, whatever happened before (docs/fairness.md).
"""

from __future__ import annotations

from vectra_player.strategy.api import Params
from vectra_player.strategy.builtin.ruled import (
    AtTick,
    BuySol,
    Entries,
    HoldTicks,
    LastTick,
    Lookback,
    RuleStrategy,
    StopLoss,
    TakeProfit,
    Threshold,
    Trailing,
    lamports,
)
from vectra_player.strategy.rules import (
    AT_TICK,
    BREAKOUT,
    MOMENTUM,
    PRESALE,
    PULLBACK,
    REVERSION,
    Rule,
)


class ExitParams(Params, frozen=True):
    """How much is bought, and when it is sold."""

    buy_sol: BuySol = 0.01
    take_profit: TakeProfit = 1.5
    stop_loss: StopLoss = 0.8
    trailing: Trailing = 0.0
    hold_ticks: HoldTicks = 60


class ConservativeParams(ExitParams, frozen=True):
    """One small trade a game."""

    first_tick: AtTick = 10
    take_profit: TakeProfit = 1.1
    stop_loss: StopLoss = 0.9
    hold_ticks: HoldTicks = 20


class AggressiveParams(ExitParams, frozen=True):
    """One large trade a game."""

    buy_sol: BuySol = 0.05
    take_profit: TakeProfit = 3.0
    stop_loss: StopLoss = 0.4
    hold_ticks: HoldTicks = 300


class SignalParams(ExitParams, frozen=True):
    """Trades on a signal from the prices so far."""

    lookback: Lookback = 20
    threshold: Threshold = 0.1
    first_tick: AtTick = 0
    last_tick: LastTick = 1000
    max_entries: Entries = 3


class Conservative(RuleStrategy):
    """Buy once at an early tick, take a small profit or a small loss, hold briefly.

    Wins often and little, and loses nearly everything in the games that rug meanwhile: its
    expectation is below zero.
    """

    Params = ConservativeParams

    def rule(self) -> Rule:
        """Return the rule."""
        p: ConservativeParams = self.params
        return exit_rule(p)._replace(
            entry=AT_TICK, first_tick=p.first_tick, last_tick=p.first_tick + 40
        )


class Aggressive(RuleStrategy):
    """Buy in the presale and hold for a multiple of the price.

    Wins seldom and much; most games rug before. Its expectation is below zero, and the longer it
    holds the lower it is.
    """

    Params = AggressiveParams

    def rule(self) -> Rule:
        """Return the rule."""
        return exit_rule(self.params)._replace(entry=PRESALE)


class Signal(RuleStrategy):
    """Buy on a signal from the prices so far; what playbooks with a lookback share."""

    Params = SignalParams
    entry = MOMENTUM

    def rule(self) -> Rule:
        """Return the rule."""
        p: SignalParams = self.params
        return exit_rule(p)._replace(
            entry=self.entry,
            lookback=p.lookback,
            threshold=p.threshold,
            first_tick=p.first_tick,
            last_tick=p.last_tick,
            max_entries=p.max_entries,
        )


class Momentum(Signal):
    """Buy when the price has risen by `threshold` over `lookback` ticks.

    Steps do not depend on earlier ones, so a rise says nothing of what follows: the expectation
    is that of any other buy, below zero.
    """

    entry = MOMENTUM


class Pullback(Signal):
    """Buy a dip of `threshold` below the highest of `lookback` ticks while still above their start.

    Steps do not depend on earlier ones, so a dip is no discount: the expectation is below zero.
    """

    entry = PULLBACK


class MeanReversion(Signal):
    """Buy when the price is `threshold` below the mean of `lookback` ticks.

    The price has no mean to return to: the expectation is that of any other buy, below zero.
    """

    entry = REVERSION


class Breakout(Signal):
    """Buy when the price is `threshold` above the highest of `lookback` ticks.

    Steps do not depend on earlier ones, so a new high says nothing: the expectation is below zero.
    """

    entry = BREAKOUT


def exit_rule(params: ExitParams) -> Rule:
    """Return the part of a rule that says how much is bought and when it is sold."""
    return Rule(
        take_profit=params.take_profit,
        stop_loss=params.stop_loss,
        trailing=params.trailing,
        hold_ticks=params.hold_ticks,
        buy=lamports(params.buy_sol),
    )
