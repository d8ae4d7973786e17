"""Typed payloads of the game itself: gameStateUpdate, its history, trades and side bets.

Read by `rugs`, `phases` and everything above that looks into events. Attribute names are the
wire's names in snake_case. None means "not sent" (or sent as null where that says the same);
where null is a message of its own the field is UNSET when it was not sent. Fields nobody knows
yet are ignored here and stay in `Event.data`. Source: protocol reference sections 3 to 8.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType

from vectra_player.errors import DecodeError


def wire_name(name: str) -> str:
    """Return a field's name on the wire: camelCase, but `count_2x` is `count2x`."""
    first, *rest = name.split("_")
    return first + "".join(part if part[0].isdigit() else part.capitalize() for part in rest)


class Payload(msgspec.Struct, frozen=True, rename=wire_name, kw_only=True):
    """Base of all wire structs: camelCase on the wire, immutable."""


class Coin(Payload, frozen=True, kw_only=True):
    """A play-money coin; null in place of a coin means SOL. Amounts in that coin."""

    address: str | None = None
    ticker: str | None = None
    name: str | None = None
    max_bet: float | None = msgspec.field(default=None, name="max_bet")
    max_win: float | None = msgspec.field(default=None, name="max_win")
    logo_uri: str | None = msgspec.field(default=None, name="logoURI")


class RunningSidebet(Payload, frozen=True, kw_only=True):
    """A side bet that is still open: `end` is `started_at_tick` + 40. Amounts in SOL."""

    started_at_tick: int | None = None
    game_id: str | None = None
    end: int | None = None
    bet_amount: float | None = None
    x_payout: float | None = None
    coin_address: str | None = None
    bonus_portion: float | None = None
    real_portion: float | None = None


class ShortState(Payload, frozen=True, kw_only=True):
    """An open short position (two samples of February 2026). Amounts in SOL."""

    amount: float | None = None
    entry_price: float | None = None
    entry_tick: int | None = None
    current_value: float | None = None
    pnl: float | None = None
    coin_address: str | None = None
    bonus_portion: float | None = None
    real_portion: float | None = None


class LeaderboardEntry(Payload, frozen=True, kw_only=True):
    """One of the ten players shown; presale entries lack the three pnl parts. Amounts in SOL."""

    id: str
    username: str | None = None
    level: int | None = None
    pnl: float | None = None
    regular_pnl: float | None = None
    sidebet_pnl: float | None = None
    short_pnl: float | None = None
    pnl_percent: float | None = None
    has_active_trades: bool | None = None
    position_qty: float | None = None
    avg_cost: float | None = None
    total_invested: float | None = None
    sidebet_active: bool | None = None
    side_bet: RunningSidebet | None = None
    short_position: ShortState | None = None
    selected_coin: Coin | None = None
    position: int | None = None


class PartialPrices(Payload, frozen=True, kw_only=True):
    """Sliding window of the last (at most five) ticks; `values` maps the tick's text to a price."""

    start_tick: int
    end_tick: int
    values: dict[str, float]


class ProvablyFair(Payload, frozen=True, kw_only=True):
    """The commitment of a game; the seed is only in history entries."""

    server_seed_hash: str | None = None
    version: str | None = None
    server_seed: str | None = None


class RugpoolEntry(Payload, frozen=True, kw_only=True):
    """A player's share of the rugpool."""

    player_id: str | None = None
    username: str | None = None
    entries: int | None = None
    percentage: float | None = None
    reward: float | None = None


class RugpoolDrawing(Payload, frozen=True, kw_only=True):
    """The last drawing of the rugpool; `timestamp` in ms, amounts in SOL."""

    timestamp: int | None = None
    winners: tuple[RugpoolEntry, ...] = ()
    reward_per_winner: float | None = None
    total_pool_amount: float | None = None


class RugpoolConfig(Payload, frozen=True, kw_only=True):
    """Rules of the rugpool."""

    threshold: int | None = None
    instarug_threshold: int | None = None
    rugpool_percentage: float | None = None


class Rugpool(Payload, frozen=True, kw_only=True):
    """The rugpool: three keys in public frames, all of them in personal ones."""

    instarug_count: int | None = None
    threshold: int | None = None
    rugpool_amount: float | None = None
    total_entries: int | None = None
    players_with_entries: int | None = None
    sol_per_entry: float | None = None
    max_entries_per_player: int | None = None
    player_entries: tuple[RugpoolEntry, ...] = ()
    last_drawing: RugpoolDrawing | None = None
    config: RugpoolConfig | None = None


class RugRoyaleShort(Payload, frozen=True, kw_only=True):
    """The copy of the rug royale state inside gameStateUpdate; events as exact JSON."""

    status: str | None = None
    active_event_id: str | None = None
    current_event: Raw = Raw()
    upcoming_events: Raw = Raw()
    events: Raw = Raw()


class GameState(Payload, frozen=True, kw_only=True):
    """gameStateUpdate in all five shapes; `game_history` is exact JSON, see `history_entries`.

    God candle fields are null until the first one: UNSET says they were not sent.
    """

    game_id: str
    active: bool | None = None
    rugged: bool | None = None
    price: float | None = None
    tick_count: int | None = None
    partial_prices: PartialPrices | None = None
    prices: tuple[float, ...] | None = None
    trade_count: int | None = None
    cooldown_timer: int | None = None
    cooldown_paused: bool | None = None
    allow_pre_round_buys: bool | None = None
    pause_message: str | None = None
    connected_players: int | None = None
    average_multiplier: float | None = None
    count_2x: int | None = None
    count_10x: int | None = None
    count_50x: int | None = None
    count_100x: int | None = None
    game_version: str | None = None
    provably_fair: ProvablyFair | None = None
    leaderboard: tuple[LeaderboardEntry, ...] | None = None
    rugpool: Rugpool | None = None
    rug_royale: RugRoyaleShort | None = None
    game_history: Raw = Raw()
    available_shitcoins: tuple[Coin, ...] | None = None
    highest_today: float | None = None
    highest_today_timestamp: int | None = None
    highest_today_prices: tuple[float, ...] | None = None
    highest_today_game_id: str | None = None
    highest_today_server_seed: str | None = None
    god_candle_2x: float | UnsetType | None = UNSET
    god_candle_2x_timestamp: int | UnsetType | None = UNSET
    god_candle_2x_massive_jump: tuple[float, ...] | UnsetType | None = UNSET
    god_candle_2x_prices: tuple[float, ...] | None = None
    god_candle_2x_game_id: str | None = None
    god_candle_2x_server_seed: str | None = None
    god_candle_10x: float | UnsetType | None = UNSET
    god_candle_10x_timestamp: int | UnsetType | None = UNSET
    god_candle_10x_massive_jump: tuple[float, ...] | UnsetType | None = UNSET
    god_candle_10x_prices: tuple[float, ...] | None = None
    god_candle_10x_game_id: str | None = None
    god_candle_10x_server_seed: str | None = None
    god_candle_50x: float | UnsetType | None = UNSET
    god_candle_50x_timestamp: int | UnsetType | None = UNSET
    god_candle_50x_massive_jump: tuple[float, ...] | UnsetType | None = UNSET
    god_candle_50x_prices: tuple[float, ...] | None = None
    god_candle_50x_game_id: str | None = None
    god_candle_50x_server_seed: str | None = None


class SidebetRecord(Payload, frozen=True, kw_only=True):
    """A side bet in a history entry: `type` `placed` or `payout`; ms stamps, SOL amounts.

    Placed records carry `started_at_tick` and `end`, payouts `start_tick`, `end_tick`, `payout`,
    `profit`; `tick_index` is the rug tick for winners and the start tick for losers.
    """

    type: str
    id: str | None = None
    player_id: str | None = None
    username: str | None = None
    game_id: str | None = None
    level: int | None = None
    price: float | None = None
    bet_amount: float | None = None
    x_payout: float | None = None
    coin_address: str | None = None
    bonus_portion: float | None = None
    real_portion: float | None = None
    timestamp: int | None = None
    started_at_tick: int | None = None
    end: int | None = None
    start_tick: int | None = None
    end_tick: int | None = None
    tick_index: int | None = None
    payout: float | None = None
    profit: float | None = None


class HistoryEntry(Payload, frozen=True, kw_only=True):
    """A finished game with its seed; `timestamp` in ms. `prices` was not sent in 2026."""

    id: str
    timestamp: int | None = None
    prices: tuple[float, ...] | None = None
    peak_multiplier: float | None = None
    rugged: bool | None = None
    global_trades: Raw = Raw()
    global_sidebets: tuple[SidebetRecord, ...] = ()
    provably_fair: ProvablyFair | None = None
    game_version: str | None = None


_History = msgspec.json.Decoder(list[HistoryEntry])


def history_entries(payload: GameState) -> list[HistoryEntry]:
    """Decode the finished games of a frame, newest first; empty when it carries none.

    Raises DecodeError when an entry has a field of another type.
    """
    text = bytes(payload.game_history)
    if not text or text == b"null":
        return []
    try:
        return _History.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as problem:
        raise DecodeError(f"gameHistory: {problem}") from problem


class NewTrade(Payload, frozen=True, kw_only=True):
    """standard/newTrade, a sample of all trades; `type` buy, sell, short_open, short_close."""

    type: str
    id: str | int | None = None
    game_id: str | None = None
    player_id: str | None = None
    username: str | None = None
    level: int | None = None
    price: float | None = None
    tick_index: int | None = None
    coin: str | None = None
    amount: float | None = None
    qty: float | None = None
    leverage: float | None = None
    bonus_portion: float | None = None
    real_portion: float | None = None


class SidebetEvent(Payload, frozen=True, kw_only=True):
    """newSideBet, currentSidebet, currentSidebetResult and the bet in an ack. Amounts in SOL."""

    type: str | None = None
    id: str | None = None
    player_id: str | None = None
    game_id: str | None = None
    username: str | None = None
    level: int | None = None
    price: float | None = None
    bet_amount: float | None = None
    x_payout: float | None = None
    coin_address: str | None = None
    start_tick: int | None = None
    end_tick: int | None = None
    tick_index: int | None = None
    timestamp: int | None = None
    payout: float | None = None
    profit: float | None = None
    bonus_portion: float | None = None
    real_portion: float | None = None


class LegacyStart(Payload, frozen=True, kw_only=True, rename=None):
    """First row of a per-game file of 2025; `timestamp` is local ISO time of the recorder."""

    game_id: str
    timestamp: str | None = None
    session_game_number: int | None = None


class LegacyTick(Payload, frozen=True, kw_only=True, rename=None):
    """A normalised frame of a per-game file; `phase` is that recorder's opinion."""

    game_id: str
    tick: int
    price: float
    timestamp: str | None = None
    phase: str | None = None
    active: bool | None = None
    rugged: bool | None = None
    cooldown_timer: int | None = None
    trade_count: int | None = None


class LegacyEnd(Payload, frozen=True, kw_only=True, rename=None):
    """Last row of a per-game file."""

    game_id: str
    timestamp: str | None = None
    total_ticks: int | None = None
    tick_range: tuple[int | None, ...] | None = None
    price_range: tuple[float | None, ...] | None = None
    peak_price: float | None = None
    final_price: float | None = None
    status: str | None = None
