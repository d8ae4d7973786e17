"""The price algorithm's one body: plain Python for one game, compiled by numba for batches.

Only `game.seedrandom` and `game.price_path` call this. Every function below runs unchanged in
both ways, so the two cannot drift apart; numba is imported when the first batch is asked for.

All bodies are in this one file on purpose: numba's on-disk cache is renewed when the file of the
*outer* function changes, and would miss a change in another file. For the same reason nothing is
compiled twice with other options (`cache=True` keeps one entry per function): batches run in
parallel by threads around one compiled function that releases the GIL.

No fastmath and no fused multiply-add: the prices are compared to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

STATE_SIZE = 258
"""256 permuted bytes, then ARC4's two counters i and j."""


class Rules(NamedTuple):
    """Constants of one version of the game, in the form the compiled body takes."""

    start_price: float
    max_ticks: int
    rug_chance: float
    god_chance: float
    god_factor: float
    god_price_limit: float
    big_chance: float
    big_min: float
    big_max: float
    drift_min: float
    drift_max: float
    noise: float
    noise_cap: float
    rug_fraction: float


def schedule(key: Any, state: Any) -> None:
    """Fill `state` (258 small integers) from a key of 1 to 256 bytes and drop 256 bytes."""
    size = len(key)
    for i in range(256):
        state[i] = i
    j = 0
    for i in range(256):
        t = state[i]
        j = (j + key[i % size] + t) & 255
        state[i] = state[j]
        state[j] = t
    j = 0
    for k in range(1, 257):
        i = k & 255
        t = state[i]
        j = (j + t) & 255
        state[i] = state[j]
        state[j] = t
    state[256] = 0
    state[257] = j


def next_double(state: Any) -> float:
    """Draw the next number of [0, 1): 52 bits or more, at least seven bytes of ARC4."""
    i = state[256]
    j = state[257]
    n = 0
    for _ in range(6):
        i = (i + 1) & 255
        t = state[i]
        j = (j + t) & 255
        u = state[j]
        state[i] = u
        state[j] = t
        n = n * 256 + state[(t + u) & 255]
    d = 281474976710656.0
    x = 0
    while n < 4503599627370496:
        n = (n + x) * 256
        d *= 256.0
        i = (i + 1) & 255
        t = state[i]
        j = (j + t) & 255
        u = state[j]
        state[i] = u
        state[j] = t
        x = state[(t + u) & 255]
    while n >= 9007199254740992:
        n >>= 1
        d /= 2.0
        x >>= 1
    state[256] = i
    state[257] = j
    return (n + x) / d


def move(state: Any, rules: Rules, price: float) -> float:
    """Return the change of price of one tick that is neither a rug nor a god candle."""
    if next_double(state) < rules.big_chance:
        size = rules.big_min + next_double(state) * (rules.big_max - rules.big_min)
        return size if next_double(state) > 0.5 else -size
    drift = rules.drift_min + next_double(state) * (rules.drift_max - rules.drift_min)
    width = rules.noise * min(rules.noise_cap, math.sqrt(price))
    return drift + width * (2.0 * next_double(state) - 1.0)


def walk(state: Any, rules: Rules, path: Any) -> tuple[int, bool, int, float, float]:
    """Write one game's published prices into `path` (max_ticks + 2 slots).

    Returns (slots written, rugged, draws spent, lowest and highest price before the rug).
    """
    price = rules.start_price
    path[0] = price
    low = price
    high = price
    length = 1
    draws = 0
    for _ in range(rules.max_ticks):
        draws += 1
        if next_double(state) < rules.rug_chance:
            path[length] = low * rules.rug_fraction
            return length + 1, True, draws, low, high
        god = False
        if rules.god_chance > 0.0:
            # Drawn above the price limit as well: the draw shifts everything after it.
            draws += 1
            god = next_double(state) < rules.god_chance and price <= rules.god_price_limit
        if god:
            price = price * rules.god_factor
        else:
            draws += 3
            price = max(0.0, price * (1.0 + move(state, rules, price)))
        path[length] = price
        length += 1
        low = min(low, price)
        high = max(high, price)
    return length, False, draws, low, high


def walk_batch(
    keys: Any, key_offsets: Any, rules: Rules, first: int, last: int, prices: Any, facts: Any
) -> tuple[int, int]:
    """Write games `first` to `last` - 1 one after another into `prices` while they surely fit.

    keys: (bytes,) uint8, game k has keys[key_offsets[k]:key_offsets[k+1]].
    facts: (n_games, 5) float64: slots, rugged, draws, lowest, highest.
    Returns (first game not written, slots of `prices` used).
    """
    state = np.empty(STATE_SIZE, np.int64)
    used = 0
    game = first
    while game < last and prices.shape[0] - used >= rules.max_ticks + 2:
        schedule(keys[key_offsets[game] : key_offsets[game + 1]], state)
        length, rugged, draws, low, high = walk(state, rules, prices[used:])
        facts[game, 0] = length
        facts[game, 1] = 1.0 if rugged else 0.0
        facts[game, 2] = draws
        facts[game, 3] = low
        facts[game, 4] = high
        used += length
        game += 1
    return game, used


def draw_batch(keys: Any, key_offsets: Any, doubles: Any) -> None:
    """Fill `doubles` (n_keys, n_draws) float64 with the first draws of every key."""
    state = np.empty(STATE_SIZE, np.int64)
    for row in range(doubles.shape[0]):
        schedule(keys[key_offsets[row] : key_offsets[row + 1]], state)
        for column in range(doubles.shape[1]):
            doubles[row, column] = next_double(state)


@cache
def _register() -> Any:
    import numba
    from numba.extending import register_jitable

    for body in (schedule, next_double, move, walk):
        register_jitable(body)
    return numba


@cache
def compiled(body: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `walk_batch` or `draw_batch`; the first call in a fresh installation takes seconds.

    The machine code is kept in numba's cache (beside this file, else in the user's cache
    folder). Where no folder is writable the code is compiled anew in each process.
    """
    numba = _register()
    try:
        function: Callable[..., Any] = numba.njit(nogil=True, cache=True)(body)
    except RuntimeError:
        function = numba.njit(nogil=True)(body)
    return function
