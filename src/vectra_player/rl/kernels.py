"""The environments' bodies: what is observed, and how one step of an account is played.

Plain Python and compiled by numba. All bodies are in this one file because numba's on-disk cache
would not notice that a body in another file has changed. Only `rl` calls this. An account is one
row of int64 in lamports and ticks (the columns below), the prices seen so far are one row of
float64 (MEMORY slots); so many environments are two arrays.

Amounts of a buy, a sale and a holding are the rules of `game.positions`: `bought`, `sold` and
`worth` call them. Compiled they are float64, which is exact unless an amount lies between two
lamports; `advance` then changes nothing and says so, and is called again in plain Python.
docs/decisions/0021-environments.md says why both agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from vectra_player.game.positions import Position
from vectra_player.game.price_path import V3
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, WINDOW_TICKS
from vectra_player.strategy.sizing import from_lamports, to_lamports

NOTHING, BUY, SELL, BET = range(4)
"""Kinds of actions."""

START, CASH, QTY, COST, VALUE, STAKE, BET_END, ENTRY, TRADES, BETS = range(10)
"""Columns of an account. START: equity at the beginning of the game. VALUE: of the holding at
the current price. BET_END, ENTRY: ticks, -1 where there is none. TRADES, BETS: orders under way."""
TICK, RUG, EQUITY, PEAK, DEEPEST, ENTERED, HELD, REFUSED = range(10, 18)
"""TICK: -1 in the presale. EQUITY: cash, VALUE and STAKE. PEAK: highest so far. DEEPEST: deepest
fall below it. ENTERED: buys filled and sidebets placed. HELD: 1 where the rug took a holding.
REFUSED: why an order that arrived in the last step was not carried out."""
COLUMNS = 18

FINE, CLOSED, NO_CASH, OPEN_BET, NO_POSITION, AMOUNT, PRICE = range(7)
"""Values of REFUSED; `rl.actions.REFUSALS` has them as the broker names them."""


class Terms(NamedTuple):
    """What the game and the broker add: see `game.sidebet`, `game.positions`, `strategy.paper`."""

    window: int = WINDOW_TICKS
    multiple: int = PAYOUT_MULTIPLE
    start_price: float = V3.start_price
    pays_rug_price: bool = True
    latency: int = 0


# What was seen of a game ---------------------------------------------------------------------

RING = 64  # above the longest window, a power of two
COUNT, LAST, HIGH, LOW, SQUARES, LOGS = 0, 1, 2, 3, 4, 8
"""Slots of a memory: ticks seen; logarithm of the last, highest and lowest price; sum of the
squared returns. From LOGS on RING logarithms, then RING sums."""
MEMORY = LOGS + 2 * RING

RETURNS = (1, 5, 10, 20, 40)
STEP = 0.073  # root mean square of a step of the price: game.expectation.typical_step()
LOG_PRICE = math.log(100.0)
LOG_TICKS = math.log1p(5000.0)
LEAST_PRICE = 1e-6  # a price of 0 has no logarithm
WINDOW = 40.0  # ticks of a sidebet
RESULT_UNITS = 20.0
STAKE_UNITS = 5.0


def forget(memory: Any) -> None:
    """Begin a game: nothing seen, the presale's price of 1."""
    for slot in range(LOGS):
        memory[slot] = 0.0


def note(memory: Any, price: float) -> None:
    """Take in the price of the next tick; one that was missed counts as the one before."""
    tick = int(memory[COUNT])
    last = memory[LAST]
    new = last if price != price else math.log(max(price, LEAST_PRICE))
    if tick == 0:
        memory[HIGH] = new
        memory[LOW] = new
    else:
        memory[SQUARES] += (new - last) ** 2
        memory[HIGH] = max(memory[HIGH], new)
        memory[LOW] = min(memory[LOW], new)
    memory[COUNT] = tick + 1.0
    memory[LAST] = new
    memory[LOGS + (tick & (RING - 1))] = new
    memory[LOGS + RING + (tick & (RING - 1))] = memory[SQUARES]


def clip(value: float) -> float:
    """Return a value kept from -1 to 1."""
    return min(1.0, max(-1.0, value))


def change(memory: Any, ticks: int) -> float:
    """Return the price's change over the last ticks, in four typical deviations of it."""
    tick = int(memory[COUNT]) - 1
    first = max(0, tick - ticks)
    if tick < 1:
        return 0.0
    moved = memory[LAST] - memory[LOGS + (first & (RING - 1))]
    return clip(moved / (4.0 * STEP * math.sqrt(ticks)))


def volatility(memory: Any, ticks: int) -> float:
    """Return the root mean square of the last steps over the typical one: 0.5 is as usual."""
    tick = int(memory[COUNT]) - 1
    first = max(0, tick - ticks)
    if tick < 1:
        return 0.0
    squares = memory[SQUARES] - memory[LOGS + RING + (first & (RING - 1))]
    return clip(math.sqrt(max(0.0, squares) / (tick - first)) / (2.0 * STEP))


def observe_market(memory: Any, out: Any) -> None:
    """Write the first 14 features: the game alone."""
    tick = int(memory[COUNT]) - 1
    out[0] = 1.0 if tick < 0 else 0.0
    out[1] = clip(math.log1p(max(tick, 0)) / LOG_TICKS)
    out[2] = clip(memory[LAST] / LOG_PRICE)
    out[3] = change(memory, 1)
    out[4] = change(memory, 5)
    out[5] = change(memory, 10)
    out[6] = change(memory, 20)
    out[7] = change(memory, 40)
    out[8] = volatility(memory, 10)
    out[9] = volatility(memory, 40)
    out[10] = clip((memory[LAST] - memory[HIGH]) / 2.0)
    out[11] = clip((memory[LAST] - memory[LOW]) / 2.0)
    out[12] = clip(memory[HIGH] / LOG_PRICE)
    out[13] = clip(memory[LOW] / LOG_PRICE)


def observe_account(memory: Any, account: Any, unit: float, out: Any) -> None:
    """Write the features of the account: 6 of cash and sidebet, and 5 of the holding if asked."""
    tick = int(memory[COUNT]) - 1
    equity = account[CASH] + account[VALUE] + account[STAKE]
    out[14] = clip((equity - account[START]) / (RESULT_UNITS * unit))
    out[15] = account[CASH] / equity if equity > 0 else 0.0
    out[16] = 1.0 if account[STAKE] > 0 else 0.0
    out[17] = clip((account[BET_END] - max(tick, 0)) / WINDOW) if account[STAKE] > 0 else 0.0
    out[18] = clip(account[STAKE] / (STAKE_UNITS * unit))
    out[19] = 1.0 if account[BETS] > 0 else 0.0
    if len(out) == 20:
        return
    held = account[QTY] > 0
    out[20] = 1.0 if held else 0.0
    out[21] = clip(account[VALUE] / (RESULT_UNITS * unit))
    out[22] = 0.0
    if held and account[COST] > 0:
        out[22] = clip(math.log(max(account[VALUE] / account[COST], LEAST_PRICE)) / 2.0)
    out[23] = clip(math.log1p(max(tick - account[ENTRY], 0)) / LOG_TICKS) if held else 0.0
    out[24] = 1.0 if account[TRADES] > 0 else 0.0


def observe(memory: Any, account: Any, unit: float, out: Any) -> None:
    """Write one observation. out: (20,) or (25,) float32; see `rl.features`."""
    observe_market(memory, out)
    observe_account(memory, account, unit, out)


def observe_rows(memories: Any, accounts: Any, unit: float, out: Any) -> None:
    """Write the observations of many environments: one row each."""
    for row in range(out.shape[0]):
        observe(memories[row], accounts[row], unit, out[row])


def note_all(memory: Any, prices: Any) -> None:
    """Take in prices[COUNT:], those of the ticks that were not seen yet."""
    for tick in range(int(memory[COUNT]), len(prices)):
        note(memory, prices[tick])


# Amounts: the rules of `game.positions`, and the same in float64 -----------------------------


def bought(amount: int, price: float) -> tuple[int, bool]:
    """Return the quantity that an amount buys, 0 where the rules refuse it, and that it is sure."""
    try:
        position, _ = Position().buy(from_lamports(amount), float(price))
    except RefusedError:
        return 0, True
    return to_lamports(position.qty), True


def sold(qty: int, cost: int, percent: int, price: float) -> tuple[int, int, int, bool]:
    """Return quantity, cost and price paid for the part of a holding, and that they are sure."""
    position = Position(from_lamports(qty), from_lamports(cost))
    _, fill = position.sell(percent, float(price))
    return to_lamports(fill.qty), to_lamports(fill.cost), to_lamports(fill.amount), True


def worth(qty: int, price: float) -> tuple[int, bool]:
    """Return what a holding sells for, and that it is sure."""
    return to_lamports(Position(from_lamports(qty)).value(float(price))), True


def certain(lamports: float) -> bool:
    """Tell whether float64 leaves no doubt to which lamport an amount is rounded."""
    away = abs(lamports - math.floor(lamports) - 0.5)
    return lamports < 1e15 and away > 1e-9 + lamports * 1e-15


def share(amount: int, part: int, whole: int) -> int:
    """Return amount * part / whole, rounded half to even; the product is below 2^63."""
    product = amount * part
    quotient, rest = product // whole, product % whole
    if 2 * rest > whole or (2 * rest == whole and quotient % 2 == 1):
        quotient += 1
    return quotient


def bought_fast(amount: int, price: float) -> tuple[int, bool]:
    """As `bought`."""
    qty = amount / price
    return (int(np.rint(qty)), True) if certain(qty) else (0, False)


def sold_fast(qty: int, cost: int, percent: int, price: float) -> tuple[int, int, int, bool]:
    """As `sold`."""
    part = share(qty, percent, 100)
    paid = part * price
    sure = certain(paid) and float(cost) * part < 9e18
    return part, share(cost, part, qty), int(np.rint(paid)), sure


def worth_fast(qty: int, price: float) -> tuple[int, bool]:
    """As `worth`."""
    value = qty * price
    return (int(np.rint(value)), True) if certain(value) else (0, False)


# One step of an account ----------------------------------------------------------------------


def begin(account: Any, cash: int, rug_tick: int) -> None:
    """Begin a game: the presale, with so many lamports."""
    account[:] = 0
    account[START] = cash
    account[CASH] = cash
    account[EQUITY] = cash
    account[PEAK] = cash
    account[BET_END] = -1
    account[ENTRY] = -1
    account[TICK] = -1
    account[RUG] = rug_tick


def execute(kind: int, value: int, price: float, account: Any, terms: Terms) -> bool:
    """Carry out an order at the account's tick; False where an amount is not sure."""
    if kind == BUY:
        return buy(value, price, account)
    if kind == SELL:
        return sell(value, price, account)
    if kind == BET:
        place(value, account, terms)
    return True


def buy(amount: int, price: float, account: Any) -> bool:
    """Buy for an amount. The reasons to refuse come in the order of `Ledger.buy`."""
    if price <= 0.0:
        account[REFUSED] = PRICE
        return True
    qty, sure = bought(amount, price)
    if sure and qty == 0:
        account[REFUSED] = AMOUNT
    elif amount > account[CASH]:
        account[REFUSED] = NO_CASH
    else:
        account[CASH] -= amount
        account[QTY] += qty
        account[COST] += amount
        account[ENTERED] += 1
        if account[ENTRY] < 0:
            account[ENTRY] = max(0, account[TICK])
    return sure


def sell(percent: int, price: float, account: Any) -> bool:
    """Sell a part of the holding; nothing is sold in the presale."""
    if account[TICK] < 0:
        account[REFUSED] = CLOSED
        return True
    if account[QTY] == 0:
        account[REFUSED] = NO_POSITION
        return True
    qty, cost, amount, sure = sold(account[QTY], account[COST], percent, price)
    account[QTY] -= qty
    account[COST] -= cost
    account[CASH] += amount
    if account[QTY] == 0:
        account[ENTRY] = -1
    return sure


def place(stake: int, account: Any, terms: Terms) -> None:
    """Place a sidebet; one that is open is noticed after the cash, as the broker does."""
    if stake > account[CASH]:
        account[REFUSED] = NO_CASH
    elif account[STAKE] > 0:
        account[REFUSED] = OPEN_BET
    else:
        account[CASH] -= stake
        account[STAKE] = stake
        account[BET_END] = max(0, account[TICK]) + terms.window
        account[ENTERED] += 1


def under_way(kind: int, more: int, account: Any) -> None:
    """Count an order that was sent (1) or has arrived (-1)."""
    if kind == BET:
        account[BETS] += more
    elif kind != NOTHING:
        account[TRADES] += more


def settle(account: Any, terms: Terms, rugged: bool) -> None:
    """Settle the sidebet where it is decided: won at a rug within its window, else lost."""
    tick = account[TICK]
    if account[STAKE] == 0 or not (rugged or tick >= account[BET_END]):
        return
    if rugged and tick <= account[BET_END]:
        account[CASH] += account[STAKE] * terms.multiple
    account[STAKE] = 0
    account[BET_END] = -1


def close(price: float, account: Any, terms: Terms) -> bool:
    """End the game: sidebet settled, holding taken, orders under way missed."""
    settle(account, terms, True)
    amount, sure = worth(account[QTY], price)
    if account[QTY] > 0:
        account[HELD] = 1
        account[CASH] += amount if terms.pays_rug_price else 0
    for column in (QTY, COST, VALUE, TRADES, BETS):
        account[column] = 0
    account[ENTRY] = -1
    return sure


def send(action: int, table: Any, terms: Terms, account: Any, orders: Any, price: float) -> bool:
    """Decide at the present tick: carried out now in the presale and without latency."""
    kind, value = table[action, 0], table[action, 1]
    if terms.latency == 0 or account[TICK] < 0:
        return execute(kind, value, price, account, terms)
    orders[account[TICK] % terms.latency] = action
    under_way(kind, 1, account)
    return True


def arrive(table: Any, terms: Terms, account: Any, orders: Any, price: float) -> bool:
    """Carry out the order that was sent `latency` ticks ago."""
    if terms.latency == 0 or account[TICK] < terms.latency:
        return True
    action = orders[account[TICK] % terms.latency]
    kind, value = table[action, 0], table[action, 1]
    under_way(kind, -1, account)
    return execute(kind, value, price, account, terms)


def count(account: Any) -> None:
    """Take the equity after a step."""
    account[EQUITY] = account[CASH] + account[VALUE] + account[STAKE]
    account[PEAK] = max(account[PEAK], account[EQUITY])
    account[DEEPEST] = max(account[DEEPEST], account[PEAK] - account[EQUITY])


def advance(
    action: int, table: Any, terms: Terms, account: Any, orders: Any, path: Any, work: Any
) -> bool:
    """Carry out an action and move on to the next tick, or to the rug.

    path: prices from tick 0 to the rug. orders: (latency,) actions under way, by the tick they
    were sent at. work: (COLUMNS,) int64, to be written over. False where an amount was not sure;
    the account is then as it was.
    """
    work[:] = account
    work[REFUSED] = FINE
    here = terms.start_price if work[TICK] < 0 else path[work[TICK]]
    sure = send(action, table, terms, work, orders, here)
    work[TICK] += 1
    price = path[work[TICK]]
    if work[TICK] == work[RUG]:
        sure = close(price, work, terms) and sure
    else:
        settle(work, terms, False)
        sure = arrive(table, terms, work, orders, price) and sure
        value, known = worth(work[QTY], price)
        work[VALUE] = value
        sure = known and sure
    count(work)
    if sure:
        account[:] = work
    return sure


def advance_rows(
    actions: Any,
    idle: Any,
    table: Any,
    terms: Terms,
    accounts: Any,
    orders: Any,
    paths: Any,
    memories: Any,
    doubtful: Any,
) -> int:
    """Play one step of many accounts; rows that are idle stay as they are.

    doubtful: (n,) bool, set where `advance` was not sure. Returns how many there are.
    """
    work = np.empty(COLUMNS, np.int64)
    doubts = 0
    for row in range(accounts.shape[0]):
        doubtful[row] = False
        if idle[row]:
            continue
        account = accounts[row]
        if advance(actions[row], table, terms, account, orders[row], paths[row], work):
            note(memories[row], paths[row, account[TICK]])
        else:
            doubtful[row] = True
            doubts += 1
    return doubts


# Compiled ------------------------------------------------------------------------------------

_OBSERVED = (forget, note, clip, change, volatility, observe_market, observe_account, observe)
_PLAYED = (
    *(certain, share, bought_fast, sold_fast, worth_fast, execute, buy, sell, place, under_way),
    *(settle, close, send, arrive, count, advance),
)


@cache
def _register() -> Any:
    import numba
    from numba.extending import overload, register_jitable

    for inner in (*_OBSERVED, *_PLAYED):
        register_jitable(inner)
    overload(bought, strict=False)(lambda amount, price: bought_fast)
    overload(sold, strict=False)(lambda qty, cost, percent, price: sold_fast)
    overload(worth, strict=False)(lambda qty, price: worth_fast)
    return numba


@cache
def compiled(body: Callable[..., Any]) -> Callable[..., Any]:
    """Compile one of the bodies over rows; the first call of an installation takes seconds."""
    numba = _register()
    try:
        function: Callable[..., Any] = numba.njit(nogil=True, cache=True)(body)
    except RuntimeError:  # no folder is writable: compiled anew in each process
        function = numba.njit(nogil=True)(body)
    return function
