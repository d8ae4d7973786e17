"""Play, pause, step, back, seek, speed: on a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tests.live_support import GAME
from tests.replay_support import PRICES, finish, game_frames, player, recording, rows_of_frames

from vectra_player.bus import spawn
from vectra_player.errors import UsageError
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.replay.player import SLICE_EVENTS, PlayState, play_through

LAST = len(PRICES) - 1


def test_nothing_is_shown_before_play() -> None:
    one, stage, clock = player()
    clock.seconds += 100
    assert one.advance() is None
    assert stage.shown == []
    assert one.status().state is PlayState.paused


def test_everything_is_shown_when_it_is_due() -> None:
    one, stage, clock = player()
    one.play()
    assert one.advance() == pytest.approx(0.25)
    assert len(stage.shown) == 1
    clock.seconds += 0.6
    assert one.advance() == pytest.approx(0.15)
    assert len(stage.shown) == 3


def test_the_speed_shortens_the_waits() -> None:
    one, stage, clock = player(speed=100.0)
    one.play()
    assert one.advance() == pytest.approx(0.0025)
    one.set_speed(0.25)
    assert one.advance() == pytest.approx(1.0)
    clock.seconds += 1.0
    one.advance()
    assert len(stage.shown) == 2


def test_at_the_end_it_stays() -> None:
    one, stage, clock = player()
    finish(one, clock)
    assert one.status().state is PlayState.ended
    assert len(stage.shown) == len(one.recording.events)
    one.play()
    assert one.advance() is None
    assert one.status().state is PlayState.ended
    assert len(stage.shown) == len(one.recording.events)


def test_a_pause_holds_what_is_due() -> None:
    one, stage, clock = player()
    one.play()
    one.advance()
    one.pause()
    clock.seconds += 50
    assert one.advance() is None
    one.play()
    assert one.advance() == pytest.approx(0.25)
    assert len(stage.shown) == 1


def test_a_step_shows_the_events_up_to_the_next_frame_and_stands_still() -> None:
    one, stage, clock = player()
    one.seek(2)
    one.play()
    one.step()
    assert one.status().tick == 3
    assert one.status().state is PlayState.paused
    assert [state.tick for state in stage.states] == [3]
    clock.seconds += 10
    assert one.advance() is None


def test_back_jumps_to_the_frame_before() -> None:
    one, stage, _ = player()
    one.seek(5)
    one.back()
    assert one.status().tick == 4
    assert stage.jumps[-1].tick == 4
    assert stage.shown == []


def test_back_at_the_start_stays_there() -> None:
    one, _, _ = player()
    one.back()
    assert one.position == 0
    one.step()
    one.back()
    assert one.position == 0


def test_a_seek_while_playing_plays_on_from_there() -> None:
    one, stage, clock = player()
    one.play()
    one.seek(5)
    wait = one.advance()
    assert wait == pytest.approx(0.25)
    clock.seconds += wait
    one.advance()
    assert [state.tick for state in stage.states] == [6]


def test_a_seek_back_from_the_end_can_be_played_again() -> None:
    one, stage, clock = player()
    finish(one, clock)
    one.seek(0)
    assert one.status().state is PlayState.paused
    before = len(stage.shown)
    finish(one, clock)
    assert len(stage.shown) - before == len(one.recording.events) - one.recording.position_of(
        0, GAME
    )


@pytest.mark.parametrize("tick", [-1, -100])
def test_a_seek_before_the_first_tick_is_refused(tick: int) -> None:
    one, _, _ = player()
    with pytest.raises(UsageError):
        one.seek(tick)


def test_a_speed_out_of_range_is_refused_and_changes_nothing() -> None:
    one, _, _ = player(speed=2.0)
    with pytest.raises(UsageError):
        one.set_speed(101)
    assert one.status().speed == 2.0


def test_the_status_says_where_it_stands() -> None:
    one, stage, _ = player(recording(rows_of_frames(game_frames()), game_id=GAME))
    one.seek(3)
    status = stage.statuses[-1]
    assert status == one.status()
    assert (status.id, status.game_id, status.tick, status.last_tick) == ("r1", GAME, 3, LAST)
    assert status.position == one.position / len(one.recording.events)
    assert status.at_ms == one.recording.times[one.position - 1] // 1000
    assert status.length_ms == one.recording.length_us // 1000
    assert status.source_session == "session"


def test_after_the_game_that_was_asked_for_its_last_tick_stays() -> None:
    one, _, clock = player(recording(rows_of_frames(game_frames()), game_id=GAME))
    assert one.status().tick is None
    finish(one, clock)
    assert (one.status().game_id, one.status().tick) == (GAME, LAST)
    one.seek(4)
    assert one.status().tick == 4


def test_a_player_that_is_far_behind_shows_a_slice_at_a_time() -> None:
    frames = [frame for number in range(8) for frame in game_frames(f"g{number}", following="end")]
    one, stage, clock = player(recording(rows_of_frames(frames)))
    one.play()
    clock.seconds += 10_000
    assert one.advance() == 0
    assert len(stage.shown) == SLICE_EVENTS
    while one.advance() is not None:
        pass
    assert len(stage.shown) == len(frames)


def test_a_status_is_told_about_once_a_second_while_playing() -> None:
    one, stage, clock = player()
    finish(one, clock)
    seconds = one.recording.length_us / 1e6
    assert seconds - 1 <= len(stage.statuses) <= seconds + 3
    assert stage.statuses[-1].state is PlayState.ended


def test_playing_through_gives_every_message() -> None:
    one = recording()
    seen = list(play_through(one, lambda event, before, after: [(event.seq, before, after)]))
    state = LiveState()
    for event, (seq, before, after) in zip(one.events, seen, strict=True):
        assert (seq, before) == (event.seq, state)
        state = reduce(state, event)
        assert after == state


async def test_run_plays_in_real_time_and_wakes_up_for_controls() -> None:
    from vectra_player.clock import SystemClock
    from vectra_player.replay.player import Player

    _, stage, _ = player()
    one = Player("r", recording(), stage, SystemClock(), speed=100.0)
    task = spawn(one.run(), name="player")
    try:
        await asyncio.sleep(0)
        one.play()
        async with asyncio.timeout(30):
            while one.status().state is not PlayState.ended:
                await asyncio.sleep(0.01)
            one.seek(0)
            one.play()
            while one.status().state is not PlayState.ended:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert len(stage.shown) > len(one.recording.events)
