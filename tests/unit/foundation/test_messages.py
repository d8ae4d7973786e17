"""The envelope and its frame."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw
from tests.feed_support import make_tick, split_frames

from vectra_player.foundation.messages import Message, Packed, Source, encode, text_frame


def test_the_envelope_has_the_fields_of_the_contract() -> None:
    message = Message("game.tick", 7, "g", {"tick": 1}, Source("s", 4, 2))
    assert json.loads(encode(message, 141)) == {
        "type": "game.tick",
        "ts": 7,
        "gameId": "g",
        "seq": 141,
        "data": {"tick": 1},
        "src": {"session_id": "s", "seq": 4, "sub": 2},
    }


def test_what_was_not_recorded_has_no_source_and_no_game() -> None:
    told = json.loads(encode(Message("connection", 7, None, {}), 1))
    assert told["src"] is None
    assert told["gameId"] is None


def test_exact_text_of_a_payload_stays_exact() -> None:
    text = b'{"price":1.10,"id":12345678901234567890,"u":"\\u00e9"}'
    assert text in encode(Message("game.tick", 7, "g", Raw(text)), 1)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_of_any_length_is_read_back(length: int) -> None:
    text = json.dumps({"x": "y" * length}).encode()
    assert split_frames(text_frame(text)) == [{"x": "y" * length}]


def test_a_packed_message_gives_its_payload_back() -> None:
    packed = Packed(make_tick(3, 1.25), 9)
    assert json.loads(packed.payload)["data"]["tick"] == 3
    assert split_frames(packed.frame) == [json.loads(packed.payload)]


def test_a_tick_knows_its_point() -> None:
    assert Packed(make_tick(3, 1.1), 9).point() == (3, 1.1)


def test_a_tick_without_a_price_has_no_point() -> None:
    assert Packed(Message("game.tick", 1, "g", {"tick": 3, "price": None}), 9).point() is None
    assert Packed(Message("game.tick", 1, "g", {}), 9).point() is None


def test_merged_points_are_added_to_the_envelope_only() -> None:
    packed = Packed(make_tick(3, 1.1), 9)
    (told,) = split_frames(packed.frame_with([(1, 1.0), (2, 1.0000000000000002)]))
    assert told.pop("merged") == [[1, 1.0], [2, 1.0000000000000002]]
    assert told == json.loads(packed.payload)
