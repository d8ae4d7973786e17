"""Delays are drawn from what was given, in the game's own time."""

from __future__ import annotations

import numpy as np
import pytest

from vectra_player.errors import UsageError
from vectra_player.strategy.latency import NO_LATENCY, Latency


def test_a_fixed_delay_draws_nothing() -> None:
    random = np.random.default_rng(1)
    assert {Latency.ticks(2).draw(random), Latency.ms(500).draw(random)} == {500.0}
    assert random.random() == np.random.default_rng(1).random()


def test_measured_delays_come_as_often_as_they_were_seen() -> None:
    random = np.random.default_rng(1)
    latency = Latency.measured([100, 100, 400])
    drawn = [latency.draw(random) for _ in range(3000)]
    assert set(drawn) == {100.0, 400.0}
    assert 0.63 < drawn.count(100.0) / 3000 < 0.70


@pytest.mark.parametrize(
    ("latency", "ticks"),
    [(NO_LATENCY, 0), (Latency.ms(1), 1), (Latency.ms(250), 1), (Latency.ms(251), 2)],
)
def test_a_delay_takes_whole_ticks_rounded_up(latency: Latency, ticks: int) -> None:
    assert latency.fixed_ticks == ticks


def test_delays_of_different_ticks_are_not_fixed() -> None:
    assert Latency.measured([10, 240]).fixed_ticks == 1
    assert Latency.measured([10, 260]).fixed_ticks is None


@pytest.mark.parametrize("samples", [(), (-1.0,), (float("nan"),), (float("inf"),)])
def test_impossible_delays_are_refused(samples: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="0 ms or more"):
        Latency(samples)
