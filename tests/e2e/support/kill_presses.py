"""T4 through the real service: the kill switch amid a stream of orders, in all its ways.

`python -m tests.e2e.support.kill_presses --kills 60` is the long form: demo server, Chromium, real
clicks. What was pressed after a kill is read from the stored rows, by the clock of this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.command_support import run as command
from tests.e2e.support.practice import ROOMY, Practice
from tests.foundation_support import site

WAYS = ("page", "file", "signal", "command")
GRACE_MS = 100
QUIET_S = 0.4
"""How long the stream goes on against a fallen switch."""


@contextlib.contextmanager
def stream(practice: Practice) -> Iterator[None]:
    """Give orders without end, one after another, while the block runs."""
    over = threading.Event()

    def give() -> None:
        turn = 0
        while not over.wait(0.02):
            turn += 1
            if turn % 3:
                practice.give("buy" if turn % 2 else "sidebet", amount=0.001)
            else:
                practice.give("sell", percentage=100)

    giving = threading.Thread(target=give)
    giving.start()
    try:
        yield
    finally:
        over.set()
        giving.join()


def fall(practice: Practice, way: str) -> float:
    """Let the switch fall; return when it had, in ms UTC."""
    root = practice.up.root
    if way == "page":
        practice.up.post("/api/kill", {})
    elif way == "file":
        (root / "run" / "KILL").touch()
    elif way == "signal":
        os.kill(practice.up.process.pid, signal.SIGUSR1)
    else:
        assert command("--data-dir", root, "trade", "kill").code == 0
    return time.time() * 1000


def run(practice: Practice, kills: int, seed: int) -> int:
    """Kill so often at random moments; return how many orders the server got meanwhile."""
    rng = random.Random(seed)
    before = len(practice.orders())
    with stream(practice):
        for number in range(kills):
            sent = len(practice.orders())
            begin = time.monotonic()
            while len(practice.orders()) == sent and time.monotonic() < begin + 5:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.15))
            killed_ms = fall(practice, WAYS[number % len(WAYS)])
            time.sleep(QUIET_S)
            practice.halted()
            practice.silent.append((killed_ms + GRACE_MS, time.time() * 1000))
            practice.go_on()
    return len(practice.orders()) - before


def pressed_while_silent(practice: Practice, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of what was pressed or sent while the switch was down."""
    return [
        row
        for row in rows
        for begin, end in practice.silent
        if any(row[name] and begin <= row[name] <= end for name in ("press_ts", "client_ts"))
    ]


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"FOUNDATION_HEADLESS": "1", "HOME": folder, **ROOMY}
        words = ("--source", "practice", "--speed", "2", "--seed", "288")
        with site(Path(folder) / "data", *words, dashboard=False, **settings) as up:
            up.until(
                lambda told: told["state"]["phase"] == "LIVE" and told["state"]["player"]["id"],
                "a game runs and the page is logged in",
            )
            practice = Practice(up)
            sent = run(practice, given.kills, given.seed)
            up.stop()
            rows = practice.rows()
    late = pressed_while_silent(practice, rows)
    print(
        f"{given.kills} kills, {sent} orders reached the server, {len(rows)} rows, "
        f"{len(late)} presses or frames later than {GRACE_MS} ms after a kill"
    )
    raise SystemExit(bool(late))


if __name__ == "__main__":
    main()
