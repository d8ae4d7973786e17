"""A row that was sent is the same row where it arrives; what is no row is refused."""

from __future__ import annotations

import json

import pytest
import zstandard
from tests.store_support import make_frame

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY, Frame, StoredFrame, fact
from vectra_player.outlet.messages import (
    ENCODING_HEADER,
    LONGEST_BYTES,
    Message,
    key_of,
    to_frame,
    to_message,
    to_row,
)
from vectra_player.protocol.describe import describe

ROOMY = 1 << 20

FRAMES = {
    "an event": make_frame(1, raw='42["tick",{"price":1.0000000000000002}]'),
    "an acknowledged event": make_frame(1, raw='4217["sell",{}]', direction="sent"),
    "a ping": make_frame(1, raw="2"),
    "nothing": make_frame(1, raw=""),
    "no packet": make_frame(1, raw="\x00￿ é 🎲"),
    "binary": make_frame(1, raw="AAEC", opcode=BINARY),
    "a poll": make_frame(1, transport="polling", source="cdp"),
    "a fact": fact("gap", {"missing": "1"}, ts=5, source="demo", origin="o"),
    "a time before all": make_frame(1, ts=-62_135_596_800_000_000),
    "a record": make_frame(1, raw='{"a":1}', raw_format="capture", event_name="e", source="import"),
}


def message_of(frame: Frame, max_bytes: int = ROOMY) -> Message:
    message = to_message(describe(StoredFrame("session", 7, frame)), max_bytes)
    assert message is not None
    return message


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("max_bytes", [ROOMY, 420])
def test_the_row_that_arrives_is_the_row_that_was_sent(name: str, max_bytes: int) -> None:
    row = describe(StoredFrame("session", 7, FRAMES[name]))
    message = to_message(row, max_bytes)
    assert message is not None
    came = to_row(message.body, message.headers)
    assert came == row
    assert describe(StoredFrame("session", 7, to_frame(came))) == row


def test_the_key_is_session_and_seq_and_the_subject_names_the_session() -> None:
    message = message_of(make_frame())
    assert message.key == key_of("session", 7) == "session/7"
    assert message.subject == "vectra.events.session"
    assert json.loads(message.body)["raw"] == make_frame().raw


def test_a_row_is_packed_only_where_the_broker_would_not_take_it_plain() -> None:
    frame = make_frame(raw="x" * 5_000)
    assert ENCODING_HEADER not in message_of(frame, 10_000).headers
    packed = message_of(frame, 2_000)
    assert packed.headers[ENCODING_HEADER] == "zstd"
    assert len(packed.body) < 2_000


def test_a_row_that_is_too_long_even_packed_is_not_sent() -> None:
    row = describe(StoredFrame("session", 7, make_frame()))
    assert to_message(row, 20) is None


def changed(**fields: object) -> bytes:
    value = json.loads(message_of(make_frame()).body)
    return json.dumps({**value, **fields}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        changed(session_id="../../etc/passwd"),
        changed(session_id=""),
        changed(seq=0),
        changed(seq=-1),
        changed(seq=2**62),
        changed(source="elsewhere"),
        changed(direction="up"),
        changed(ts="today"),
        changed(raw=None),
    ],
)
def test_what_is_no_row_of_ours_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        to_row(body, {})


def test_what_unpacks_to_more_than_any_packet_is_refused_unread() -> None:
    bomb = zstandard.ZstdCompressor().compress(b"\0" * (LONGEST_BYTES + 1))
    for body in (bomb, b"no frame", zstandard.ZstdCompressor().compressobj().flush()):
        with pytest.raises(DecodeError):
            to_row(body, {ENCODING_HEADER: "zstd"})
    with pytest.raises(DecodeError):
        to_row(b"{}", {ENCODING_HEADER: "rot13"})
