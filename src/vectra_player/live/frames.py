"""The few fields of gameStateUpdate that rows are made of, decoded several times faster than all.

Called by `live.derive` only, which meets ten such frames a second for years. What is rarely looked
into stays undecoded JSON. Types and names are those of `protocol.game_payloads.GameState`.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from vectra_player.errors import DecodeError
from vectra_player.model.rows import WsEvent
from vectra_player.protocol import engineio, rugs, socketio
from vectra_player.protocol.game_payloads import HistoryEntry, LeaderboardEntry, PartialPrices
from vectra_player.protocol.phases import RoundFields


class Commitment(msgspec.Struct, rename="camel", gc=False):
    """The part of `provablyFair` a running game shows."""

    server_seed_hash: str | None = None


class HotState(msgspec.Struct, rename="camel", gc=False):
    """A gameStateUpdate as far as `derive` needs it; Raw fields are empty when not sent."""

    game_id: str
    active: bool | None = None
    rugged: bool | None = None
    price: float | None = None
    tick_count: int | None = None
    partial_prices: Raw = Raw()
    prices: Raw = Raw()
    trade_count: int | None = None
    cooldown_timer: int | None = None
    cooldown_paused: bool | None = None
    allow_pre_round_buys: bool | None = None
    connected_players: int | None = None
    game_version: str | None = None
    provably_fair: Commitment | None = None
    leaderboard: Raw = Raw()
    game_history: Raw = Raw()

    def fields(self) -> RoundFields:
        """Return the fields that say the phase."""
        return RoundFields(
            self.game_id,
            self.active,
            self.rugged,
            self.cooldown_timer,
            self.cooldown_paused,
            self.allow_pre_round_buys,
            self.tick_count,
        )


class _Id(msgspec.Struct, gc=False):
    id: str = ""


_packet = msgspec.json.Decoder(tuple[str, HotState]).decode
_payload = msgspec.json.Decoder(HotState).decode
_partial = msgspec.json.Decoder(PartialPrices | None).decode
_series = msgspec.json.Decoder(list[float] | None).decode
_ids = msgspec.json.Decoder(list[_Id] | None).decode
_raws = msgspec.json.Decoder(list[Raw]).decode
_entry = msgspec.json.Decoder(HistoryEntry).decode
_board = msgspec.json.Decoder(list[LeaderboardEntry] | None).decode


def game_state(ws: WsEvent) -> HotState | None:
    """Decode a stored gameStateUpdate; None when it has no payload.

    Raises DecodeError when it is malformed, too large, or a field has another type.
    """
    if ws.raw_format == "engineio" and ws.size_bytes <= engineio.MAX_DECODED_BYTES:
        start = ws.raw.find("[")
        try:
            return _packet(ws.raw[start:])[1]
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass  # a traced argument, or malformed: the full decoder knows
    event = rugs.decode(ws)
    if event is None or event.data == b"null":
        return None
    try:
        return _payload(event.data)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"gameStateUpdate: {problem}") from problem


def window(raw: Raw) -> PartialPrices | None:
    """Decode `partialPrices`. Raises DecodeError."""
    try:
        return _partial(raw) if raw else None
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"partialPrices: {problem}") from problem


def series(raw: Raw) -> list[float]:
    """Decode the `prices` of a snapshot. Raises DecodeError."""
    try:
        return (_series(raw) if raw else None) or []
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"prices: {problem}") from problem


def leaderboard(text: bytes) -> list[LeaderboardEntry]:
    """Decode a leaderboard; one that does not decode shows nobody."""
    try:
        return (_board(text) if text else None) or []
    except socketio.JSON_ERRORS:
        return []


def history(raw: Raw) -> list[tuple[str, Raw]]:
    """Split `gameHistory` into ids and undecoded entries, newest first. Raises DecodeError."""
    try:
        return list(zip((entry.id for entry in _ids(raw) or ()), _raws(raw), strict=True))
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"gameHistory: {problem}") from problem


def history_ids(raw: Raw) -> list[str]:
    """Return the ids of `gameHistory` alone, newest first. Raises DecodeError."""
    try:
        return [entry.id for entry in _ids(raw) or ()]
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"gameHistory: {problem}") from problem


def history_entry(raw: Raw | str) -> HistoryEntry:
    """Decode one finished game. Raises DecodeError."""
    try:
        return _entry(raw)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"history entry: {problem}") from problem
