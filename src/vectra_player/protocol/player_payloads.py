"""Typed payloads of accounts: own state, replies, chat, and what a client asks for.

Read by `rugs` and the layers above; conventions as in `game_payloads`.
Source: protocol reference sections 9 to 11.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType

from vectra_player.protocol.game_payloads import (
    Coin,
    LeaderboardEntry,
    Payload,
    Rugpool,
    RunningSidebet,
    ShortState,
    SidebetEvent,
)


class LevelInfo(Payload, frozen=True, kw_only=True):
    """Experience of an account."""

    level: int | None = None
    xp: float | None = None
    xp_for_next_level: float | None = None
    total_xp: float | None = msgspec.field(default=None, name="totalXP")


class XpBoost(Payload, frozen=True, kw_only=True):
    """An experience boost; shapes of the two stamps are unknown."""

    active: bool | None = None
    active_until: Raw = Raw()
    available: Raw = Raw()


class PlayerUpdate(Payload, frozen=True, kw_only=True):
    """playerUpdate: the account as the server states it. Amounts in SOL.

    `side_bet`, `short_position`, `selected_coin` and `autosell_price` are null when there is
    none: UNSET says that this update did not mention them.
    """

    id: str
    role: str | None = None
    cash: float | None = None
    bonus_balance: float | None = None
    bonus_wager_req: float | None = None
    bonus_wagered: float | None = None
    position_qty: float | None = None
    avg_cost: float | None = None
    cumulative_pnl: float | None = msgspec.field(default=None, name="cumulativePnL")
    sidebet_pnl: float | None = None
    pnl_percent: float | None = None
    total_invested: float | None = None
    has_interacted: bool | None = None
    selected_coin: Coin | UnsetType | None = UNSET
    level_info: LevelInfo | None = None
    crate_keys: Raw = Raw()
    recent_crate_rewards: Raw = Raw()
    crate_cooldown: Raw = Raw()
    shitcoin_balances: dict[str, float] | None = None
    authenticated: bool | None = None
    hit_max_win: bool | None = None
    xp_boost: XpBoost | None = None
    side_bet: RunningSidebet | UnsetType | None = UNSET
    sidebets: Raw = Raw()
    short_position: ShortState | UnsetType | None = UNSET
    leveraged_positions: Raw = Raw()
    autobuys_enabled: bool | None = None
    autosell_price: float | UnsetType | None = UNSET


class GameStatePlayerUpdate(Payload, frozen=True, kw_only=True):
    """gameStatePlayerUpdate: the personal part of a frame; `trades` comes once after login."""

    game_id: str | None = None
    rugpool: Rugpool | None = None
    leaderboard_entry: LeaderboardEntry | UnsetType | None = UNSET
    trades: Raw = Raw()


class UsernameStatus(Payload, frozen=True, kw_only=True):
    """usernameStatus: who is logged in; the proof of login."""

    id: str | None = None
    has_username: bool | None = None
    username: str | None = None


class PositionEntry(Payload, frozen=True, kw_only=True):
    """A row of the leaderboard around a player; `pnl` in SOL."""

    player_id: str | None = None
    username: str | None = None
    pnl: float | None = None
    rank: int | None = None


class PlayerLeaderboardPosition(Payload, frozen=True, kw_only=True):
    """playerLeaderboardPosition: the rank of an account over a period such as `7d`."""

    success: bool | None = None
    period: str | None = None
    sort_direction: str | None = None
    player_found: bool | None = None
    rank: int | None = None
    total: int | None = None
    player_entry: PositionEntry | None = None
    surrounding_entries: tuple[PositionEntry, ...] | None = None


class ChatReply(Payload, frozen=True, kw_only=True):
    """What a chat message answers; `key` is `<playerId>-<timestamp>`."""

    key: str | None = None
    username: str | None = None
    message: str | None = None


class ChatMessage(Payload, frozen=True, kw_only=True):
    """newChatMessage; `timestamp` in ms."""

    player_id: str | None = None
    username: str | None = None
    level: int | None = None
    message: str | None = None
    timestamp: int | None = None
    filtered: bool | None = None
    role: str | None = None
    tag: str | None = None
    verified: bool | None = None
    discord_username: str | None = None
    reply_to: ChatReply | None = None


class BuyOrder(Payload, frozen=True, kw_only=True):
    """buyOrder, a request: `amount` in SOL (or in the selected coin)."""

    amount: float | None = None


class SellOrder(Payload, frozen=True, kw_only=True):
    """sellOrder, a request: `percentage` 1 to 100 (claimed, no frame seen)."""

    percentage: float | None = None


class SidebetRequest(Payload, frozen=True, kw_only=True):
    """requestSidebet; `amount` in SOL."""

    amount: float | None = None
    coin_address: str | None = None
    x_payout: float | None = None


class PingRequest(Payload, frozen=True, kw_only=True):
    """ping, a request; `last_ping` is the round trip before, in ms."""

    last_ping: float | None = None


class LeaderboardRequest(Payload, frozen=True, kw_only=True):
    """getLeaderboard and getPlayerLeaderboardPosition."""

    period: str | None = None
    player_id: str | None = None


class Ack(Payload, frozen=True, kw_only=True):
    """The server's answer to a request: no time, no price; `sidebet` after requestSidebet."""

    success: bool | None = None
    message: str | None = None
    error: Raw = Raw()
    sidebet: SidebetEvent | None = None
