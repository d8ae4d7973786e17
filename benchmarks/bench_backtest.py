"""Compare the grid backtest with NumPy and plain Python over the same games (target PF9: 3 s).

Run: python -m benchmarks.bench_backtest [--games 900] [--variants 10000] [--rounds 3]
All play the same sidebet profiles of fixed stakes over the same games and must agree on every
profit; rounds alternate, so that a busy machine slows all alike. The slow ones play variants
spread over the grid and are scaled. NumPy has it easy: with fixed stakes and endless cash no game
depends on another. Stakes that follow the bankroll are one more line, on the fast path alone. The
last lines are a whole `sweep`: checking parameters, processes, files, scores, and the best played
again on the event engine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.contestant import Contestant, find_contestant
from vectra_player.analysis.fastpath import Brief, play_profiles
from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import LocalEngine
from vectra_player.analysis.play import columns_of
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.sweep import Request, run_sweep

TARGET_S = 3.0
CHUNK = 250
_COUNTS = {"fast path": 10**9, "NumPy": 2_000, "plain Python": 100, "event engine": 10}
"""How many variants each plays."""

WINDOW, PAYOUT = 40, 5

Variant = tuple[int, int, int]
"""Entry tick, bets a game, stake in lamports."""

Profits = npt.NDArray[np.int64]
GRID = ["entry_tick=0:399", "num_bets=1:5", "bet_size=0.001,0.002,0.005,0.01,0.02"]


def variants_of(count: int) -> list[Variant]:
    """Lay out the grid in the order of `GRID`."""
    stakes = (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000)
    return list(itertools.islice(itertools.product(range(400), range(1, 6), stakes), count))


def contestants_of(
    root: Path, variants: Sequence[Variant], mode: str = "fixed"
) -> list[Contestant]:
    """Make the profiles: no limits, and a balance that never ends."""
    base = find_contestant("fixed_baseline", root).with_params(
        {
            "initial_balance": 100_000,
            "max_drawdown_pct": None,
            "take_profit_target": None,
            "use_volatility_scaling": False,
            "mode": mode,
        }
    )
    return [
        base.with_params({"entry_tick": entry, "num_bets": bets, "bet_size": stake / 1e9})
        for entry, bets, stake in variants
    ]


def ours(contestants: Sequence[Contestant], games: Games) -> Profits:
    """Play on the fast path, some at a time as a sweep does: (n_variants,) lamports."""
    totals: list[int] = []
    for first in range(0, len(contestants), CHUNK):
        chunk = contestants[first : first + CHUNK]
        profiles = [each.profile for each in chunk if each.profile is not None]
        totals += [int(brief.profit.sum()) for brief in play_profiles(profiles, games)]
    return np.array(totals)


def numpy_way(variants: Sequence[Variant], rugs: npt.NDArray[np.int64]) -> Profits:
    """Play as one writes it with NumPy: a row of games at once, variant by variant."""
    totals = []
    for entry, bets, stake in variants:
        profit = np.zeros(len(rugs), np.int64)
        running = rugs > entry
        for start in range(entry, entry + WINDOW * bets, WINDOW):
            running = running & (rugs > start)
            won = running & (rugs <= start + WINDOW)
            profit += np.where(won, (PAYOUT - 1) * stake, np.where(running, -stake, 0))
            running = running & ~won
        totals.append(int(profit.sum()))
    return np.array(totals)


def python_way(variants: Sequence[Variant], rugs: Sequence[int]) -> Profits:
    """Play as one writes it in plain Python."""
    totals = []
    for entry, bets, stake in variants:
        total = 0
        for rug in rugs:
            start = entry
            for _ in range(bets):
                if rug <= start:
                    break
                if rug <= start + WINDOW:
                    total += (PAYOUT - 1) * stake
                    break
                total -= stake
                start += WINDOW
        totals.append(total)
    return np.array(totals)


def events(contestants: Sequence[Contestant], games: Games) -> Profits:
    """Play on the event engine."""
    results = [each.play(games, seed=1) for each in contestants]
    briefs = [Brief.of(columns_of(result.games, len(games))) for result in results]
    return np.array([int(brief.profit.sum()) for brief in briefs])


def timed(work: Callable[[], Profits]) -> tuple[float, Profits]:
    """Return CPU seconds and the profits."""
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def sweep_once(root: Path, games: Games, jobs: int) -> tuple[float, int]:
    """Run a whole sweep; return wall seconds, and the variants tried."""
    begin = time.perf_counter()
    run = run_sweep(
        find_contestant("fixed_baseline", root),
        parse_grid(GRID),
        Selected(games, "bench", "generated", {}),
        Request(top=3),
        LocalEngine(jobs),
        results=root / f"results-{jobs}",
        made_at="2026-01-01T00:00:00.000+00:00",
    )
    return time.perf_counter() - begin, run.record.tried


def main() -> None:
    """Print CPU seconds for the grid, then a whole sweep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=900)
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    games = generate_games(options.games, 1)
    variants = variants_of(options.variants)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        began = time.process_time()
        contestants = contestants_of(root, variants)
        made = time.process_time() - began
        _race(games, variants, contestants, options.rounds)
        moving = contestants_of(root, variants, "anti_martingale")
        seconds, _ = timed(lambda: ours(moving, games))
        print(f"fast path, stakes that follow streaks (anti-martingale): {seconds:.2f} CPU-s")
        print(f"making and checking {len(variants):,} profiles: {made:.2f} CPU-s")
        print("a whole sweep, everything included, wall seconds:")
        for jobs in (1, os.cpu_count() or 1):
            seconds, tried = sweep_once(root, games, jobs)
            print(f"  {tried:,} variants on 70 % of the games, {jobs} processes: {seconds:.1f} s")


def _spread(size: int, count: int) -> list[int]:
    """Return `count` places spread evenly over so many."""
    return [int(place) for place in np.linspace(0, size - 1, min(count, size))]


def _race(
    games: Games, variants: list[Variant], contestants: list[Contestant], rounds: int
) -> None:
    rugs = games.rug_ticks
    listed = rugs.tolist()
    ours(contestants[:1], games)  # compiled, or read from the cache
    spread = {count: _spread(len(variants), count) for count in _COUNTS.values()}
    ways: dict[str, Callable[[list[int]], Profits]] = {
        "fast path": lambda some: ours([contestants[k] for k in some], games),
        "NumPy": lambda some: numpy_way([variants[k] for k in some], rugs),
        "plain Python": lambda some: python_way([variants[k] for k in some], listed),
        "event engine": lambda some: events([contestants[k] for k in some], games),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, Profits] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            some = spread[_COUNTS[name]]
            seconds, found[name] = timed(partial(way, some))
            times[name].append(seconds / len(some) * len(variants))
    for name in ways:
        if found[name].tolist() != found["fast path"][spread[_COUNTS[name]]].tolist():
            raise SystemExit(f"{name} disagrees with the fast path")
    print(f"{len(variants):,} sidebet profiles x {len(games):,} games, CPU-s on one core:")
    print(f"{'':16}{'best':>10}{'median':>10}{'variants played':>18}")
    for name, taken in times.items():
        played = len(spread[_COUNTS[name]])
        print(f"{name:16}{min(taken):10.2f}{float(np.median(taken)):10.2f}{played:18,}")
    print(f"all agree on every profit; target {TARGET_S:g} s")


if __name__ == "__main__":
    main()
