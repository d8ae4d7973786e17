from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.live_support import (
    GAME,
    ME,
    NEXT,
    OTHER,
    T0,
    cooldown,
    event,
    fact_event,
    reset,
    rug,
    tick,
)

from vectra_player.foundation.messages import Message, encode
from vectra_player.foundation.normaliser import TYPES, Normaliser
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import Event, decode

PRICES = [1.0, 1.1, 1.2, 1.3, 0.02]
SEED = "ab" * 32


class Feed:
    """Normalises events one after the other; `sent` are all messages so far."""

    def __init__(self) -> None:
        self.normaliser = Normaliser()
        self.state = LiveState()
        self.sent: list[Message] = []

    def feed(self, told: Event) -> list[Message]:
        before, self.state = self.state, reduce(self.state, told)
        made = self.normaliser.feed(told, before, self.state)
        self.sent += made
        return made

    def game(self, *frames: dict[str, object]) -> list[Message]:
        return [
            message for frame in frames for message in self.feed(event("gameStateUpdate", frame))
        ]


def data(message: Message) -> dict[str, Any]:
    """What a client reads, after the envelope was encoded."""
    return dict(json.loads(encode(message, 1))["data"])


def only(messages: list[Message]) -> Message:
    (message,) = messages
    return message


@pytest.mark.parametrize(
    ("name", "payload", "kind"),
    [
        ("gameStateUpdate", tick(1, PRICES), "game.tick"),
        ("playerUpdate", {"id": ME, "cash": 1.5, "x": [None]}, "player.state"),
        ("usernameStatus", {"id": ME, "hasUsername": True}, "connection.authenticated"),
        ("standard/newTrade", {"type": "buy", "playerId": OTHER, "qty": 0.1}, "player.trade"),
        ("newTrade", {"type": "short_open", "amount": 0.1, "qty": 0}, "player.trade"),
        ("playerLeaderboardPosition", {"success": True, "rank": 3}, "player.leaderboard"),
        ("currentSidebet", {"startTick": 1, "betAmount": 0.01}, "sidebet.placed"),
        ("newSideBet", {"startTick": 1, "betAmount": 0.01}, "sidebet.placed"),
        ("currentSidebetResult", {"payout": 0.05, "profit": 0.04}, "sidebet.result"),
        ("newChatMessage", {"message": "hello", "role": None}, "raw.newChatMessage"),
        ("gameStatePlayerUpdate", {"gameId": GAME}, "raw.gameStatePlayerUpdate"),
        ("neverSeen", {"a": {"deep": [1, 2]}}, "raw.neverSeen"),
    ],
)
def test_each_wire_event_has_its_type_and_keeps_its_keys(
    name: str, payload: dict[str, Any], kind: str
) -> None:
    message = only(Feed().feed(event(name, payload)))
    assert message.type == kind
    sent = data(message)
    assert {key: sent.pop(key) for key in ("phase", "tick", "own")}.keys() == {
        "phase",
        "tick",
        "own",
    }
    assert sent == payload


def test_the_text_of_numbers_is_untouched() -> None:
    text = '42["gameStateUpdate",{"gameId":"g","active":true,"price":1.0000000000000002e0 ,"x":1}]'
    told = decode(describe(StoredFrame("s", 1, Frame(ts=T0, raw=text))))
    assert told is not None
    assert b'"price":1.0000000000000002e0 ,' in bytes(only(Feed().feed(told)).data)


def test_the_envelope_says_where_the_row_is() -> None:
    message = only(Feed().feed(event("newTrade", {"type": "buy", "gameId": GAME}, seq=7)))
    assert (message.src.session_id, message.src.seq, message.src.sub) == ("session", 7, 0)
    assert (message.ts, message.game_id) == (T0 // 1000, GAME)


def test_a_frame_that_is_not_recorded_has_no_source() -> None:
    raw = '42["newTrade",{"type":"buy"}]'
    told = decode(describe(StoredFrame("", 0, Frame(ts=T0, raw=raw))))
    assert told is not None
    assert only(Feed().feed(told)).src is None


def test_a_round_starts_rugs_and_is_settled_once() -> None:
    feed = Feed()
    entry = {
        "id": GAME,
        "timestamp": 1,
        "prices": PRICES,
        "peakMultiplier": 1.3,
        "provablyFair": {"serverSeed": SEED, "serverSeedHash": "cd"},
        "gameVersion": "v3",
    }
    old = {"id": "20251214-0000000000000000"}
    feed.game({**cooldown(100), "gameHistory": [old]})
    start = feed.game(tick(0, PRICES, provablyFair={"serverSeedHash": "cd"}))
    assert [m.type for m in start] == ["game.start", "game.tick"]
    assert data(start[0])["serverSeedHash"] == "cd"
    assert [m.src.sub for m in start if m.src] == [0, 1]
    feed.game(*(tick(n, PRICES) for n in (1, 2, 3)))
    ended = feed.game(rug(PRICES))
    assert [m.type for m in ended] == ["game.tick", "game.rug"]
    told = data(ended[1])
    assert (told["rugTick"], told["price"], told["peak"], told["complete"]) == (4, 0.02, 1.3, True)
    settled = feed.game({**reset([]), "gameHistory": [entry, old]})
    assert [m.type for m in settled] == ["game.tick", "game.settled"]
    told = data(settled[1])
    assert (settled[1].game_id, told["serverSeed"], told["serverSeedHash"]) == (GAME, SEED, "cd")
    assert (told["peak"], told["rugTick"]) == (1.3, 4)
    again = feed.game({**cooldown(14900), "gameHistory": [entry, old]})
    assert [m.type for m in again] == ["game.tick"]


def test_a_game_without_prices_is_settled_with_the_rug_tick_that_was_seen() -> None:
    feed = Feed()
    feed.game({**cooldown(100), "gameHistory": [{"id": "20251214-0000000000000000"}]})
    feed.game(tick(3, PRICES), rug(PRICES))
    entry = {"id": GAME, "peakMultiplier": 1.3, "provablyFair": {"serverSeed": SEED}}
    settled = feed.game({**reset([]), "gameHistory": [entry, {"id": "20251214-0000000000000000"}]})
    assert data(settled[-1])["rugTick"] == 4


def test_games_revealed_while_we_were_away_are_all_told_oldest_first() -> None:
    feed = Feed()
    feed.game({**tick(1, PRICES), "gameHistory": [{"id": "a"}]})
    made = feed.game({**tick(1, PRICES, NEXT), "gameHistory": [{"id": i} for i in "dcba"]})
    assert [m.game_id for m in made if m.type == "game.settled"] == ["b", "c", "d"]


def test_what_was_going_on_when_we_joined_did_not_happen_now() -> None:
    made = Feed().game({**tick(3, PRICES), "gameHistory": [{"id": "a"}]})
    assert [m.type for m in made] == ["game.tick"]


def test_own_marks_what_concerns_the_account() -> None:
    feed = Feed()
    theirs = {"type": "buy", "playerId": ME}
    assert data(only(feed.feed(event("newTrade", theirs))))["own"] is False
    feed.feed(event("usernameStatus", {"id": ME}))
    for name, payload, own in (
        ("newTrade", {"type": "buy", "playerId": ME}, True),
        ("newTrade", {"type": "buy", "playerId": OTHER}, False),
        ("newSideBet", {"playerId": ME}, True),
        ("newSideBet", {"playerId": OTHER}, False),
        ("currentSidebetResult", {"payout": 0}, True),
        ("playerLeaderboardPosition", {"playerEntry": {"playerId": ME}}, True),
    ):
        assert data(only(feed.feed(event(name, payload))))["own"] is own, (name, payload)


def test_requests_and_their_answers_travel_raw() -> None:
    sent = event("buyOrder", {"amount": 0.01}, direction="sent")
    message = only(Feed().feed(sent))
    assert message.type == "raw.buyOrder"
    assert data(message) | {"amount": 0.01, "direction": "sent", "own": True} == data(message)
    told = decode(describe(StoredFrame("s", 1, Frame(ts=T0, raw='4329[{"success":true}]'))))
    assert told is not None
    answer = only(Feed().feed(told))
    assert answer.type == "raw.ack"
    assert data(answer) | {"success": True, "ackId": 29} == data(answer)


@pytest.mark.parametrize("payload", [None, [1, 2], "text", 5, True])
def test_a_payload_that_is_no_object_travels_under_value(payload: object) -> None:
    message = only(Feed().feed(event("odd", payload)))
    assert message.type == "raw.odd"
    assert data(message)["value"] == payload


def test_a_known_event_with_a_wrong_field_travels_raw_and_is_counted() -> None:
    feed = Feed()
    feed.game(tick(1, PRICES))
    message = only(feed.game({"gameId": 5, "price": "high"}))
    assert message.type == "raw.gameStateUpdate"
    assert data(message)["price"] == "high"
    assert "str" in data(message)["mismatch"]
    assert feed.normaliser.malformed == 1
    assert only(feed.game(tick(2, PRICES))).type == "game.tick"


def test_a_key_of_ours_on_the_wire_stays_as_the_server_sent_it() -> None:
    message = only(Feed().feed(event("neverSeen", {"tick": "theirs", "own": 1})))
    assert bytes(message.data).count(b'"tick"') == 1
    assert data(message) == {"tick": "theirs", "own": 1, "phase": "UNKNOWN"}


def test_a_frame_of_an_earlier_game_tells_its_own_moment() -> None:
    feed = Feed()
    feed.game(tick(3, PRICES), tick(1, PRICES, NEXT))
    late = only(feed.game(tick(2, PRICES)))
    assert (late.game_id, data(late)["tick"], data(late)["phase"]) == (GAME, 2, "LIVE")


def test_facts_become_connection_gap_and_recording() -> None:
    feed = Feed()
    connected = only(feed.feed(fact_event("connected", {"socket_id": "a"})))
    assert (connected.type, data(connected)["connected"]) == ("connection", True)
    assert data(connected)["detail"] == {"socket_id": "a"}
    lost = only(feed.feed(fact_event("disconnected", {"socket_id": "a", "reason": "gone"})))
    assert (lost.type, data(lost)["connected"]) == ("connection", False)
    gap = only(feed.feed(fact_event("gap", {"from": 1, "to": 2, "missing": "all"})))
    assert (gap.type, data(gap)) == (
        "gap",
        {"from": 1, "to": 2, "missing": "all", "scope": "capture"},
    )
    started = only(feed.feed(fact_event("started", {"source": "demo"})))
    assert (started.type, data(started)["recording"]) == ("recording", True)
    assert data(started)["session_id"] == "session"
    assert only(feed.feed(fact_event("newKind", {"a": 1}))).type == "raw.vectra.newKind"


def test_a_row_of_the_earlier_recorder_reads_like_a_tick() -> None:
    row = {"game_id": GAME, "tick": 3, "price": 1.2, "active": True, "rugged": False, "phase": "X"}
    frame = Frame(
        ts=T0, raw=json.dumps(row), raw_format="legacy", event_name="legacy.tick", source="import"
    )
    told = decode(describe(StoredFrame("s", 1, frame)))
    assert told is not None
    message = only(Feed().feed(told))
    assert (message.type, message.game_id) == ("game.tick", GAME)
    sent = data(message)
    assert (sent["tickCount"], sent["price"], sent["phase"], sent["tick"]) == (3, 1.2, "LIVE", 3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["tick", "own", "phase"]), inner)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*TYPES, "unknown"]), json_values, st.sampled_from(["sent", "received"]))
def test_whatever_arrives_gives_one_valid_message_that_holds_it(
    name: str, payload: Any, direction: Any
) -> None:
    told = event(name, payload, direction=direction)
    made = Feed().feed(told)
    wire = [m for m in made if not m.type.startswith("game.") or m.type == "game.tick"]
    sent = data(only(wire))
    if isinstance(payload, dict):
        assert {key: sent[key] for key in payload} == payload
    elif '"__trace"' not in json.dumps(payload):
        assert sent["value"] == payload


def expected_type(name: str, payload: Any) -> str:
    """The table of contracts.md section 6, written down a second time."""
    table = {
        "gameStateUpdate": "game.tick",
        "playerUpdate": "player.state",
        "usernameStatus": "connection.authenticated",
        "standard/newTrade": "player.trade",
        "playerLeaderboardPosition": "player.leaderboard",
        "currentSidebet": "sidebet.placed",
        "newSideBet": "sidebet.placed",
        "currentSidebetResult": "sidebet.result",
    }
    return table.get(name, f"raw.{name}") if payload is not None else f"raw.{name}"


def capture_records(path: Path) -> Iterable[tuple[str, str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        name = record.get("event", record.get("event_type"))
        payload = record["data"]
        if isinstance(payload, list) and payload and "__trace" in str(payload[0]):
            payload = payload[-1]
        yield line, name, payload


@pytest.mark.real_data
@pytest.mark.parametrize(
    "file", ["2025-12-14_20-17-10_raw.jsonl", "websocket_raw_samples.part1.jsonl"]
)
def test_every_record_of_a_real_capture_is_told_whole(real_data: Path, file: str) -> None:
    feed, expected = Feed(), Counter[str]()
    started, rugged = set[str](), set[str]()
    for seq, (line, name, payload) in enumerate(capture_records(real_data / file), 1):
        frame = Frame(ts=T0 + seq, raw=line, raw_format="capture", event_name=name, source="import")
        told = decode(describe(StoredFrame("capture", seq, frame)))
        assert told is not None
        made = feed.feed(told)
        expected[expected_type(name, payload)] += 1
        (wire,) = (m for m in made if m.type == expected_type(name, payload))
        sent = data(wire)
        added = {key: sent.pop(key) for key in ("phase", "tick", "own")}
        assert sent == (payload if isinstance(payload, dict) else {"value": payload})
        assert added["phase"] in {"UNKNOWN", "COOLDOWN", "BETTING", "LIVE", "RUGGED"}
        assert [m.src.sub for m in made if m.src] == list(range(len(made)))
        if name == "gameStateUpdate":
            (rugged if payload.get("rugged") else set()).add(payload["gameId"])
            first = payload.get("tickCount") == 0 and payload.get("active")
            (started if first else set()).add(payload["gameId"])
    counted = Counter(message.type for message in feed.sent)
    settled = counted.pop("game.settled", 0)
    turns = Counter({"game.start": len(started), "game.rug": len(rugged)})
    assert counted == +(expected + turns)
    assert feed.normaliser.malformed == 0
    assert settled == len(rugged)
    assert msgspec.json.decode(encode(feed.sent[0], 1))["seq"] == 1
