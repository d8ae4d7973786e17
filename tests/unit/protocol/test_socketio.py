from __future__ import annotations

import msgspec
import pytest

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY, TEXT
from vectra_player.protocol import engineio, socketio
from vectra_player.protocol.socketio import Assembler, Packet, parse

HEADER = '451-["upload",{"_placeholder":true,"num":0}]'


@pytest.mark.parametrize(
    ("raw", "packet"),
    [
        ('40{"sid":"x"}', Packet("connect", '{"sid":"x"}')),
        ("40/chat,", Packet("connect", "", "/chat")),
        ("41/chat", Packet("disconnect", "", "/chat")),
        ('42["a",1]', Packet("event", '["a",1]')),
        ('42146["a"]', Packet("event", '["a"]', ack_id=146)),
        ('42/chat,12["a"]', Packet("event", '["a"]', "/chat", 12)),
        ("4329[{}]", Packet("ack", "[{}]", ack_id=29)),
        ('44{"message":"no"}', Packet("connect_error", '{"message":"no"}')),
        (HEADER, Packet("binary_event", HEADER[4:], attachments=1)),
        ("462-/x,7[]", Packet("binary_ack", "[]", "/x", 7, 2)),
    ],
)
def test_every_prefix_is_read_and_written_back(raw: str, packet: Packet) -> None:
    assert parse(raw) == packet
    if raw != "41/chat":  # the comma may be left out at the end; we always write it
        assert socketio.encode(packet) == raw


@pytest.mark.parametrize("raw", ["", "4", "2", "47[]", "421-[]", "45[]", "4517-[]", "x"])
def test_what_is_no_packet_is_a_decode_error(raw: str) -> None:
    with pytest.raises(DecodeError):
        parse(raw)


def test_nesting_ignores_brackets_and_quotes_inside_strings() -> None:
    text = "[" + ",".join(['"[[[[\\"]]{"'] * 40) + ",[[]]]"
    assert socketio.nesting(text) == 3


def test_text_nested_deeper_than_the_limit_is_refused() -> None:
    socketio.check_limits("[" * 64 + "]" * 64)
    with pytest.raises(DecodeError, match="nested"):
        socketio.check_limits("[" * 65 + "]" * 65)


def test_text_above_4_mib_is_refused() -> None:
    with pytest.raises(DecodeError, match="4 MiB"):
        socketio.check_limits('"' + "x" * engineio.MAX_DECODED_BYTES + '"')


def test_attachments_join_their_header() -> None:
    assembler = Assembler()
    assert assembler.feed(HEADER, TEXT) is None
    packet = assembler.feed("AAEC", BINARY)
    assert packet == Packet("event", '["upload",{"base64":"AAEC"}]')
    assert assembler == Assembler()


def test_engine_packets_between_header_and_attachment_change_nothing() -> None:
    assembler = Assembler()
    assembler.feed(HEADER, TEXT)
    assert assembler.feed("2", TEXT) is None
    assert assembler.feed("bAAEC", TEXT) is not None


def test_a_half_joined_packet_survives_serialisation() -> None:
    assembler = Assembler()
    assembler.feed('452-["u",{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]', TEXT)
    assembler.feed("AAEC", BINARY)
    again = msgspec.json.decode(msgspec.json.encode(assembler), type=Assembler)
    packet = again.feed("Aw==", BINARY)
    assert packet is not None
    assert packet.data == '["u",{"base64":"Aw=="},{"base64":"AAEC"}]'


def test_a_text_packet_in_place_of_an_attachment_is_an_error_once() -> None:
    assembler = Assembler()
    assembler.feed(HEADER, TEXT)
    with pytest.raises(DecodeError, match="in place"):
        assembler.feed('42["a"]', TEXT)
    assert assembler.feed('42["a"]', TEXT) == Packet("event", '["a"]')


def test_an_attachment_nobody_announced_is_an_error() -> None:
    with pytest.raises(DecodeError, match="announced"):
        Assembler().feed("AAEC", BINARY)


def test_a_placeholder_without_attachment_is_an_error() -> None:
    assembler = Assembler()
    assembler.feed('451-["u",{"_placeholder":true,"num":9}]', TEXT)
    with pytest.raises(DecodeError, match="placeholder 9"):
        assembler.feed("AAEC", BINARY)


def test_attachments_above_the_limit_are_dropped_from_memory() -> None:
    assembler = Assembler()
    assembler.feed(HEADER.replace("451", "452"), TEXT)
    assembler.feed("A" * 4_000_000, BINARY)
    with pytest.raises(DecodeError, match="4 MiB"):
        assembler.feed("A" * 4_000_000, BINARY)
    assert assembler == Assembler()


def test_a_binary_header_without_attachments_is_complete() -> None:
    assert Assembler().feed('450-["a"]', TEXT) == Packet("event", '["a"]')


def test_unbalanced_text_counts_its_open_brackets() -> None:
    assert socketio.nesting("[" * 70 + "]") > socketio.MAX_DEPTH
