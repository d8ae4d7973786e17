"""Builders for tests of the store: frames, a small derivation, a clock, readers of the dataset."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from vectra_player.model.frame import FACT_PREFIX, Frame, StoredFrame
from vectra_player.model.rows import GameTick, Row, SystemEvent, WsEvent
from vectra_player.store.derivation import Deriver
from vectra_player.store.settings import StoreSettings

START_US = 1_764_000_000_000_000  # 2025-11-24T16:00:00Z
DAY_US = 86_400_000_000

SMALL = StoreSettings(
    group_ms=1,
    reserve_bytes=1 << 16,
    resume_margin_bytes=0,
    retry_s=0.01,
    stop_timeout_s=20,
    file_interval_s=3_600,
    auto_compact=False,
    retire_s=0.05,
)
"""A store that acts when it is told to."""


class FakeClock:
    """A clock that moves when told to."""

    def __init__(self, now_us: int = START_US) -> None:
        self.us = now_us
        self.seconds = 0.0

    def now_us(self) -> int:
        """Return the set time."""
        return self.us

    def monotonic(self) -> float:
        """Return the set seconds."""
        return self.seconds


def make_frame(number: int = 0, **changes: Any) -> Frame:
    """Build a frame that carries a number; it becomes a tick of one game."""
    values: dict[str, Any] = {
        "ts": START_US + number * 1000,
        "raw": f'42["tick",{{"n":{number}}}]',
        "socket_id": "1",
        "transport": "websocket",
        "source": "demo",
        "origin": "127.0.0.1",
    }
    return Frame(**{**values, **changes})


class CountingState(msgspec.Struct):
    """State of the small derivation: what it has seen so far."""

    session_id: str
    seen: int = 0
    finished: int = 0


def describe(stored: StoredFrame) -> WsEvent:
    """Describe a frame without understanding it."""
    frame = stored.frame
    return WsEvent(
        session_id=stored.session_id,
        seq=stored.seq,
        ts=frame.ts,
        source=frame.source,
        origin=frame.origin,
        direction=frame.direction,
        event_name=frame.event_name or "tick",
        packet_type="fact" if frame.raw_format == "fact" else "event",
        socket_id=frame.socket_id,
        transport=frame.transport,
        opcode=frame.opcode,
        raw_format=frame.raw_format,
        raw=frame.raw,
        size_bytes=len(frame.raw),
    )


def derive(state: CountingState, event: WsEvent) -> tuple[CountingState, list[Row]]:
    """Give facts a system_event, packets a tick whose index counts the session's packets."""
    if event.raw_format == "fact":
        kind = (event.event_name or "").removeprefix(FACT_PREFIX)
        row: Row = SystemEvent(
            session_id=event.session_id,
            seq=event.seq,
            ts=event.ts,
            source=event.source,
            origin=event.origin,
            kind=kind,
            detail=event.raw,
        )
        return state, [row]
    if "poison" in event.raw:
        raise ValueError("poisoned")
    tick = state.seen
    state.seen += 1
    row = GameTick(
        session_id=event.session_id,
        seq=event.seq,
        sub=tick,
        ts=event.ts,
        source=event.source,
        origin=event.origin,
        game_id="misfit" if "misfit" in event.raw else "20251124-game",
        tick=1 << 40 if "misfit" in event.raw else tick,
        price=1.0 + tick / 1024,
        phase="LIVE",
        active=True,
        rugged=False,
        price_source="live",
    )
    return state, [row]


def finish(state: CountingState) -> tuple[CountingState, list[Row]]:
    """End an import with one row that says how much was seen."""
    if state.finished == state.seen:
        return state, []
    state.finished = state.seen
    row = SystemEvent(
        session_id=state.session_id,
        seq=state.seen,
        sub=1,
        ts=START_US,
        source="import",
        origin="",
        kind="finished",
        detail=str(state.seen),
    )
    return state, [row]


SMALL_DERIVER = Deriver(
    describe,
    CountingState,
    derive,
    finish,
    msgspec.msgpack.encode,
    lambda packed: msgspec.msgpack.decode(packed, type=CountingState),
)


def read(root: Path, doc_type: str, columns: str = "session_id, seq, raw") -> list[tuple[Any, ...]]:
    """Read a doc type as a foreign reader would; no files, no rows."""
    if not list(root.glob(f"events_parquet/doc_type={doc_type}/*/*.parquet")):
        return []
    pattern = f"{root}/events_parquet/doc_type={doc_type}/**/*.parquet"
    with foreign_reader().cursor() as connection:
        return connection.execute(
            f"SELECT {columns} FROM read_parquet(?, union_by_name = true) ORDER BY ALL", [pattern]
        ).fetchall()


@functools.cache
def foreign_reader() -> duckdb.DuckDBPyConnection:
    """Return a connection of this process that keeps nothing of a file: making one is dear."""
    return duckdb.connect(config={"threads": 1, "enable_external_file_cache": False})


def seqs(root: Path, session_id: str, doc_type: str = "ws_event") -> list[int]:
    """Return the filed seqs of a session, in order."""
    return [seq for who, seq in read(root, doc_type, "session_id, seq") if who == session_id]
