"""Many accounts, each in a game of its own, moved on together a tick at a time.

The environments are a thin layer over this: one account, or thousands. No gymnasium here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from vectra_player.errors import UsageError
from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.game.refusal import RefusedError, checked_amount
from vectra_player.rl import kernels
from vectra_player.rl.actions import CASH, STAKES, ActionTable, EnvName, table_of
from vectra_player.rl.features import SIDEBET_FEATURES, TRADING_FEATURES
from vectra_player.rl.outcomes import Totals, outcome_of
from vectra_player.strategy.actions import Buy, Number
from vectra_player.strategy.rules import MAX_LATENCY_TICKS
from vectra_player.strategy.sizing import from_lamports, to_lamports

Flags = npt.NDArray[np.bool_]
Rows = slice | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """How games are played: actions, cash in SOL, delay of orders in ticks."""

    table: ActionTable
    cash: Decimal = CASH
    latency_ticks: int = 0
    rug_payout: RugPayout = RUG_PAYOUT

    @property
    def n_features(self) -> int:
        """Return how many numbers are seen."""
        return SIDEBET_FEATURES if self.table.env == "sidebet" else TRADING_FEATURES


def setting_of(
    env: EnvName,
    *,
    stakes: Sequence[Number] = STAKES,
    cash: Number = CASH,
    latency_ticks: int = 0,
    rug_payout: RugPayout = RUG_PAYOUT,
) -> Setting:
    """Return how an environment plays. Raises UsageError for what cannot be."""
    if env not in get_args(EnvName):
        raise UsageError(f"env={env!r} is not known.", advice="Known: 'sidebet', 'trading'.")
    if rug_payout not in get_args(RugPayout):
        raise UsageError(
            f"rug_payout={rug_payout!r} is not known.", advice="Known: 'rug_price', 'nothing'."
        )
    if not isinstance(latency_ticks, int) or not 0 <= latency_ticks <= MAX_LATENCY_TICKS:
        raise UsageError(
            f"latency_ticks={latency_ticks!r} cannot be.",
            advice=f"Give whole ticks from 0 to {MAX_LATENCY_TICKS}.",
        )
    return Setting(table_of(env, stakes), _checked_cash(cash), latency_ticks, rug_payout)


def _checked_cash(cash: Number) -> Decimal:
    try:
        return checked_amount(Buy(cash).amount, "cash")
    except (RefusedError, ValueError):
        raise UsageError(f"cash={cash!r} cannot be.", advice="Give SOL above 0.") from None


@dataclass(frozen=True)
class Account:
    """An account at a moment, in SOL; `tick` is -1 in the presale, `bet_end` without a bet."""

    tick: int
    cash: Decimal
    qty: Decimal
    cost: Decimal
    stake: Decimal
    equity: Decimal
    bet_end: int


class Rounds:
    """The accounts. accounts: (n, kernels.COLUMNS) int64, lamports and ticks."""

    def __init__(self, count: int, setting: Setting, longest: int) -> None:
        """`longest`: most prices of a game."""
        self._setting = setting
        self._table = setting.table.rows
        self._unit = float(setting.table.unit)
        self._cash = to_lamports(setting.cash)
        self._terms = kernels.Terms(
            pays_rug_price=setting.rug_payout == "rug_price", latency=setting.latency_ticks
        )
        self.accounts = np.zeros((count, kernels.COLUMNS), np.int64)
        self._memories = np.zeros((count, kernels.MEMORY))
        self._orders = np.zeros((count, max(1, setting.latency_ticks)), np.int64)
        self._paths = np.empty((count, longest))  # memory is taken as far as games reach
        self._doubtful = np.zeros(count, np.bool_)
        self._advance = kernels.compiled(kernels.advance_rows)
        self._observe = kernels.compiled(kernels.observe_rows)

    def begin(self, row: int, prices: npt.NDArray[np.float64], rug_tick: int) -> None:
        """Begin a game. prices: (rug_tick + 1,) float64, the rug price last."""
        self._paths[row, : len(prices)] = prices
        kernels.begin(self.accounts[row], self._cash, rug_tick)
        kernels.forget(self._memories[row])

    def advance(
        self, actions: npt.NDArray[np.int64], idle: Flags
    ) -> tuple[npt.NDArray[np.float64], Flags]:
        """Act and move on, but for rows that are idle; return rewards and whose game is over.

        rewards: (n,) float64, change of equity in units of the smallest stake.
        """
        before = self.accounts[:, kernels.EQUITY].copy()
        doubts = self._advance(
            actions,
            idle,
            self._table,
            self._terms,
            self.accounts,
            self._orders,
            self._paths,
            self._memories,
            self._doubtful,
        )
        if doubts:
            self._decide(actions)
        accounts = self.accounts
        rewards = (accounts[:, kernels.EQUITY] - before) / self._unit
        return rewards, accounts[:, kernels.TICK] == accounts[:, kernels.RUG]

    def observe(self, rows: Rows = slice(None)) -> npt.NDArray[np.float32]:
        """Return what rows see now: (n_rows, n_features) float32, a new array."""
        accounts = self.accounts[rows]
        out = np.empty((len(accounts), self._setting.n_features), np.float32)
        self._observe(self._memories[rows], accounts, self._unit, out)
        return out

    def account(self, row: int) -> Account:
        """Return an account in SOL."""
        columns = self.accounts[row].tolist()
        return Account(
            tick=columns[kernels.TICK],
            cash=from_lamports(columns[kernels.CASH]),
            qty=from_lamports(columns[kernels.QTY]),
            cost=from_lamports(columns[kernels.COST]),
            stake=from_lamports(columns[kernels.STAKE]),
            equity=from_lamports(columns[kernels.EQUITY]),
            bet_end=columns[kernels.BET_END],
        )

    def totals(self, row: int) -> Totals:
        """Sum up a game that is over."""
        columns = self.accounts[row]
        profit = from_lamports(int(columns[kernels.EQUITY] - columns[kernels.START]))
        outcome = outcome_of(
            entered=columns[kernels.ENTERED] > 0,
            held_at_rug=columns[kernels.HELD] > 0,
            profit=profit,
        )
        return Totals(outcome, profit, from_lamports(int(columns[kernels.DEEPEST])))

    def _decide(self, actions: npt.NDArray[Any]) -> None:
        """Play the rows that float64 left open by the rules themselves."""
        work = np.empty(kernels.COLUMNS, np.int64)
        for row in np.flatnonzero(self._doubtful):
            account, path = self.accounts[row], self._paths[row]
            kernels.advance(
                actions[row], self._table, self._terms, account, self._orders[row], path, work
            )
            kernels.note(self._memories[row], path[account[kernels.TICK]])
