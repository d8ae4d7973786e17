"""The row of an alert that was shown, from its `vectra.alert` fact.

Used by `live.derive` only. A fact that is no alert gives a `decode_failure` row, as any event does.
"""

from __future__ import annotations

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.live.derive_state import DeriveState, Stamp
from vectra_player.live.values import millis, whole
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.model.rows import AlertTrigger, WsEvent
from vectra_player.protocol import socketio

ALERT_EVENT = f"{FACT_PREFIX}alert"


class _Told(msgspec.Struct):
    """What a row takes of the detail of an alert."""

    alert_id: str
    alert_type: str
    severity: str
    title: str
    message: str
    expires_at: int | None = None
    source_seq: int | None = None
    priority: int | None = None


_decode = msgspec.json.Decoder(_Told).decode


def alert_trigger(state: DeriveState, stamp: Stamp, ws: WsEvent) -> AlertTrigger:
    """Return the row of an alert. Raises DecodeError where the fact is none."""
    try:
        told = _decode(ws.raw)
    except socketio.JSON_ERRORS as problem:
        raise DecodeError(f"{ALERT_EVENT}: {problem}") from problem
    return AlertTrigger(
        session_id=stamp.session_id,
        seq=stamp.seq,
        sub=state.next_sub(AlertTrigger.doc_type),
        ts=stamp.ts,
        source=stamp.source,
        origin=stamp.origin,
        game_id=ws.game_id,
        player_id=ws.player_id,
        username=ws.username,
        alert_id=told.alert_id,
        alert_type=told.alert_type,
        severity=told.severity,
        title=told.title,
        message=told.message,
        expires_at=millis(told.expires_at),
        source_seq=whole(told.source_seq),
        priority=whole(told.priority),
    )
