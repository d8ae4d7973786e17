"""Rows about own accounts as `analysis.own_play` takes them: the one reading of states and echoes.

Pure. Used by the dashboard's own play and by training episodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec

from vectra_player.analysis.own_play import AccountState, Balance, OwnTrade, balances
from vectra_player.live.values import sol, tick_value
from vectra_player.model.units import to_sol
from vectra_player.protocol.coins import SOL_NAMES, is_money
from vectra_player.protocol.game_payloads import NewTrade

_trade = msgspec.json.Decoder(NewTrade).decode


def fullest(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, Balance]]:
    """Return one account's games by id, each as told by the session that heard most of it.

    rows: those of `plays.account_states`, in order.
    """
    best: dict[str, tuple[str, Balance]] = {}
    for session_id, states in groupby(rows, key=lambda row: str(row["session_id"])):
        for balance in balances([account_state(row) for row in states]):
            known = best.get(balance.game_id)
            if known is None or balance.updates > known[1].updates:
                best[balance.game_id] = (session_id, balance)
    return best


def account_state(row: Mapping[str, Any]) -> AccountState:
    """Read a row of `plays.account_states`; what is held in practice coins is nothing in SOL."""
    in_sol = row["coin"] is None or row["coin"] in SOL_NAMES
    zero = to_sol(0)
    return AccountState(
        game_id=row["game_id"],
        ts=row["ts"],
        tick=row["tick"],
        money=None if row["money"] is None else to_sol(Decimal(row["money"])),
        qty=(row["qty"] or zero) if in_sol else zero,
        avg_cost=(row["avg_cost"] or 0.0) if in_sol else 0.0,
        invested=row["invested"] or zero,
        bet=bool(row["bet"]),
        short=bool(row["short"]),
    )


def each_once(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, NewTrade]]:
    """Yield (time, trade) of echoes, columns `ts` and `data`, each trade once.

    A payload of another shape is left out: the raw events of the game have it.
    """
    met: set[object] = set()
    for row in rows:
        try:
            trade = _trade(row["data"] or "null")
        except msgspec.DecodeError:
            continue
        name = (trade.player_id, trade.id)
        if trade.id is None or name not in met:
            met.add(name)
            yield row["ts"], trade


def counts(trade: NewTrade) -> bool:
    """Tell whether a trade bought or sold a holding for SOL."""
    return trade.type in ("buy", "sell") and is_money(trade) and sol(trade.qty) is not None


def heard(ts: int, trade: NewTrade) -> OwnTrade:
    """Return an echo as a trade of the account."""
    return OwnTrade(
        ts=ts,
        tick=tick_value(trade.tick_index),
        side="BUY" if trade.type == "buy" else "SELL",
        amount=sol(trade.amount),
        qty=sol(trade.qty) or to_sol(0),
        price=trade.price,
        seen=True,
    )
