"""The environments' bodies: what is observed, and how one step of an account is played.

Plain Python and compiled by numba. All bodies are in this one file because numba's on-disk cache
would not notice that a body in another file has changed. Only `rl` calls this. An account is one
row of int64 in lamports and ticks (the columns ACCOUNT below), the prices seen so far are one row
of float64 (MEMORY slots); so many environments are two arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

NOTHING, BUY, SELL, BET = range(4)
"""Kinds of actions."""

START, CASH, QTY, COST, VALUE, STAKE, BET_END, ENTRY, TRADES, BETS = range(10)
"""Columns of an account. START: equity at the beginning of the game. VALUE: of the holding at
the current price. BET_END, ENTRY: ticks, -1 where there is none. TRADES, BETS: orders under way."""
VIEW = 10
"""Columns that are observed."""

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


# Compiled ------------------------------------------------------------------------------------

_INNER = (forget, note, clip, change, volatility, observe_market, observe_account, observe)


@cache
def compiled(body: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `observe_rows` or `note_all`; the first call of an installation takes seconds."""
    import numba
    from numba.extending import register_jitable

    for inner in _INNER:
        register_jitable(inner)
    try:
        function: Callable[..., Any] = numba.njit(nogil=True, cache=True)(body)
    except RuntimeError:  # no folder is writable: compiled anew in each process
        function = numba.njit(nogil=True)(body)
    return function
