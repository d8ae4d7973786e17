"""Field names of payloads are the wire's."""

from __future__ import annotations

import msgspec

from vectra_player.protocol.game_payloads import GameState, wire_name


def test_a_name_is_camel_case_and_a_multiple_keeps_its_small_x() -> None:
    assert wire_name("tick_count") == "tickCount"
    assert wire_name("count_100x") == "count100x"
    assert wire_name("god_candle_2x_massive_jump") == "godCandle2xMassiveJump"


def test_multiples_of_a_frame_are_read() -> None:
    text = b'{"gameId": "g", "count2x": 40, "godCandle10x": null, "godCandle50x": 57.9}'
    state = msgspec.json.decode(text, type=GameState)
    assert (state.count_2x, state.god_candle_10x, state.god_candle_50x) == (40, None, 57.9)
