"""Replay at full speed and seek, beside the targets of docs (PF7).

Run: python benchmarks/bench_replay.py [capture.jsonl]. The made-up game is the longest the rules
allow (5,000 ticks) in frames of the size of real ones; a capture given is measured beside it.
Reducing and normalising are told apart: both make the messages of a feed, encoding is the feed's.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from vectra_player.clock import SystemClock
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.live.live_state import LiveState
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import Event
from vectra_player.replay.player import Player, ReplayStatus, play_through
from vectra_player.replay.reader import load_file
from vectra_player.replay.recording import Material, Recording, make_recording

TICKS_TARGET = 100_000
SEEK_TARGET_MS = 50.0
ROUNDS = 5
LONGEST = 5_000
USUAL = 200
SEEKS = 200


M = TypeVar("M")


def main() -> None:
    """Print our figures and the targets; CPU time, as other work may share the machine."""
    report(f"games of {USUAL} ticks", made_up(USUAL, games=10))
    report(f"one game of {LONGEST:,} ticks", made_up(LONGEST, games=1))
    for name in sys.argv[1:]:
        report(Path(name).name, load_file(Path(name)))


def report(title: str, recording: Recording) -> None:
    """Print what one recording gives."""
    frames = len(recording.events)
    ticks = sum(1 for step in recording.steps if step.tick is not None)
    print(f"{title}: {frames:,} events, {ticks:,} ticks")
    alone = rate(frames, lambda: drain(recording, nothing))
    both = rate(frames, lambda: drain(recording, Normaliser().feed))
    print(
        f"  reducer               {alone:>10,.0f} events per CPU-second (target {TICKS_TARGET:,})"
    )
    print(f"  reducer + normaliser  {both:>10,.0f} events per CPU-second (target {TICKS_TARGET:,})")
    worst, median = seeks(recording)
    print(f"  seek                  {median:>10.3f} ms median, {worst:.3f} ms worst"
          f" (target {SEEK_TARGET_MS:g} ms)")  # fmt: skip


def rate(count: int, run: Callable[[], None]) -> float:
    """Return the best rate of some rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        best = max(best, count / (time.process_time() - start))
    return best


def nothing(event: Event, before: LiveState, after: LiveState) -> list[object]:
    """Make no message."""
    return []


def drain(
    recording: Recording, normalise: Callable[[Event, LiveState, LiveState], list[M]]
) -> None:
    """Play to the end without waiting."""
    for _ in play_through(recording, normalise):
        pass


class _Nowhere:
    def show(self, event: Event, before: LiveState, after: LiveState) -> None:
        """Show nothing."""

    def jump(self, state: LiveState, position: int) -> None:
        """Tell nobody."""

    def tell(self, status: ReplayStatus) -> None:
        """Tell nobody."""


def seeks(recording: Recording) -> tuple[float, float]:
    """Return worst and median ms of seeks all over a recording."""
    player = Player("bench", recording, _Nowhere(), SystemClock())
    chance = random.Random(7)
    taken = []
    for _ in range(SEEKS):
        game = chance.choice(recording.games)
        tick = chance.randint(0, game.last_tick or 0)
        start = time.process_time()
        player.seek(tick, game.game_id)
        taken.append((time.process_time() - start) * 1000)
    taken.sort()
    return taken[-1], taken[len(taken) // 2]


def made_up(ticks: int, games: int) -> Recording:
    """Build games in tick frames of about 3.7 KB."""
    chance = random.Random(1)
    board = [
        {"id": f"did:privy:{n:024d}", "username": f"player{n}", "level": n, "pnl": 0.25 * n,
         "regularPnl": 0.2, "sidebetPnl": 0.05, "shortPnl": 0.0, "pnlPercent": 12.5,
         "hasActiveTrades": True, "positionQty": 0.5, "avgCost": 1.25, "totalInvested": 0.75,
         "sidebetActive": None, "sideBet": None, "shortPosition": None, "selectedCoin": None,
         "position": n + 1}
        for n in range(10)
    ]  # fmt: skip
    rows: list[WsEvent] = []
    for game in range(games):
        price = 1.0
        window: dict[str, float] = {}
        for tick in range(ticks):
            price *= 1 + chance.uniform(-0.02, 0.021)
            window = {**dict(list(window.items())[-4:]), str(tick): price}
            data = {
                "gameId": f"20250101-{game:016x}", "active": True, "rugged": tick == ticks - 1,
                "price": price, "tickCount": tick, "tradeCount": tick, "cooldownTimer": 0,
                "allowPreRoundBuys": False, "connectedPlayers": 200, "leaderboard": board,
                "provablyFair": {"serverSeedHash": "0" * 64, "version": "v3"},
                "partialPrices": {"startTick": max(0, tick - 4), "endTick": tick,
                                  "values": window},
            }  # fmt: skip
            raw = "42" + msgspec.json.encode(["gameStateUpdate", data]).decode()
            seq = len(rows) + 1
            frame = Frame(ts=1_735_689_600_000_000 + seq * 250_000, raw=raw, source="public_ws")
            rows.append(describe(StoredFrame("bench", seq, frame)))
    return make_recording(Material(title="made up", rows=rows))


if __name__ == "__main__":
    main()
