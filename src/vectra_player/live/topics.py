"""Which topics an event belongs to, from its name and from what it changed.

Used by `live.provider`, the one publisher of these topics: a topic that is listed here is
published, so that no consumer waits for one that nobody sends.
"""

from __future__ import annotations

from vectra_player.bus import Events
from vectra_player.live.live_state import LiveState
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event

BY_NAME = {
    "gameStateUpdate": Events.GAME_TICK,
    "legacy.tick": Events.GAME_TICK,
    "playerUpdate": Events.PLAYER_UPDATE,
    "standard/newTrade": Events.TRADE,
    "newTrade": Events.TRADE,
    "newSideBet": Events.SIDEBET_PLACED,
    "currentSidebet": Events.SIDEBET_PLACED,
    "currentSidebetResult": Events.SIDEBET_RESULT,
    "vectra.connected": Events.CONNECTION,
    "vectra.disconnected": Events.CONNECTION,
    "vectra.silence": Events.CONNECTION,
    "vectra.gap": Events.GAP,
    "vectra.alert": Events.ALERT,
    "vectra.started": Events.RECORDING_STARTED,
    "vectra.stopped": Events.RECORDING_STOPPED,
}


def topics_of(before: LiveState, after: LiveState, event: Event) -> list[Events]:
    """Return the topics to publish an event under, in order; `EVENT` itself is not among them."""
    topics = []
    if event.kind == "fact" and event.name.startswith(FACT_PREFIX):
        topics.append(Events.SYSTEM)
    named = BY_NAME.get(event.name)
    if named is not None and event.direction == "received":
        topics.append(named)
    topics.extend(_turns(before, after))
    return topics


def _turns(before: LiveState, after: LiveState) -> list[Events]:
    """Name the turns of a round an event brought about."""
    if before.game_id is None or after.round is before.round:
        return []  # what was going on when we joined did not happen now
    was = before.game_phase if before.game_id == after.game_id else GamePhase.UNKNOWN
    turns = []
    if after.game_phase is GamePhase.LIVE and was is not GamePhase.LIVE:
        turns.append(Events.GAME_START)
    if after.game_phase is GamePhase.RUGGED and was is not GamePhase.RUGGED:
        turns.append(Events.GAME_RUG)
    known = before.settled_game_id
    if known is not None and after.settled_game_id != known:
        turns.append(Events.GAME_SETTLED)
    return turns
