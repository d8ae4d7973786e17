"""Typed payloads of special events: golden hour, royale, battle, side bet event, notices.

Read by `rugs` and the layers above; conventions as in `game_payloads`. Leaderboards and past
winners stay exact JSON: nothing here depends on them. Source: protocol reference section 9.
"""

from __future__ import annotations

from msgspec import Raw

from vectra_player.protocol.game_payloads import Payload


class SpecialEvent(Payload, frozen=True, kw_only=True):
    """One scheduled event; times are ISO 8601 UTC."""

    id: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    prep_time_minutes: float | None = None
    level_required: int | None = None
    status: str | None = None
    created_at: str | None = None
    created_by: str | None = None
    prize_amount: float | None = None
    max_entries: int | None = None
    duration_minutes: float | None = None
    starting_balance: float | None = None
    custom_prizes: dict[str, float] | None = None


class EventConfig(Payload, frozen=True, kw_only=True):
    """Rules of an event; `token` is a coin address, no credential."""

    token: str | None = None
    starting_balance: float | None = None
    prep_time_minutes: float | None = None
    level_required: int | None = None
    prize_tiers: dict[str, float] | None = None


class EventUpdate(Payload, frozen=True, kw_only=True):
    """goldenHourUpdate, rugRoyaleUpdate and sidebetEventUpdate."""

    status: str | None = None
    active_event_id: str | None = None
    current_event: SpecialEvent | None = None
    upcoming_events: tuple[SpecialEvent, ...] | None = None
    events: tuple[SpecialEvent, ...] | None = None
    current_game_is_golden: bool | None = None
    leaderboard: Raw = Raw()
    history: Raw = Raw()
    player_position: Raw = Raw()
    time_remaining: Raw = Raw()
    final_round: bool | None = None
    is_in_final_round: bool | None = None
    config: EventConfig | None = None


class DrawingEntry(Payload, frozen=True, kw_only=True):
    """A player's tickets in a golden game."""

    player_id: str | None = None
    username: str | None = None
    entry_count: int | None = None
    entry_percentage: float | None = None


class GoldenHourDrawing(Payload, frozen=True, kw_only=True):
    """goldenHourDrawing; `winner_index` points into `entries`, `timestamp` in ms."""

    id: str | None = None
    timestamp: int | None = None
    game_id: str | None = None
    entries: tuple[DrawingEntry, ...] | None = None
    winner_index: int | None = None
    prize_amount: float | None = None
    winner_player_id: str | None = None


class BattleQueue(Payload, frozen=True, kw_only=True):
    """The lobby queue of battles."""

    active: bool | None = None
    queue_size: int | None = None
    available_lobbies: int | None = None


class BattleUpdate(Payload, frozen=True, kw_only=True):
    """battleEventUpdate; no running battle was ever captured."""

    status: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    next_event_start_time: str | None = None
    current_event: Raw = Raw()
    next_event: Raw = Raw()
    leaderboard: Raw = Raw()
    full_leaderboard_size: int | None = None
    player_position: Raw = Raw()
    participant_count: int | None = None
    active_battle_count: int | None = None
    lobby_creation_disabled: bool | None = None
    queue: BattleQueue | None = None
    is_showing_previous_event: bool | None = None
    event_schedule: Raw = Raw()
    config: EventConfig | None = None


class Maintenance(Payload, frozen=True, kw_only=True):
    """maintenanceUpdate; `message` may be a leftover, only `active` counts."""

    active: bool | None = None
    message: str | None = None
    mega: bool | None = None


class Notification(Payload, frozen=True, kw_only=True):
    """gameNotification; `type` `event` or `goldenhour`."""

    message: str | None = None
    type: str | None = None
