"""What a subscriber gets: one frozen class a message type, with the exact payload beside it.

Pure. A field is None when the message does not tell it or tells something of another type: the
payload as it came is always in `data`. Amounts are exact Decimals in SOL, prices multipliers.
"""

from __future__ import annotations

from typing import ClassVar

from vectra_player.client.base import (
    MOMENT,
    FeedEvent,
    GameEvent,
    Reads,
    flag,
    integer,
    number,
    prices,
    sol,
    text,
)
from vectra_player.model.units import Sol, Tick


class GameTick(GameEvent, frozen=True, kw_only=True):
    """The game moved: ten times a second in the countdown, four times while it runs.

    `merged`: (tick, price) of ticks left out because this client was slow.
    """

    reads: ClassVar[Reads] = {
        **MOMENT,
        "price": ("price", number),
        "active": ("active", flag),
        "rugged": ("rugged", flag),
        "cooldown_ms": ("cooldownTimer", integer),
        "trade_count": ("tradeCount", integer),
        "players": ("connectedPlayers", integer),
    }

    price: float | None = None
    active: bool | None = None
    rugged: bool | None = None
    cooldown_ms: int | None = None
    trade_count: int | None = None
    players: int | None = None
    merged: tuple[tuple[int, float], ...] = ()


class PlayerState(GameEvent, frozen=True, kw_only=True):
    """The account as the server states it."""

    reads: ClassVar[Reads] = {
        **MOMENT,
        "player_id": ("id", text),
        "balance": ("cash", sol),
        "bonus_balance": ("bonusBalance", sol),
        "position_qty": ("positionQty", sol),
        "avg_cost": ("avgCost", number),
        "total_invested": ("totalInvested", sol),
        "cumulative_pnl": ("cumulativePnL", sol),
    }

    player_id: str | None = None
    balance: Sol | None = None
    bonus_balance: Sol | None = None
    position_qty: Sol | None = None
    avg_cost: float | None = None
    total_invested: Sol | None = None
    cumulative_pnl: Sol | None = None


class Authenticated(GameEvent, frozen=True, kw_only=True):
    """The account logged in to the game."""

    reads: ClassVar[Reads] = {**MOMENT, "player_id": ("id", text), "username": ("username", text)}

    player_id: str | None = None
    username: str | None = None


class Trade(GameEvent, frozen=True, kw_only=True):
    """Somebody traded. The server tells a sample of all trades: never count with them.

    `side`: buy, sell, short_open, short_close. `tick_index`: the tick it was made at.
    """

    reads: ClassVar[Reads] = {
        **MOMENT,
        "id": ("id", text),
        "side": ("type", text),
        "player_id": ("playerId", text),
        "username": ("username", text),
        "level": ("level", integer),
        "price": ("price", number),
        "amount": ("amount", sol),
        "qty": ("qty", sol),
        "tick_index": ("tickIndex", integer),
        "leverage": ("leverage", number),
    }

    id: str | None = None
    side: str | None = None
    player_id: str | None = None
    username: str | None = None
    level: int | None = None
    price: float | None = None
    amount: Sol | None = None
    qty: Sol | None = None
    tick_index: Tick | None = None
    leverage: float | None = None


class Leaderboard(GameEvent, frozen=True, kw_only=True):
    """The rank of an account over a period such as `7d`."""

    reads: ClassVar[Reads] = {
        **MOMENT,
        "period": ("period", text),
        "rank": ("rank", integer),
        "total": ("total", integer),
    }

    period: str | None = None
    rank: int | None = None
    total: int | None = None


_BET: Reads = {
    **MOMENT,
    "player_id": ("playerId", text),
    "username": ("username", text),
    "amount": ("betAmount", sol),
    "x_payout": ("xPayout", number),
    "start_tick": ("startTick", integer),
    "end_tick": ("endTick", integer),
}


class SidebetPlaced(GameEvent, frozen=True, kw_only=True):
    """A sidebet was placed: it wins when the rug comes at `end_tick` or before."""

    reads: ClassVar[Reads] = _BET

    player_id: str | None = None
    username: str | None = None
    amount: Sol | None = None
    x_payout: float | None = None
    start_tick: Tick | None = None
    end_tick: Tick | None = None


class SidebetResult(SidebetPlaced, frozen=True, kw_only=True):
    """The account's sidebet was settled by the server."""

    reads: ClassVar[Reads] = {**_BET, "payout": ("payout", sol), "profit": ("profit", sol)}

    payout: Sol | None = None
    profit: Sol | None = None

    @property
    def won(self) -> bool | None:
        """Tell whether it paid; None when the server did not say."""
        return None if self.payout is None else self.payout > 0


class GameStart(GameEvent, frozen=True, kw_only=True):
    """A game began: tick 0."""

    reads: ClassVar[Reads] = {
        **MOMENT,
        "server_seed_hash": ("serverSeedHash", text),
        "game_version": ("gameVersion", text),
    }

    server_seed_hash: str | None = None
    game_version: str | None = None


class GameRug(GameEvent, frozen=True, kw_only=True):
    """A game ended. `complete`: every price of it was told, so that `peak` is certain."""

    reads: ClassVar[Reads] = {
        **MOMENT,
        "rug_tick": ("rugTick", integer),
        "price": ("price", number),
        "peak": ("peak", number),
        "complete": ("complete", flag),
    }

    rug_tick: Tick | None = None
    price: float | None = None
    peak: float | None = None
    complete: bool | None = None


class GameSettled(GameEvent, frozen=True, kw_only=True):
    """The seed of a finished game was revealed."""

    reads: ClassVar[Reads] = {
        **MOMENT,
        "server_seed": ("serverSeed", text),
        "server_seed_hash": ("serverSeedHash", text),
        "game_version": ("gameVersion", text),
        "peak": ("peak", number),
        "rug_tick": ("rugTick", integer),
    }

    server_seed: str | None = None
    server_seed_hash: str | None = None
    game_version: str | None = None
    peak: float | None = None
    rug_tick: Tick | None = None


class Snapshot(FeedEvent, frozen=True, kw_only=True):
    """Everything known at this moment; what came before it is replaced.

    `prices`: (n_ticks,) by tick, None where a tick was not told. `mode`: LIVE, DEMO, REPLAY.
    """

    reads: ClassVar[Reads] = {
        "feed_id": ("feed_id", text),
        "last_seq": ("last_seq", integer),
        "mode": ("mode", text),
        "trading": ("trading", text),
        "recording": ("recording", flag),
        "phase": ("phase", text),
        "tick": ("tick", integer),
        "price": ("price", number),
        "prices": ("prices", prices),
        "cooldown_ms": ("cooldown_ms", integer),
        "players": ("players", integer),
    }

    feed_id: str | None = None
    last_seq: int | None = None
    mode: str | None = None
    trading: str | None = None
    recording: bool | None = None
    phase: str | None = None
    tick: Tick | None = None
    price: float | None = None
    prices: tuple[float | None, ...] | None = None
    cooldown_ms: int | None = None
    players: int | None = None


class Gap(FeedEvent, frozen=True, kw_only=True):
    """Messages are missing.

    `scope`: `capture` the recorder missed them; `feed` this client did, a snapshot follows;
    `client` its own queue was full (`missing` of them were dropped).
    """

    reads: ClassVar[Reads] = {
        "scope": ("scope", text),
        "reason": ("reason", text),
        "missing": ("missing", integer),
    }

    scope: str | None = None
    reason: str | None = None
    missing: int | None = None


class ConnectionChange(FeedEvent, frozen=True, kw_only=True):
    """A connection came or went.

    `scope`: `feed` is ours to Foundation (`state`: connecting, open, waiting, refused),
    `source` is Foundation's to the game (`state`: connected, disconnected, silence, …).
    """

    reads: ClassVar[Reads] = {
        "connected": ("connected", flag),
        "state": ("kind", text),
        "reason": ("reason", text),
    }

    scope: str = "source"
    connected: bool | None = None
    state: str | None = None
    reason: str | None = None
    attempts: int = 0
    retry_in_s: float | None = None


class Recording(FeedEvent, frozen=True, kw_only=True):
    """Recording began or ended."""

    reads: ClassVar[Reads] = {"recording": ("recording", flag), "session_id": ("session_id", text)}

    recording: bool | None = None
    session_id: str | None = None


class Alert(FeedEvent, frozen=True, kw_only=True):
    """A rule spoke up."""

    reads: ClassVar[Reads] = {
        name: (name, text) for name in ("alert_id", "alert_type", "severity", "title", "message")
    }

    alert_id: str | None = None
    alert_type: str | None = None
    severity: str | None = None
    title: str | None = None
    message: str | None = None


class Action(FeedEvent, frozen=True, kw_only=True):
    """A press of ours went one step further in its life."""

    reads: ClassVar[Reads] = {
        name: (name, text) for name in ("action_id", "action_type", "actor", "mode", "outcome")
    }

    action_id: str | None = None
    action_type: str | None = None
    actor: str | None = None
    mode: str | None = None
    outcome: str | None = None


class TradeGate(FeedEvent, frozen=True, kw_only=True):
    """What may be pressed has changed. `state`: ACTIVE, REDUCING or HALTED. `mode`: of the page."""

    reads: ClassVar[Reads] = {
        name: (name, text) for name in ("kind", "by", "detail", "trading", "state", "mode")
    }

    kind: str | None = None
    by: str | None = None
    detail: str | None = None
    trading: str | None = None
    state: str | None = None
    mode: str | None = None


class ReplayStatus(FeedEvent, frozen=True, kw_only=True):
    """Where a replay stands. `position`: 0 to 1."""

    reads: ClassVar[Reads] = {
        "replay_id": ("id", text),
        "state": ("state", text),
        "tick": ("tick", integer),
        "last_tick": ("last_tick", integer),
        "speed": ("speed", number),
        "position": ("position", number),
    }

    replay_id: str | None = None
    state: str | None = None
    tick: Tick | None = None
    last_tick: Tick | None = None
    speed: float | None = None
    position: float | None = None


class RawMessage(GameEvent, frozen=True, kw_only=True):
    """An event of the game without a type of its own; `name` is that of the wire."""

    reads: ClassVar[Reads] = {**MOMENT, "direction": ("direction", text)}

    name: str
    direction: str | None = None
