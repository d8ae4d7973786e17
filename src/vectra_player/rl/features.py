"""What an agent sees at a tick: one vector of numbers from about -1 to 1, of the past alone.

The environments, an agent that runs as a strategy and the exported data sets see the same vector,
made by the same compiled body. There is one at the presale and one at each tick before the rug;
the last of an episode is the one at the rug. `Observer` makes it tick by tick:

    observer = Observer(TRADING_FEATURES)
    observer.start(context.cash)                # when a game begins, in SOL
    vector = observer.of_context(context)       # in Strategy.on_tick: (25,) float32

    observer.see(prices[:tick + 1])             # or from recorded prices, empty in the presale
    vector = observer.observe(View(cash=..., stake=...))

Numbers are cut at -1 and 1. `log` is natural; a typical step is 7.3 % (`game.expectation`), a unit
is the smallest stake of the environment (0.01 SOL unless told otherwise). What reaches back further
than the game takes what there is; a tick that was missed counts as its predecessor.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vectra_player.rl import kernels
from vectra_player.strategy.context import Context
from vectra_player.strategy.sizing import LAMPORTS, to_lamports

FEATURE_VERSION = 1
"""Raised whenever a feature changes its meaning or place; agents and data sets carry it."""

Vector = npt.NDArray[np.float32]

FEATURES: tuple[tuple[str, str], ...] = (
    ("presale", "1 in the presale, 0 afterwards"),
    ("tick", "log(1 + tick) / log(5001)"),
    ("price", "log(price) / log(100)"),
    ("change_1", "log change of the price over 1 tick, in 4 typical deviations of it"),
    ("change_5", "the same over 5 ticks"),
    ("change_10", "the same over 10 ticks"),
    ("change_20", "the same over 20 ticks"),
    ("change_40", "the same over 40 ticks"),
    ("volatility_10", "root mean square of the last 10 log steps, in 2 typical steps"),
    ("volatility_40", "the same of the last 40"),
    ("from_high", "log(price / highest so far) / 2"),
    ("from_low", "log(price / lowest so far) / 2"),
    ("high", "log(highest so far) / log(100)"),
    ("low", "log(lowest so far) / log(100)"),
    ("result", "what the game brought so far, in 20 units"),
    ("free", "cash over equity"),
    ("bet", "1 while a sidebet is open"),
    ("bet_left", "ticks left of its window, in 40"),
    ("bet_stake", "its stake, in 5 units"),
    ("bet_under_way", "1 while the order of a sidebet is under way"),
    ("holding", "1 while something is held"),
    ("value", "what the holding sells for now, in 20 units"),
    ("gain", "log(value / cost of the holding) / 2"),
    ("held", "log(1 + ticks held) / log(5001)"),
    ("trade_under_way", "1 while a buy or a sale is under way"),
)
"""Name and meaning of each feature, in order."""

NAMES = tuple(name for name, _ in FEATURES)

SIDEBET_FEATURES = NAMES.index("holding")
"""Sidebet-v1 sees the first 20: there is no holding."""

TRADING_FEATURES = len(FEATURES)
"""Trading-v1 sees all 25."""

UNIT = LAMPORTS // 100
"""Lamports of one unit where an environment is made without stakes of its own."""


class View(NamedTuple):
    """An account at a moment; amounts in lamports.

    cost: what was paid for what is held now. value: what it sells for at the current price.
    bet_end: last tick of the open sidebet's window (start + 40), -1 without one. entry_tick: the
    first buy of what is held, -1 when flat. trades, bets: orders under way.
    """

    cash: int
    qty: int = 0
    cost: int = 0
    value: int = 0
    stake: int = 0
    bet_end: int = -1
    entry_tick: int = -1
    trades: int = 0
    bets: int = 0


def view_of(context: Context) -> View:
    """Return the account that a strategy is shown."""
    ledger, bet = context.ledger, context.sidebet
    entry = context.entry_tick
    trades = sum(decision.action != "sidebet" for decision in context.pending)
    return View(
        cash=to_lamports(ledger.cash),
        qty=to_lamports(ledger.position.qty),
        cost=to_lamports(ledger.position.cost),
        value=to_lamports(ledger.position.value(context.price)),
        stake=to_lamports(ledger.at_risk),
        bet_end=-1 if bet is None else bet.end_tick,
        entry_tick=-1 if entry is None else entry,
        trades=trades,
        bets=len(context.pending) - trades,
    )


class Observer:
    """Watches one game after another and says what an agent sees of it."""

    def __init__(self, n_features: int = TRADING_FEATURES, unit: int = UNIT) -> None:
        """`n_features`: SIDEBET_FEATURES or TRADING_FEATURES. `unit`: lamports of one unit.

        Raises ValueError for another number of features, or a unit below 1.
        """
        if n_features not in (SIDEBET_FEATURES, TRADING_FEATURES) or unit < 1:
            raise ValueError(f"no observation has {n_features} features in units of {unit}")
        self._n_features, self._unit = n_features, float(unit)
        self._memory = np.zeros(kernels.MEMORY)
        self._start = 0
        self._note = kernels.compiled(kernels.note_all)
        self._write = kernels.compiled(kernels.observe_rows)

    def start(self, cash: Decimal) -> None:
        """Begin a game with so much SOL."""
        kernels.forget(self._memory)
        self._start = to_lamports(cash)

    def see(self, prices: npt.NDArray[np.float64]) -> None:
        """Take in what is new. prices: (n_ticks,) float64 from tick 0 to now, NaN where missed."""
        self._note(self._memory, np.asarray(prices, np.float64))

    def observe(self, view: View) -> Vector:
        """Return what is seen at the last tick taken in: (n_features,) float32, a new array."""
        account = np.array([[self._start, *view]], np.int64)
        out = np.empty((1, self._n_features), np.float32)
        self._write(self._memory[None], account, self._unit, out)
        row: Vector = out[0]
        return row

    def of_context(self, context: Context) -> Vector:
        """Return what an agent sees of a strategy's context; `start` came before."""
        self.see(context.prices)
        return self.observe(view_of(context))
