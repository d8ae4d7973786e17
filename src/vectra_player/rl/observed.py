"""What other players were seen to do, a game and a player at a time.

Sidebets are told in full when a game is revealed. Trades are broadcast as a sample: what is here
of a player may lack buys and sales, and one whose sales nobody saw bought is left out. Used by the
data sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vectra_player.protocol.coins import is_sol
from vectra_player.rl.own_plays import GameKey, bet_order
from vectra_player.rl.plays import ORDER_KINDS, Order, step_in
from vectra_player.store import crowd, plays
from vectra_player.store.reads import GameFilter, Origins, StoreReader

OTHER_RULES = "players' games with shorts or leverage, whose trades are not taken"
UNTOLD = "players' games with a trade of unknown amount or tick, whose trades are not taken"


class ObservedPlay(NamedTuple):
    """What a player was seen to do in one game; `sampled`: trades are among it, perhaps not all."""

    game: GameKey
    player_id: str
    username: str | None
    orders: tuple[Order, ...]
    sampled: bool


class Sample(NamedTuple):
    """How many trades were broadcast, of how many that were made in the same games and ticks."""

    broadcast: int
    made: int

    @property
    def share(self) -> float | None:
        """Return the share that was broadcast; None where no recording can tell."""
        return self.broadcast / self.made if self.made else None


def observed_plays(
    reader: StoreReader, origins: Origins, left_out: Counter[str]
) -> list[ObservedPlay]:
    """Return what others were seen to do in games of these origins, by game and player.

    Practice coins are no money and no play. `left_out` is added to, by reason.
    """
    names: dict[tuple[GameKey, str], str | None] = {}
    trades: dict[tuple[GameKey, str], list[Order]] = {}
    for key, rows in _by_player(plays.other_trades(reader, origins).to_pylist()).items():
        names[key] = rows[-1]["username"]
        why = _unfit(rows)
        if why is None:
            trades[key] = [_order(row) for row in rows if _is_money(row)]
        else:
            left_out[why] += 1
    bets: dict[tuple[GameKey, str], list[Order]] = {}
    for key, rows in _by_player(plays.settled_bets(reader, origins, own=False).to_pylist()).items():
        names[key] = names.get(key) or rows[-1]["username"]
        bets[key] = [bet_order(row) for row in rows if is_sol(row["coin"])]
    found = []
    for key in sorted(trades.keys() | bets.keys()):
        orders = (*trades.get(key, ()), *bets.get(key, ()))
        if orders:
            sampled = bool(trades.get(key))
            found.append(ObservedPlay(*key, username=names[key], orders=orders, sampled=sampled))
    return found


def without_trades(play: ObservedPlay) -> ObservedPlay | None:
    """Return a play's sidebets alone, which were told in full; None where there is none."""
    bets = tuple(order for order in play.orders if order.kind == "sidebet")
    return play._replace(orders=bets, sampled=False) if bets else None


def sample_of(reader: StoreReader, origins: Origins) -> Sample:
    """Say how much of what was traded in games that were watched was broadcast."""
    told: Any = crowd.trade_coverage(reader, GameFilter(origins=origins))
    broadcast, made = (told.column(name).to_pylist() for name in ("sampled", "made"))
    return Sample(sum(broadcast), sum(made))


def _by_player(
    rows: Iterable[Mapping[str, Any]],
) -> dict[tuple[GameKey, str], list[Mapping[str, Any]]]:
    found: dict[tuple[GameKey, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        key = (GameKey(row["game_id"], row["is_real"]), str(row["player_id"]))
        found.setdefault(key, []).append(row)
    return found


def _unfit(rows: Iterable[Mapping[str, Any]]) -> str | None:
    for row in rows:
        if row["action_type"] not in ("BUY", "SELL") or (row["leverage"] or 1) > 1:
            return OTHER_RULES
        if _is_money(row) and any(row[name] is None for name in ("amount", "qty", "tick")):
            return UNTOLD
    return None


def _is_money(row: Mapping[str, Any]) -> bool:
    return is_sol(row["coin"]) and not row["practice"]


def _order(row: Mapping[str, Any]) -> Order:
    step, kind = step_in(row["phase"], row["tick"]), ORDER_KINDS[row["action_type"]]
    return Order(step, kind, row["amount"], row["qty"])
