"""From a tick's arrival to the press that a running strategy makes of it, and to its sent frame.

The whole way, nothing simulated but the game: `up --source practice` with Chromium, and a strategy
that runs in a process of its own over the API, as `strategy run` does. All times are stamps of this
machine's clock in the recording: the tick by Chrome, the intent by the service, the press by the
service directly before the mouse events, the frame by Chrome. The last recorded tick before the
intent is taken for its cause. `python -m benchmarks.bench_order [--json]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vectra_player.app.instance import read_instance

COMMAND = [sys.executable, "-m", "vectra_player"]
PATIENCE_S = 180.0
GAME = ("--speed", "1", "--seed", "288")
"""The first game of this seed has 1,011 ticks."""

STRATEGY = '''
from vectra_player.strategy import Buy, Sell, Strategy


class Often(Strategy):
    """Buy, sell, and so on: an order every six ticks."""

    def on_tick(self, context):
        if context.phase != "LIVE" or context.tick % 6:
            return None
        return [Buy("0.001")] if context.flat else [Sell(100)]
'''

QUERY = """
WITH asked AS (
    SELECT epoch_us(ts) / 1000.0 AS tick FROM ws_event
    WHERE event_name = 'gameStateUpdate' AND direction = 'received'
), done AS (
    SELECT action_type, epoch_ms(intent_ts) + 1.0 AS intent, epoch_ms(press_ts) AS press,
           epoch_ms(client_ts) AS frame
    FROM player_action
    WHERE outcome = 'CONFIRMED' AND actor = 'bot' AND action_type IN ('BUY', 'SELL')
)
SELECT action_type, intent - 1 - tick, press - tick, frame - tick, frame - press
FROM done ASOF JOIN asked ON done.intent >= asked.tick
"""
SERIES = ("tick_to_intent", "tick_to_press", "tick_to_frame", "press_to_frame")


@contextlib.contextmanager
def practice(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service with its Chrome."""
    told = {
        "HOME": str(root),
        "FOUNDATION_HEADLESS": "1",
        "FOUNDATION_PORT": "0",
        "FOUNDATION_HTTP_PORT": "0",
        "VECTRA_TRADE_ORDERS_PER_MINUTE": "60",
        "VECTRA_TRADE_MAX_LOSS_SESSION_SOL": "1",
        "VECTRA_TRADE_MAX_LOSS_DAY_SOL": "1",
    }
    words = ["--data-dir", str(root / "data"), "up", "--source", "practice", "--no-dashboard"]
    with subprocess.Popen(
        [*COMMAND, *words, *GAME],
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as service:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while (found := read_instance(root / "data")) is None or found.pid != service.pid:
                if service.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the service did not start")
                time.sleep(0.1)
            while not logged_in(found.monitor, found.token):
                time.sleep(0.1)
            yield service
        finally:
            service.terminate()
            service.wait()


def logged_in(port: int, token: str) -> bool:
    """Tell whether the account is known."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/state")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return bool(json.load(answer)["state"]["player"]["id"])


def measure(seconds: float) -> dict[str, Any]:
    """Let the strategy trade for so long; return the figures in ms."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        file = root / "often.py"
        file.write_text(STRATEGY)
        data = ["--data-dir", str(root / "data"), "--json"]
        with practice(root):
            run = [*COMMAND, *data, "strategy", "run", str(file), "--mode", "practice"]
            with subprocess.Popen(run, stdout=subprocess.DEVNULL) as trading:
                time.sleep(seconds)
                trading.terminate()
        answer = subprocess.run([*COMMAND, *data, "query", QUERY], capture_output=True, check=True)
    return report(json.loads(answer.stdout)["rows"])


def report(rows: list[list[Any]]) -> dict[str, Any]:
    """Return p50 and p95 of each series, for sales (one look) and buys (amount by buttons)."""
    told: dict[str, Any] = {}
    for kind in ("SELL", "BUY"):
        mine = [row[1:] for row in rows if row[0] == kind]
        told[f"{kind.lower()}s"] = len(mine)
        if len(mine) < 2:
            raise SystemExit(f"too few orders: {rows}")
        for number, name in enumerate(SERIES):
            cuts = statistics.quantiles([float(row[number]) for row in mine], n=20)
            told |= {f"{kind.lower()}_{name}_p50_ms": round(cuts[9], 1)}
            told |= {f"{kind.lower()}_{name}_p95_ms": round(cuts[18], 1)}
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=150.0)
    given = parser.parse_args()
    told = measure(given.seconds)
    if given.json:
        print(json.dumps(told))
        return
    print("A strategy over the API, practice mode; ms, by the stamps of one machine's clock.")
    for name, value in told.items():
        print(f"{name:<32}{value:g}")


if __name__ == "__main__":
    main()
