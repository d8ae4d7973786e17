"""The tables of a backtest: what became of each decision, and what each game brought.

Kept as Parquet beside the record; the report and the pages read them. Used by `analysis`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vectra_player.analysis.games import Games
from vectra_player.analysis.play import Columns
from vectra_player.model.units import SOL_DECIMALS
from vectra_player.strategy.records import RunResult

SOL: pa.DataType = pa.decimal128(18, SOL_DECIMALS)

_COLUMNS: dict[str, pa.DataType] = {
    "number": pa.int64(),
    "game_id": pa.string(),
    "kind": pa.string(),
    "decided_tick": pa.int32(),
    "decided_price": pa.float64(),
    "tick": pa.int32(),
    "price": pa.float64(),
    "amount": SOL,
    "qty": SOL,
    "profit": SOL,
    "cash": SOL,
    "reason": pa.string(),
    "message": pa.string(),
}
TRADES = pa.schema(_COLUMNS)


def trades_table(result: RunResult) -> pa.Table:
    """Return one row for everything that became of a decision, and for holdings at a rug."""
    decided = {decision.number: decision for decision in result.decisions}
    rows: list[dict[str, Any]] = []
    for outcome in result.outcomes:
        decision = decided.get(outcome.number) if outcome.number is not None else None
        row = {name: getattr(outcome, name, None) for name in TRADES.names}
        row["decided_tick"] = decision.tick if decision else None
        row["decided_price"] = decision.price if decision else None
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=TRADES)


def games_table(games: Games, columns: Columns, coin_flip: Columns, n_train: int) -> pa.Table:
    """Return one row a game: its id, length and part, and what it brought."""
    counts = ("buys", "sells", "bets", "bets_won", "refused", "missed")
    part = np.where(np.arange(len(games)) < n_train, "train", "validation")
    data: dict[str, Any] = {
        "game_id": pa.array(games.game_ids, pa.string()),
        "ended_at": pa.array(games.ended_at, mask=games.ended_at < 0).cast(
            pa.timestamp("us", "UTC")
        ),
        "rug_tick": pa.array(games.rug_ticks, mask=games.rug_ticks < 0),
        "part": pa.array(part.tolist(), pa.string()),
        "profit": sol_array(columns.profit),
        "invested": sol_array(columns.invested),
        "staked": sol_array(columns.staked),
        **{name: pa.array(getattr(columns, name)) for name in counts},
        "coin_flip_profit": sol_array(coin_flip.profit),
    }
    return pa.table(data)


def sol_array(lamports: npt.NDArray[np.int64]) -> pa.Array[Any]:
    """Return lamports as exact SOL."""
    return pa.array([Decimal(int(each)).scaleb(-SOL_DECIMALS) for each in lamports], SOL)


def lamports_of(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Return a column of SOL in lamports: (n_rows,)."""
    values: list[Decimal] = table.column(name).to_pylist()  # type: ignore[assignment]
    return np.array([int(each.scaleb(SOL_DECIMALS)) for each in values], np.int64)


def sol(value: Decimal, sign: str = "") -> str:
    """Write SOL exactly, without zeros at its end; with `sign` "+" also the sign of a profit."""
    text = f"{value:{sign if value else ''}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
