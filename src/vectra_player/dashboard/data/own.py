"""The user's own accounts in a store, and what they did, from server state and own echoes.

An account is own where a recording holds its `playerUpdate`: only whoever is logged in gets one.
There may be several, real ones and those of the demo server; nothing sums over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from vectra_player.analysis.own_play import Balance, OwnTrade, joined
from vectra_player.analysis.own_records import counts, each_once, fullest, heard
from vectra_player.dashboard.data.scope import Scope
from vectra_player.dashboard.data.store import Store
from vectra_player.live.derive_players import ACTIONS
from vectra_player.live.values import sol, tick_value
from vectra_player.model.units import to_sol
from vectra_player.protocol.coins import is_money
from vectra_player.protocol.game_payloads import NewTrade
from vectra_player.store.plays import account_states
from vectra_player.store.views import REAL_ORIGIN

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

MAX_DEALS = 2_000

_ACCOUNTS = f"""
    SELECT player_id AS id, arg_max(username, ts) AS username, arg_max(origin, ts) AS origin,
      bool_or({REAL_ORIGIN}) AS real, count(DISTINCT game_id) AS games_seen,
      epoch_us(min(ts)) AS first_ts, epoch_us(max(ts)) AS last_ts,
      arg_max(cash, ts)::VARCHAR AS cash
    FROM server_state WHERE player_id IS NOT NULL
    GROUP BY player_id ORDER BY real DESC, last_ts DESC, id
"""  # noqa: S608 -- a constant


class Account(msgspec.Struct, frozen=True):
    """One own account. `cash`: as last told, decimal text; times in microseconds UTC."""

    id: str
    username: str | None
    origin: str
    real: bool
    games_seen: int
    first_ts: int
    last_ts: int
    cash: str | None


class OwnDeal(msgspec.Struct, frozen=True):
    """One trade of an own account. `money`: it was in SOL, not in practice coins.

    `seen` false: no echo of it was recorded, the account's holding changed all the same.
    """

    account: str
    ts: int
    tick: int | None
    action: str
    amount: str | None
    qty: str
    price: float | None
    money: bool
    seen: bool


def accounts(store: Store) -> list[Account]:
    """Return the own accounts, real ones first, then by when they were last heard."""

    def read(reader: StoreReader) -> list[Account]:
        return [Account(**row) for row in reader.fetch(_ACCOUNTS).to_pylist()]

    return store.kept(("own accounts",), ("server_state",), read)


def balances_of(store: Store, account: str) -> Mapping[str, Balance]:
    """Return an account's games by id; of several sessions the one that heard most of a game."""

    def read(reader: StoreReader) -> dict[str, Balance]:
        states = account_states(reader, account=account).to_pylist()
        return {game: one for game, (_, one) in fullest(states).items()}

    return store.kept(("own balances", account), ("server_state",), read)


def own_trades(scope: Scope, account: str, balance: Balance) -> list[OwnTrade]:
    """Return the account's trades in SOL of one game, echoed or not, in order of time."""
    told = echoes(scope, [account])
    echoed = [heard(ts, trade) for ts, trade in told if counts(trade)]
    return joined(echoed, balance.trades)


def deals_of(scope: Scope, played: Mapping[str, Balance]) -> list[OwnDeal]:
    """Return every trade of own accounts in a game; `played`: the game of each account in it."""
    told = echoes(scope, list(played))
    deals: list[OwnDeal] = []
    for account, balance in played.items():
        mine = [(ts, trade) for ts, trade in told if trade.player_id == account]
        echoed = [heard(ts, trade) for ts, trade in mine if counts(trade)]
        deals += [_deal(account, trade) for trade in joined(echoed, balance.trades)]
        deals += [_other(account, ts, trade) for ts, trade in mine if not counts(trade)]
    return sorted(deals, key=lambda deal: deal.ts)[:MAX_DEALS]


def echoes(scope: Scope, accounts: Sequence[str]) -> list[tuple[int, NewTrade]]:
    """Return (time, trade) of what the server echoed of accounts in a game, each trade once."""
    if not accounts:
        return []
    rows = scope.rows(
        f"""
        SELECT epoch_us(ts) AS ts, CAST(data AS VARCHAR) AS data FROM ws_event
        WHERE {{game}} AND event_name IN ('standard/newTrade', 'newTrade')
          AND direction = 'received' AND player_id IN ({", ".join("?" * len(accounts))})
        ORDER BY ts, session_id, seq LIMIT {MAX_DEALS}
        """,  # noqa: S608 -- constants, values are parameters
        *accounts,
    )
    return list(each_once(rows))


def _deal(account: str, trade: OwnTrade) -> OwnDeal:
    return OwnDeal(
        account=account,
        ts=trade.ts,
        tick=trade.tick,
        action=trade.side,
        amount=None if trade.amount is None else f"{trade.amount:f}",
        qty=f"{trade.qty:f}",
        price=trade.price,
        money=True,
        seen=trade.seen,
    )


def _other(account: str, ts: int, trade: NewTrade) -> OwnDeal:
    """Return a short, or a trade in practice coins."""
    amount, qty = sol(trade.amount), sol(trade.qty)
    return OwnDeal(
        account=account,
        ts=ts,
        tick=tick_value(trade.tick_index),
        action=ACTIONS.get(trade.type, trade.type.upper()),
        amount=None if amount is None else f"{amount:f}",
        qty=f"{qty or to_sol(0):f}",
        price=trade.price,
        money=is_money(trade),
        seen=True,
    )
