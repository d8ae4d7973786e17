"""The Python SDK: follow the live feed, or a replay, from a program of your own.

Used by users' programs only; no part of the recorder needs it. It talks to a running Foundation
over its WebSocket and imports nothing but `model`, `config`, `clock` and `errors`.
"""

from vectra_player.client.base import FeedEvent, Origin
from vectra_player.client.client import Backoff, ClientStats, FoundationClient, Position
from vectra_player.client.events import (
    Action,
    Alert,
    Authenticated,
    ConnectionChange,
    GameRug,
    GameSettled,
    GameStart,
    GameTick,
    Gap,
    Leaderboard,
    PlayerState,
    RawMessage,
    Recording,
    ReplayStatus,
    SidebetPlaced,
    SidebetResult,
    Snapshot,
    Trade,
    TradeGate,
)
from vectra_player.client.inbox import Overflow
from vectra_player.client.subscriber import BaseSubscriber

__all__ = [
    "Action",
    "Alert",
    "Authenticated",
    "Backoff",
    "BaseSubscriber",
    "ClientStats",
    "ConnectionChange",
    "FeedEvent",
    "FoundationClient",
    "GameRug",
    "GameSettled",
    "GameStart",
    "GameTick",
    "Gap",
    "Leaderboard",
    "Origin",
    "Overflow",
    "PlayerState",
    "Position",
    "RawMessage",
    "Recording",
    "ReplayStatus",
    "SidebetPlaced",
    "SidebetResult",
    "Snapshot",
    "Trade",
    "TradeGate",
]
