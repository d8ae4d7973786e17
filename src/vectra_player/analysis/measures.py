"""The figures of a run of games: one record for the table, the JSON and the report.

Used by backtests and sweeps. Money is exact SOL; docs/how-to/backtest.md says what each means.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis import risk
from vectra_player.analysis.play import Columns
from vectra_player.analysis.significance import LAMPORTS, Evidence, weigh
from vectra_player.strategy.sizing import from_lamports

Numbers = npt.NDArray[np.float64]


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of games brought.

    games: all of them; games_played: those with a buy or a bet. put_in: SOL paid for buys and
    staked on sidebets. result: profit / put_in, None when nothing was put in. expected: what the
    same bets bring on average by the published odds. max_drawdown: largest fall of the cash
    between games, in SOL, and as a fraction of the cash it fell from. sortino, var_95, cvar_95:
    as `analysis.risk` defines them, of the profit of a game over the cash before it.
    """

    part: str
    games: int
    games_played: int
    games_won: int
    cash_before: Decimal
    cash_after: Decimal
    profit: Decimal
    put_in: Decimal
    result: float | None
    expected: float
    best_game: Decimal
    worst_game: Decimal
    max_drawdown: Decimal
    max_drawdown_share: float
    sortino: float | None
    var_95: float | None
    cvar_95: float | None
    buys: int
    sells: int
    bets: int
    bets_won: int
    refused: int
    missed: int
    evidence: Evidence


def measure(
    part: str,
    columns: Columns,
    cash_before: int,
    *,
    seed: int,
    variants: int = 1,
    other_sharpes: Numbers | None = None,
) -> Measures:
    """Compute the figures of games that were begun with `cash_before` lamports."""
    profit = columns.profit
    put_in = int(columns.at_risk.sum())
    total = int(profit.sum())
    cash = cash_before + np.r_[0, np.cumsum(profit)]
    before = cash[:-1]
    returns = profit[before > 0] / before[before > 0]
    return Measures(
        part=part,
        games=len(columns),
        games_played=int(((columns.buys > 0) | (columns.bets > 0)).sum()),
        games_won=int((profit > 0).sum()),
        cash_before=from_lamports(cash_before),
        cash_after=from_lamports(cash_before + total),
        profit=from_lamports(total),
        put_in=from_lamports(put_in),
        result=total / put_in if put_in else None,
        expected=float(columns.expected.sum()) / LAMPORTS,
        best_game=from_lamports(int(profit.max(initial=0))),
        worst_game=from_lamports(int(profit.min(initial=0))),
        max_drawdown=from_lamports(int((np.maximum.accumulate(cash) - cash).max())),
        max_drawdown_share=risk.max_drawdown(cash) or 0.0,
        sortino=risk.sortino(returns),
        var_95=risk.value_at_risk(returns),
        cvar_95=risk.conditional_value_at_risk(returns),
        buys=int(columns.buys.sum()),
        sells=int(columns.sells.sum()),
        bets=int(columns.bets.sum()),
        bets_won=int(columns.bets_won.sum()),
        refused=int(columns.refused.sum()),
        missed=int(columns.missed.sum()),
        evidence=weigh(
            profit, columns.at_risk, seed=seed, variants=variants, other_sharpes=other_sharpes
        ),
    )
