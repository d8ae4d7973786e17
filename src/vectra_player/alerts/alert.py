"""One alert, and the detail of the fact that stores it. Made by `engine`; pure.

The keys of the detail are those of the `alert` message of the feed and, but for what only a page
needs, the columns of `alert_trigger`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from vectra_player.alerts.rules import Severity
from vectra_player.model.units import Micros, Millis, Tick

FACT = "alert"
"""Kind of the fact: `vectra.alert`."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell. player_id and username: whom it speaks of, where that is a stranger."""

    alert_id: str
    alert_type: str
    severity: Severity
    title: str
    message: str
    ts: Micros
    expires_at: Millis
    source_seq: int | None
    priority: int
    sound: bool
    desktop: bool
    game_id: str | None = None
    tick: Tick | None = None
    price: float | None = None
    player_id: str | None = None
    username: str | None = None

    def detail(self) -> dict[str, Any]:
        """Return what the fact and the feed message hold."""
        told = msgspec.structs.asdict(self)
        del told["ts"]
        return told


def alert_id(session_id: str, seq: int, ts: Micros, alert_type: str) -> str:
    """Return the id of an alert: the same for the same event, live or in a replay."""
    place = f"{session_id}/{seq}/{ts}/{alert_type}"
    return blake2b(place.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
