"""The one rule that says which phase a game is in, and how round state carries over.

Every layer that needs a phase, a frame's shape or the order of frames asks here; there is no
other copy of these rules. Source: protocol reference sections 3.1, 4 and 1.3.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from vectra_player.protocol.game_payloads import GameState

PRESALE_TIMER_MS = 10_000
"""`allowPreRoundBuys` is true from this timer on (section 4); used where the flag was not kept."""

REMEMBERED_GAMES = 16


class GamePhase(StrEnum):
    """Where a game stands."""

    UNKNOWN = "UNKNOWN"
    COOLDOWN = "COOLDOWN"
    BETTING = "BETTING"
    LIVE = "LIVE"
    RUGGED = "RUGGED"


class FrameShape(StrEnum):
    """The five shapes of gameStateUpdate (section 3.1)."""

    COOLDOWN = "cooldown"
    TICK = "tick"
    START = "start"
    HISTORY = "history"
    SNAPSHOT = "snapshot"
    UNKNOWN = "unknown"


class RoundFields(msgspec.Struct, frozen=True, gc=False):
    """The fields of a game that say its phase; None: not sent yet. `cooldown_timer` in ms."""

    game_id: str | None = None
    active: bool | None = None
    rugged: bool | None = None
    cooldown_timer: int | None = None
    paused: bool | None = None
    allow_pre_round_buys: bool | None = None
    tick: int | None = None


def phase_of(state: RoundFields) -> GamePhase:
    """Say the phase of a game from its fields."""
    if not state.game_id:
        return GamePhase.UNKNOWN
    if state.active:
        return GamePhase.RUGGED if state.rugged else GamePhase.LIVE
    if state.cooldown_timer:
        allowed = state.allow_pre_round_buys
        if allowed is None:
            allowed = state.cooldown_timer <= PRESALE_TIMER_MS
        return GamePhase.BETTING if allowed else GamePhase.COOLDOWN
    # Neither running nor counting down; only a frame that says so is a cooldown.
    known = state.active is not None or state.cooldown_timer is not None
    return GamePhase.COOLDOWN if known else GamePhase.UNKNOWN


def fields_of(update: GameState) -> RoundFields:
    """Take the phase fields of one gameStateUpdate, without anything carried over."""
    return RoundFields(
        game_id=update.game_id,
        active=update.active,
        rugged=update.rugged,
        cooldown_timer=update.cooldown_timer,
        paused=update.cooldown_paused,
        allow_pre_round_buys=update.allow_pre_round_buys,
        tick=update.tick_count,
    )


def merge(base: RoundFields, over: RoundFields) -> RoundFields:
    """Lay sent fields over known ones: absent means not sent."""
    sent = {
        name: value for name, value in msgspec.structs.asdict(over).items() if value is not None
    }
    return msgspec.structs.replace(base, **sent)


def order_key(game_id: str, fields: RoundFields) -> tuple[str, int, int]:
    """Sort key of a frame within its game: (game, stage, step), rising in game time.

    Stage 0 counts the timer down, 1 the ticks up, 2 is after the rug. Ids of games are random:
    their order among each other is that of their first frames.
    """
    if fields.active:
        return game_id, 2 if fields.rugged else 1, fields.tick or 0
    return game_id, 0, -(fields.cooldown_timer or 0)


def shape_of(update: GameState) -> FrameShape:
    """Name the shape of a gameStateUpdate by the fields it carries."""
    if update.game_history:
        return FrameShape.SNAPSHOT if update.prices is not None else FrameShape.HISTORY
    if update.active is None:
        known = update.cooldown_timer is not None
        return FrameShape.COOLDOWN if known else FrameShape.UNKNOWN
    if update.trade_count is not None or update.rugpool is not None:
        return FrameShape.TICK
    return FrameShape.START if update.tick_count is not None else FrameShape.UNKNOWN


class Round(msgspec.Struct, frozen=True, gc=False):
    """The game being played, carried from frame to frame; serialisable.

    `late` says that the last frame belonged before what was already known: it changed nothing
    but fields nobody had sent yet.
    """

    fields: RoundFields = RoundFields()
    past: tuple[str, ...] = ()
    late: bool = False

    @property
    def phase(self) -> GamePhase:
        """The phase after the last frame."""
        return phase_of(self.fields)

    @property
    def paused(self) -> bool:
        """Whether the server said that the countdown stands still."""
        return bool(self.fields.paused)


def advance(current: Round, update: GameState) -> Round:
    """Carry the round over one gameStateUpdate; frames may arrive out of order.

    A frame of an earlier game, or of an earlier moment of this one, never turns it back.
    """
    return advance_fields(current, fields_of(update))


def advance_fields(current: Round, sent: RoundFields) -> Round:
    """Carry the round over the phase fields of one frame; see `advance`."""
    known = current.fields
    if sent.game_id is None or sent.game_id in current.past:
        return Round(known, current.past, late=True)
    if known.game_id is None:
        return Round(sent, current.past)
    if sent.game_id != known.game_id:
        return Round(sent, (*current.past, known.game_id)[-REMEMBERED_GAMES:])
    merged = merge(known, sent)
    if order_key(sent.game_id, merged) < order_key(sent.game_id, known):
        return Round(merge(sent, known), current.past, late=True)
    return Round(merged, current.past)
