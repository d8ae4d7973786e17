"""Why a strategy did what it did in one game of a kept run, in words beside each decision.

A built-in strategy is asked by the very bodies that decided (`strategy.rules`): each condition
alone, at the tick of the decision. Of a user's own file only what it saw is known. Used by the
dashboard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.game.positions import ZERO
from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.strategy import loading
from vectra_player.strategy.builtin.baselines import CoinFlip
from vectra_player.strategy.builtin.ruled import RuleStrategy
from vectra_player.strategy.profile import DEFAULT_STRATEGY
from vectra_player.strategy.rules import (
    AT_TICK,
    BREAKOUT,
    MOMENTUM,
    PRESALE,
    PULLBACK,
    REVERSION,
    Rule,
    exits,
    mean,
)

Prices = npt.NDArray[np.float64]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that became of a decision, or of the holding at the rug.

    why: what led to the decision; empty where this only follows from an earlier one. qty_held,
    staked: what is held and at stake afterwards. Amounts are SOL.
    """

    number: int | None
    kind: str
    decided_tick: int | None
    tick: int
    price: float
    amount: Decimal
    qty: Decimal
    profit: Decimal
    cash: Decimal
    message: str
    why: str
    qty_held: Decimal
    staked: Decimal


class _Moment(msgspec.Struct, frozen=True):
    """What was known at a decision. `count`: of the kind in this game, this one included.

    entry_tick, entry_price: of the holding, None when flat.
    """

    tick: int
    price: float
    prices: Prices
    count: int
    entry_tick: int | None
    entry_price: float | None

    @property
    def held_ticks(self) -> int:
        """Return for how long the holding was held."""
        return 0 if self.entry_tick is None else self.tick - self.entry_tick

    @property
    def high(self) -> float:
        """Return the highest price seen since the entry."""
        if self.entry_tick is None or self.entry_price is None:
            return self.price
        seen = self.prices[self.entry_tick : self.tick + 1]
        known = seen[~np.isnan(seen)]
        return float(known.max(initial=self.entry_price))


Reason = Callable[[str, _Moment], str]


def explained(
    contestant: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], prices: Prices
) -> list[Event]:
    """Return what was done in a game with the reasons.

    contestant: its identity as a record keeps it. rows: of the trades of this game, in order.
    prices: (n_ticks,) float64, NaN where not known.
    """
    reason = _reason_of(contestant)
    books = _Books()
    return [_event(row, reason, books, prices) for row in rows]


class _Books:
    """What is held, staked and counted so far in the game."""

    def __init__(self) -> None:
        self.qty = ZERO
        self.staked = ZERO
        self.entry: tuple[int, float] | None = None
        self.counts: dict[str, int] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        kind = row["kind"]
        if kind == "bought":
            self.entry = self.entry or (row["tick"], row["price"])
            self.qty += row["qty"]
        elif kind in ("sold", "rugged"):
            self.qty -= row["qty"]
            if not self.qty:
                self.entry = None
        elif kind == "placed":
            self.staked += row["amount"]
        elif kind in ("won", "lost", "void"):
            self.staked = ZERO


def _event(row: Mapping[str, Any], reason: Reason, books: _Books, prices: Prices) -> Event:
    kind = row["kind"]
    books.counts[kind] = books.counts.get(kind, 0) + 1
    why = _FOLLOWS.get(kind, "")
    if kind in ("bought", "sold", "placed"):
        decided = row["tick"] if row["decided_tick"] is None else row["decided_tick"]
        price = row["price"] if row["decided_price"] is None else row["decided_price"]
        entry_tick, entry_price = books.entry or (None, None)
        moment = _Moment(decided, price, prices, books.counts[kind], entry_tick, entry_price)
        why = reason(kind, moment)
    books.take(row)
    return Event(
        **{name: row[name] for name in _COPIED},
        why=why,
        qty_held=books.qty,
        staked=books.staked,
    )


_COPIED = (
    *("number", "kind", "decided_tick", "tick", "price"),
    *("amount", "qty", "profit", "cash", "message"),
)
_FOLLOWS = {
    "rugged": "the rug took what was held",
    "won": f"the rug came within the {WINDOW_TICKS} ticks of the sidebet",
    "lost": f"{WINDOW_TICKS} ticks passed without the rug",
    "void": "nobody saw how the game ended",
    "missed": "the rug came before the order",
}


# Who decided -------------------------------------------------------------------------------------


def _reason_of(contestant: Mapping[str, Any]) -> Reason:
    plays, params = contestant["plays"], contestant["params"]
    kind = loading.BUILT_IN.get(plays)
    if plays == DEFAULT_STRATEGY and "execution" in params:
        return lambda what, moment: _of_ladder(params, moment)
    if kind is not None and issubclass(kind, RuleStrategy):
        rule = kind(params).rule()
        return lambda what, moment: _of_rule(rule, what, moment)
    if kind is CoinFlip:
        return _of_coin
    return lambda what, moment: f"{plays} decided; it saw {_seen(moment)}"


def _of_ladder(params: Mapping[str, Any], moment: _Moment) -> str:
    execution, mode = params["execution"], params["scaling"]["mode"]
    begins = execution["entry_tick"]
    first = f"from tick {begins} on" if begins else "from the presale on"
    before = first if moment.count == 1 else "the one before was lost"
    return f"bet {moment.count} of {execution['num_bets']}, {before}; sized {_plain(mode)}"


def _of_rule(rule: Rule, what: str, moment: _Moment) -> str:
    if what == "placed":
        first = "the presale" if rule.bet_first < 0 else f"tick {rule.bet_first}"
        return (
            f"no sidebet was open; bet {moment.count} of {rule.max_bets}, "
            f"from {first} to tick {rule.bet_last}"
        )
    return _of_entry(rule, moment) if what == "bought" else _of_exit(rule, moment)


def _of_coin(what: str, moment: _Moment) -> str:
    if what == "sold":
        return f"held for {moment.held_ticks} ticks, as long as was planned"
    return f"its coin showed heads at tick {moment.tick}"


def _seen(moment: _Moment) -> str:
    seen = f"a price of {moment.price:.4f}x"
    if moment.entry_price is None:
        return f"{seen} and held nothing"
    gain = moment.price / moment.entry_price - 1
    return f"{seen}, {gain:+.1%} from its entry {moment.held_ticks} ticks before"


# Rules: what was measured, and what the rule asks for ---------------------------------------------


def _of_entry(rule: Rule, moment: _Moment) -> str:
    if rule.entry == PRESALE:
        return "it buys in the presale"
    if rule.entry == AT_TICK:
        return f"it buys once, between ticks {rule.first_tick} and {rule.last_tick}"
    first = moment.tick - rule.lookback
    if first < 0:
        return "its signal"
    before = moment.prices[first : moment.tick]
    known = before[~np.isnan(before)]
    asked = f"{rule.threshold:.1%}"
    signals: Mapping[int, tuple[float, str]] = {
        MOMENTUM: (float(before[0]), f"above that of {rule.lookback} ticks before"),
        BREAKOUT: (_highest(known), f"above the highest of {rule.lookback} ticks"),
        PULLBACK: (_highest(known), f"below the highest of {rule.lookback} ticks"),
        REVERSION: (
            mean(moment.prices, first, moment.tick),
            f"below the mean of {rule.lookback} ticks",
        ),
    }
    base, words = signals[rule.entry]
    away = abs(moment.price / base - 1)
    return f"the price was {away:.1%} {words}; it asks for {asked}"


def _highest(known: Prices) -> float:
    return float(known.max()) if len(known) else math.nan


_NEVER_ENDS = 2**31


def _of_exit(rule: Rule, moment: _Moment) -> str:
    """Ask each condition of an exit alone, and name those that held."""
    entry = moment.entry_price or moment.price
    nothing = rule._replace(
        take_profit=math.inf, stop_loss=0.0, trailing=0.0, hold_ticks=_NEVER_ENDS
    )
    words = {
        "take_profit": f"it takes profit at {rule.take_profit:g} times the entry",
        "stop_loss": f"it stops the loss at {rule.stop_loss:g} times the entry",
        "trailing": f"it trails at {rule.trailing:g} times the highest, {moment.high:.4f}x",
        "hold_ticks": f"it holds for {rule.hold_ticks} ticks at most",
    }
    held = [
        text
        for name, text in words.items()
        if exits(
            nothing._replace(**{name: getattr(rule, name)}),
            moment.price,
            entry,
            moment.high,
            moment.held_ticks,
        )
    ]
    times = f"{moment.price / entry:.3f} times the entry after {moment.held_ticks} ticks"
    return "; ".join([f"the price was {times}", *held])


def _plain(word: str) -> str:
    return word.replace("_", " ")
