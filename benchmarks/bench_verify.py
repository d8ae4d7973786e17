"""Verify revealed games in full, beside Node + npm seedrandom doing only their paths (PF8).

Run: python -m benchmarks.bench_verify [--games 20000] [--rounds 5]
Ours hashes each seed, computes the path, and compares every published price, every price heard
live, length, peak and rug price bit by bit. The peer, as in bench_price_path.py, computes paths
and compares nothing. Rounds alternate, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks.bench_price_path import PEER, TARGET, Games, make_games, node, peer_absent

from vectra_player.fairness.checks import GameCheck
from vectra_player.fairness.evidence import Evidence
from vectra_player.fairness.verify import examine, verify
from vectra_player.game.price_path import commitment, price_paths

SINGLE_GAMES = 200


def record(games: Games) -> Evidence:
    """Make evidence as a store gives it: published prices and every tick heard live."""
    seeds, ids = games
    paths = price_paths(seeds, ids, threads=2)
    count = len(seeds)
    slots = np.diff(paths.offsets)
    ticks = np.arange(len(paths.prices)) - np.repeat(paths.offsets[:-1], slots)
    return Evidence(
        game_ids=list(ids),
        versions=["v3"] * count,
        seeds=list(seeds),
        hashes=[commitment(seed) for seed in seeds],
        other_hashes=[None] * count,
        peaks=paths.peaks,
        rug_ticks=slots - 1,
        rug_prices=paths.prices[paths.offsets[1:] - 1],
        published_offsets=paths.offsets,
        published=paths.prices.copy(),
        tick_offsets=paths.offsets,
        ticks=ticks,
        tick_prices=paths.prices.copy(),
        seen_at=np.ones(count, np.int64),
        decided_at=np.full(count, 2, np.int64),
        rebuilt=np.zeros(count, np.bool_),
        is_real=np.ones(count, np.bool_),
    )


def ours(evidence: Evidence, threads: int) -> tuple[float, int]:
    """Time a whole verification: (games/s, games verified)."""
    begin = time.perf_counter()
    checks: list[GameCheck] = list(verify(evidence, threads=threads))
    seconds = time.perf_counter() - begin
    return len(checks) / seconds, sum(check.status == "verified" for check in checks)


def single(evidence: Evidence) -> float:
    """Time games examined one at a time in plain Python: games/s."""
    begin = time.perf_counter()
    for index in range(SINGLE_GAMES):
        if examine(evidence.claim(index)).status != "verified":
            raise SystemExit("a game that is right was not verified")
    return SINGLE_GAMES / (time.perf_counter() - begin)


def main() -> None:
    """Run all contestants and print games per second, best and median of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    games = make_games(options.games)
    evidence = record(games)
    compared = len(evidence.published) + len(evidence.tick_prices)
    print(f"{options.games:,} games, {compared:,} recorded prices, all checks")
    absent = peer_absent()
    names = ["verify, 1 thread", "verify, 2 threads"]
    speeds: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "peer.js").write_text(PEER)
        for _ in range(options.rounds):
            for threads, contestant in enumerate(names, 1):
                speed, verified = ours(evidence, threads)
                speeds[contestant].append(speed)
                if verified != options.games:
                    raise SystemExit("games that are right were not verified")
            if not absent:
                speeds.setdefault("Node + seedrandom, paths only (peer)", []).append(
                    node(folder, games)[0]
                )
    speeds["one at a time, plain Python"] = [single(evidence) for _ in range(3)]
    _report(speeds, absent)


def _report(speeds: dict[str, list[float]], absent: str) -> None:
    print(f"{'':38}{'best':>12}{'median':>12}  games/s")
    for name, found in speeds.items():
        print(f"{name:38}{max(found):12,.0f}{float(np.median(found)):12,.0f}")
    if absent:
        print(f"peer absent: {absent}; nothing to compare with")
        return
    peer = float(np.median(speeds["Node + seedrandom, paths only (peer)"]))
    ratio = float(np.median(speeds["verify, 1 thread"])) / peer
    print(f"{ratio:.2f} x the peer on one core, target {TARGET} x")


if __name__ == "__main__":
    main()
