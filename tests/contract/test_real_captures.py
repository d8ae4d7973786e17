"""Real captures through the protocol package, against independent computations in plain json."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vectra_player.errors import DecodeError
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.describe import describe
from vectra_player.protocol.game_payloads import GameState, LegacyTick, history_entries
from vectra_player.protocol.phases import (
    FrameShape,
    GamePhase,
    Round,
    advance,
    fields_of,
    order_key,
    phase_of,
    shape_of,
)
from vectra_player.protocol.redact import scrub
from vectra_player.protocol.rugs import Event, decode

pytestmark = pytest.mark.real_data

CAPTURES = ["2025-12-14_20-17-10_raw.jsonl", "websocket_raw_samples.part1.jsonl"]
SAMPLES = "2025-12-17_16-37-52_gameStatePlayerUpdate_samples.json"


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def plain(line: str) -> tuple[str, Any]:
    """Name and payload of a record by the rules of the protocol reference, in plain json."""
    record = json.loads(line)
    data = record["data"]
    if isinstance(data, list) and isinstance(data[0], dict) and "__trace" in data[0]:
        data = data[-1]
    return record.get("event") or record["event_type"], data


def as_packet(line: str) -> str:
    """Write a recorded event as the packet it came in."""
    record = json.loads(line)
    data = record["data"]
    args = data if isinstance(data, list) else [data]
    return "42" + json.dumps([plain(line)[0], *args], separators=(",", ":"))


def described(raw: str, raw_format: str = "engineio", name: str = "") -> WsEvent:
    frame = Frame(ts=1, raw=raw, raw_format=raw_format, event_name=name)  # type: ignore[arg-type]
    return describe(StoredFrame("s", 1, scrub(frame)))


def decoded(raw: str, raw_format: str = "engineio", name: str = "") -> Event:
    event = decode(described(raw, raw_format, name))
    assert event is not None
    return event


@pytest.fixture(scope="module", params=CAPTURES)
def lines(request: pytest.FixtureRequest, real_data: Path) -> list[str]:
    return read_lines(real_data / request.param)


def states(lines: list[str]) -> Iterator[tuple[dict[str, Any], GameState]]:
    for line in lines:
        name, data = plain(line)
        if name == "gameStateUpdate":
            payload = decoded(line, "capture").payload
            assert isinstance(payload, GameState)
            yield data, payload


@pytest.mark.parametrize("wire", [False, True])
def test_every_record_decodes_to_its_typed_event(lines: list[str], wire: bool) -> None:
    ours: Counter[str] = Counter()
    for line in lines:
        event = decoded(as_packet(line)) if wire else decoded(line, "capture")
        name, data = plain(line)
        assert event.mismatch is None
        assert event.value() == data
        assert (event.payload is None) == (name == "connect")
        ours[event.name] += 1
    assert ours == Counter(plain(line)[0] for line in lines)


def test_described_columns_equal_those_of_plain_json(lines: list[str]) -> None:
    for line in lines:
        name, data = plain(line)
        ws = described(as_packet(line))
        wanted = data if isinstance(data, dict) else {}
        assert ws.event_name == name
        assert ws.game_id == wanted.get("gameId")
        assert ws.player_id == wanted.get("playerId")
        assert ws.username == wanted.get("username")
        assert (ws.trace_id is not None) == ("__trace" in line)
        assert ws.size_bytes == len(as_packet(line).encode())


def test_clean_captures_pass_the_scrub_as_the_same_objects(lines: list[str]) -> None:
    for line in lines:
        for raw, raw_format in ((line, "capture"), (as_packet(line), "engineio")):
            frame = Frame(ts=1, raw=raw, raw_format=raw_format)  # type: ignore[arg-type]
            assert scrub(frame) is frame


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def test_prices_are_bit_exact(lines: list[str]) -> None:
    compared = 0
    for data, state in states(lines):
        if "price" in data:
            assert bits(float(state.price or 0)) == bits(data["price"])
        for tick, price in data.get("partialPrices", {}).get("values", {}).items():
            assert state.partial_prices is not None
            assert bits(state.partial_prices.values[tick]) == bits(price)
            compared += 1
        for entry, wanted in zip(history_entries(state), data.get("gameHistory", []), strict=True):
            assert list(map(bits, entry.prices or ())) == list(map(bits, wanted["prices"]))
            assert len(entry.global_sidebets) == len(wanted["globalSidebets"])
            assert entry.provably_fair is not None
            assert entry.provably_fair.server_seed == wanted["provablyFair"]["serverSeed"]
    assert compared > 300


def expected_shape(data: dict[str, Any]) -> FrameShape:
    """Shapes by the key sets of the protocol reference, section 3.1."""
    if "prices" in data:
        return FrameShape.SNAPSHOT
    if "gameHistory" in data:
        return FrameShape.HISTORY
    return {7: FrameShape.COOLDOWN, 14: FrameShape.START, 21: FrameShape.TICK}[len(data)]


def test_shapes_follow_the_key_sets(lines: list[str]) -> None:
    for data, state in states(lines):
        assert shape_of(state) is expected_shape(data)


def expected_phase(data: dict[str, Any]) -> GamePhase:
    """Phases by what each single frame says; no frame of these captures needs another."""
    if data.get("active"):
        return GamePhase.RUGGED if data["rugged"] else GamePhase.LIVE
    assert data["cooldownTimer"] > 0
    assert data["allowPreRoundBuys"] == (data["cooldownTimer"] <= 10_000)
    return GamePhase.BETTING if data["cooldownTimer"] <= 10_000 else GamePhase.COOLDOWN


def test_phases_equal_an_independent_computation(lines: list[str]) -> None:
    current, counted, late = Round(), Counter[GamePhase](), 0
    for data, state in states(lines):
        current = advance(current, state)
        counted[expected_phase(data)] += 1
        assert phase_of(fields_of(state)) is expected_phase(data)
        if current.late:
            late += 1
        else:
            assert current.phase is expected_phase(data)
    assert counted[GamePhase.BETTING] > 0 or len(lines) == 100
    assert late <= 6, "only the reset frames that section 1.3 names arrive late"


def plain_key(data: dict[str, Any]) -> tuple[int, int]:
    if data.get("active"):
        return (2 if data["rugged"] else 1), data["tickCount"]
    return 0, -data["cooldownTimer"]


def test_frames_that_arrive_out_of_order_are_called_late(lines: list[str]) -> None:
    current, furthest, past = Round(), dict[str, tuple[int, int]](), list[str]()
    for data, state in states(lines):
        game, key = data["gameId"], plain_key(data)
        assert order_key(game, fields_of(state)) == (game, *key)
        old = game in past[:-1]
        backwards = key < furthest.get(game, key)
        current = advance(current, state)
        assert current.late == (old or backwards)
        furthest[game] = max(key, furthest.get(game, key))
        if game not in past:
            past.append(game)


def test_player_samples_and_history_files_decode(real_data: Path) -> None:
    for record in json.loads((real_data / SAMPLES).read_text()):
        event = decoded(json.dumps(record), "capture")
        assert event.mismatch is None
        assert event.payload is not None
    for line in read_lines(real_data / "games_with_seeds.jsonl"):
        event = decoded(line, "history", "history.game")
        assert event.mismatch is None
        assert described(line, "history", "history.game").game_id == json.loads(line)["id"]


def test_legacy_rows_decode_or_are_called_undecodable(real_data: Path) -> None:
    damaged = ticks = 0
    for path in sorted((real_data / "legacy").glob("*.jsonl"))[:20]:
        for line in read_lines(path):
            try:
                name = "legacy." + json.loads(line)["type"]
            except ValueError:
                damaged += 1
                assert described(line, "legacy", "legacy.tick").packet_type == "undecodable"
                continue
            event = decoded(line, "legacy", name)
            assert event.mismatch is None
            ticks += isinstance(event.payload, LegacyTick)
    assert ticks > 1000
    assert damaged < ticks


def test_truncations_of_every_packet_kind_end_in_decode_errors(lines: list[str]) -> None:
    kinds = {plain(line)[0]: as_packet(line) for line in reversed(lines)}
    for packet in kinds.values():
        step = max(1, len(packet) // 200)
        for length in range(0, len(packet), step):
            ws = described(packet[:length])
            try:
                decode(ws)
            except DecodeError:
                continue
