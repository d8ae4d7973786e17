"""Strategies that follow from prices alone: one body for the event engine and for numba.

`builtin.ruled.RuleStrategy` calls `enters`, `exits` and `bets` as plain Python, tick by tick;
`play_rules` runs the same bodies compiled over many rules and games. What surrounds them there
(arrival, settling, the rug) is the paper broker's work in another form, so tests hold both
against each other on every game they sample.

Money is whole lamports in float64, which holds them exactly. A rounding that float64 cannot be
sure of is counted in `doubtful`: for such a pair the event engine has the last word.

A kernel that calls these bodies belongs into this file: numba's on-disk cache would not notice
that a body in another file has changed. Constants reach the bodies in `Rule` and `Terms`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.game.price_path import RUG_FRACTION, V3
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, WINDOW_TICKS

NEVER, PRESALE, AT_TICK, MOMENTUM, PULLBACK, REVERSION, BREAKOUT = range(7)
"""How a rule finds its entry; see `enters`."""

MAX_LATENCY_TICKS = 38
"""Up to here an order of the presale arrives in the presale, as `play_rules` takes it to."""


class Rule(NamedTuple):
    """When to buy, sell and bet, and for how much.

    first_tick, last_tick: no buy outside. lookback, threshold: of the entry. max_entries: buys a
    game. take_profit, stop_loss: multiples of the entry price, inf and 0 are none. trailing:
    multiple of the highest price since the entry, 0 is none. hold_ticks: sold after that many.
    bet_first, bet_last: no sidebet outside; -1 for `bet_first` is the presale. max_bets a game.
    buy, bet: lamports.
    """

    entry: int = NEVER
    first_tick: int = 0
    last_tick: int = V3.max_ticks
    lookback: int = 1
    threshold: float = 0.0
    max_entries: int = 1
    take_profit: float = math.inf
    stop_loss: float = 0.0
    trailing: float = 0.0
    hold_ticks: int = V3.max_ticks
    bet_first: int = 0
    bet_last: int = V3.max_ticks
    max_bets: int = 0
    buy: int = 0
    bet: int = 0


class Terms(NamedTuple):
    """What the rules of the game and the broker add: see `game.sidebet`, `game.positions`."""

    window: int = WINDOW_TICKS
    multiple: int = PAYOUT_MULTIPLE
    start_price: float = V3.start_price
    rug_fraction: float = RUG_FRACTION
    pays_rug_price: bool = True
    latency_ticks: int = 0


class Played(NamedTuple):
    """What rules brought: each (n_rules, n_games). Profits in lamports, the rest counts."""

    trade_profit: npt.NDArray[np.float64]
    sidebet_profit: npt.NDArray[np.float64]
    buys: npt.NDArray[np.float64]
    bets: npt.NDArray[np.float64]
    bets_won: npt.NDArray[np.float64]
    doubtful: npt.NDArray[np.float64]


# The bodies: plain Python for the event engine, compiled for batches -------------------------


def enters(rule: Rule, prices: Any, tick: int) -> bool:
    """Tell whether a rule buys at a tick, from prices[0] to prices[tick] alone.

    MOMENTUM: up by `threshold` over `lookback` ticks. PULLBACK: below the highest of the lookback
    by `threshold`, yet above its beginning. REVERSION: below the mean of the lookback by
    `threshold`. BREAKOUT: above the highest of the lookback by `threshold`. A price that was
    missed counts as not there; without the one it is compared with there is no entry.
    """
    if tick < rule.first_tick or tick > rule.last_tick:
        return False
    if rule.entry == AT_TICK:
        return True
    if rule.entry < MOMENTUM or tick < rule.lookback:
        return False
    price = prices[tick]
    first = tick - rule.lookback
    if rule.entry == MOMENTUM:
        return bool(price >= prices[first] * (1.0 + rule.threshold))
    if rule.entry == PULLBACK:
        if not price > prices[first]:
            return False
        return reached(prices, first, tick, price, 1.0 - rule.threshold)
    if rule.entry == BREAKOUT:
        return exceeds(prices, first, tick, price, 1.0 + rule.threshold)
    return bool(price <= mean(prices, first, tick) * (1.0 - rule.threshold))


def reached(prices: Any, first: int, last: int, price: float, factor: float) -> bool:
    """Tell whether any of prices[first:last] times `factor` is at least `price`."""
    # Nearest first, which are the likeliest; numba compiles no generator for `any`.
    for at in range(last - 1, first - 1, -1):  # noqa: SIM110
        if prices[at] * factor >= price:
            return True
    return False


def exceeds(prices: Any, first: int, last: int, price: float, factor: float) -> bool:
    """Tell whether `price` is above all known prices[first:last] times `factor`."""
    known = False
    for at in range(last - 1, first - 1, -1):
        value = prices[at] * factor
        if value >= price:
            return False
        known = known or value == value
    return known


def mean(prices: Any, first: int, last: int) -> float:
    """Return the mean of the known prices[first:last], NaN where there is none."""
    total = 0.0
    count = 0
    for at in range(first, last):
        value = prices[at]
        if value == value:
            total += value
            count += 1
    return total / count if count else math.nan


def exits(rule: Rule, price: float, entry_price: float, high: float, held_ticks: int) -> bool:
    """Tell whether a rule sells; `high` is the highest price seen since the entry."""
    if held_ticks >= rule.hold_ticks:
        return True
    if price >= entry_price * rule.take_profit or price <= entry_price * rule.stop_loss:
        return True
    return price <= high * rule.trailing


def bets(rule: Rule, tick: int, placed: int) -> bool:
    """Tell whether a rule places a sidebet, after `placed` of this game; -1 is the presale."""
    return placed < rule.max_bets and rule.bet_first <= tick <= rule.bet_last


def unsure(lamports: float) -> bool:
    """Tell whether float64 leaves open to which lamport an amount is rounded."""
    return abs(lamports - math.floor(lamports) - 0.5) <= 1e-9 + lamports * 1e-15


def find_entry(rule: Rule, prices: Any, tick: int, end: int) -> int:
    """Return the first known tick from `tick` on at which a rule buys, -1 where there is none."""
    for at in range(max(tick, rule.first_tick), min(end, rule.last_tick + 1)):
        price = prices[at]
        if price == price and enters(rule, prices, at):
            return at
    return -1


def find_exit(
    rule: Rule, prices: Any, tick: int, end: int, entry_tick: int, entry_price: float
) -> int:
    """Return the first known tick from `tick` on at which a rule sells, -1 where there is none."""
    high = entry_price
    for at in range(tick, end):
        price = prices[at]
        if price == price:
            high = max(high, price)
            if exits(rule, price, entry_price, high, at - entry_tick):
                return at
    return -1


def arrival(prices: Any, tick: int, end: int) -> int:
    """Return the first known tick from `tick` on, -1 where the game ends before."""
    for at in range(tick, end):
        if prices[at] == prices[at]:
            return at
    return -1


def paid_at_rug(terms: Terms, prices: Any, end: int, rug_tick: int, held: float) -> float:
    """Return what a holding pays at the end of a game, in lamports before rounding."""
    if rug_tick < 0 or not terms.pays_rug_price:
        return 0.0
    if rug_tick < len(prices) and prices[rug_tick] == prices[rug_tick]:
        return float(held * prices[rug_tick])
    low = math.inf
    for at in range(end):
        if prices[at] < low:
            low = prices[at]
    return held * low * terms.rug_fraction if low < math.inf else 0.0


def play_trades(rule: Rule, terms: Terms, prices: Any, end: int, rug_tick: int, out: Any) -> None:
    """Play the buys and sells of one game; see `play_game`."""
    delay = terms.latency_ticks
    entries = 0
    tick = 0
    while entries < rule.max_entries:
        entries += 1
        if rule.entry == PRESALE:
            bought, price, tick = 0, terms.start_price, 0
        else:
            decided = find_entry(rule, prices, tick, end)
            if decided < 0:
                return
            bought = arrival(prices, decided + delay, end)
            if bought < 0:
                return
            price = prices[bought]
            tick = bought if delay else bought + 1
        qty = rule.buy / price
        held = np.rint(qty)
        out[2] += 1.0
        decided = find_exit(rule, prices, tick, end, bought, price)
        sold = arrival(prices, decided + delay, end) if decided >= 0 else -1
        amount = (
            paid_at_rug(terms, prices, end, rug_tick, held) if sold < 0 else held * prices[sold]
        )
        out[0] += np.rint(amount) - rule.buy
        out[5] += unsure(qty) or unsure(amount)
        if sold < 0 or rule.entry == PRESALE:
            return
        tick = sold if delay else sold + 1


def play_bets(rule: Rule, terms: Terms, prices: Any, end: int, rug_tick: int, out: Any) -> None:
    """Play the sidebets of one game; see `play_game`."""
    placed = 0
    tick = 0
    while placed < rule.max_bets:
        if placed == 0 and bets(rule, -1, 0):
            start = 0
        else:
            decided = arrival(prices, max(tick, rule.bet_first), end)
            if decided < 0 or not bets(rule, decided, placed):
                return
            start = arrival(prices, decided + terms.latency_ticks, end)
            if start < 0:
                return
        placed += 1
        out[3] += 1.0
        tick = arrival(prices, start + terms.window, end)
        if tick < 0:
            settle_last(rule, terms, start, rug_tick, out)
            return
        out[1] -= rule.bet


def settle_last(rule: Rule, terms: Terms, start: int, rug_tick: int, out: Any) -> None:
    """Settle the sidebet that was open when a game ended; it is void where nobody saw that."""
    if rug_tick < 0:
        return
    if rug_tick <= start + terms.window:
        out[1] += rule.bet * (terms.multiple - 1)
        out[4] += 1.0
    else:
        out[1] -= rule.bet


def play_game(rule: Rule, terms: Terms, prices: Any, rug_tick: int, out: Any) -> None:
    """Play one game by a rule into `out` (6 float64, the columns of `Played`).

    prices: (n,) float64 from tick 0, NaN where missed. rug_tick: -1 where the end was not seen;
    the holding is then lost and the sidebet void, as `PaperBroker.abandon` has it.
    """
    out[:] = 0.0
    end = len(prices) if rug_tick < 0 else min(rug_tick, len(prices))
    if rule.entry != NEVER:
        play_trades(rule, terms, prices, end, rug_tick, out)
    if rule.max_bets > 0:
        play_bets(rule, terms, prices, end, rug_tick, out)


def play_rows(rows: Any, terms: Terms, prices: Any, offsets: Any, rug_ticks: Any, out: Any) -> None:
    """Play every rule over every game. rows: (n_rules, 15); out: (n_rules, n_games, 6)."""
    for index in range(rows.shape[0]):
        row = rows[index]
        rule = Rule(
            int(row[0]),
            int(row[1]),
            int(row[2]),
            int(row[3]),
            row[4],
            int(row[5]),
            row[6],
            row[7],
            row[8],
            int(row[9]),
            int(row[10]),
            int(row[11]),
            int(row[12]),
            int(row[13]),
            int(row[14]),
        )
        for game in range(rug_ticks.shape[0]):
            path = prices[offsets[game] : offsets[game + 1]]
            play_game(rule, terms, path, rug_ticks[game], out[index, game])


# Batches ---------------------------------------------------------------------------------------


def play_rules(
    rules: Sequence[Rule],
    prices: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    rug_ticks: npt.NDArray[np.int64],
    *,
    latency_ticks: int = 0,
    rug_payout: RugPayout = RUG_PAYOUT,
) -> Played:
    """Play rules over games, compiled; releases the GIL, so parts may run in threads.

    prices, offsets, rug_ticks: as `analysis.games.Games` has them. Cash and limits are not
    looked at. Raises ValueError for a latency beyond MAX_LATENCY_TICKS.
    """
    if not 0 <= latency_ticks <= MAX_LATENCY_TICKS:
        raise ValueError(f"latency_ticks is {latency_ticks}, at most {MAX_LATENCY_TICKS} here")
    terms = Terms(pays_rug_price=rug_payout == "rug_price", latency_ticks=latency_ticks)
    rows = np.asarray(rules, np.float64).reshape(len(rules), len(Rule._fields))
    out = np.empty((len(rules), len(rug_ticks), len(Played._fields)))
    compiled(play_rows)(rows, terms, prices, offsets, rug_ticks, out)
    return Played(*(out[:, :, column] for column in range(len(Played._fields))))


_INNER = (
    *(
        reached,
        exceeds,
        mean,
        enters,
        exits,
        bets,
        unsure,
        find_entry,
        find_exit,
        arrival,
        paid_at_rug,
    ),
    *(settle_last, play_trades, play_bets, play_game),
)


@cache
def compiled(body: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `play_rows`; the first call in a fresh installation takes seconds."""
    import numba
    from numba.extending import register_jitable

    for inner in _INNER:
        register_jitable(inner)
    try:
        function: Callable[..., Any] = numba.njit(nogil=True, cache=True)(body)
    except RuntimeError:  # no folder is writable: compiled anew in each process
        function = numba.njit(nogil=True)(body)
    return function
