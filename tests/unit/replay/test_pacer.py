"""The clock of a replay."""

from __future__ import annotations

import pytest
from tests.replay_support import FakeClock

from vectra_player.errors import UsageError
from vectra_player.replay.pacer import Pacer


def test_time_stands_still_until_started() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    clock.seconds += 10
    assert pacer.now_us() == 0
    assert not pacer.running


def test_time_passes_at_the_speed() -> None:
    clock = FakeClock()
    pacer = Pacer(clock, 4.0)
    pacer.start()
    clock.seconds += 2.5
    assert pacer.now_us() == 10_000_000
    assert pacer.seconds_until(14_000_000) == 1.0
    assert pacer.seconds_until(5_000_000) == 0.0


def test_another_speed_holds_from_now_on() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.start()
    clock.seconds += 10
    pacer.set_speed(0.25)
    clock.seconds += 4
    assert pacer.now_us() == 11_000_000


def test_a_pause_costs_no_time() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.start()
    clock.seconds += 1
    pacer.stop()
    clock.seconds += 100
    pacer.start()
    clock.seconds += 1
    assert pacer.now_us() == 2_000_000


def test_a_move_keeps_time_passing_only_if_it_did() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.move(7_000_000)
    clock.seconds += 1
    assert pacer.now_us() == 7_000_000
    pacer.start()
    clock.seconds += 1
    pacer.move(1_000_000)
    clock.seconds += 1
    assert pacer.now_us() == 2_000_000


def test_nothing_drifts_over_a_hundred_thousand_looks() -> None:
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.start()
    for _ in range(100_000):
        clock.seconds += 0.0078125  # a power of two: the clock itself is exact
        pacer.now_us()
    assert pacer.now_us() == 100_000 * 7812.5


@pytest.mark.parametrize("speed", [0.0, 0.2, 100.1, -1.0, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(UsageError, match=r"0\.25 to 100"):
        Pacer(FakeClock(), speed)
