"""When the events of a recording are shown."""

from __future__ import annotations

from tests.live_support import GAME, NEXT, T0, cooldown, event, reset, rug, rug_history, tick

from vectra_player.replay.timeline import LONGEST_WAIT_US, arrival_times, game_times

PRICES = [1.0, 1.1, 1.2, 1.1, 0.018]


def state(fields: dict[str, object], at_ms: int = 0):  # type: ignore[no-untyped-def]
    return event("gameStateUpdate", fields, ts=T0 + at_ms * 1000)


def test_arrival_times_are_those_of_the_recording() -> None:
    shown = arrival_times([state(tick(0, PRICES), at) for at in (0, 240, 510)])
    assert shown == [0, 240_000, 510_000]


def test_a_clock_set_back_neither_goes_back_nor_counts_twice() -> None:
    shown = arrival_times([state(tick(0, PRICES), at) for at in (0, 1000, 400, 1100)])
    assert shown == [0, 1_000_000, 1_000_000, 1_100_000]


def test_hours_of_silence_are_shortened() -> None:
    shown = arrival_times([state(tick(0, PRICES), at) for at in (0, 3_600_000, 3_600_100)])
    assert shown == [0, LONGEST_WAIT_US, LONGEST_WAIT_US + 100_000]


def test_a_stall_and_its_burst_do_not_show_by_the_games_clock() -> None:
    arrivals = [0, 250, 5_300, 5_301]
    shown = game_times([state(tick(n, PRICES), at) for n, at in enumerate(arrivals)])
    assert shown == [0, 250_000, 500_000, 750_000]


def test_the_countdown_is_the_clock_before_tick_0() -> None:
    frames = [cooldown(300, GAME), cooldown(200, GAME), cooldown(100, GAME), tick(0, PRICES)]
    assert game_times([state(frame) for frame in frames]) == [0, 100_000, 200_000, 300_000]


def test_a_missing_tick_leaves_its_time() -> None:
    shown = game_times([state(tick(n, PRICES)) for n in (0, 1, 3)])
    assert shown == [0, 250_000, 750_000]


def test_a_late_frame_goes_with_what_precedes_it() -> None:
    frames = [cooldown(14900), reset([]), cooldown(14800)]
    assert game_times([state(frame) for frame in frames]) == [0, 0, 100_000]


def test_the_next_game_follows_the_rug_as_it_arrived_but_within_seconds() -> None:
    frames = [
        state(tick(0, PRICES), 0),
        state(rug(PRICES), 1000),
        state(rug_history(PRICES), 1600),
        state(reset([], NEXT), 61_600),
        state(cooldown(14900, NEXT), 61_700),
    ]
    assert game_times(frames) == [0, 1_000_000, 1_600_000, 6_600_000, 6_700_000]


def test_other_events_are_shown_with_the_frame_before_them() -> None:
    trade = event("standard/newTrade", {"type": "buy"}, ts=T0 + 900_000)
    assert game_times([state(tick(0, PRICES)), trade, state(tick(1, PRICES))]) == [0, 0, 250_000]
