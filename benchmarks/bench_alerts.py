"""Measure what a frame costs the alert engine, which runs in the process that captures.

Run: python -m benchmarks.bench_alerts [--games 40]
Frames are those of generated games, a tick frame each, with the countdown between them. The states
are made beforehand: the reducer is not part of the figure. Its own costs are told beside it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from itertools import pairwise

from msgspec.structs import replace

from vectra_player.alerts.engine import Engine
from vectra_player.alerts.moment import Moment
from vectra_player.alerts.rules import Rule, default_rules, read_rules
from vectra_player.analysis.games import Games, generate_games
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.protocol.game_payloads import GameState
from vectra_player.protocol.rugs import Event

TARGET_US = 50.0
CONDITION = "price > 2 and (drop_percent > 30 or volatility_percent > 9) or pnl_percent > 50"


def frames(games: Games) -> list[Event]:
    """Make the frames of games: fifteen of the countdown, every tick, the rug."""
    found: list[GameState] = []
    for game, game_id in enumerate(games.game_ids):
        found += [
            GameState(game_id=game_id, cooldown_timer=timer, connected_players=200)
            for timer in range(15_000, 0, -1_000)
        ]
        prices, rug = games.prices_of(game).tolist(), int(games.rug_ticks[game])
        found += [
            GameState(
                game_id=game_id, active=True, rugged=tick == rug, price=price, tick_count=tick,
                cooldown_timer=0, trade_count=tick, connected_players=200,
            )
            for tick, price in enumerate(prices)
        ]  # fmt: skip
    return [
        Event(name="gameStateUpdate", direction="received", kind="event", payload=payload,
              seq=number, ts=number * 250_000, session_id="bench")
        for number, payload in enumerate(found, 1)
    ]  # fmt: skip


def states(events: list[Event]) -> list[LiveState]:
    """Return the state before each event, and the last."""
    found = [LiveState()]
    for event in events:
        found.append(reduce(found[-1], event))
    return found


def all_rules() -> Mapping[str, Rule]:
    """Return every rule, switched on, with three conditions."""
    text = "".join(
        f"[custom_signal_{number}]\nenabled = true\nwhen = '{CONDITION}'\n" for number in (1, 2, 3)
    )
    return {
        name: replace(rule, enabled=True) for name, rule in read_rules(text, "bench").rules.items()
    }


def best_us(work: Callable[[], object], count: int) -> float:
    """Return the microseconds of one of `count` parts, the least of five runs, in CPU time."""
    runs = []
    for _ in range(5):
        begin = time.process_time()
        work()
        runs.append(time.process_time() - begin)
    return 1e6 * min(runs) / count


def main() -> None:
    """Print microseconds a frame and alerts, with the built-in rules and with all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=40)
    options = parser.parse_args()
    events = frames(generate_games(options.games, 1))
    known = states(events)
    moments = [
        Moment(event, before, after)
        for event, (before, after) in zip(events, pairwise(known), strict=True)
    ]
    print(f"{options.games:,} games, {len(events):,} frames; target {TARGET_US:g} us a frame")
    print(f"  {'reducer alone':34}{best_us(lambda: states(events), len(events)):8.1f} us a frame")
    for words, rules in (
        ("built-in rules", default_rules()),
        ("all 31, three conditions", all_rules()),
    ):
        told = sum(len(alerts) for alerts in map(Engine(rules).step, moments))

        def run(rules: Mapping[str, Rule] = rules) -> None:
            engine = Engine(rules)
            for moment in moments:
                engine.step(moment)

        cost = best_us(run, len(moments))
        print(f"  {words:34}{cost:8.1f} us a frame, {told / options.games:.1f} alerts a game")


if __name__ == "__main__":
    main()
