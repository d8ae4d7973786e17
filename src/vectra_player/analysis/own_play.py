"""What an account's own game came to, and what else it could have come to, by the rules of `game`.

Pure. Used by the dashboard's own play and by training episodes. What was really won or lost is the
change of the account's money as the server states it; trades and sidebets say how it came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from msgspec import Struct

from vectra_player.game.positions import ZERO, Position
from vectra_player.game.sidebet import Bet, settle
from vectra_player.model.units import Micros, Sol, Tick, to_sol

LEAST = Decimal("0.000000002")
"""Two lamports: sums of amounts that were rounded on their way may differ by so much."""

Side = Literal["BUY", "SELL"]
Kind = Literal["held", "no_bets", "nothing"]


class AccountState(NamedTuple):
    """What one `playerUpdate` says. `money`: cash and bonus; `bet`: a sidebet is open."""

    game_id: str
    ts: Micros
    tick: Tick | None
    money: Sol | None
    qty: Sol
    avg_cost: float
    invested: Sol
    bet: bool
    short: bool

    @property
    def cost(self) -> Sol:
        """Return what was paid for what is held."""
        return to_sol(self.qty * Decimal(str(self.avg_cost)))

    @property
    def open(self) -> bool:
        """Tell whether anything is at stake."""
        return bool(self.qty) or self.bet or self.short


class OwnTrade(Struct, frozen=True, kw_only=True):
    """One trade of the account. `seen`: the server echoed it, else only the account changed."""

    ts: Micros
    tick: Tick | None
    side: Side
    amount: Sol | None
    qty: Sol
    price: float | None
    seen: bool


class OwnBet(Struct, frozen=True, kw_only=True):
    """One sidebet of the account in SOL; `profit` None where the server did not tell it."""

    start_tick: Tick
    stake: Sol
    profit: Sol | None


class Balance(NamedTuple):
    """An account over one game. `before`, `after`: its money with nothing at stake, None: not told.

    `played`: something was at stake; `trades` are the changes of the holding.
    """

    game_id: str
    started_at: Micros
    updates: int
    before: Sol | None
    after: Sol | None
    played: bool
    trades: tuple[OwnTrade, ...]

    @property
    def profit(self) -> Sol | None:
        """Return what the account won or lost; None where the server did not tell enough."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


class Alternative(Struct, frozen=True, kw_only=True):
    """Another way to have played; `profit` None where the game's end is not known."""

    kind: Kind
    profit: Sol | None


def balances(states: Sequence[AccountState]) -> list[Balance]:
    """Return the games of one session of an account; `states` in the order they came."""
    spans: dict[str, list[int]] = {}
    for at, state in enumerate(states):
        spans.setdefault(state.game_id, []).append(at)
    return [_balance(states, places) for places in spans.values()]


def alternatives(
    trades: Iterable[OwnTrade],
    bets: Iterable[OwnBet],
    rug_tick: Tick | None,
    rug_price: float | None,
) -> list[Alternative]:
    """Return what holding to the rug, never betting and not playing would have given.

    Holding: the same buys and sidebets, nothing sold. Never betting: the same trades alone.
    """
    known, placed = tuple(trades), tuple(bets)
    bet = bets_profit(placed, rug_tick)
    kept = _traded([trade for trade in known if trade.side == "BUY"], rug_price)
    return [
        Alternative(kind="held", profit=None if kept is None or bet is None else kept + bet),
        Alternative(kind="no_bets", profit=_traded(known, rug_price)),
        Alternative(kind="nothing", profit=ZERO),
    ]


def seen_profit(
    trades: Iterable[OwnTrade],
    bets: Iterable[OwnBet],
    rug_tick: Tick | None,
    rug_price: float | None,
) -> Sol | None:
    """Add up the trades and sidebets that were seen; None where one has no amount or no end."""
    traded, bet = _traded(tuple(trades), rug_price), bets_profit(bets, rug_tick)
    return None if traded is None or bet is None else traded + bet


def bets_profit(bets: Iterable[OwnBet], rug_tick: Tick | None) -> Sol | None:
    """Return what sidebets brought: as told, else by the rule; None while one is undecided."""
    total = ZERO
    for bet in bets:
        if bet.profit is not None:
            total += bet.profit
        elif rug_tick is None:
            return None
        else:
            total += settle(Bet("", bet.start_tick, bet.stake), rug_tick).profit
    return total


def joined(echoes: Sequence[OwnTrade], changes: Sequence[OwnTrade]) -> list[OwnTrade]:
    """Return every trade once: echoes, and changes of the holding that no echo explains.

    An echo tells price and tick; it may be missing. One update may sum up several trades.
    """
    if all(_same(_total(echoes, side), _total(changes, side)) for side in ("BUY", "SELL")):
        return sorted(echoes, key=_when)
    left = list(echoes)
    unexplained = []
    for change in changes:
        echo = next((e for e in left if e.side == change.side and _same(e.qty, change.qty)), None)
        if echo is None:
            unexplained.append(change)
        else:
            left.remove(echo)
    return sorted([*echoes, *unexplained], key=_when)


def _balance(states: Sequence[AccountState], places: Sequence[int]) -> Balance:
    mine = [states[at] for at in places]
    first, last = mine[0], mine[-1]
    earlier = states[places[0] - 1] if places[0] else None
    later = states[places[-1] + 1] if places[-1] + 1 < len(states) else None
    trades = tuple(_changes(mine))
    return Balance(
        game_id=first.game_id,
        started_at=first.ts,
        updates=len(mine),
        before=_money(first if not first.open and not first.invested else earlier),
        after=_money(last if not last.open else later),
        played=bool(trades) or any(state.open for state in mine),
        trades=trades,
    )


def _money(state: AccountState | None) -> Sol | None:
    """Return the money of an account with nothing at stake."""
    return None if state is None or state.open else state.money


def _changes(mine: Sequence[AccountState]) -> Iterable[OwnTrade]:
    """Yield the changes of the holding within a game, which begins with none."""
    nothing = mine[0]._replace(qty=ZERO, avg_cost=0.0, bet=False, money=None)
    for before, after in pairwise([nothing, *mine]):
        change = after.qty - before.qty
        if change > 0:
            yield _change("BUY", after, change, after.cost - before.cost)
        elif change < 0:
            yield _change("SELL", after, -change, _received(before, after))


def _received(before: AccountState, after: AccountState) -> Sol | None:
    """Return what a sale brought; None where a sidebet moved money at the same time."""
    if before.bet != after.bet or before.money is None or after.money is None:
        return None
    return after.money - before.money


def _change(side: Side, state: AccountState, qty: Sol, amount: Sol | None) -> OwnTrade:
    return OwnTrade(
        ts=state.ts,
        tick=state.tick,
        side=side,
        amount=amount,
        qty=qty,
        price=None if amount is None else float(amount / qty),
        seen=False,
    )


def _traded(trades: Sequence[OwnTrade], rug_price: float | None) -> Sol | None:
    """Return what trades brought; what they left in hand goes at the rug by the rules."""
    if any(trade.amount is None for trade in trades):
        return None
    profit, qty = ZERO, ZERO
    for trade in trades:
        amount = trade.amount or ZERO
        sign = 1 if trade.side == "SELL" else -1
        profit, qty = profit + sign * amount, qty - sign * trade.qty
    if qty <= LEAST:
        return profit
    if rug_price is None:
        return None
    _, fill = Position(qty).close_at_rug(rug_price)
    return profit + fill.amount if fill is not None else profit


def _total(trades: Iterable[OwnTrade], side: str) -> Sol:
    return sum((trade.qty for trade in trades if trade.side == side), ZERO)


def _same(one: Sol, other: Sol) -> bool:
    return abs(one - other) <= LEAST


def _when(trade: OwnTrade) -> Micros:
    return trade.ts
