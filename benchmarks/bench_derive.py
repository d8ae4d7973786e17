"""Events a second through describe and derive, over a realistic mix, beside the filing target.

Run: python benchmarks/bench_derive.py [capture.jsonl]. Without a capture the mix is made up of
frames of the sizes and cadence of the protocol reference (sections 1.3 and 3.1).
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from vectra_player.game.price_path import price_path
from vectra_player.live.derive import derive, new_state
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.protocol.describe import describe

TARGET = 30_000
GAMES = 12
ROUNDS = 5


def main() -> None:
    """Print our rate and the target; CPU time, as other work may share the machine."""
    packets = list(recorded(Path(sys.argv[1])) if len(sys.argv) > 1 else made_up())
    frames = [StoredFrame("bench", n, frame(text, n)) for n, text in enumerate(packets, 1)]
    size = sum(len(text) for text in packets)
    best = described = 0.0
    rows = 0
    for _ in range(ROUNDS):
        start = time.process_time()
        events = [describe(stored) for stored in frames]
        middle = time.process_time()
        state, rows = new_state("bench"), 0
        for event in events:
            state, made = derive(state, event)
            rows += len(made)
        end = time.process_time()
        best = max(best, len(frames) / (end - start))
        described = max(described, len(frames) / (middle - start))
    print(f"{len(frames):,} packets, {size / len(frames):,.0f} bytes on average, {rows:,} rows")
    print(f"describe alone          {described:>10,.0f} events per CPU-second")
    print(f"describe + derive       {best:>10,.0f} events per CPU-second   (target {TARGET:,})")


def frame(text: str, number: int) -> Frame:
    """Wrap a packet as a source does."""
    return Frame(ts=1_765_761_431_000_000 + number * 100_000, raw=text, source="public_ws")


def recorded(path: Path) -> Iterator[str]:
    """Yield the events of a capture as packets."""
    for line in path.read_text().splitlines():
        record = json.loads(line)
        data = record["data"]
        args = data if isinstance(data, list) else [data]
        name = record.get("event") or record.get("event_type")
        yield "42" + json.dumps([name, *args], separators=(",", ":"))


def made_up() -> Iterator[str]:
    """Yield games: 150 countdown frames, the ticks, trades, two history frames."""
    rng = random.Random(5)
    past: list[dict[str, object]] = [finished(rng, n) for n in range(10)]
    for number in range(10, 10 + GAMES):
        game = finished(rng, number)
        yield from played(rng, game, past)
        past = [game, *past[:9]]


def finished(rng: random.Random, number: int) -> dict[str, object]:
    """Make a history entry with 70 sidebets."""
    game_id = f"20251215-{number:016x}"
    seed = rng.randbytes(32).hex()
    path = price_path(seed, game_id)
    bets = [
        {
            "type": "payout",
            "id": rng.randbytes(16).hex(),
            "playerId": f"did:privy:{n:025d}",
            "gameId": game_id,
            "username": f"player_{n}",
            "betAmount": 0.01,
            "payout": 0,
            "profit": -0.01,
            "xPayout": 5,
            "coinAddress": "So11111111111111111111111111111111111111112",
            "startTick": n,
            "endTick": n + 40,
            "tickIndex": n,
            "timestamp": 1_765_761_431_000 + n,
        }
        for n in range(70)
    ]
    return {
        "id": game_id,
        "timestamp": 1_765_761_431_000,
        "prices": path.prices,
        "peakMultiplier": path.peak,
        "rugged": True,
        "gameVersion": "v3",
        "globalTrades": [],
        "globalSidebets": bets,
        "provablyFair": {
            "serverSeed": seed,
            "serverSeedHash": hashlib.sha256(seed.encode()).hexdigest(),
        },
    }


def played(
    rng: random.Random, game: dict[str, object], past: list[dict[str, object]]
) -> Iterator[str]:
    """Yield the packets of one game as a viewer without login gets them."""
    fair = game["provablyFair"]
    prices = game["prices"]
    assert isinstance(fair, dict)
    assert isinstance(prices, tuple)
    common = {
        "gameId": game["id"],
        "cooldownPaused": False,
        "connectedPlayers": 250,
        "provablyFair": {"serverSeedHash": fair["serverSeedHash"], "version": "v3"},
        "leaderboard": [leader(rng, n) for n in range(10)],
    }
    head = {**common, "cooldownTimer": 15000, "active": False, "rugged": False, "price": 1}
    yield packet("gameStateUpdate", {**head, "tickCount": 0, "gameHistory": past})
    for timer in range(14900, 0, -100):
        allowed = timer <= 10000
        state = {**common, "cooldownTimer": timer, "allowPreRoundBuys": allowed}
        yield packet("gameStateUpdate", state)
    for tick, price in enumerate(prices):
        rugged = tick == len(prices) - 1
        window = range(max(0, tick - 4), tick + 1)
        yield packet(
            "gameStateUpdate",
            {
                **common,
                "active": True,
                "rugged": rugged,
                "price": price,
                "tickCount": tick,
                "tradeCount": 100 + tick,
                "cooldownTimer": 0,
                "allowPreRoundBuys": False,
                "partialPrices": {
                    "startTick": window[0],
                    "endTick": tick,
                    "values": {str(t): prices[t] for t in window},
                },
                "rugpool": {"instarugCount": 1, "threshold": 10, "rugpoolAmount": 0.4},
            },
        )
        if tick % 8 == 0:
            yield trade(game["id"], tick, price)


def leader(rng: random.Random, number: int) -> dict[str, object]:
    """Make a leaderboard entry."""
    return {
        "id": f"did:privy:{number:025d}",
        "username": f"player_{number}",
        "level": number,
        "pnl": round(rng.random(), 9),
        "regularPnl": round(rng.random(), 9),
        "sidebetPnl": 0,
        "shortPnl": 0,
        "pnlPercent": rng.random(),
        "hasActiveTrades": True,
        "positionQty": round(rng.random(), 9),
        "avgCost": rng.random(),
        "totalInvested": 0.1,
        "sidebetActive": None,
        "sideBet": None,
        "shortPosition": None,
        "selectedCoin": None,
        "position": number + 1,
    }


def trade(game_id: object, tick: int, price: float) -> str:
    """Make a traced trade."""
    trace = {"__trace": True, "traceparent": f"00-{tick:032x}-{tick:016x}-01"}
    told = {
        "id": f"{tick}",
        "gameId": game_id,
        "playerId": f"did:privy:{tick % 10:025d}",
        "username": "somebody",
        "level": 3,
        "type": "buy",
        "price": price,
        "tickIndex": tick,
        "coin": "solana",
        "amount": 0.1,
        "qty": 0.1,
        "leverage": 1,
    }
    return packet("standard/newTrade", trace, told)


def packet(name: str, *args: object) -> str:
    """Write an event as an Engine.IO message."""
    return "42" + json.dumps([name, *args], separators=(",", ":"))


if __name__ == "__main__":
    main()
