"""How a journaled frame becomes rows, with every failure contained to its own frame.

Filing, imports and `store rebuild` all go through `Deriver.rows`, so that a rebuild gives the same
rows. The functions themselves live in `protocol.describe` and `live.derive`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import msgspec

from vectra_player.model.frame import StoredFrame
from vectra_player.model.rows import Row, SystemEvent, WsEvent

_STATE_LOST_SUB = 2_000_000

DeriveState = Any
"""Opaque here: made, changed and packed by `live.derive` only."""


class Deriver(NamedTuple):
    """The functions that give frames their meaning."""

    describe: Callable[[StoredFrame], WsEvent]
    new_state: Callable[[str], DeriveState]
    derive: Callable[[DeriveState, WsEvent], tuple[DeriveState, Sequence[Row]]]
    finish: Callable[[DeriveState], tuple[DeriveState, Sequence[Row]]]
    encode_state: Callable[[DeriveState], bytes]
    decode_state: Callable[[bytes], DeriveState]

    @classmethod
    def standard(cls) -> Self:
        """Return the one derivation there is."""
        from vectra_player.live import derive
        from vectra_player.protocol.describe import describe

        return cls(
            describe,
            derive.new_state,
            derive.derive,
            derive.finish,
            derive.encode_state,
            derive.decode_state,
        )

    def event(self, stored: StoredFrame) -> WsEvent:
        """Describe a frame; one that nothing can describe is kept as undecodable."""
        try:
            return self.describe(stored)
        except Exception:
            return undecodable(stored)

    def rows(self, state: DeriveState, event: WsEvent) -> tuple[DeriveState, Sequence[Row], bool]:
        """Derive the rows of an event; the last value says whether that failed.

        A failure gives one `decode_failure` row in place of the event's own rows.
        """
        try:
            state, rows = self.derive(state, event)
        except Exception as error:
            return state, [decode_failure(event, error)], True
        return state, rows, False

    def last_rows(self, state: DeriveState) -> tuple[DeriveState, Sequence[Row], bool]:
        """Derive the rows that the end of an import brings; the last value: whether that failed."""
        try:
            state, rows = self.finish(state)
        except Exception:
            return state, [], True
        return state, rows, False


def undecodable(stored: StoredFrame) -> WsEvent:
    """Build the row of a frame that could not be described."""
    frame = stored.frame
    return WsEvent(
        session_id=stored.session_id,
        seq=stored.seq,
        ts=frame.ts,
        source=frame.source,
        origin=frame.origin,
        direction=frame.direction,
        event_name=frame.event_name or None,
        packet_type="undecodable",
        socket_id=frame.socket_id,
        transport=frame.transport,
        opcode=frame.opcode,
        raw_format=frame.raw_format,
        raw=frame.raw,
        size_bytes=len(frame.raw.encode("utf-8", "surrogatepass")),
    )


def decode_failure(row: Row, error: Exception) -> SystemEvent:
    """Build the row that says that an event's rows, or this row of it, could not be made."""
    detail = {
        "seq": row.seq,
        "error": _text(error),
        "event_name": getattr(row, "event_name", None),
        "doc_type": row.doc_type,
    }
    return _system_event(row, "decode_failure", detail)


def state_lost(stored: StoredFrame, error: Exception) -> SystemEvent:
    """Build the row that says that a session's derivation had to start anew at this frame."""
    row = _system_event(undecodable(stored), "derive_state_lost", {"error": _text(error)})
    return msgspec.structs.replace(row, sub=_STATE_LOST_SUB)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _system_event(event: Row, kind: str, detail: object) -> SystemEvent:
    return SystemEvent(
        session_id=event.session_id,
        seq=event.seq,
        sub=0,
        ts=event.ts,
        source=event.source,
        origin=event.origin,
        kind=kind,
        detail=msgspec.json.encode(detail).decode(),
    )
