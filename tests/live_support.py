"""Builders of sessions for the tests of `live`: packets and records in, rows and states out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from vectra_player.live.derive import DeriveState, derive, finish, new_state
from vectra_player.model.frame import Frame, StoredFrame, fact
from vectra_player.model.rows import Row, WsEvent
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import Event, decode

T0 = 1_765_761_431_000_000
GAME = "20251215-a8311c871b0e4bea"
NEXT = "20251215-1a211bfc7caf41d6"
ME = "did:privy:me00000000000000000000000"
OTHER = "did:privy:other0000000000000000000"

_R = TypeVar("_R", bound=Row)


class Session:
    """Feeds events to `derive` one by one; `rows` are all rows so far."""

    def __init__(self) -> None:
        self.state: DeriveState = new_state("session")
        self.rows: list[Row] = []
        self.seq = 0

    def feed(self, frame: Frame) -> list[Row]:
        self.seq += 1
        self.state, rows = derive(self.state, stored(frame, self.seq))
        self.rows += rows
        return rows

    def event(self, name: str, *args: object, **frame: Any) -> list[Row]:
        return self.feed(packet(name, *args, ts=T0 + self.seq * 100_000, **frame))

    def game_state(self, **fields: object) -> list[Row]:
        return self.event("gameStateUpdate", fields)

    def fact(self, kind: str, detail: object = None) -> list[Row]:
        return self.feed(fact(kind, detail, ts=T0 + self.seq * 100_000, source="public_ws"))

    def record(self, name: str, data: dict[str, Any], raw_format: str) -> list[Row]:
        return self.feed(
            Frame(
                ts=T0 + self.seq,
                raw=json.dumps(data),
                raw_format=raw_format,  # type: ignore[arg-type]
                event_name=name,
                source="import",
            )
        )

    def finish(self) -> list[Row]:
        self.state, rows = finish(self.state)
        self.rows += rows
        return rows

    def of(self, kind: type[_R]) -> list[_R]:
        return [row for row in self.rows if isinstance(row, kind)]


def packet(name: str, *args: object, ts: int = T0, **frame: Any) -> Frame:
    raw = "42" + json.dumps([name, *args])
    return Frame(ts=ts, raw=raw, source="public_ws", origin="backend.rugs.fun", **frame)


def stored(frame: Frame, seq: int = 1) -> WsEvent:
    return describe(StoredFrame("session", seq, frame))


def event(name: str, *args: object, seq: int = 1, ts: int = T0, **frame: Any) -> Event:
    decoded = decode(stored(packet(name, *args, ts=ts, **frame), seq))
    assert decoded is not None
    return decoded


def fact_event(kind: str, detail: object = None, seq: int = 1) -> Event:
    decoded = decode(stored(fact(kind, detail, ts=T0, source="public_ws"), seq))
    assert decoded is not None
    return decoded


def tick(number: int, prices: list[float], game: str = GAME, **fields: object) -> dict[str, object]:
    """A frame of a running game in tick shape, with its sliding window."""
    start = max(0, number - 4)
    return {
        "gameId": game,
        "active": True,
        "rugged": False,
        "price": prices[number],
        "tickCount": number,
        "tradeCount": 100 + number,
        "cooldownTimer": 0,
        "allowPreRoundBuys": False,
        "connectedPlayers": 200,
        "leaderboard": [],
        "partialPrices": {
            "startTick": start,
            "endTick": number,
            "values": {str(t): prices[t] for t in range(start, number + 1)},
        },
        **fields,
    }


def rug(prices: list[float], game: str = GAME, **fields: object) -> dict[str, object]:
    """The rug frame of a game whose last price is the rug's."""
    return tick(len(prices) - 1, prices, game, rugged=True, **fields)


def rug_history(prices: list[float], game: str = GAME, ran_on: int = 2) -> dict[str, object]:
    """The frame after the rug, whose counter has run on."""
    frame = rug(prices, game, tickCount=len(prices) - 1 + ran_on, gameHistory=[])
    del frame["tradeCount"]
    return frame


def reset(
    entries: Iterable[dict[str, object]], game: str = NEXT, **fields: object
) -> dict[str, object]:
    """The frame that begins a countdown and reveals the game before."""
    return {
        "gameId": game,
        "active": False,
        "rugged": False,
        "price": 1,
        "tickCount": 0,
        "cooldownTimer": 15000,
        "allowPreRoundBuys": False,
        "gameHistory": list(entries),
        **fields,
    }


def entry(prices: list[float] | None, game: str = GAME, **fields: object) -> dict[str, object]:
    """A history entry."""
    found: dict[str, object] = {
        "id": game,
        "timestamp": T0 // 1000,
        "rugged": True,
        "gameVersion": "v3",
        "globalTrades": [],
        "globalSidebets": [],
        "provablyFair": {"serverSeed": "5e" * 32, "serverSeedHash": "ab" * 32},
        **fields,
    }
    if prices is not None:
        found |= {"prices": prices, "peakMultiplier": max(prices)}
    return found


def cooldown(timer: int, game: str = NEXT, **fields: object) -> dict[str, object]:
    """A countdown frame."""
    return {
        "gameId": game,
        "cooldownTimer": timer,
        "cooldownPaused": False,
        "allowPreRoundBuys": timer <= 10000,
        "connectedPlayers": 201,
        "provablyFair": {"serverSeedHash": "cd" * 32, "version": "v3"},
        "leaderboard": [],
        **fields,
    }
