"""A capture of a browser that was logged in: one game with a buy, a sidebet and a sale."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.live_support import GAME, ME, NEXT, T0, cooldown, entry, reset, rug, rug_history, tick

from vectra_player.store.importers import import_paths

PRICES = [1.0, 1.01, 1.05, 1.1, 1.02, 0.99, 1.2, 0.0198]
QTY = 0.095238095
SOLD = 0.094285714
TRADED = Decimal("-0.005714286")
BET = Decimal("0.04")
HELD = Decimal("-0.058114286")
"""0.1 SOL bought at 1.05 and held to the rug at 0.0198, and the sidebet won."""

Record = tuple[str, dict[str, Any]]


def update(cash: float, player: str = ME, **changes: Any) -> Record:
    """A playerUpdate of an account that holds nothing."""
    idle = {"positionQty": 0, "avgCost": 0, "totalInvested": 0, "sideBet": None}
    return "playerUpdate", {"id": player, "cash": cash, "bonusBalance": 0, **idle, **changes}


def trade(side: str, number: int, amount: float, qty: float, player: str = ME) -> Record:
    """The server's echo of a trade."""
    told = {"id": f"{side}{number}", "gameId": GAME, "playerId": player, "type": side}
    portions = {"bonusPortion": 0, "realPortion": amount}
    where = {"price": PRICES[number], "tickIndex": number, "coin": "solana"}
    return "standard/newTrade", {**told, **where, "amount": amount, "qty": qty, **portions}


def sidebet(name: str, player: str = ME, **changes: Any) -> Record:
    """A sidebet of 0.01 SOL from tick 3."""
    bet = {"playerId": player, "gameId": GAME, "betAmount": 0.01, "xPayout": 5, "startTick": 3}
    return name, {**bet, "endTick": 43, "type": "placed", **changes}


def own_game(player: str = ME, *, echoes: bool = True, cash: float = 10.0) -> Iterator[Record]:
    """Buy at tick 2, bet at 3, sell at 5, win the sidebet at the rug (tick 7)."""
    held = {"positionQty": QTY, "avgCost": 1.05, "totalInvested": 0.1}
    bet = {"sideBet": {"startedAtTick": 3, "end": 43, "betAmount": 0.01, "gameId": GAME}}
    yield "usernameStatus", {"id": player, "hasUsername": True, "username": f"me-{player[-3:]}"}
    yield "gameStateUpdate", cooldown(900, GAME)
    yield update(cash, player)
    for number in range(len(PRICES) - 1):
        yield "gameStateUpdate", tick(number, PRICES)
        if number == 2:
            yield from [trade("buy", 2, 0.1, QTY, player)] if echoes else []
            yield update(cash - 0.1, player, **held)
        if number == 3:
            yield sidebet("currentSidebet", player)
            yield update(cash - 0.11, player, **held, **bet)
        if number == 5:
            yield from [trade("sell", 5, SOLD, QTY, player)] if echoes else []
            yield update(cash - 0.11 + SOLD, player, totalInvested=0.1, **bet)
    won = {"type": "payout", "payout": 0.05, "profit": 0.04, "tickIndex": 7}
    yield sidebet("currentSidebetResult", player, **won)
    yield update(cash - 0.06 + SOLD, player, totalInvested=0.1)
    yield "gameStateUpdate", rug(PRICES)
    yield "gameStateUpdate", rug_history(PRICES)
    yield "gameStateUpdate", reset([entry(PRICES)])
    yield update(cash - 0.06 + SOLD, player)
    yield "gameStateUpdate", cooldown(900, NEXT)


def write_capture(path: Path, records: Iterator[Record], *, late_us: int = 0) -> Path:
    """Write records 100 ms apart as a capture file."""
    lines = []
    for number, (name, data) in enumerate(records, 1):
        moment = dt.datetime.fromtimestamp((T0 + late_us + number * 100_000) / 1e6, dt.UTC)
        line = {"seq": number, "ts": moment.isoformat(), "event": name, "data": data}
        lines.append(json.dumps({**line, "direction": "received"}))
    path.write_text("\n".join(lines))
    return path


def import_own_play(root: Path, folder: Path, **options: Any) -> None:
    """Import one own game into a data directory."""
    path = write_capture(folder / "mine.jsonl", own_game(**options))
    import_paths([path], root)
