from __future__ import annotations

import msgspec
import pytest
from msgspec import Raw

from vectra_player.protocol.game_payloads import GameState, Rugpool
from vectra_player.protocol.phases import (
    FrameShape,
    GamePhase,
    Round,
    RoundFields,
    advance,
    order_key,
    phase_of,
    shape_of,
)


def countdown(timer: int, game_id: str = "g1") -> GameState:
    return GameState(game_id=game_id, cooldown_timer=timer, allow_pre_round_buys=timer <= 10_000)


def tick(number: int, game_id: str = "g1", *, rugged: bool = False) -> GameState:
    return GameState(
        game_id=game_id, active=True, rugged=rugged, tick_count=number, cooldown_timer=0
    )


def play(*updates: GameState) -> Round:
    state = Round()
    for update in updates:
        state = advance(state, update)
    return state


@pytest.mark.parametrize(
    ("fields", "phase"),
    [
        (RoundFields(), GamePhase.UNKNOWN),
        (RoundFields("g"), GamePhase.UNKNOWN),
        (RoundFields("g", active=True, rugged=True), GamePhase.RUGGED),
        (RoundFields("g", active=True, rugged=False), GamePhase.LIVE),
        (RoundFields("g", active=True), GamePhase.LIVE),
        (RoundFields("g", cooldown_timer=15000, allow_pre_round_buys=False), GamePhase.COOLDOWN),
        (RoundFields("g", cooldown_timer=10000, allow_pre_round_buys=True), GamePhase.BETTING),
        (RoundFields("g", cooldown_timer=10000), GamePhase.BETTING),
        (RoundFields("g", cooldown_timer=10100), GamePhase.COOLDOWN),
        (RoundFields("g", active=False, cooldown_timer=0), GamePhase.COOLDOWN),
    ],
)
def test_one_rule_says_the_phase(fields: RoundFields, phase: GamePhase) -> None:
    assert phase_of(fields) is phase


def test_a_round_passes_through_all_phases() -> None:
    state, seen = Round(), [Round().phase]
    for update in (countdown(15000), countdown(10000), tick(0), tick(9, rugged=True)):
        state = advance(state, update)
        seen.append(state.phase)
    assert [str(phase) for phase in seen] == ["UNKNOWN", "COOLDOWN", "BETTING", "LIVE", "RUGGED"]


def test_absent_fields_carry_over_within_a_game() -> None:
    state = play(tick(3), GameState(game_id="g1"))
    assert (state.phase, state.fields.tick) == (GamePhase.LIVE, 3)


def test_a_new_game_resets_what_was_known() -> None:
    state = play(tick(3, rugged=True), countdown(14900, "g2"))
    assert state.phase is GamePhase.COOLDOWN
    assert state.fields.rugged is None


def test_a_late_frame_of_the_old_game_does_not_turn_back() -> None:
    state = play(tick(3, rugged=True), countdown(14900, "g2"), tick(5, rugged=True))
    assert (state.fields.game_id, state.phase, state.late) == ("g2", GamePhase.COOLDOWN, True)
    assert not advance(state, countdown(14800, "g2")).late


def test_a_late_reset_frame_only_fills_what_nobody_sent() -> None:
    reset = GameState(game_id="g2", active=False, cooldown_timer=15000, tick_count=0)
    state = play(tick(3, rugged=True), countdown(14800, "g2"), reset)
    assert (state.fields.cooldown_timer, state.fields.active, state.late) == (14800, False, True)


def test_an_earlier_tick_does_not_turn_the_round_back() -> None:
    state = play(tick(5), tick(6, rugged=True), tick(5))
    assert (state.phase, state.fields.tick, state.late) == (GamePhase.RUGGED, 6, True)


def test_paused_is_kept() -> None:
    assert play(GameState(game_id="g", cooldown_timer=500, cooldown_paused=True)).paused


def test_the_round_is_serialisable() -> None:
    state = play(tick(3, rugged=True), countdown(14900, "g2"))
    assert msgspec.json.decode(msgspec.json.encode(state), type=Round) == state


def test_frames_of_a_game_sort_by_what_they_say() -> None:
    fields = [
        RoundFields("g", cooldown_timer=15000),
        RoundFields("g", cooldown_timer=10000),
        RoundFields("g", active=True, tick=0),
        RoundFields("g", active=True, tick=7),
        RoundFields("g", active=True, rugged=True, tick=7),
    ]
    assert sorted([*fields[2:], *fields[:2]], key=lambda each: order_key("g", each)) == fields


def test_shapes_are_told_by_their_fields() -> None:
    history = Raw(b"[]")
    assert shape_of(countdown(500)) is FrameShape.COOLDOWN
    assert shape_of(tick(0)) is FrameShape.START
    assert shape_of(msgspec.structs.replace(tick(1), trade_count=4)) is FrameShape.TICK
    assert shape_of(msgspec.structs.replace(tick(1), rugpool=Rugpool())) is FrameShape.TICK
    assert shape_of(msgspec.structs.replace(tick(1), game_history=history)) is FrameShape.HISTORY
    snapshot = msgspec.structs.replace(tick(1), game_history=history, prices=(1.0,))
    assert shape_of(snapshot) is FrameShape.SNAPSHOT
    assert shape_of(GameState(game_id="g")) is FrameShape.UNKNOWN
