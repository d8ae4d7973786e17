"""Cost of describing, decoding and scrubbing one packet, beside json and untyped msgspec.

Limits: filing runs at 100,000 events/s of 300 bytes as a whole, so describing may take a few
microseconds; a clean packet passes the scrub in little more. Prints microseconds and events/s.
"""

from __future__ import annotations

import json
import random
import timeit
from collections.abc import Callable
from typing import Any

import msgspec

from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.protocol.describe import describe
from vectra_player.protocol.redact import scrub
from vectra_player.protocol.rugs import decode

GAME = "20251215-3c3ebc6051054e71"
TRACE = {"__trace": True, "traceparent": "00-8bd73008ccac9487ac7c97d69679d5ed-7365549278738270-01"}


def entry(rng: random.Random, position: int) -> dict[str, Any]:
    """A leaderboard entry as large as real ones."""
    return {
        "id": "did:privy:" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=25)),
        "username": f"player_{position:04d}",
        "level": rng.randrange(100),
        "pnl": rng.random(),
        "regularPnl": rng.random(),
        "sidebetPnl": 0,
        "shortPnl": 0,
        "pnlPercent": rng.random() * 100,
        "hasActiveTrades": True,
        "positionQty": round(rng.random(), 9),
        "avgCost": rng.random(),
        "totalInvested": round(rng.random(), 9),
        "sidebetActive": None,
        "sideBet": None,
        "shortPosition": None,
        "selectedCoin": None,
        "position": position,
    }


def tick_payload() -> dict[str, Any]:
    """A tick frame of about 3.7 KB, the median of real ones."""
    rng = random.Random(1)
    return {
        "active": True,
        "price": rng.random(),
        "partialPrices": {
            "startTick": 125,
            "endTick": 129,
            "values": {str(tick): rng.random() for tick in range(125, 130)},
        },
        "tradeCount": 144,
        "rugged": False,
        "tickCount": 129,
        "cooldownTimer": 0,
        "cooldownPaused": False,
        "pauseMessage": "",
        "allowPreRoundBuys": False,
        "averageMultiplier": 7.25,
        "count2x": 45,
        "count10x": 5,
        "count50x": 1,
        "count100x": 0,
        "leaderboard": [entry(rng, position) for position in range(1, 11)],
        "gameId": GAME,
        "connectedPlayers": 201,
        "provablyFair": {"serverSeedHash": "ab" * 32, "version": "v3"},
        "rugpool": {"instarugCount": 5, "threshold": 10, "rugpoolAmount": 2.468112817500009},
        "rugRoyale": {
            "status": "INACTIVE",
            "activeEventId": None,
            "currentEvent": None,
            "upcomingEvents": [],
            "events": [],
        },
    }


def history_payload() -> dict[str, Any]:
    """A history frame of about 300 KB."""
    rng = random.Random(2)
    bets = [
        {"playerId": "did:privy:" + "q" * 25, "betAmount": rng.random(), "type": "payout"}
        for _ in range(120)
    ]
    games = [
        {
            "id": GAME,
            "timestamp": 1765761418881,
            "prices": [rng.random() for _ in range(900)],
            "globalTrades": [],
            "globalSidebets": bets,
            "provablyFair": {"serverSeed": "ab" * 32, "serverSeedHash": "cd" * 32},
        }
        for _ in range(10)
    ]
    return {**tick_payload(), "gameHistory": games}


def microseconds(call: Callable[[], object], size: int) -> float:
    """Best of five runs."""
    number = max(3, 4_000_000 // max(size, 400))
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def report(label: str, raw: str) -> None:
    """Print one line for each way of reading the packet."""
    stored = StoredFrame("session", 1, Frame(ts=1, raw=raw))
    row = describe(stored)
    body = raw[2:]
    ways: list[tuple[str, Callable[[], object]]] = [
        ("describe", lambda: describe(stored)),
        ("decode (typed)", lambda: decode(row)),
        ("scrub (clean)", lambda: scrub(stored.frame)),
        ("msgspec, untyped", lambda: msgspec.json.decode(body)),
        ("json", lambda: json.loads(body)),
    ]
    for name, call in ways:
        cost = microseconds(call, len(raw))
        print(f"{label:<16}{len(raw):>8} B  {name:<18}{cost:>10.2f} us {1e6 / cost:>12,.0f} /s")


def main() -> None:
    """Run all sizes."""
    trade = {
        "id": "6fcc3612-d7e8-4d8e-bf91-443e84f8eae8",
        "gameId": GAME,
        "playerId": "did:privy:9m9ivf8xqzlzd2bt44l92dlxg",
        "type": "buy",
        "price": 1.0790508269765124,
        "tickIndex": 130,
        "amount": 0.1,
        "qty": 0.092674,
    }
    for label, packet in (
        ("trade", ["standard/newTrade", TRACE, trade]),
        ("tick", ["gameStateUpdate", tick_payload()]),
        ("history", ["gameStateUpdate", history_payload()]),
    ):
        report(label, "42" + json.dumps(packet, separators=(",", ":")))


if __name__ == "__main__":
    main()
