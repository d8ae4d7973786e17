"""T5 with Chromium: kill the service amid orders; Chrome and its host stay, the next one adopts it.

`python -m tests.e2e.support.kill_service --kills 50`. Demo server, real clicks, the true command.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from tests.command_support import Game, demo_server, run, table
from tests.e2e.support.browser import kill_tree, main_process, processes_of
from tests.e2e.support.practice import ROOMY, Practice
from tests.foundation_support import site

from vectra_player.trading.memory import TradeMemory

PROFILE = "to_be_killed"
LOST = "the service ended before its outcome was known"


def orders_of(game: Game) -> list[dict[str, Any]]:
    """Return the orders the server got."""
    with urllib.request.urlopen(f"{game.url}/__demo__/state") as answer:
        told: list[dict[str, Any]] = json.load(answer)["orders"]
    return told


class Killer:
    """One data directory, one Chrome, one server, so many services."""

    def __init__(self, root: Path, game: Game, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.browsers: set[int] = set()
        self._root = root / "data"
        self._game = game
        self._rng = random.Random(seed)
        self._profile = root / ".gamebot" / "chrome_profiles" / PROFILE
        self._settings = {
            "VECTRA_GAME_URL": f"{game.url}/?login=1",
            "HOME": str(root),
            "CHROME_PROFILE": PROFILE,
            "FOUNDATION_HEADLESS": "true",
            **ROOMY,
        }
        self._written: list[str] = []

    def one_life(self) -> None:
        """Start, look, trade, and be killed at a random moment of an order."""
        before = orders_of(self._game)
        with site(self._root, "--source", "chrome", dashboard=False, **self._settings) as up:
            practice = Practice(up)
            gate = practice.gate()
            assert (gate["state"] == "HALTED") == bool(self._written), (gate, self._written)
            up.until(lambda told: told["state"]["phase"] in ("LIVE", "BETTING"), "a game runs")
            self.browsers.add(main_process(self._profile).pid)
            if self._written:
                note = practice.try_order("buy", amount=0.001)
                assert (note["error"] or "").startswith("halted"), note
                assert orders_of(self._game) == before, "pressed again"
                self.counts["starts halted"] += 1
            practice.go_on()
            self._game.fault("cash", amount=0.0)  # met late, the page would tell no account
            up.until(lambda told: told["state"]["player"]["id"], "the account")
            self._trade(practice)
            up.process.kill()
            up.process.communicate()
        self.counts["kills"] += 1
        ways = TradeMemory(self._root / "run").load().under_way
        self._written = [way.action_id for way in ways]

    def _trade(self, practice: Practice) -> None:
        """Give orders until one reached the server; return at a random moment around that."""
        before = len(orders_of(self._game))
        end = time.monotonic() + 3
        while time.monotonic() < end and len(orders_of(self._game)) == before:
            what = self._rng.choice(("buy", "sidebet", "sell"))
            value = {"percentage": 50} if what == "sell" else {"amount": 0.001}
            practice.give(what, **value)
            time.sleep(self._rng.uniform(0.0, 0.15))
        time.sleep(self._rng.choice((0.0, 0.0, self._rng.uniform(0.0, 0.3))))

    def judge(self) -> None:
        """Compare what the server got with what is stored."""
        with site(self._root, "--source", "chrome", dashboard=False, **self._settings) as up:
            up.until(lambda told: told["state"]["phase"], "a game runs")
            up.stop()
        assert run("--data-dir", self._root, "store", "check").code == 0
        sent = {order["trace"] for order in orders_of(self._game)}
        rows = table(self._root, "ws_event", "event_name", "direction", "raw")
        intents = {json.loads(r["raw"])["action_id"] for r in of(rows, "vectra.intent")}
        told = table(self._root, "player_action", *("action_id", "outcome", "error", "trace_id"))
        told = [row for row in told if not row["action_id"].endswith("%")]
        frames = [r for name in ("buyOrder", "sellOrder", "requestSidebet") for r in of(rows, name)]
        ours = {row["action_id"] for row in told if row["trace_id"] in sent}
        lost = Counter(row["action_id"] for row in told if row["error"] == LOST)
        self.counts |= Counter(
            {
                "orders the server got": len(sent),
                "order frames stored": len(frames),
                "intents": len(intents),
                "followed to an outcome": len(ours),
                "told as lost": len(lost),
                "told as lost twice": sum(count > 1 for count in lost.values()),
            }
        )
        missing = [name for name in lost if name not in intents]
        assert missing == [], f"no intent of {missing}"
        # An order without an outcome of its own is one that was told as lost.
        assert len(sent) <= len(ours) + len(lost), (len(sent), len(ours), len(lost))
        assert len(sent) <= len(intents)


def of(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the rows of an event."""
    return [row for row in rows if row["event_name"] == name]


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = ("--speed", "1", "--seed", "288")
        with demo_server(Path(folder) / "truth", *words) as game:
            killer = Killer(Path(folder), game, given.seed)
            try:
                for _ in range(given.kills):
                    killer.one_life()
                killer.judge()
            finally:
                print(json.dumps({**killer.counts, "Chromes": len(killer.browsers)}, indent=2))
                for process in processes_of(killer._profile):
                    kill_tree(process.pid)


if __name__ == "__main__":
    main()
