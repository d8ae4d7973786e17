"""The rows of the store, one class a doc type: the schema of everything that is kept.

Parquet schemas, the reference pages and the query views are made from these classes
(`store.schema`). Adding a column here is a schema change: see `store.migrations`.
Schema version 2.0.0; doc types and columns as docs/reference/schema.md publishes them.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from vectra_player.model.units import Direction, Micros, Millis, RawFormat, Sol, Source, Tick

SCHEMA_VERSION = "2.0.0"

PriceSource = Literal["live", "partial", "history", "recomputed"]
SidebetOutcome = Literal["won", "lost", "unknown"]


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Columns of every doc type. (session_id, doc_type, seq, sub) is unique."""

    doc_type: ClassVar[str] = ""

    session_id: str
    seq: int
    sub: Tick = 0
    ts: Micros
    source: Source
    origin: str
    game_id: str | None = None
    player_id: str | None = None
    username: str | None = None


class WsEvent(Row, frozen=True, kw_only=True, gc=False):
    """One captured packet, one fact of our own, or one record of an imported file."""

    doc_type: ClassVar[str] = "ws_event"

    direction: Direction
    event_name: str | None = None
    packet_type: str
    namespace: str | None = None
    ack_id: int | None = None
    socket_id: str
    trace_id: str | None = None
    transport: str
    opcode: Tick
    raw_format: RawFormat
    raw: str
    size_bytes: int


class GameTick(Row, frozen=True, kw_only=True, gc=False):
    """One price step of a game; `sub` is the tick, the first row of a session and tick wins."""

    doc_type: ClassVar[str] = "game_tick"

    tick: Tick
    price: float
    phase: str
    active: bool
    rugged: bool
    trade_count: int | None = None
    connected_players: int | None = None
    price_source: PriceSource


class ServerState(Row, frozen=True, kw_only=True, gc=False):
    """The account as the server states it (`playerUpdate`); a field not sent is null."""

    doc_type: ClassVar[str] = "server_state"

    tick: Tick | None = None
    cash: Sol | None = None
    position_qty: Sol | None = None
    avg_cost: float | None = None
    total_invested: Sol | None = None
    cumulative_pnl: Sol | None = None
    sidebet_pnl: Sol | None = None
    pnl_percent: float | None = None
    bonus_balance: Sol | None = None
    bonus_wager_req: Sol | None = None
    bonus_wagered: Sol | None = None
    level: int | None = None
    total_xp: int | None = None
    has_interacted: bool | None = None
    authenticated: bool | None = None
    hit_max_win: bool | None = None
    autobuys_enabled: bool | None = None
    autosell_price: float | None = None
    selected_coin: str | None = None
    has_sidebet: bool | None = None
    has_short: bool | None = None


class OtherPlayer(Row, frozen=True, kw_only=True, gc=False):
    """A trade of somebody else, from the sampled `standard/newTrade` stream."""

    doc_type: ClassVar[str] = "other_player"

    trade_id: str | None = None
    action_type: str
    amount: Sol | None = None
    qty: Sol | None = None
    price: float | None = None
    tick: Tick | None = None
    game_phase: str
    coin: str | None = None
    leverage: int | None = None
    bonus_portion: Sol | None = None
    real_portion: Sol | None = None
    player_level: int | None = None
    leaderboard_rank: int | None = None
    player_pnl: Sol | None = None
    player_pnl_percent: float | None = None
    player_position_qty: Sol | None = None
    player_avg_cost: float | None = None
    player_total_invested: Sol | None = None


class PlayerAction(Row, frozen=True, kw_only=True, gc=False):
    """One press of a button by the user or a bot, with what the page and server made of it."""

    doc_type: ClassVar[str] = "player_action"

    action_id: str
    action_type: str
    button: str
    amount: Sol | None = None
    percentage: float | None = None
    actor: Literal["human", "bot"]
    mode: Literal["paper", "practice", "live"]
    intent_ts: Millis | None = None
    press_ts: Millis | None = None
    game_context_tick: Tick | None = None
    game_context_price: float | None = None
    game_context_phase: str | None = None
    state_before_cash: Sol | None = None
    state_before_position_qty: Sol | None = None
    state_before_avg_cost: float | None = None
    state_after_cash: Sol | None = None
    state_after_position_qty: Sol | None = None
    state_after_avg_cost: float | None = None
    client_ts: Millis | None = None
    server_ts: Millis | None = None
    server_ts_kind: Literal["stamp", "echo", "ack"] | None = None
    confirmed_ts: Millis | None = None
    send_latency_ms: float | None = None
    confirm_latency_ms: float | None = None
    total_latency_ms: float | None = None
    outcome: Literal["CONFIRMED", "REJECTED", "UNKNOWN", "BLOCKED"]
    executed_price: float | None = None
    executed_tick: Tick | None = None
    qty: Sol | None = None
    profit: Sol | None = None
    strategy: str | None = None
    sequence: str | None = None
    trace_id: str | None = None
    error: str | None = None


class SystemEvent(Row, frozen=True, kw_only=True, gc=False):
    """Something that happened to the recording: connects, gaps, starts, stops, failures."""

    doc_type: ClassVar[str] = "system_event"

    kind: str
    detail: str


class AlertTrigger(Row, frozen=True, kw_only=True, gc=False):
    """An alert that was shown."""

    doc_type: ClassVar[str] = "alert_trigger"

    alert_id: str
    alert_type: str
    severity: str
    title: str
    message: str
    expires_at: Millis | None = None
    source_seq: int | None = None
    priority: int | None = None


class MlEpisode(Row, frozen=True, kw_only=True, gc=False):
    """One finished game as a training episode; written by `episodes build`.

    `kind` market is the game without anybody's actions, own is what an own account or a paper
    account did in it. session_id, seq, ts are those of the frame that told the game's end;
    player_id and username those of the own account. Rewards are in SOL: `profit` is exact.
    """

    doc_type: ClassVar[str] = "ml_episode"

    episode_id: str
    outcome: str
    started_at: Micros
    ended_at: Micros
    duration_ticks: Tick
    total_reward: float
    total_actions: int
    max_drawdown: float | None = None
    kind: Literal["market", "own"] | None = None
    mode: Literal["paper", "practice", "live"] | None = None
    actor: Literal["human", "bot", "mixed"] | None = None
    strategy: str | None = None
    profit: Sol | None = None


class BbcRound(Row, frozen=True, kw_only=True, gc=False):
    """A Bull/Bear/Crab round; no such traffic has been seen yet."""

    doc_type: ClassVar[str] = "bbc_round"

    round_id: str
    start_tick: Tick | None = None
    end_tick: Tick | None = None
    our_prediction: Literal["BULL", "BEAR", "CRAB"] | None = None
    our_bet_amount: Sol | None = None
    actual_result: str | None = None
    won: bool | None = None
    payout: Sol | None = None
    prediction_ts: Millis | None = None
    result_ts: Millis | None = None
    price_at_start: float | None = None
    price_at_end: float | None = None
    volatility_during: float | None = None


class Candleflip(Row, frozen=True, kw_only=True, gc=False):
    """A Candleflip round; no such traffic has been seen yet."""

    doc_type: ClassVar[str] = "candleflip"

    round_id: str
    our_choice: Literal["GREEN", "RED"] | None = None
    our_bet_amount: Sol | None = None
    result: str | None = None
    won: bool | None = None
    payout: Sol | None = None
    current_streak: int | None = None
    streak_direction: str | None = None
    bet_ts: Millis | None = None
    result_ts: Millis | None = None


class ShortPosition(Row, frozen=True, kw_only=True, gc=False):
    """The account's short position whenever the server states or clears one."""

    doc_type: ClassVar[str] = "short_position"

    has_short: bool
    short_qty: Sol | None = None
    short_entry_price: float | None = None
    short_entry_tick: Tick | None = None
    short_value: Sol | None = None
    short_pnl: Sol | None = None
    liquidation_price: float | None = None
    margin_ratio: float | None = None
    at_risk: bool | None = None


class Game(Row, frozen=True, kw_only=True, gc=False):
    """One finished game, as complete as this session could know it.

    `prices` runs from tick 0 to the rug, the rug price last. `completeness` is `full` (every tick
    recorded live or in the game's own frames), `revealed` (the series came from its history entry
    or its seed), `partial` (ticks are missing) or `unrevealed` (no seed was seen).
    """

    doc_type: ClassVar[str] = "game"

    started_at: Micros | None = None
    ended_at: Micros | None = None
    rug_tick: Tick | None = None
    peak: float | None = None
    rug_price: float | None = None
    prices: list[float] | None = None
    game_version: str | None = None
    server_seed: str | None = None
    server_seed_hash: str | None = None
    commitment_first_seen_at: Micros | None = None
    first_tick_seen: Tick | None = None
    ticks_live: int
    ticks_missing: int | None = None
    trade_count: int | None = None
    players_max: int | None = None
    sidebets: int | None = None
    completeness: Literal["full", "revealed", "partial", "unrevealed"]


class Sidebet(Row, frozen=True, kw_only=True, gc=False):
    """One sidebet, own or public, with its outcome where the wire gave one."""

    doc_type: ClassVar[str] = "sidebet"

    sidebet_id: str | None = None
    own: bool
    start_tick: Tick
    end_tick: Tick
    bet_amount: Sol | None = None
    x_payout: float | None = None
    coin_address: str | None = None
    bonus_portion: Sol | None = None
    real_portion: Sol | None = None
    payout: Sol | None = None
    profit: Sol | None = None
    outcome: SidebetOutcome
    settle_tick: Tick | None = None
    placed_at: Millis | None = None
    settled_at: Millis | None = None


ROW_TYPES: tuple[type[Row], ...] = (
    WsEvent,
    GameTick,
    PlayerAction,
    OtherPlayer,
    ServerState,
    SystemEvent,
    AlertTrigger,
    MlEpisode,
    BbcRound,
    Candleflip,
    ShortPosition,
    Game,
    Sidebet,
)

DOC_TYPES: dict[str, type[Row]] = {row.doc_type: row for row in ROW_TYPES}
