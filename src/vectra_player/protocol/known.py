"""The known protocol: every event name, and the payload it is known to carry.

The one place to add to when an event or field was seen and understood; docs/protocol.md section 2
says where each was seen. Pure; used by whoever compares recordings with it.
"""

from __future__ import annotations

from vectra_player.protocol.game_payloads import Payload
from vectra_player.protocol.rugs import PAYLOADS

UNREAD = frozenset(
    {
        *("authenticate", "chatHistory", "checkUsername", "getPlayerCosmetics"),
        *("inboxMessages", "leaderboardData", "mutedPlayers", "playerCosmetics"),
        *("rugPassQuestCompleted", "rugpassStatus", "rugpoolDrawing", "rugpoolStatus"),
    }
)
"""Events known by name alone: nobody has their payloads, so any field in them is as known."""

NAMES = UNREAD | PAYLOADS.keys()
"""Every event name that was ever seen or is sent by the page."""


def payload_type(name: str) -> type[Payload] | None:
    """Return the payload of an event; None where its fields are not known, or nor is its name."""
    return PAYLOADS.get(name)
