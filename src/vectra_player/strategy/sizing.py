"""How much is staked next: every sizing rule as a pure step, one body for Python and for numba.

The event engine calls `next_stake` and `settled` as plain Python; `play_order` and `play_drawn`
below run the same bodies compiled, over recorded games in their order and over drawn ones. All
amounts are whole lamports, so both ways agree to the lamport; only + - * / and square roots are
used, which every machine rounds alike.

A kernel that calls these bodies belongs into this file, long as it is: numba's on-disk cache would
not notice that a body in another file has changed. Constants reach the bodies in `SizingRules`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vectra_player.game.sidebet import (
    FAIR_WIN_CHANCE,
    MAX_STAKE_SOL,
    MIN_STAKE_SOL,
    PAYOUT_MULTIPLE,
    WINDOW_TICKS,
    end_of,
    wins,
)
from vectra_player.model.units import SOL_DECIMALS, to_sol
from vectra_player.strategy.profile import Profile, ScalingMode

LAMPORTS = 10**SOL_DECIMALS
PRIOR_BETS = 100.0
"""How many bets the assumed win rate is worth in the theta-Bayesian posterior."""

VOLATILITY_MEMORY = 0.94  # the usual decay of an exponential average of squared returns
DRAWDOWN_FLOOR = 0.25  # a stake is never reduced below a quarter
DRAWDOWN_SPAN = 0.5  # over which stakes shrink where the profile sets no drawdown limit

_NEVER = 2**61  # lamports: far above what any run can reach
_SQUARED_RESULT = FAIR_WIN_CHANCE * (PAYOUT_MULTIPLE - 1) ** 2 + (1 - FAIR_WIN_CHANCE)
"""Mean square of what one unit staked brings: 3.73, a volatility of 1.93."""

FIXED, PROGRESSIVE, KELLY, ANTI_MARTINGALE, THETA_BAYESIAN, VOLATILITY, DRAWDOWN = range(7)
MODES: dict[ScalingMode, int] = {
    "fixed": FIXED,
    "progressive": PROGRESSIVE,
    "kelly": KELLY,
    "anti_martingale": ANTI_MARTINGALE,
    "theta_bayesian": THETA_BAYESIAN,
    "volatility_adjusted": VOLATILITY,
    "drawdown_adjusted": DRAWDOWN,
}

RUNNING, TOOK_PROFIT, DREW_DOWN, RUINED = range(4)
"""What `halted` says of a run; names for people are in HALTS."""

FACTS = ("bankroll", "peak", "staked", "bets", "wins", "deepest", "halt", "games")
"""What `play_drawn` tells of a run."""

HALTS = ("ran to its end", "take profit", "drawdown", "ruined")


class SizingRules(NamedTuple):
    """A profile's sizing and limits in the form the bodies take; amounts in lamports.

    A limit the profile does not set is one that cannot be reached. `plain` tells that nothing
    moves the stakes, `tracks_volatility` that something depends on `SizingState.variance`.
    """

    plain: bool
    mode: int
    initial: int
    min_stake: int
    max_stake: int
    payout: int
    win_rate: float
    kelly_fraction: float
    win_factor: float
    loss_factor: float
    factor_cap: float
    theta_base: float
    theta_max: float
    prior_bets: float
    scale_volatility: bool
    tracks_volatility: bool
    target_variance: float
    memory: float
    reduce_on_drawdown: bool
    drawdown_span: float
    drawdown_floor: float
    take_profit: int
    drawdown_limit: float
    day_loss_limit: int


class SizingState(NamedTuple):
    """What is known before the next bet. Start with `started`, go on with `settled`.

    floor: what the bankroll may not fall below today. streak: wins in a row, or losses in a row
    as a negative number. variance: running mean of the squared result of a bet as a fraction of
    the bankroll. deepest: the largest drawdown so far, as a fraction of the peak before it.
    """

    bankroll: int
    peak: int
    floor: int
    streak: int
    wins: int
    bets: int
    staked: int
    variance: float
    deepest: float


def rules_of(profile: Profile) -> SizingRules:
    """Return the sizing rules of a profile."""
    scaling, risk = profile.scaling, profile.risk_controls
    initial = to_lamports(profile.execution.initial_balance)
    first = to_lamports(profile.execution.bet_sizes[0]) / initial
    shrinks = risk.reduce_on_drawdown or scaling.mode == "drawdown_adjusted"
    calms = scaling.use_volatility_scaling and scaling.mode != "volatility_adjusted"
    target, daily = risk.take_profit_target, risk.daily_loss_limit
    return SizingRules(
        plain=scaling.mode == "fixed" and not (shrinks or calms),
        mode=MODES[scaling.mode],
        initial=initial,
        min_stake=to_lamports(MIN_STAKE_SOL),
        max_stake=to_lamports(MAX_STAKE_SOL),
        payout=PAYOUT_MULTIPLE,
        win_rate=scaling.win_rate_assumption,
        kelly_fraction=scaling.kelly_fraction,
        win_factor=scaling.win_streak_multiplier,
        loss_factor=scaling.loss_streak_multiplier,
        factor_cap=scaling.max_streak_multiplier,
        theta_base=scaling.theta_base,
        theta_max=scaling.theta_max,
        prior_bets=PRIOR_BETS,
        scale_volatility=calms,
        tracks_volatility=calms or scaling.mode == "volatility_adjusted",
        target_variance=first * first * _SQUARED_RESULT,
        memory=VOLATILITY_MEMORY,
        reduce_on_drawdown=shrinks,
        drawdown_span=risk.max_drawdown_pct or DRAWDOWN_SPAN,
        drawdown_floor=DRAWDOWN_FLOOR,
        take_profit=_NEVER if target is None else math.ceil(initial * target),
        drawdown_limit=2.0 if risk.max_drawdown_pct is None else risk.max_drawdown_pct,
        day_loss_limit=_NEVER if daily is None else to_lamports(daily),
    )


def bet_sizes_of(profile: Profile) -> npt.NDArray[np.int64]:
    """Return the unscaled stake of each position in lamports: (num_bets,)."""
    return np.array([to_lamports(size) for size in profile.execution.bet_sizes], np.int64)


def to_lamports(sol: Decimal) -> int:
    """Return an amount of SOL in lamports."""
    return int(to_sol(sol).scaleb(SOL_DECIMALS))


def from_lamports(lamports: int) -> Decimal:
    """Return lamports as SOL."""
    return to_sol(Decimal(int(lamports)).scaleb(-SOL_DECIMALS))


def ladders(
    profile: Profile, rug_ticks: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return what each game offers the profile's bets: windows that begin before the rug, and
    whether the last of these wins: (n_games,) each.

    A window begins where the one before it ended without a rug, as the book of `game.sidebet`
    allows; a game that is over by the entry tick offers none.
    """
    windows = np.zeros(len(rug_ticks), np.int64)
    won = np.zeros(len(rug_ticks), np.bool_)
    start = profile.execution.entry_tick
    for _ in range(profile.execution.num_bets):
        open_still = ~won & (rug_ticks > start)
        windows += open_still
        won |= open_still & wins(end_of(start), rug_ticks)  # type: ignore[arg-type]
        start += WINDOW_TICKS
    return windows, won


def packed(windows: npt.NDArray[np.int64], won: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return what `ladders` found in a byte a game: windows x 2, plus 1 where the last wins.

    A million games drawn at random then stay within the processor's cache.
    """
    return (windows * 2 + won).astype(np.uint8)


# The bodies: plain Python and numba ----------------------------------------------------------


def started(rules: SizingRules) -> SizingState:
    """Return the state before the first bet."""
    floor = max(0, rules.initial - rules.day_loss_limit)
    return SizingState(rules.initial, rules.initial, floor, 0, 0, 0, 0, rules.target_variance, 0.0)


def next_day(rules: SizingRules, state: SizingState) -> SizingState:
    """Return the state at the beginning of a day: what it may lose counts from here."""
    return SizingState(
        state.bankroll,
        state.peak,
        max(0, state.bankroll - rules.day_loss_limit),
        state.streak,
        state.wins,
        state.bets,
        state.staked,
        state.variance,
        state.deepest,
    )


def kelly_share(chance: float, payout: int) -> float:
    """Return the share of the bankroll that Kelly stakes: (payout x chance - 1) / (payout - 1).

    `payout` includes the stake. At or below 1 / payout it is zero or negative: do not bet.
    """
    return (payout * chance - 1.0) / (payout - 1.0)


def streak_factor(step: float, length: int, cap: float) -> float:
    """Return `step` to the power of `length`, at most `cap`."""
    factor = 1.0
    for _ in range(length):
        factor *= step
        if factor >= cap:
            return cap
    return factor


def posterior(rules: SizingRules, state: SizingState) -> tuple[float, float]:
    """Return mean and standard deviation of the win chance after the results so far.

    Beta posterior; the prior has the assumed win rate as its mean and counts `prior_bets` bets.
    """
    weight = rules.prior_bets + state.bets
    mean = (rules.prior_bets * rules.win_rate + state.wins) / weight
    return mean, math.sqrt(mean * (1.0 - mean) / (weight + 1.0))


def theta(rules: SizingRules, state: SizingState) -> float:
    """Return the theta-Bayesian multiplier.

    `theta_base` while the posterior mean is at or below break-even, rising in a straight line to
    `theta_max` where it is two posterior standard deviations above.
    """
    mean, deviation = posterior(rules, state)
    lead = (mean - 1.0 / rules.payout) / (2.0 * deviation)
    return rules.theta_base + (rules.theta_max - rules.theta_base) * min(1.0, max(0.0, lead))


def calmness(rules: SizingRules, state: SizingState) -> float:
    """Return target volatility over present volatility, from 0.5 to 2."""
    if state.variance * 4.0 <= rules.target_variance:
        return 2.0
    return max(0.5, math.sqrt(rules.target_variance / state.variance))


def drawdown_factor(rules: SizingRules, state: SizingState) -> float:
    """Return 1 at the peak, falling with the drawdown to `drawdown_floor`."""
    drawdown = (state.peak - state.bankroll) / state.peak
    return max(rules.drawdown_floor, 1.0 - drawdown / rules.drawdown_span)


def wanted_stake(rules: SizingRules, state: SizingState, size: int) -> float:
    """Return the stake the mode asks for in lamports, before overlays and limits."""
    if rules.mode == KELLY:
        share = kelly_share(rules.win_rate, rules.payout)
        return rules.kelly_fraction * share * state.bankroll
    if rules.mode == ANTI_MARTINGALE:
        return size * streak_factor(rules.win_factor, state.streak, rules.factor_cap)
    if rules.mode == PROGRESSIVE:
        return size * streak_factor(rules.loss_factor, -state.streak, rules.factor_cap)
    if rules.mode == THETA_BAYESIAN:
        streak = streak_factor(rules.win_factor, state.streak, rules.factor_cap)
        share = kelly_share(posterior(rules, state)[0], rules.payout)
        return max(
            size * theta(rules, state) * streak, rules.kelly_fraction * share * state.bankroll
        )
    if rules.mode == VOLATILITY:
        return size * calmness(rules, state)
    return size * 1.0


def moved_stake(rules: SizingRules, state: SizingState, size: int) -> int:
    """Return the stake of the mode and its overlays within the game's limits, 0 for none."""
    wanted = wanted_stake(rules, state, size)
    if rules.scale_volatility:
        wanted *= min(1.0, calmness(rules, state))
    if rules.reduce_on_drawdown:
        wanted *= drawdown_factor(rules, state)
    if wanted <= 0.0:
        return 0
    return rules.max_stake if wanted >= rules.max_stake else max(rules.min_stake, int(wanted))


def next_stake(rules: SizingRules, state: SizingState, size: int) -> int:
    """Return the next stake in lamports, 0 for none; `size` is the position's unscaled stake.

    Within the game's limits, the bankroll and what the day may still lose.
    """
    stake = size if rules.plain else moved_stake(rules, state, size)
    stake = min(stake, state.bankroll - state.floor)
    return stake if stake >= rules.min_stake else 0


def settled(rules: SizingRules, state: SizingState, stake: int, won: bool) -> SizingState:
    """Return the state after a bet is decided; a win pays `payout` times the stake in all."""
    hit = 1 if won else 0
    bankroll = state.bankroll - stake + hit * rules.payout * stake
    peak = max(state.peak, bankroll)
    variance = state.variance
    if rules.tracks_volatility:
        result = (bankroll - state.bankroll) / state.bankroll
        variance = rules.memory * variance + (1.0 - rules.memory) * (result * result)
    return SizingState(
        bankroll,
        peak,
        state.floor,
        # A sum, not a choice: whether a bet wins is what no processor predicts.
        hit * (max(state.streak, 0) + 1) + (1 - hit) * (min(state.streak, 0) - 1),
        state.wins + hit,
        state.bets + 1,
        state.staked + stake,
        variance,
        max(state.deepest, (peak - bankroll) / peak),
    )


def halted(rules: SizingRules, state: SizingState) -> int:
    """Tell whether the run is over, and why: RUNNING, TOOK_PROFIT, DREW_DOWN or RUINED."""
    if state.bankroll >= rules.take_profit:
        return TOOK_PROFIT
    if state.bankroll < rules.min_stake:
        return RUINED
    if state.deepest >= rules.drawdown_limit:
        return DREW_DOWN
    return RUNNING


def play_game(
    rules: SizingRules, sizes: Any, state: SizingState, windows: int, won: bool
) -> tuple[SizingState, int]:
    """Play one game's windows, the last of which wins or not; return the state and `halted`.

    A stake of 0 ends the game: nothing would change before its next window.
    """
    halt = RUNNING
    position = 0
    while position < windows and halt == RUNNING:
        stake = next_stake(rules, state, sizes[position])
        if stake == 0:
            break
        position += 1
        state = settled(rules, state, stake, won and position == windows)
        halt = halted(rules, state)
    return state, halt


def play_order(
    rules: SizingRules, sizes: Any, windows: Any, won: Any, fresh: Any, out: Any
) -> tuple[SizingState, int, int]:
    """Play games in their order; return the state, `halted`, and how many games were played.

    windows, won: (n_games,) as `ladders` gives them. fresh: (n_games,) bool, the games a day
    begins with. out: (n_games, 4) int64, filled with profit, stakes, bets and bets won of each.
    """
    state = started(rules)
    halt = RUNNING
    game = 0
    while game < len(windows) and halt == RUNNING:
        if fresh[game]:
            state = next_day(rules, state)
        bankroll, staked, bets, hits = state.bankroll, state.staked, state.bets, state.wins
        state, halt = play_game(rules, sizes, state, windows[game], won[game])
        out[game, 0] = state.bankroll - bankroll
        out[game, 1] = state.staked - staked
        out[game, 2] = state.bets - bets
        out[game, 3] = state.wins - hits
        game += 1
    return state, halt, game


_WORD = 0xFFFFFFFFFFFFFFFF
_STEP = 0x9E3779B97F4A7C15
_MIX_A = 0xBF58476D1CE4E5B9
_MIX_B = 0x94D049BB133111EB
"""SplitMix64: a counter and a mixing function, so that every run has a stream of its own."""


def mixed(word: int) -> int:
    """Return the 64-bit word that SplitMix64 makes of a counter."""
    word = ((word ^ (word >> 30)) * _MIX_A) & _WORD
    word = ((word ^ (word >> 27)) * _MIX_B) & _WORD
    return word ^ (word >> 31)


def stepped(word: int) -> int:
    """Return the counter's next value."""
    return (word + _STEP) & _WORD


def coin_of(chance: float) -> int:
    """Return the word below which a draw wins with this chance; at least 1."""
    return max(1, min(_WORD, round(chance * 2.0**64)))


def play_flips(
    rules: SizingRules, sizes: Any, coin: int, state: SizingState, word: int, count: int
) -> tuple[SizingState, int, int, int]:
    """Play `count` games of one day in which a draw below `coin` wins.

    Return the state, the stream of draws, `halted` and the games played.
    """
    halt = RUNNING
    played = 0
    while played < count and halt == RUNNING:
        played += 1
        position = 0
        hit = False
        while position < len(sizes) and not hit and halt == RUNNING:
            stake = next_stake(rules, state, sizes[position])
            if stake == 0:
                break
            position += 1
            word = stepped(word)
            hit = mixed(word) < coin
            state = settled(rules, state, stake, hit)
            halt = halted(rules, state)
    return state, word, halt, played


def play_draws(
    rules: SizingRules,
    sizes: Any,
    offers: Any,
    pool: int,
    state: SizingState,
    word: int,
    count: int,
) -> tuple[SizingState, int, int, int]:
    """Play `count` games of one day drawn from `offers`; return as `play_flips`."""
    halt = RUNNING
    played = 0
    while played < count and halt == RUNNING:
        played += 1
        word = stepped(word)
        offer = offers[int(((mixed(word) >> 32) * pool) >> 32)]
        windows = offer >> 1
        position = 0
        while position < windows and halt == RUNNING:
            stake = next_stake(rules, state, sizes[position])
            if stake == 0:
                break
            position += 1
            hit = offer & 1 == 1 and position == windows
            state = settled(rules, state, stake, hit)
            halt = halted(rules, state)
    return state, word, halt, played


def play_drawn(
    rules: SizingRules,
    sizes: Any,
    offers: Any,
    pool: int,
    coin: int,
    games: int,
    games_per_day: int,
    keys: Any,
    first: int,
    last: int,
    facts: Any,
    path: Any,
) -> None:
    """Play runs `first` to `last` - 1 over drawn games and write what became of them.

    offers: (pool,) uint8 as `packed` gives them, the games to draw from, each as likely; with a
    `coin` other than 0 every window wins where a draw is below it instead. pool, coin: uint64 when
    compiled. keys: (n_runs,) uint64, where each run's stream of draws begins.
    facts: (n_runs, 8) float64, columns FACTS.
    path: (n_paths, points) int64, the bankroll of the first runs after each point's share of the
    games, from none to all.
    """
    steps = path.shape[1] - 1
    for run in range(first, last):
        word = keys[run]
        state = started(rules)
        halt = RUNNING
        played = 0
        point = 0 if run < path.shape[0] else steps + 1
        while played < games and halt == RUNNING:
            while point <= steps and point * games <= played * steps:
                path[run, point] = state.bankroll
                point += 1
            if played > 0 and played % games_per_day == 0:
                state = next_day(rules, state)
            stretch = min(games - played, games_per_day - played % games_per_day)
            if point <= steps:
                stretch = min(stretch, (point * games + steps - 1) // steps - played)
            if coin > 0:
                state, word, halt, done = play_flips(rules, sizes, coin, state, word, stretch)
            else:
                state, word, halt, done = play_draws(
                    rules, sizes, offers, pool, state, word, stretch
                )
            played += done
        while point <= steps:
            path[run, point] = state.bankroll
            point += 1
        facts[run, 0] = state.bankroll
        facts[run, 1] = state.peak
        facts[run, 2] = state.staked
        facts[run, 3] = state.bets
        facts[run, 4] = state.wins
        facts[run, 5] = state.deepest
        facts[run, 6] = halt
        facts[run, 7] = played


_CALLED: tuple[Callable[..., Any], ...] = (
    *(kelly_share, streak_factor, posterior, theta, calmness, drawdown_factor),
    *(play_game, play_flips, play_draws),
)
_INLINED: tuple[Callable[..., Any], ...] = (
    *(started, next_day, next_stake, moved_stake, wanted_stake, settled, halted, mixed, stepped),
)
"""Bodies for which a call, which hands over wide records, would cost more than the work."""


@cache
def _register() -> Any:
    import numba
    from numba.extending import register_jitable

    for body in _CALLED:
        register_jitable(body)
    for body in _INLINED:
        register_jitable(inline="always")(body)
    return numba


@cache
def compiled(body: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `play_order` or `play_drawn`; the first call in a fresh installation takes seconds.

    The machine code is kept as that of `game.kernels` is; it runs without the interpreter's lock.
    """
    numba = _register()
    try:
        function: Callable[..., Any] = numba.njit(nogil=True, cache=True, error_model="numpy")(body)
    except RuntimeError:
        function = numba.njit(nogil=True, error_model="numpy")(body)
    return function
