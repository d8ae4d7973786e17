"""Compare our price paths with Node + npm seedrandom, what others use (target: at least twice).

Run: python benchmarks/bench_price_path.py [--games 20000] [--rounds 5]
The peer needs `node` and seedrandom (Debian: node-seedrandom, or NODE_PATH to an unpacked one).
Rounds of all contestants alternate, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vectra_player.game.price_path import price_path, price_paths

TARGET = 2.0
PURE_GAMES = 400

PEER = """
'use strict';
const seedrandom = require('seedrandom');
const fs = require('fs');
const crypto = require('crypto');
function game(seed, id) {
  const gen = seedrandom(seed + '-' + id);
  let price = 1, low = 1;
  const path = [1];
  for (let t = 0; t < 5000; t++) {
    if (gen() < 0.005) { path.push(low * (1 - 0.98)); break; }
    if (gen() < 0.00001 && price <= 100) {
      price *= 10;
    } else {
      let change;
      if (gen() < 0.125) {
        const size = 0.15 + gen() * (0.25 - 0.15);
        change = gen() > 0.5 ? size : -size;
      } else {
        const drift = -0.02 + gen() * (0.03 - -0.02);
        const width = 0.005 * Math.min(10, Math.sqrt(price));
        change = drift + width * (2 * gen() - 1);
      }
      price = Math.max(0, price * (1 + change));
    }
    path.push(price);
    if (price < low) low = price;
  }
  return path;
}
const games = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
for (let k = 0; k < Math.min(2000, games.length); k++) game(games[k][0], games[k][1]);
const begin = process.hrtime.bigint();
const paths = games.map(([seed, id]) => game(seed, id));
const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
const hash = crypto.createHash('sha256');
for (const path of paths) hash.update(Buffer.from(Float64Array.from(path).buffer));
console.log(seconds + ' ' + hash.digest('hex'));
"""

Games = tuple[list[str], list[str]]
Contestant = Callable[[Games], tuple[float, str]]


def make_games(count: int) -> Games:
    """Invent seeds and ids of the real lengths."""
    seeds = [hashlib.sha256(f"bench-{k}".encode()).hexdigest() for k in range(count)]
    return seeds, [f"20260101-{seed[:16]}" for seed in seeds]


def pure(games: Games) -> tuple[float, str]:
    """Time plain Python: (games/s, SHA-256 of all prices)."""
    begin = time.perf_counter()
    paths = [price_path(seed, game) for seed, game in zip(*games, strict=True)]
    seconds = time.perf_counter() - begin
    flat = np.array([price for path in paths for price in path.prices], "<f8")
    return len(paths) / seconds, hashlib.sha256(flat.tobytes()).hexdigest()


def batch(threads: int) -> Contestant:
    """Make a contestant that times the compiled batch."""

    def run(games: Games) -> tuple[float, str]:
        begin = time.perf_counter()
        paths = price_paths(*games, threads=threads)
        seconds = time.perf_counter() - begin
        data = paths.prices.astype("<f8").tobytes()
        return len(paths) / seconds, hashlib.sha256(data).hexdigest()

    return run


def node(folder: Path, games: Games) -> tuple[float, str]:
    """Time the peer in its own process, its warm-up excluded."""
    rows = ",".join(f'["{seed}","{game}"]' for seed, game in zip(*games, strict=True))
    (folder / "games.json").write_text(f"[{rows}]")
    output = subprocess.run(
        ["node", str(folder / "peer.js"), str(folder / "games.json")],
        capture_output=True,
        text=True,
        check=True,
        env=_peer_environment(),
    ).stdout.split()
    return len(games[0]) / float(output[0]), output[1]


def peer_absent() -> str:
    """Say why the peer cannot run; empty when it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    probe = subprocess.run(
        ["node", "-e", "require('seedrandom')"],
        capture_output=True,
        check=False,
        env=_peer_environment(),
    )
    return "" if probe.returncode == 0 else "node has no seedrandom (Debian: node-seedrandom)"


def _peer_environment() -> dict[str, str]:
    paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs"]
    return {**os.environ, "NODE_PATH": os.pathsep.join(path for path in paths if path)}


def main() -> None:
    """Run all contestants and print games per second, best and median of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    games = make_games(options.games)
    few = (games[0][:PURE_GAMES], games[1][:PURE_GAMES])
    begin = time.perf_counter()
    price_paths(*few)
    print(f"first batch of this process: {time.perf_counter() - begin:.2f} s (compile or cache)")
    if pure(few)[1] != batch(1)(few)[1]:
        raise SystemExit("plain Python and compiled prices differ")
    print(f"plain Python and compiled: {PURE_GAMES} games equal to the last bit")
    absent = peer_absent()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "peer.js").write_text(PEER)
        contestants: dict[str, Contestant] = {"numba, 1 core": batch(1), "numba, 2 cores": batch(2)}
        if not absent:
            contestants["Node + seedrandom (peer)"] = lambda games: node(folder, games)
        speeds, hashes = _race(contestants, games, options.rounds)
    speeds["plain Python"] = [pure(few)[0] for _ in range(3)]
    _report(speeds, hashes, absent)


def _race(
    contestants: dict[str, Contestant], games: Games, rounds: int
) -> tuple[dict[str, list[float]], set[str]]:
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    hashes = set()
    for _ in range(rounds):
        for name, run in contestants.items():
            speed, digest = run(games)
            speeds[name].append(speed)
            hashes.add(digest)
    return speeds, hashes


def _report(speeds: dict[str, list[float]], hashes: set[str], absent: str) -> None:
    print(f"{'':26}{'best':>12}{'median':>12}  games/s")
    for name, found in speeds.items():
        print(f"{name:26}{max(found):12,.0f}{float(np.median(found)):12,.0f}")
    if len(hashes) != 1:
        raise SystemExit("contestants disagree about the prices")
    if absent:
        print(f"peer absent: {absent}; nothing to compare with")
        return
    peer = speeds["Node + seedrandom (peer)"]
    ratio = float(np.median(speeds["numba, 1 core"]) / np.median(peer))
    print(f"all contestants equal to the last bit; {ratio:.2f} x the peer, target {TARGET} x")


if __name__ == "__main__":
    main()
