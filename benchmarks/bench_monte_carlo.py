"""Compare our Monte Carlo with NumPy and plain Python (target PF9: 2.5M 100-game paths/s a core).

Run: python -m benchmarks.bench_monte_carlo [--paths 200000] [--rounds 5]

The figure is of runs of 100 games with one bet each, won with a given rate: what the target was
measured on. All contestants keep bankroll, peak, largest drawdown, bets and wins, and stop where
the bankroll no longer covers the stake. Ours does so by the bodies that play every profile. NumPy
holds the paths as columns. Plain Python runs twice: a loop written for this case alone, and our own
bodies uncompiled. Beside it: runs that draw
whole games, and other sizing. Rounds alternate, so that a busy machine slows all alike; speeds are
by the CPU time of one thread, which other programs disturb least.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.monte_carlo import Plan, Pool, coin_pool, generated_pool, play
from vectra_player.game.sidebet import FAIR_WIN_CHANCE, PAYOUT_MULTIPLE
from vectra_player.strategy import sizing
from vectra_player.strategy.profile import Profile, changed

TARGET = 2_500_000
GAMES = 100
PURE_PATHS = 300
STAKE = 10**6
INITIAL = 10**9
MODES = ("fixed", "kelly", "anti_martingale", "theta_bayesian", "volatility_adjusted")

Facts = npt.NDArray[np.float64]
Contestant = Callable[[int], Facts]


def profile_of(mode: str = "fixed", bets: int = 1) -> Profile:
    """Return a profile of equal bets that plays on whatever happens."""
    return changed(
        Profile(name="bench"),
        {
            "execution.num_bets": bets,
            "execution.initial_balance": INITIAL / sizing.LAMPORTS,
            "scaling.mode": mode,
            "scaling.win_rate_assumption": 0.22,
        },
    )


def ours(profile: Profile, pool: Pool) -> Contestant:
    """Make a contestant of our compiled kernel on one thread."""

    def run(paths: int) -> Facts:
        facts = np.zeros((paths, len(sizing.FACTS)))
        _kernel_call(sizing.compiled(sizing.play_drawn), profile, pool, paths, facts)
        return facts

    return run


def plain(paths: int) -> Facts:
    """Run the same bodies as plain Python."""
    facts = np.zeros((paths, len(sizing.FACTS)))
    _kernel_call(sizing.play_drawn, profile_of(), coin_pool(FAIR_WIN_CHANCE), paths, facts)
    return facts


def _kernel_call(body: Any, profile: Profile, pool: Pool, paths: int, facts: Facts) -> None:
    word: Any = int if body is sizing.play_drawn else np.uint64
    keys = np.random.default_rng(1).integers(0, 2**64, paths, np.uint64)
    body(
        sizing.rules_of(profile),
        sizing.bet_sizes_of(profile),
        sizing.packed(*sizing.ladders(profile, pool.rug_ticks)),
        word(len(pool.rug_ticks)),
        word(0 if pool.win_rate is None else sizing.coin_of(pool.win_rate)),
        *(GAMES, GAMES, keys.tolist() if word is int else keys, 0, paths, facts),
        np.zeros((0, 2), np.int64),
    )


def simple_loop(paths: int) -> Facts:
    """Play fixed stakes in a plain Python loop that can do nothing else."""
    draw, facts = random.Random(1).random, np.zeros((paths, 6))
    for path in range(paths):
        bankroll = peak = INITIAL
        deepest, bets, wins = 0.0, 0, 0
        for _ in range(GAMES):
            if bankroll < STAKE:
                break
            bets += 1
            if draw() < FAIR_WIN_CHANCE:
                wins += 1
                bankroll += (PAYOUT_MULTIPLE - 1) * STAKE
                peak = max(peak, bankroll)
            else:
                bankroll -= STAKE
                deepest = max(deepest, (peak - bankroll) / peak)
        facts[path] = bankroll, peak, bets * STAKE, bets, wins, deepest
    return facts


def with_numpy(paths: int) -> Facts:
    """Play fixed stakes with NumPy, all paths side by side."""
    generator = np.random.default_rng(1)
    bankroll = np.full(paths, INITIAL)
    peak, deepest = bankroll.copy(), np.zeros(paths)
    bets, wins = np.zeros(paths, np.int64), np.zeros(paths, np.int64)
    for _ in range(GAMES):
        stake = np.where(bankroll >= STAKE, STAKE, 0)
        won = generator.random(paths) < FAIR_WIN_CHANCE
        bankroll += stake * (won * PAYOUT_MULTIPLE - 1)
        np.maximum(peak, bankroll, out=peak)
        np.maximum(deepest, (peak - bankroll) / peak, out=deepest)
        bets += stake > 0
        wins += won & (stake > 0)
    return np.column_stack([bankroll, peak, bets * STAKE, bets, wins, deepest])


def timed(run: Contestant, paths: int) -> tuple[float, Facts]:
    """Return paths a second of CPU time, and what was found."""
    begin = time.thread_time()
    facts = run(paths)
    return paths / (time.thread_time() - begin), facts


def main() -> None:
    """Run all contestants and print paths per second, best and median of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    coin, games = coin_pool(FAIR_WIN_CHANCE), generated_pool()
    begin = time.perf_counter()
    few = ours(profile_of(), coin)(PURE_PATHS)
    print(f"first run of this process: {time.perf_counter() - begin:.2f} s (compile or cache)")
    if not (few == plain(PURE_PATHS)).all():
        raise SystemExit("plain Python and compiled runs differ")
    print(f"plain Python and compiled: {PURE_PATHS} paths equal to the lamport")
    contestants = {
        "numba, 1 core": (ours(profile_of(), coin), options.paths),
        "NumPy": (with_numpy, options.paths),
        "plain Python, loop for this": (simple_loop, 10 * PURE_PATHS),
        "plain Python, our bodies": (plain, PURE_PATHS),
        "drawn games, 1 bet": (ours(profile_of(), games), options.paths),
        "drawn games, up to 4 bets": (ours(profile_of(bets=4), games), options.paths),
        **{f"{mode}": (ours(profile_of(mode), coin), options.paths // 2) for mode in MODES[1:]},
    }
    speeds = _race(contestants, options.rounds)
    _report(speeds, options.paths)
    _all_cores(options.paths)


def _race(contestants: dict[str, tuple[Contestant, int]], rounds: int) -> dict[str, list[float]]:
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (run, paths) in contestants.items():
            speed, facts = timed(run, paths)
            speeds[name].append(speed)
            _check(name, facts)
    return speeds


def _check(name: str, facts: Facts) -> None:
    """Refuse contestants of fixed stakes that do not lose what a stake loses."""
    staked, profit = facts[:, 2].sum(), (facts[:, 0] - INITIAL).sum()
    if name not in MODES and abs(profit / staked + 0.0916) > 0.05:
        raise SystemExit(f"{name} returned {profit / staked:+.4f} of its stakes")


def _report(speeds: dict[str, list[float]], paths: int) -> None:
    print(f"\n{paths:,} paths of {GAMES} games; one bet a game won with {FAIR_WIN_CHANCE:.5f}")
    print(f"{'':30}{'best':>12}{'median':>12}  paths/s of one core")
    for name, found in speeds.items():
        print(f"{name:30}{max(found):12,.0f}{float(np.median(found)):12,.0f}")
    median = {name: float(np.median(found)) for name, found in speeds.items()}
    one = median["numba, 1 core"]
    print(
        f"\n{one / median['NumPy']:.1f} x NumPy, "
        f"{one / median['plain Python, loop for this']:,.0f} x "
        f"plain Python; {one / TARGET:.2f} x the target of {TARGET:,}"
    )


def _all_cores(paths: int) -> None:
    """Print what a whole simulation reaches on all cores by the clock, fan of paths included."""
    plan = Plan(runs=paths, games=GAMES)
    begin = time.perf_counter()
    play(profile_of(), coin_pool(FAIR_WIN_CHANCE), plan)
    seconds = time.perf_counter() - begin
    print(f"a simulation with its fan, all cores: {paths / seconds:,.0f} paths/s by the clock")


if __name__ == "__main__":
    main()
