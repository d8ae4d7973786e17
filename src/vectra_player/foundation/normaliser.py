"""Make feed messages of events: one vocabulary for live pages, replays, SDKs and tools.

Pure but for a count of what was malformed: no clock, no I/O. Called by `foundation.service` for
the live feed and, handed over by `app`, by replays. The payload's own JSON goes through byte for
byte, so every field a tool may need is there, known to us or not; only keys of ours are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from vectra_player.bus import Events
from vectra_player.errors import DecodeError
from vectra_player.foundation.messages import Message, Source
from vectra_player.live.live_state import LiveState
from vectra_player.live.topics import topics_of
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.protocol.game_payloads import (
    GameState,
    HistoryEntry,
    LegacyTick,
    NewTrade,
    SidebetEvent,
    history_entries,
)
from vectra_player.protocol.phases import GamePhase, fields_of, phase_of
from vectra_player.protocol.player_payloads import PlayerLeaderboardPosition
from vectra_player.protocol.rugs import Event

TYPES = {
    "gameStateUpdate": "game.tick",
    "playerUpdate": "player.state",
    "usernameStatus": "connection.authenticated",
    "standard/newTrade": "player.trade",
    "newTrade": "player.trade",
    "playerLeaderboardPosition": "player.leaderboard",
    "currentSidebet": "sidebet.placed",
    "newSideBet": "sidebet.placed",
    "currentSidebetResult": "sidebet.result",
}
"""Wire names with a type of their own; every other one travels as `raw.<name>`."""

OURS = (
    "snapshot",
    "game.start",
    "game.rug",
    "game.settled",
    "connection",
    "gap",
    "recording",
    "alert",
    "action",
    "trade.gate",
    "replay.status",
)
"""Types that are not on the wire."""

RAW_PREFIX = "raw."
ADDED_KEYS = ("phase", "tick", "own")

CONNECTION_FACTS = frozenset(
    {"connected", "disconnected", "silence", "socket_error", "late_attach"}
)
RECORDING_FACTS = {"started": True, "stopped": False, "crash_recovered": False}

_PERSONAL = frozenset(
    {
        "playerUpdate",
        "usernameStatus",
        "currentSidebet",
        "currentSidebetResult",
        "gameStatePlayerUpdate",
    }
)
"""Events only the account itself gets (protocol reference section 10)."""

_MAX_REVEALS = 10
"""`gameHistory` holds ten games (section 5)."""

_Object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.encode


class Normaliser:
    """Turns one event, with the state before and after it, into messages.

    `malformed` counts known events whose payload was not what its name promises.
    """

    def __init__(self) -> None:
        self.malformed = 0

    def feed(self, event: Event, before: LiveState, after: LiveState) -> list[Message]:
        """Return the messages of an event, in the order they are to be sent."""
        if event.mismatch is not None:
            self.malformed += 1
        made = [*_messages(event, before, after)]
        return [_stamped(event, index, *parts) for index, parts in enumerate(made)]


_Parts = tuple[str, "str | None", "msgspec.Raw | dict[str, Any]"]


def _stamped(
    event: Event, sub: int, kind: str, game_id: str | None, data: msgspec.Raw | dict[str, Any]
) -> Message:
    recorded = bool(event.session_id)
    src = Source(session_id=event.session_id, seq=event.seq, sub=sub) if recorded else None
    return Message(type=kind, ts=event.ts // 1000, game_id=game_id, data=data, src=src)


def _messages(event: Event, before: LiveState, after: LiveState) -> Iterator[_Parts]:
    if event.kind == "fact":
        yield _fact(event, after)
        return
    turns = topics_of(before, after, event)
    if Events.GAME_START in turns:
        yield "game.start", after.game_id, _start(after)
    yield _wire(event, after)
    if Events.GAME_RUG in turns:
        yield "game.rug", after.game_id, _rug(after)
    if Events.GAME_SETTLED in turns and isinstance(event.payload, GameState):
        for entry in _revealed(event.payload, before.settled_game_id):
            yield "game.settled", entry.id, _settled(entry, before, after)


def _wire(event: Event, after: LiveState) -> _Parts:
    payload = event.payload
    if isinstance(payload, LegacyTick):
        return "game.tick", payload.game_id, _legacy(payload, after)
    game_id = getattr(payload, "game_id", None) or after.game_id
    phase, tick = _moment(event, after)
    added: list[tuple[str, object]] = [
        ("phase", phase.value),
        ("tick", tick),
        ("own", _is_own(event, after)),
    ]
    known = TYPES.get(event.name) if event.direction == "received" else None
    if known is not None and payload is not None:
        return known, game_id, _spliced(event.data, added)
    name = "ack" if event.kind == "ack" else event.name
    added += _beside(event)
    return RAW_PREFIX + name, game_id, _spliced(event.data, added)


def _beside(event: Event) -> Iterator[tuple[str, object]]:
    """Name what a raw message must say beside its payload, where it is not the usual."""
    if event.direction == "sent":
        yield "direction", "sent"
    if event.ack_id is not None:
        yield "ackId", event.ack_id
    if event.mismatch is not None:
        yield "mismatch", event.mismatch


def _moment(event: Event, after: LiveState) -> tuple[GamePhase, int | None]:
    """Return phase and tick of the game an event speaks of.

    A frame of another game than the current one came late: it tells its own moment.
    """
    payload = event.payload
    if isinstance(payload, GameState) and payload.game_id != after.game_id:
        return phase_of(fields_of(payload)), payload.tick_count
    return after.game_phase, after.tick


def _is_own(event: Event, after: LiveState) -> bool:
    if event.direction == "sent" or event.kind == "ack" or event.name in _PERSONAL:
        return True
    payload, own_id = event.payload, after.player_id
    if own_id is None:
        return False
    if isinstance(payload, NewTrade | SidebetEvent):
        return payload.player_id == own_id
    if isinstance(payload, PlayerLeaderboardPosition):
        return payload.player_entry is not None and payload.player_entry.player_id == own_id
    return False


def _spliced(payload: bytes, added: list[tuple[str, object]]) -> msgspec.Raw:
    """Add keys to a JSON object without touching its text; a key it has already stays as it is.

    A payload that is no object travels under `value`.
    """
    text = _text(payload)
    if not text.startswith(b"{"):
        text = b'{"value":' + text + b"}"
    held: Callable[[str], bool] = _no_key
    # On CPython 3.11 rfind passes over a payload three times as fast as `in` does.
    if any(text.rfind(_quoted(key)) >= 0 for key, _ in added):
        held = _Object.decode(text).__contains__
    parts = [_quoted(key) + b":" + _encode(value) for key, value in added if not held(key)]
    inner = text[1:-1].strip()
    return msgspec.Raw(b"{" + b",".join([inner, *parts] if inner else parts) + b"}")


@cache
def _quoted(key: str) -> bytes:
    return _encode(key)


def _no_key(_: str) -> bool:
    return False


def _text(payload: bytes) -> bytes:
    """Return the payload as valid UTF-8: a lone surrogate would end a client's connection."""
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            payload = payload.decode("utf-8", "replace").encode()
    return payload.strip()


def _start(after: LiveState) -> dict[str, Any]:
    return {
        "gameId": after.game_id,
        "serverSeedHash": after.server_seed_hash,
        "gameVersion": after.game_version,
        "price": after.price,
        "phase": after.game_phase.value,
        "tick": after.tick,
        "own": False,
    }


def _rug(after: LiveState) -> dict[str, Any]:
    known = [price for price in after.prices if price is not None]
    return {
        "gameId": after.game_id,
        "rugTick": after.tick,
        "price": after.price,
        "peak": max(known) if known else None,
        "complete": None not in after.prices,
        "phase": after.game_phase.value,
        "tick": after.tick,
        "own": False,
    }


def _revealed(update: GameState, known: str | None) -> list[HistoryEntry]:
    """Return the games a frame reveals after `known`, oldest first."""
    try:
        entries = history_entries(update)[:_MAX_REVEALS]
    except DecodeError:
        return []
    ids = [entry.id for entry in entries]
    newer = entries[: ids.index(known)] if known in ids else entries
    return newer[::-1]


def _settled(entry: HistoryEntry, before: LiveState, after: LiveState) -> dict[str, Any]:
    fair = entry.provably_fair
    seen = before.tick if before.game_id == entry.id and before.round.fields.rugged else None
    return {
        "gameId": entry.id,
        "serverSeed": fair.server_seed if fair else None,
        "serverSeedHash": fair.server_seed_hash if fair else None,
        "gameVersion": entry.game_version,
        "peak": entry.peak_multiplier,
        "rugTick": len(entry.prices) - 1 if entry.prices else seen,
        "timestamp": entry.timestamp,
        "phase": after.game_phase.value,
        "tick": after.tick,
        "own": False,
    }


def _legacy(row: LegacyTick, after: LiveState) -> dict[str, Any]:
    """Tell a row of the earlier recorder in the keys of gameStateUpdate."""
    told = {
        "gameId": row.game_id,
        "active": row.active,
        "rugged": row.rugged,
        "price": row.price,
        "tickCount": row.tick,
        "cooldownTimer": row.cooldown_timer,
        "tradeCount": row.trade_count,
    }
    sent = {key: value for key, value in told.items() if value is not None}
    return {**sent, "phase": after.game_phase.value, "tick": after.tick, "own": False}


def _fact(event: Event, after: LiveState) -> _Parts:
    kind = event.name.removeprefix(FACT_PREFIX)
    if kind in CONNECTION_FACTS:
        health = after.connection
        told = {"kind": kind, "connected": health.connected, "silent": health.silent}
        return "connection", after.game_id, told | {"detail": msgspec.Raw(_text(event.data))}
    if kind == "alert":
        return "alert", after.game_id, _spliced(event.data, [])
    if kind == "gap":
        return "gap", after.game_id, _spliced(event.data, [("scope", "capture")])
    if kind in RECORDING_FACTS:
        told = {"kind": kind, "recording": RECORDING_FACTS[kind], "session_id": event.session_id}
        return "recording", after.game_id, told | {"detail": msgspec.Raw(_text(event.data))}
    return RAW_PREFIX + event.name, after.game_id, _spliced(event.data, [])
