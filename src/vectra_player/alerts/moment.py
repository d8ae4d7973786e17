"""What the engine is shown: an event with the live state before and after it, and what it means.

Pure; the same for a live feed and for a recording. A moment names its triggers, so that a frame
costs only the rules it can concern.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from vectra_player.bus import Events
from vectra_player.live.live_state import Connection, LiveState
from vectra_player.live.topics import topics_of
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.protocol.game_payloads import GameState, LegacyTick, NewTrade
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.player_payloads import PlayerUpdate
from vectra_player.protocol.rugs import Event

OUTCOME = f"{FACT_PREFIX}outcome"
RESULT = "currentSidebetResult"


class Trigger(Enum):
    """What may have happened; a rule names those it looks at."""

    START = auto()
    TICK = auto()
    RUG = auto()
    MOVED = auto()
    TRADE = auto()
    ACCOUNT = auto()
    RESULT = auto()
    OUTCOME = auto()
    LINK = auto()
    ROUND = auto()


class Moment(NamedTuple):
    """One event and what was known before and after it."""

    event: Event
    before: LiveState
    after: LiveState


def triggers_of(moment: Moment) -> list[Trigger]:
    """Name what an event may have brought about, in the order in which it is told."""
    event, before, after = moment
    found: list[Trigger] = []
    if _linked(before.connection) != _linked(after.connection):
        found.append(Trigger.LINK)
    payload = event.payload
    if isinstance(payload, GameState | LegacyTick):
        found += _of_frame(moment)
    elif event.kind == "fact":
        if event.name == OUTCOME:
            found.append(Trigger.OUTCOME)
    elif event.direction == "received":
        if isinstance(payload, NewTrade):
            found.append(Trigger.TRADE)
        elif isinstance(payload, PlayerUpdate):
            found.append(Trigger.ACCOUNT)
        elif event.name == RESULT:
            found.append(Trigger.RESULT)
        elif payload is None and event.name[:10].lower().startswith(("bbc", "candleflip")):
            found.append(Trigger.ROUND)
    return found


def _linked(health: Connection) -> tuple[bool | None, bool, float | None]:
    return health.connected, health.silent, health.delay_ms


def _of_frame(moment: Moment) -> list[Trigger]:
    event, before, after = moment
    if after.game_id is None or (after.round is before.round and after.tick == before.tick):
        return []
    found = [Trigger.MOVED]
    turns = topics_of(before, after, event)
    if Events.GAME_START in turns:
        found.append(Trigger.START)
    if after.game_phase is GamePhase.LIVE and after.tick is not None and after.price is not None:
        found.append(Trigger.TICK)
    if Events.GAME_RUG in turns:
        found.append(Trigger.RUG)
    return found
