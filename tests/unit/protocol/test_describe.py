from __future__ import annotations

from collections.abc import Callable

import pytest

from vectra_player.model.frame import BINARY
from vectra_player.model.rows import WsEvent

Make = Callable[..., WsEvent]

GAME = "20251215-3c3ebc6051054e71"
TRACE_ID = "8bd73008ccac9487ac7c97d69679d5ed"
TRACE = {"__trace": True, "traceparent": f"00-{TRACE_ID}-7365549278738270-01"}


@pytest.mark.parametrize(
    ("raw", "packet_type"),
    [
        ("0{}", "open"),
        ("1", "close"),
        ("2", "ping"),
        ("2probe", "ping"),
        ("3probe", "pong"),
        ("40{}", "connect"),
        ("41", "disconnect"),
        ('42["a"]', "event"),
        ("431[]", "ack"),
        ("44{}", "connect_error"),
        ('451-["a",{"_placeholder":true,"num":0}]', "binary_event"),
        ("461-1[]", "binary_ack"),
        ("5", "upgrade"),
        ("6", "noop"),
        ("bAAEC", "binary"),
        ("", "undecodable"),
        ("9", "undecodable"),
        ("4", "undecodable"),
        ("42[", "undecodable"),
        ("42[]", "undecodable"),
        ("42[1]", "undecodable"),
        ('42{"a":1}', "undecodable"),
        ("4517-[]", "undecodable"),
        ("431{", "undecodable"),
    ],
)
def test_every_packet_gets_its_type(make_ws: Make, raw: str, packet_type: str) -> None:
    assert make_ws(raw).packet_type == packet_type


def test_the_row_keeps_what_the_frame_says(make_ws: Make) -> None:
    ws = make_ws('42["x"]', direction="sent", transport="websocket", source="cdp")
    assert (ws.session_id, ws.seq, ws.ts) == ("session", 7, 1_700_000_000_000_000)
    assert (ws.direction, ws.transport, ws.source) == ("sent", "websocket", "cdp")
    assert (ws.socket_id, ws.origin, ws.raw, ws.size_bytes) == ("s1", "127.0.0.1:1", '42["x"]', 7)


def test_a_traced_trade_names_its_player_and_trace(make_event: Make) -> None:
    trade = {"id": "t", "gameId": GAME, "playerId": "did:p", "username": "ann", "type": "buy"}
    ws = make_event("standard/newTrade", TRACE, trade)
    assert (ws.event_name, ws.namespace) == ("standard/newTrade", "/")
    assert (ws.game_id, ws.player_id, ws.username) == (GAME, "did:p", "ann")
    assert ws.trace_id == TRACE_ID


def test_a_lone_trace_is_not_taken_for_a_payload(make_event: Make) -> None:
    ws = make_event("checkUsername", {**TRACE, "gameId": "not a payload"})
    assert ws.trace_id == TRACE_ID
    assert ws.game_id is None


def test_the_game_of_a_frame_is_not_that_of_a_nested_bet(make_event: Make) -> None:
    ws = make_event("gameStateUpdate", {"leaderboard": [{"gameId": "old"}], "gameId": GAME})
    assert ws.game_id == GAME
    assert ws.player_id is None


@pytest.mark.parametrize("name", ["playerUpdate", "usernameStatus"])
def test_the_id_of_an_account_event_is_the_player(make_event: Make, name: str) -> None:
    ws = make_event(name, {"id": "did:me", "username": "me"})
    assert (ws.player_id, ws.username) == ("did:me", "me")


def test_the_id_of_any_other_event_is_not_a_player(make_event: Make) -> None:
    assert make_event("goldenHourDrawing", {"id": "draw"}).player_id is None


def test_fields_of_other_types_become_null(make_event: Make) -> None:
    ws = make_event("x", {"gameId": 5, "playerId": [], "username": {}, "id": None})
    assert ws.packet_type == "event"
    assert (ws.game_id, ws.player_id, ws.username) == (None, None, None)


def test_namespace_and_ack_id_are_columns(make_event: Make) -> None:
    ws = make_event("a", head="42/chat,12")
    assert (ws.namespace, ws.ack_id, ws.event_name) == ("/chat", 12, "a")
    assert make_event("a", head="432").ack_id == 2


def test_a_broken_event_keeps_the_name_it_shows(make_ws: Make) -> None:
    ws = make_ws('42["gameStateUpdate",{"gameId":')
    assert (ws.packet_type, ws.event_name) == ("undecodable", "gameStateUpdate")


def test_a_packet_above_4_mib_is_named_by_its_prefix(make_ws: Make) -> None:
    ws = make_ws('42["huge",' + "x" * (4 * 1024 * 1024))
    assert (ws.packet_type, ws.event_name, ws.game_id) == ("event", "huge", None)


def test_binary_size_is_that_of_the_payload(make_ws: Make) -> None:
    ws = make_ws("AAE=", opcode=BINARY)
    assert (ws.packet_type, ws.size_bytes, ws.event_name) == ("binary", 2, None)


def test_a_fact_is_named_by_its_frame(make_ws: Make) -> None:
    ws = make_ws('{"game_id":"g","x":1}', raw_format="fact", event_name="vectra.gap")
    assert (ws.packet_type, ws.event_name, ws.game_id) == ("fact", "vectra.gap", "g")


@pytest.mark.parametrize("key", ["event", "event_type"])
def test_both_capture_spellings_name_the_event(make_ws: Make, key: str) -> None:
    raw = f'{{"{key}":"standard/newTrade","data":[{{"__trace":true}},{{"gameId":"g"}}]}}'
    ws = make_ws(raw, raw_format="capture")
    assert (ws.packet_type, ws.event_name, ws.game_id) == ("record", "standard/newTrade", "g")


def test_records_of_other_files_name_their_game(make_ws: Make) -> None:
    ws = make_ws('{"type":"tick","game_id":"g"}', raw_format="legacy", event_name="legacy.tick")
    assert (ws.packet_type, ws.event_name, ws.game_id) == ("record", "legacy.tick", "g")
    ws = make_ws('{"id":"g"}', raw_format="history", event_name="history.game")
    assert (ws.packet_type, ws.game_id) == ("record", "g")


@pytest.mark.parametrize("raw_format", ["fact", "capture", "legacy", "history"])
def test_a_broken_record_is_undecodable(make_ws: Make, raw_format: str) -> None:
    ws = make_ws('{"type": "ti{"', raw_format=raw_format, event_name="n")
    assert (ws.packet_type, ws.event_name) == ("undecodable", "n")


@pytest.mark.parametrize("raw_format", ["fact", "capture", "legacy", "history"])
def test_a_record_above_4_mib_keeps_its_name_only(make_ws: Make, raw_format: str) -> None:
    raw = '{"game_id":"g","id":"g","data":{"gameId":"g"},"x":"' + "x" * (4 * 1024 * 1024) + '"}'
    ws = make_ws(raw, raw_format=raw_format, event_name="n")
    assert (ws.event_name, ws.game_id) == ("n", None)
    assert ws.packet_type == ("fact" if raw_format == "fact" else "record")


def test_a_broken_packet_with_an_impossible_name_has_none(make_ws: Make) -> None:
    assert make_ws('42["\\x",{').event_name is None
