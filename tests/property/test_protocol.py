"""Round trips and hostile input for the protocol package.

VECTRA_EXAMPLES raises the number of examples of each property, for a release.
"""

from __future__ import annotations

import json
import os
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY, TEXT, Frame, StoredFrame
from vectra_player.protocol import engineio, socketio
from vectra_player.protocol.describe import describe
from vectra_player.protocol.game_payloads import GameState
from vectra_player.protocol.phases import GamePhase, Round, advance
from vectra_player.protocol.redact import scrub
from vectra_player.protocol.rugs import decode

FAST = settings(max_examples=int(os.environ.get("VECTRA_EXAMPLES", "200")), deadline=None)

names = st.sampled_from(["token", "privy:token", "note", "password", "cookie", "apiKey", "x", "id"])
texts = st.text(max_size=12) | st.sampled_from(
    ['a"b', "tok\\en", "Bearer abcdef99", "?token=abc&x=1", "eyJhbGciOiJ9.e30.abc", '{"token":"q"}']
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=3),
    max_leaves=10,
)
packets = st.builds(
    socketio.Packet,
    type=st.sampled_from(["event", "ack", "connect", "connect_error"]),
    data=values.map(lambda value: json.dumps([value])),
    namespace=st.just("/") | st.text(string.ascii_lowercase, min_size=1).map("/".__add__),
    ack_id=st.none() | st.integers(0, 10**17),
)
fragments = st.sampled_from(
    [
        *(
            "42",
            "43",
            "45",
            "4",
            "0",
            "2probe",
            "[",
            "]",
            "{",
            "}",
            '"',
            "\\",
            ":",
            ",",
            "1-",
            "/a,",
        ),
        *('"gameStateUpdate"', '"gameId"', '"token":', "null", "1e999", "NaN", "token=", "\x1e"),
        *("authenticate", '"authenticate",', "-----BEGIN", "Bearer ", "eyJabcdefghi", "9" * 400),
        *('"event":', '"data":', "b", "é", "-1", "\ud800", "\\u0074oken"),
    ]
)
hostile = st.lists(fragments | st.text(max_size=3), max_size=12).map("".join)
formats = st.sampled_from(["engineio", "capture", "legacy", "history", "fact"])
kinds = st.sampled_from(["", "gameStateUpdate", "legacy.tick", "history.game", "vectra.gap"])


@FAST
@given(packets)
def test_packets_survive_the_wire(packet: socketio.Packet) -> None:
    assert socketio.parse(socketio.encode(packet)) == packet


@FAST
@given(st.lists(st.text(st.characters(exclude_characters="\x1e"), min_size=1), max_size=5))
def test_polling_bodies_survive_the_wire(parts: list[str]) -> None:
    assert engineio.split_payload(engineio.join_payload(parts)) == parts


@FAST
@given(st.binary(max_size=64), st.sampled_from([TEXT, BINARY]))
def test_binary_packets_survive_the_wire(payload: bytes, opcode: int) -> None:
    raw = engineio.encode_binary(payload, opcode)
    assert engineio.decode_binary(raw, opcode) == payload
    assert engineio.packet_size(raw, opcode) == len(payload)


@FAST
@given(st.text(max_size=20), st.lists(values, max_size=3))
def test_events_survive_the_wire(name: str, args: list[object]) -> None:
    ws = describe(StoredFrame("s", 1, Frame(ts=1, raw="42" + json.dumps([name, *args]))))
    event = decode(ws)
    assert ws.event_name == name
    assert event is not None
    if not args or "__trace" not in str(args):
        assert event.value() == (args[-1] if args else None)


@FAST
@given(hostile, formats, kinds, st.sampled_from([TEXT, BINARY]))
def test_hostile_records_raise_decode_errors_only(
    raw: str, raw_format: str, name: str, opcode: int
) -> None:
    frame = Frame(ts=1, raw=raw, raw_format=raw_format, event_name=name, opcode=opcode)  # type: ignore[arg-type]
    ws = describe(StoredFrame("s", 1, scrub(frame)))
    for assembler in (None, socketio.Assembler()):
        try:
            event = decode(ws, assembler)
            if event is not None:
                event.value()
        except DecodeError:
            continue


@FAST
@given(hostile)
def test_scrubbing_hostile_text_is_idempotent(raw: str) -> None:
    once = scrub(Frame(ts=1, raw=raw, raw_format="fact"))
    assert scrub(once) == once


@FAST
@given(values, st.booleans())
def test_scrubbed_json_stays_json(value: object, ascii_only: bool) -> None:
    raw = json.dumps({"v": value, "again": json.dumps(value)}, ensure_ascii=ascii_only)
    once = scrub(Frame(ts=1, raw=raw, raw_format="fact"))
    json.loads(once.raw)
    assert scrub(once) == once


@FAST
@given(values)
def test_a_canary_under_a_secret_name_never_survives(value: object) -> None:
    canary = "CANARYxyz"
    tree = {"a": value, "privy:token": canary, "body": json.dumps({"b": value, "secret": canary})}
    assert canary not in scrub(Frame(ts=1, raw="42" + json.dumps(["x", tree]))).raw


frames = st.builds(
    GameState,
    game_id=st.sampled_from(["g1", "g2", "g3"]),
    active=st.none() | st.booleans(),
    rugged=st.none() | st.booleans(),
    cooldown_timer=st.none() | st.integers(0, 150).map((100).__mul__),
    allow_pre_round_buys=st.none() | st.booleans(),
    tick_count=st.none() | st.integers(0, 9),
)


@FAST
@given(st.lists(frames, max_size=20))
def test_a_round_never_returns_to_an_earlier_game(updates: list[GameState]) -> None:
    state, left = Round(), set[str | None]()
    for update in updates:
        before = state.fields.game_id
        state = advance(state, update)
        if state.fields.game_id != before:
            left.add(before)
        assert state.fields.game_id not in left
        assert state.phase is not GamePhase.UNKNOWN or state.fields.active is None
