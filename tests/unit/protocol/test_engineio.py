from __future__ import annotations

import pytest

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY, TEXT
from vectra_player.protocol import engineio


def test_a_polling_body_splits_into_its_exact_packets() -> None:
    body = '42["a"]\x1e2\x1ebAAEC'
    assert engineio.split_payload(body) == ['42["a"]', "2", "bAAEC"]
    assert engineio.join_payload(engineio.split_payload(body)) == body


def test_an_empty_body_holds_no_packet() -> None:
    assert engineio.split_payload("") == []


@pytest.mark.parametrize(("raw", "opcode"), [("AAEC", BINARY), ("bAAEC", TEXT)])
def test_binary_packets_decode_from_both_transports(raw: str, opcode: int) -> None:
    assert engineio.decode_binary(raw, opcode) == b"\x00\x01\x02"
    assert engineio.encode_binary(b"\x00\x01\x02", opcode) == raw
    assert engineio.packet_size(raw, opcode) == 3


def test_size_counts_utf8_bytes_of_text() -> None:
    assert engineio.packet_size('42["é"]', TEXT) == 8
    assert engineio.packet_size('42["\ud800"]', TEXT) == 9


def test_padding_does_not_count_as_payload() -> None:
    for length in range(6):
        raw = engineio.encode_binary(bytes(length), BINARY)
        assert engineio.packet_size(raw, BINARY) == length


def test_broken_base64_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        engineio.decode_binary("%%%", BINARY)
