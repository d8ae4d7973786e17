"""Builders of small stores: rows are written as the filing writes them, without the writer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from vectra_player.model.rows import Game, GameTick, Row, Sidebet, SystemEvent, WsEvent
from vectra_player.store.derivation import Deriver
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.schema import to_table

T0 = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds."""

ORIGIN = "backend.rugs.fun"


class Tree:
    """A data directory and its rows; `add` files rows as one filing would."""

    T0 = T0
    ORIGIN = ORIGIN

    def __init__(self, root: Path) -> None:
        self.data_dir = DataDir.open_or_create(root)
        self.root = root

    def add(self, *rows: Row) -> list[Path]:
        groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in rows:
            groups[(row.doc_type, utc_date(row.ts), row.session_id)].append(row)
        paths = []
        for (doc_type, date, session), group in groups.items():
            folder = self.data_dir.day(doc_type, date)
            folder.mkdir(parents=True, exist_ok=True)
            seqs = [row.seq for row in group]
            path = folder / f"{session}-{min(seqs)}-{max(seqs)}.parquet"
            pq.write_table(to_table(group, type(group[0])), path, compression="zstd")
            paths.append(path)
        return paths

    @staticmethod
    def ws(seq: int, raw: str, session: str = "s1", **changes: Any) -> WsEvent:
        base: dict[str, Any] = {
            "session_id": session,
            "seq": seq,
            "ts": T0 + seq * 250_000,
            "source": "cdp",
            "origin": ORIGIN,
            "direction": "received",
            "event_name": "gameStateUpdate",
            "packet_type": "event",
            "socket_id": "k1",
            "transport": "websocket",
            "opcode": 1,
            "raw_format": "engineio",
            "raw": raw,
            "size_bytes": len(raw.encode()),
        }
        return WsEvent(**{**base, **changes})

    @classmethod
    def fact(cls, seq: int, kind: str, detail: object, session: str = "s1") -> WsEvent:
        return cls.ws(
            seq,
            msgspec.json.encode(detail).decode(),
            session,
            event_name=f"vectra.{kind}",
            packet_type="fact",
            raw_format="fact",
        )

    @staticmethod
    def tick(tick: int, price: float, game: str = "g1", session: str = "s1", **k: Any) -> GameTick:
        base: dict[str, Any] = {
            "session_id": session,
            "seq": tick + 1,
            "sub": tick,
            "ts": T0 + tick * 250_000,
            "source": "cdp",
            "origin": ORIGIN,
            "game_id": game,
            "tick": tick,
            "price": price,
            "phase": "LIVE",
            "active": True,
            "rugged": False,
            "price_source": "live",
        }
        return GameTick(**{**base, **k})

    @staticmethod
    def game(game: str = "g1", session: str = "s1", **changes: Any) -> Game:
        base: dict[str, Any] = {
            "session_id": session,
            "seq": 99,
            "ts": T0 + 60_000_000,
            "source": "cdp",
            "origin": ORIGIN,
            "game_id": game,
            "ticks_live": 3,
            "completeness": "full",
        }
        return Game(**{**base, **changes})

    @staticmethod
    def sidebet(session: str = "s1", **changes: Any) -> Sidebet:
        base: dict[str, Any] = {
            "session_id": session,
            "seq": 50,
            "ts": T0,
            "source": "cdp",
            "origin": ORIGIN,
            "game_id": "g1",
            "player_id": "did:privy:aaaaaaaaaaaaaaaaaaaaaaaaa",
            "own": False,
            "start_tick": 5,
            "end_tick": 45,
            "outcome": "unknown",
        }
        return Sidebet(**{**base, **changes})


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty data directory with builders of rows."""
    return Tree(tmp_path / "data")


@pytest.fixture
def column() -> Callable[[Sequence[tuple[Any, ...]]], list[Any]]:
    """Take the first value of each row."""
    return lambda rows: [row[0] for row in rows]


def _tick_rows(state: dict[str, int], event: WsEvent) -> tuple[dict[str, int], list[Row]]:
    """Derive a tick from `{"tick": .., "price": ..}` and a system event from each fact."""
    state["events"] += 1
    base = {
        "session_id": event.session_id,
        "seq": event.seq,
        "ts": event.ts,
        "source": event.source,
        "origin": event.origin,
    }
    kind = (event.event_name or "").removeprefix("vectra.")
    if event.packet_type == "fact":
        return state, [SystemEvent(**base, kind=kind, detail=event.raw)]
    payload = msgspec.json.decode(event.raw[event.raw.index("{") : -1])
    if "tick" not in payload:
        return state, []
    fields = {"sub": payload["tick"], "game_id": payload["game"], "tick": payload["tick"]}
    return state, [
        GameTick(
            **base,
            **fields,
            price=payload["price"],
            phase="LIVE",
            active=True,
            rugged=False,
            trade_count=state["events"],
            price_source="live",
        )
    ]


@pytest.fixture
def deriver() -> Deriver:
    """A small derivation with a state, in place of the real one."""

    def describe(stored: Any) -> WsEvent:
        raise AssertionError("filed rows are described already")

    return Deriver(
        describe=describe,
        new_state=lambda session_id: {"events": 0},
        derive=_tick_rows,
        finish=lambda state: (state, []),
        encode_state=msgspec.json.encode,
        decode_state=msgspec.json.decode,
    )


@pytest.fixture
def recorded(tree: Tree, deriver: Deriver) -> Tree:
    """Two sessions over midnight with their derived rows, as filing leaves them."""
    for session in ("s1", "s2"):
        state = deriver.new_state(session)
        rows: list[Row] = [tree.fact(1, "started", {"source": "cdp"}, session)]
        for index in range(40):
            payload = {"game": "g1", "tick": index, "price": 1 + index / 7}
            raw = '42["gameStateUpdate",' + msgspec.json.encode(payload).decode() + "]"
            late = 86_400_000_000 if index >= 30 else 0
            rows.append(tree.ws(index + 2, raw, session, ts=T0 + late + index * 250_000))
        rows.append(tree.fact(42, "stopped", {"reason": "test"}, session))
        derived: list[Row] = []
        for row in rows:
            state, made = deriver.derive(state, row)  # type: ignore[arg-type]
            derived += made
        tree.add(*rows, *derived)
    return tree
