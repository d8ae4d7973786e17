"""Measure the event engine and the compiled rules over the same games (target PF9).

Run: python -m benchmarks.bench_strategy [--games 900] [--rules 10000]
CPU seconds of this process are counted, so that a busy machine changes little.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from decimal import Decimal

from vectra_player.analysis.games import Games, generate_games
from vectra_player.strategy import Buy, Context, Sell, Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.loading import BUILT_IN
from vectra_player.strategy.market import Market, game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.rules import AT_TICK, BREAKOUT, Rule, play_rules

GRID_TARGET_S = 3.0
ENGINE_TARGET = 100_000
CHUNK = 500
"""Rules played at once: what is kept of them stays below 25 MB."""


class Simple(Strategy):
    """Buy at tick 20, sell ten ticks later: a strategy as users write their first."""

    def on_tick(self, context: Context) -> list[Buy] | list[Sell] | None:
        """Decide."""
        if context.tick == 20 and context.flat:
            return [Buy("0.01")]
        if context.ticks_in_position >= 10:
            return [Sell()]
        return None


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def play_events(strategy: Strategy, steps: list[list[Market]]) -> None:
    """Play all games on the event engine."""
    engine = Engine(strategy, PaperBroker(Decimal(1000)))
    engine.run(itertools.chain.from_iterable(steps))


def play_grid(rules: list[Rule], games: Games) -> None:
    """Play all rules, some at a time."""
    for first in range(0, len(rules), CHUNK):
        play_rules(rules[first : first + CHUNK], games.prices, games.offsets, games.rug_ticks)


def grid(count: int, entry: int) -> list[Rule]:
    """Make rules that differ in entry, profit, loss and time."""
    axes = itertools.product(
        range(0, 200, 8), (1.05, 1.2, 1.5, 2.0, 3.0), (0.0, 0.5, 0.8, 0.9), (10, 20, 40, 80, 160)
    )
    return [
        Rule(
            entry=entry, first_tick=tick, lookback=10, threshold=0.05, take_profit=profit,
            stop_loss=loss, hold_ticks=hold, max_entries=1, buy=10**7,
        )
        for tick, profit, loss, hold in itertools.islice(itertools.cycle(axes), count)
    ]  # fmt: skip


def main() -> None:
    """Print ticks a second of the engine and CPU seconds of a grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=900)
    parser.add_argument("--rules", type=int, default=10_000)
    options = parser.parse_args()
    games = generate_games(options.games, 1)
    steps = [
        list(game_steps(games.game_ids[k], games.prices_of(k), int(games.rug_ticks[k])))
        for k in range(len(games))
    ]
    ticks = len(games.prices)
    print(f"event engine, {len(games):,} games, {ticks:,} ticks; target {ENGINE_TARGET:,} ticks/s")
    kinds: list[type[Strategy]] = [Simple, *BUILT_IN.values()]
    for kind in kinds:
        best = min(cpu_of(lambda: play_events(kind(), steps)) for _ in range(3))  # noqa: B023
        print(f"  {kind.name:16}{ticks / best:12,.0f} ticks/CPU-s")
    play_grid(grid(1, AT_TICK), games)  # compiled, or read from the cache
    print(f"grid of {options.rules:,} rules x {len(games):,} games; target {GRID_TARGET_S:g} s")
    for name, entry in (("at a tick", AT_TICK), ("breakout", BREAKOUT)):
        rules = grid(options.rules, entry)
        seconds = cpu_of(lambda: play_grid(rules, games))  # noqa: B023
        pairs = len(rules) * len(games) / seconds
        print(f"  {name:16}{seconds:12.2f} CPU-s on one core, {pairs:,.0f} games/s")


if __name__ == "__main__":
    main()
