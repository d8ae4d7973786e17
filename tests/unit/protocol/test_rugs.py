from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import UNSET

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.game_payloads import (
    GameState,
    LegacyTick,
    NewTrade,
    SidebetEvent,
    history_entries,
)
from vectra_player.protocol.player_payloads import Ack, BuyOrder, PingRequest, PlayerUpdate
from vectra_player.protocol.rugs import decode
from vectra_player.protocol.socketio import Assembler

Make = Callable[..., WsEvent]

TRACE = {"__trace": True, "traceparent": "00-8bd73008ccac9487ac7c97d69679d5ed-7365549278738270-01"}


def test_the_payload_is_the_last_argument(make_event: Make) -> None:
    event = decode(make_event("standard/newTrade", TRACE, {"type": "buy", "price": 1.25}))
    assert event is not None
    assert event.payload == NewTrade(type="buy", price=1.25)
    assert event.value() == {"type": "buy", "price": 1.25}
    assert (event.kind, event.seq, event.trace_id) == ("event", 7, TRACE["traceparent"][3:35])


@pytest.mark.parametrize("args", [(), (TRACE,)])
def test_no_argument_and_a_lone_trace_are_no_payload(make_event: Make, args: tuple[object]) -> None:
    event = decode(make_event("gameStateUpdate", *args))
    assert event is not None
    assert (event.payload, event.data, event.mismatch) == (None, b"null", None)


def test_an_unknown_event_keeps_its_exact_data(make_ws: Make) -> None:
    event = decode(make_ws('42["pinpointParty",{"a": 1.50}]'))
    assert event is not None
    assert (event.name, event.payload, event.data) == ("pinpointParty", None, b'{"a": 1.50}')


def test_a_field_of_another_type_is_a_mismatch_not_an_error(make_event: Make) -> None:
    event = decode(make_event("gameStateUpdate", {"gameId": "g", "price": "high"}))
    assert event is not None
    assert event.payload is None
    assert "price" in str(event.mismatch)
    assert event.value()["price"] == "high"


def test_requests_have_their_own_payloads(make_event: Make) -> None:
    event = decode(make_event("buyOrder", TRACE, {"amount": 0.001}, head="4229", direction="sent"))
    assert event is not None
    assert (event.payload, event.ack_id, event.direction) == (BuyOrder(amount=0.001), 29, "sent")
    ping = decode(make_event("ping", {"lastPing": 1.5}, head="423", direction="sent"))
    assert ping is not None
    assert ping.payload == PingRequest(last_ping=1.5)


def test_an_ack_has_no_name_and_its_first_argument(make_ws: Make) -> None:
    event = decode(make_ws('43146[{"success":true,"sidebet":{"startTick":5}}]'))
    assert event is not None
    assert (event.kind, event.name, event.ack_id) == ("ack", "", 146)
    assert event.payload == Ack(success=True, sidebet=SidebetEvent(start_tick=5))


def test_an_empty_ack_has_null_data(make_ws: Make) -> None:
    event = decode(make_ws("4358[]"))
    assert event is not None
    assert (event.payload, event.data) == (None, b"null")


@pytest.mark.parametrize("raw", ["2", "3probe", "0{}", "40{}", "41", "44{}", "6", "bAAEC"])
def test_packets_that_are_no_event_give_none(make_ws: Make, raw: str) -> None:
    assert decode(make_ws(raw)) is None


@pytest.mark.parametrize("raw", ["", "42[", "42[]", "42[1]", "431{", "47", '42["a",{"b":NaN}]'])
def test_malformed_packets_raise(make_ws: Make, raw: str) -> None:
    with pytest.raises(DecodeError):
        decode(make_ws(raw))


def test_a_packet_above_4_mib_raises(make_ws: Make) -> None:
    with pytest.raises(DecodeError, match="4 MiB"):
        decode(make_ws('42["a","' + "x" * (4 * 1024 * 1024) + '"]'))


def test_a_packet_deeper_than_64_raises(make_ws: Make) -> None:
    with pytest.raises(DecodeError, match="nested"):
        decode(make_ws('42["a",' + "[" * 70 + "]" * 70 + "]"))


def test_a_binary_event_comes_out_at_its_last_attachment(make_ws: Make) -> None:
    assembler = Assembler()
    assert decode(make_ws('451-["u",{"_placeholder":true,"num":0}]'), assembler) is None
    event = decode(make_ws("AAEC", opcode=BINARY), assembler)
    assert event is not None
    assert (event.name, event.value()) == ("u", {"base64": "AAEC"})


def test_null_and_absent_differ_where_null_says_something(make_event: Make) -> None:
    event = decode(
        make_event("playerUpdate", {"id": "me", "shortPosition": None, "cumulativePnL": 2})
    )
    assert event is not None
    assert isinstance(event.payload, PlayerUpdate)
    assert event.payload.short_position is None
    assert event.payload.side_bet is UNSET
    assert event.payload.cumulative_pnl == 2.0


def test_facts_and_records_decode(make_ws: Make) -> None:
    fact = decode(make_ws('{"a":1}', raw_format="fact", event_name="vectra.gap"))
    assert fact is not None
    assert (fact.kind, fact.name, fact.value()) == ("fact", "vectra.gap", {"a": 1})
    raw = '{"type":"tick","game_id":"g","tick":3,"price":1,"phase":"PRESALE"}'
    row = decode(make_ws(raw, raw_format="legacy", event_name="legacy.tick"))
    assert row is not None
    assert row.payload == LegacyTick(game_id="g", tick=3, price=1.0, phase="PRESALE")


@pytest.mark.parametrize("raw_format", ["fact", "capture", "legacy", "history"])
def test_broken_records_raise(make_ws: Make, raw_format: str) -> None:
    with pytest.raises(DecodeError):
        decode(make_ws('{"a', raw_format=raw_format, event_name="n"))


def test_a_recorded_lone_trace_has_no_payload(make_ws: Make) -> None:
    raw = '{"event":"newChatMessage","data":{"__trace":true,"traceparent":"00-aa-bb-01"}}'
    event = decode(make_ws(raw, raw_format="capture"))
    assert event is not None
    assert (event.name, event.payload, event.data) == ("newChatMessage", None, b"null")


def test_history_with_a_wrong_type_raises_only_when_asked_for(make_event: Make) -> None:
    event = decode(make_event("gameStateUpdate", {"gameId": "g", "gameHistory": [{"id": 5}]}))
    assert event is not None
    assert isinstance(event.payload, GameState)
    with pytest.raises(DecodeError, match="gameHistory"):
        history_entries(event.payload)


def test_a_frame_without_history_has_no_entries() -> None:
    assert history_entries(GameState(game_id="g")) == []
