"""Read the feed's messages into their classes. Used by `client` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vectra_player.client import events
from vectra_player.client.base import FeedEvent, Origin
from vectra_player.errors import DecodeError

RAW_PREFIX = "raw."

EVENT_TYPES: Mapping[str, type[FeedEvent]] = {
    "snapshot": events.Snapshot,
    "gap": events.Gap,
    "game.tick": events.GameTick,
    "game.start": events.GameStart,
    "game.rug": events.GameRug,
    "game.settled": events.GameSettled,
    "player.state": events.PlayerState,
    "player.trade": events.Trade,
    "player.leaderboard": events.Leaderboard,
    "connection": events.ConnectionChange,
    "connection.authenticated": events.Authenticated,
    "sidebet.placed": events.SidebetPlaced,
    "sidebet.result": events.SidebetResult,
    "recording": events.Recording,
    "alert": events.Alert,
    "action": events.Action,
    "trade.gate": events.TradeGate,
    "replay.status": events.ReplayStatus,
}
"""Class of each type; others are `RawMessage` (`raw.<name>`) or plain `FeedEvent`."""


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    seq: int
    ts: int
    game_id: str | None = msgspec.field(name="gameId", default=None)
    data: dict[str, Any] = {}
    src: Origin | None = None
    merged: tuple[tuple[int, float], ...] = ()


_decode = msgspec.json.Decoder(_Envelope).decode


def event_of(text: str | bytes) -> FeedEvent:
    """Read one message of the feed.

    Raises:
        DecodeError: it is not the feed's envelope.
    """
    try:
        envelope = _decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DecodeError(f"no message of the feed: {error}") from error
    raw = envelope.type.startswith(RAW_PREFIX)
    made = events.RawMessage if raw else EVENT_TYPES.get(envelope.type, FeedEvent)
    fields = {name: read(envelope.data.get(key)) for name, (key, read) in made.reads.items()}
    if raw:
        fields["name"] = envelope.type.removeprefix(RAW_PREFIX)
    elif made is events.GameTick:
        fields["merged"] = envelope.merged
    elif made is events.Gap:
        fields["scope"] = fields["scope"] or "feed"
    return made(
        type=envelope.type,
        ts=envelope.ts,
        game_id=envelope.game_id,
        seq=envelope.seq,
        data=envelope.data,
        src=envelope.src,
        **fields,
    )
