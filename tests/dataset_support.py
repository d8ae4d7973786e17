"""A store with games of several players: sampled trades, revealed sidebets, one own account."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.live_support import ME, OTHER, T0, cooldown, entry, packet, reset, rug, tick
from tests.own_play_support import update
from tests.store_support import SMALL

from vectra_player.model.frame import Frame
from vectra_player.store.writer import EventStore

GAME_US = 60_000_000
SEED = 11
BUYER = "did:privy:buyer0000000000000000000"
SELLER = "did:privy:seller000000000000000000"
"""Sells what nobody saw bought."""


def game_id(number: int) -> str:
    """Name a game."""
    return f"20251215-{number:016x}"


def prices_of(number: int) -> list[float]:
    """Return the prices of a game, the rug's last."""
    chance = random.Random(SEED + number)
    prices = [1.0]
    for _ in range(45 + 7 * number):
        prices.append(prices[-1] * (1 + chance.uniform(-0.05, 0.05)))
    return [*prices, 0.02]


def played(number: int) -> Iterator[Frame]:
    """Yield the frames of one game, with what its players did."""
    game, prices = game_id(number), prices_of(number)
    began = T0 + number * GAME_US
    last = len(prices) - 1
    entries = [entry(prices, game, timestamp=(began + GAME_US) // 1000, globalSidebets=_bets(last))]

    def told(name: str, data: dict[str, Any], at: int) -> Frame:
        return packet(name, data, ts=began + at * 250_000)

    yield told("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"}, 0)
    yield told("gameStateUpdate", cooldown(900, game), 0)
    yield told(*update(10.0), 0)
    for at in range(last):
        yield told("gameStateUpdate", tick(at, prices, game), at)
        for name, data in _trades(number, at, prices[at]):
            yield told(name, {**data, "gameId": game}, at)
    yield told("gameStateUpdate", rug(prices, game), last)
    yield told("gameStateUpdate", reset(entries, game_id(number + 1)), last + 1)
    yield told(*update(10.0 + (_profit(prices) if number % 2 else 0.0)), last + 2)


def recorded(root: Path, numbers: Sequence[int] = range(6)) -> None:
    """Record games as one session; the account plays every other one."""
    with EventStore.open(root, settings=SMALL) as store:
        store.start_session("public_ws", "backend.rugs.fun")
        for number in numbers:
            for frame in played(number):
                store.append(frame)
        store.stop_session("over")


def _trades(number: int, at: int, price: float) -> Iterator[tuple[str, dict[str, Any]]]:
    if at == 5:
        yield _trade(BUYER, "buy", at, price, 0.03, 0.03 / price)
    if at == 9 and number % 3:
        yield _trade(BUYER, "sell", at, price, 0.01 / prices_of(number)[5] * price, 0.01 / price)
    if at == 12:
        yield _trade(SELLER, "sell", at, price, 0.5, 0.5 / price)
    if at == 7 and number % 2:
        yield _trade(ME, "buy", at, price, 0.1, round(0.1 / price, 9))
        held: dict[str, Any] = {
            "positionQty": round(0.1 / price, 9),
            "avgCost": price,
            "totalInvested": 0.1,
        }
        yield update(9.9, **held)
    if at == 20 and number % 2:
        qty = round(0.1 / prices_of(number)[7], 9)
        yield _trade(ME, "sell", at, price, round(qty * price, 9), qty)
        yield update(9.9 + round(qty * price, 9), totalInvested=0.1)


def _trade(
    who: str, side: str, at: int, price: float, amount: float, qty: float
) -> tuple[str, dict[str, Any]]:
    money = {"amount": amount, "qty": round(qty, 9), "bonusPortion": 0, "realPortion": amount}
    name = {"id": f"{who[-4:]}{side}{at}", "playerId": who, "username": who[10:15], "type": side}
    return "standard/newTrade", {**name, "price": price, "tickIndex": at, "coin": "solana", **money}


def _profit(prices: list[float]) -> float:
    qty = round(0.1 / prices[7], 9)
    return float(Decimal(str(round(qty * prices[20], 9))) - Decimal("0.1"))


def _bets(last: int) -> list[dict[str, Any]]:
    """Bets of two players: one wins at the end, one loses early."""
    bets = []
    for who, start, stake in ((OTHER, last - 10, 0.012), (SELLER, 0, 0.04)):
        won = last <= start + 40
        bet = {"playerId": who, "username": who[10:15], "betAmount": stake, "xPayout": 5}
        bets.append({**bet, "type": "placed", "id": f"b{start}", "startedAtTick": start})
        result = {"payout": stake * 5 if won else 0, "profit": stake * 4 if won else -stake}
        bets.append({**bet, "type": "payout", "startTick": start, "endTick": start + 40, **result})
    return bets
