"""The games the player himself, or a bot for him, played: real accounts, the demo server's, paper.

An account's trades and sidebets come from what the server told and echoed (`analysis.own_play`),
a paper account's from its recorded orders. Used by `rl.episodes` and by the data sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from vectra_player.analysis.own_play import Balance, OwnTrade, joined
from vectra_player.analysis.own_records import counts, each_once, fullest, heard
from vectra_player.game.positions import ZERO
from vectra_player.model.units import Tick
from vectra_player.protocol.coins import is_sol
from vectra_player.rl.plays import ORDER_KINDS, Order, step_at, step_in, steps_of
from vectra_player.store import plays
from vectra_player.store.reads import Origins, StoreReader

Mode = Literal["paper", "practice", "live"]
Actor = Literal["human", "bot", "mixed"]


class GameKey(NamedTuple):
    """What names a game: the demo server may play a real one once more."""

    game_id: str
    is_real: bool


class OwnPlay(NamedTuple):
    """What one account did in one game, as one session recorded it.

    `profit`: how the account's money changed, as the server told; None: not told, or on paper.
    """

    game: GameKey
    session_id: str
    mode: Mode
    actor: Actor
    strategy: str | None
    player_id: str | None
    username: str | None
    orders: tuple[Order, ...]
    profit: Decimal | None

    def in_time(self, rug_tick: Tick) -> list[Order]:
        """Return the orders before the rug: what it took away is no order."""
        return [order for order in self.orders if order.step < steps_of(rug_tick)]


class _Presses(NamedTuple):
    """Who pressed an account's orders in a game."""

    modes: set[Mode]
    actors: set[str]
    strategies: set[str | None]


_Key = tuple[GameKey, str]
"""A game and an account of it."""


def own_plays(reader: StoreReader, origins: Origins) -> list[OwnPlay]:
    """Return every own play of games of these origins, of several sessions the fullest one."""
    rows = plays.actions(reader, origins).to_pylist()
    found = [*_account_plays(reader, origins, rows), *_paper_plays(rows)]
    return sorted(
        found, key=lambda play: (play.game, play.mode, play.player_id or "", play.session_id)
    )


def _account_plays(
    reader: StoreReader, origins: Origins, actions: Sequence[Mapping[str, Any]]
) -> Iterator[OwnPlay]:
    known = _best_balances(reader, origins)
    bets = _bets(reader, origins)
    echoes = _echoes(reader, origins)
    presses = _presses(actions)
    for key in sorted(known.keys() | bets.keys()):
        session_id, username, balance = known.get(key, ("", None, None))
        placed = bets.get(key, [])
        trades = [] if balance is None else joined(echoes.get(key, []), balance.trades)
        if not (placed or (balance is not None and balance.played)):
            continue
        game, account = key
        pressed = presses.get(key, _Presses(set(), set(), set()))
        yield OwnPlay(
            game=game,
            session_id=session_id or placed[0].session_id,
            mode=next(iter(sorted(pressed.modes)), "live" if game.is_real else "practice"),
            actor=_actor(pressed.actors),
            strategy=next(iter(pressed.strategies)) if len(pressed.strategies) == 1 else None,
            player_id=account,
            username=username or (placed[0].username if placed else None),
            orders=(*_traded(trades), *(bet.order for bet in placed)),
            profit=None if balance is None else balance.profit,
        )


def _best_balances(
    reader: StoreReader, origins: Origins
) -> dict[_Key, tuple[str, str | None, Balance]]:
    """Return each account's games; of several sessions the one that heard most of a game."""
    whose = itemgetter("player_id", "is_real")
    states = sorted(plays.account_states(reader, origins).to_pylist(), key=whose)
    best: dict[_Key, tuple[str, str | None, Balance]] = {}
    for (account, is_real), group in groupby(states, key=whose):
        mine = list(group)
        names = {row["session_id"]: row["username"] for row in mine if row["username"]}
        for game_id, (session_id, balance) in fullest(mine).items():
            key = (GameKey(game_id, is_real), account)
            best[key] = (session_id, names.get(session_id), balance)
    return best


class _OwnBet(NamedTuple):
    session_id: str
    username: str | None
    order: Order


def _bets(reader: StoreReader, origins: Origins) -> dict[_Key, list[_OwnBet]]:
    found: dict[_Key, list[_OwnBet]] = {}
    for row in plays.settled_bets(reader, origins, own=True).to_pylist():
        if is_sol(row["coin"]):
            order = bet_order(row)
            key = (GameKey(row["game_id"], row["is_real"]), row["player_id"])
            found.setdefault(key, []).append(_OwnBet(row["session_id"], row["username"], order))
    return found


def bet_order(row: Mapping[str, Any]) -> Order:
    """Return a row of `plays.settled_bets` as an order; one from tick 0 was made in the presale."""
    start = row["start_tick"]
    return Order(step_at(start) if start else 0, "sidebet", row["stake"], profit=row["profit"])


def _echoes(reader: StoreReader, origins: Origins) -> dict[_Key, list[OwnTrade]]:
    found: dict[_Key, list[OwnTrade]] = {}
    rows = plays.own_echoes(reader, origins).to_pylist()
    for is_real in (True, False):
        for ts, trade in each_once(row for row in rows if row["is_real"] is is_real):
            if counts(trade) and trade.game_id and trade.player_id:
                key = (GameKey(trade.game_id, is_real), trade.player_id)
                found.setdefault(key, []).append(heard(ts, trade))
    return found


def _traded(trades: Iterable[OwnTrade]) -> Iterator[Order]:
    """Yield trades as orders; one whose amount nobody told counts at its price, or as nothing."""
    for trade in trades:
        amount = trade.amount
        if amount is None:
            amount = ZERO if trade.price is None else trade.qty * Decimal(str(trade.price))
        yield Order(step_at(trade.tick), ORDER_KINDS[trade.side], amount, trade.qty)


def _presses(actions: Sequence[Mapping[str, Any]]) -> dict[_Key, _Presses]:
    found: dict[_Key, _Presses] = {}
    for row in actions:
        effective = row["outcome"] in ("CONFIRMED", "UNKNOWN")
        if row["mode"] == "paper" or row["player_id"] is None or not effective:
            continue
        key = (GameKey(row["game_id"], row["is_real"]), row["player_id"])
        pressed = found.setdefault(key, _Presses(set(), set(), set()))
        pressed.modes.add(row["mode"])
        pressed.actors.add(row["actor"])
        pressed.strategies.add(row["strategy"])
    return found


def _paper_plays(actions: Sequence[Mapping[str, Any]]) -> Iterator[OwnPlay]:
    """Yield the games of each session's paper account, refused orders left out."""
    done = [row for row in actions if row["mode"] == "paper" and row["outcome"] == "CONFIRMED"]
    done.sort(key=lambda row: (row["session_id"], row["game_id"], row["is_real"]))
    for (session_id, game_id, is_real), group in groupby(
        done, key=lambda row: (row["session_id"], row["game_id"], row["is_real"])
    ):
        mine = list(group)
        strategies = {row["strategy"] for row in mine}
        yield OwnPlay(
            game=GameKey(game_id, is_real),
            session_id=session_id,
            mode="paper",
            actor=_actor({row["actor"] for row in mine}),
            strategy=next(iter(strategies)) if len(strategies) == 1 else None,
            player_id=None,
            username=None,
            orders=tuple(map(_paper_order, mine)),
            profit=None,
        )


def _paper_order(row: Mapping[str, Any]) -> Order:
    return Order(
        step_in(row["phase"], row["executed_tick"]),
        ORDER_KINDS[row["action_type"]],
        row["amount"] or ZERO,
        row["qty"] or ZERO,
    )


def _actor(actors: set[str]) -> Actor:
    """Say who acted; what nobody was seen to press was pressed by hand."""
    if actors == {"bot"}:
        return "bot"
    return "mixed" if "bot" in actors else "human"
