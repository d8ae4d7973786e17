"""What a recording knows of itself: steps, gaps, marks and states to seek from."""

from __future__ import annotations

import pytest
from tests.live_support import GAME, ME, NEXT, T0, fact_event, packet, tick
from tests.replay_support import (
    AFTER,
    PRICES,
    fact_row,
    game_frames,
    recording,
    row,
    rows_of_frames,
)

from vectra_player.errors import UsageError
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.protocol.phases import GamePhase
from vectra_player.replay.recording import SNAPSHOT_EVENTS


def test_a_state_anywhere_is_that_of_reducing_from_the_start() -> None:
    one = recording(rows_of_frames(game_frames() * 1 + game_frames("other-game")))
    state = LiveState()
    for position, event in enumerate(one.events, 1):
        state = reduce(state, event)
        assert one.state_at(position) == state
    assert len(one.states) == -(-len(one.events) // SNAPSHOT_EVENTS)


def test_games_are_listed_in_order_with_their_last_tick() -> None:
    one = recording()
    assert [(game.game_id, game.last_tick) for game in one.games] == [
        (GAME, len(PRICES) - 1),
        (AFTER, None),
    ]


def test_start_rug_and_reveal_are_marked() -> None:
    marks = [(mark.kind, mark.game_id, mark.tick) for mark in recording().marks]
    last = len(PRICES) - 1
    assert marks == [("start", GAME, 0), ("rug", GAME, last), ("settled", GAME, None)]


def test_missing_ticks_are_a_gap_with_known_prices_where_a_later_frame_told_them() -> None:
    frames = [frame for frame in game_frames() if frame.get("tickCount") not in (2, 3)]
    (gap,) = recording(rows_of_frames(frames)).gaps
    assert (gap.game_id, gap.from_tick, gap.to_tick, gap.prices_known) == (GAME, 2, 3, True)


def test_missing_ticks_nobody_told_are_a_gap_with_unknown_prices() -> None:
    prices = [1.0 + number / 100 for number in range(20)]
    frames = [tick(number, prices) for number in (0, 1, 2, 12, 13)]
    one = recording(rows_of_frames(frames))
    (gap,) = one.gaps
    assert (gap.from_tick, gap.to_tick, gap.prices_known) == (3, 11, False)
    assert [mark.kind for mark in one.marks] == ["start", "gap"]


def test_joining_in_the_middle_is_a_gap_and_no_start() -> None:
    prices = [1.0 + number / 100 for number in range(20)]
    one = recording(rows_of_frames([tick(number, prices) for number in (10, 11)]))
    assert [(gap.from_tick, gap.to_tick) for gap in one.gaps] == [(0, 9)]
    assert "start" not in [mark.kind for mark in one.marks]


def test_a_gap_the_recorder_noted_is_told_in_words() -> None:
    rows = rows_of_frames(game_frames())
    rows.append(fact_row("gap", {"missing": "frames", "reason": "disk full"}, len(rows) + 1))
    assert [gap.reason for gap in recording(rows).gaps] == ["frames: disk full"]
    rows[-1] = fact_row("gap", ["odd"], len(rows))
    assert [gap.reason for gap in recording(rows).gaps] == ["a gap was noted"]


def test_own_orders_and_trades_are_marked() -> None:
    rows = rows_of_frames(game_frames()[:12])
    more = [
        packet("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"}),
        packet("buyOrder", {"amount": 0.01}, direction="sent"),
        packet("standard/newTrade", {"type": "buy", "playerId": ME, "gameId": GAME}),
        packet("standard/newTrade", {"type": "buy", "playerId": "x", "gameId": GAME}),
    ]
    rows += [row(frame, len(rows) + number) for number, frame in enumerate(more, 1)]
    own = [mark.name for mark in recording(rows).marks if mark.kind == "own"]
    assert own == ["buyOrder", "standard/newTrade"]


def test_facts_about_the_recording_itself_are_left_out() -> None:
    rows = [fact_row("started", {"source": "demo"}, 1), *rows_of_frames(game_frames())]
    rows.append(fact_row("stopped", {"reason": "x"}, len(rows) + 1))
    one = recording(rows)
    assert len(one.events) == len(rows) - 2
    assert one.state_at(len(one.events)).connection.connected
    assert fact_event("stopped").name not in {event.name for event in one.events}


def test_a_record_nobody_can_read_is_shown_as_live_shows_it() -> None:
    rows = rows_of_frames(game_frames())
    rows.insert(5, row(packet("x"), 99))
    import msgspec

    rows[5] = msgspec.structs.replace(rows[5], raw="42[broken", packet_type="undecodable")
    one = recording(rows)
    assert one.undecodable == 1
    assert one.events[5].mismatch is not None
    assert len(one.events) == len(rows)


def test_live_captures_keep_their_own_time_and_imports_the_games() -> None:
    frames = game_frames()[10:14]
    by_arrival = recording(rows_of_frames(frames, step_us=1_000_000))
    assert by_arrival.by_arrival
    assert by_arrival.times == (0, 1_000_000, 2_000_000, 3_000_000)
    by_game = recording(rows_of_frames(frames, step_us=1_000_000, source="import"))
    assert by_game.times == (0, 250_000, 500_000, 750_000)


def test_a_recording_without_a_frame_of_the_game_keeps_its_own_time() -> None:
    rows = [
        row(packet("newChatMessage", {"message": "hi"}, ts=T0 + at), at + 1, source="import")
        for at in (0, 500)
    ]
    assert recording(rows).times == (0, 500)


def test_what_leads_in_is_shown_at_once() -> None:
    lead = row(packet("usernameStatus", {"id": ME}, ts=T0 - 3_600_000_000), 1)
    one = recording([lead, *rows_of_frames(game_frames())], lead=1)
    assert one.times[:3] == (0, 0, 250_000)
    assert one.state_at(1).player_id == ME


def test_a_seek_goes_right_after_the_tick() -> None:
    one = recording()
    for number in range(len(PRICES)):
        position = one.position_of(number, GAME)
        assert one.state_at(position).tick == number
        assert one.state_at(position - 1).tick != number or number == 0


def test_a_seek_to_a_missing_tick_goes_to_the_one_before() -> None:
    frames = [frame for frame in game_frames() if frame.get("tickCount") not in (2, 3)]
    one = recording(rows_of_frames(frames))
    assert one.state_at(one.position_of(3, GAME)).tick == 1


def test_a_seek_beyond_the_last_tick_goes_to_the_rug() -> None:
    one = recording()
    state = one.state_at(one.position_of(10_000, GAME))
    assert (state.tick, state.game_phase) == (len(PRICES) - 1, GamePhase.RUGGED)


def test_a_seek_in_a_game_that_is_not_here_is_refused() -> None:
    with pytest.raises(UsageError, match=NEXT + "x"):
        recording().position_of(0, NEXT + "x")


def test_steps_lead_forward_to_the_end_and_back_to_the_start() -> None:
    one = recording()
    forward = [0]
    while forward[-1] < len(one.events):
        forward.append(one.step_after(forward[-1]))
    back = [len(one.events)]
    while back[-1] > 0:
        back.append(one.step_before(back[-1]))
    assert forward == sorted(set(forward))
    assert back[::-1] == forward


def test_nothing_to_play_is_refused() -> None:
    with pytest.raises(UsageError, match="no event that can be played"):
        recording([fact_row("started", {}, 1)])
