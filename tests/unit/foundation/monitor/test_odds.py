"""The odds pages show are those of the rules."""

from __future__ import annotations

import pytest

from vectra_player.foundation.monitor.odds import FARTHEST_TICKS, fair_odds


def test_the_odds_are_those_of_the_reference() -> None:
    odds = fair_odds()
    assert odds.win_chance == pytest.approx(0.181680, abs=1e-6)
    assert odds.expected_value == pytest.approx(-0.09160, abs=1e-5)
    assert odds.break_even_chance == 0.2
    assert odds.deviation == pytest.approx(1.93, abs=0.005)


def test_the_chance_within_a_window_is_that_of_a_bet() -> None:
    odds = fair_odds()
    assert len(odds.rug_within) == FARTHEST_TICKS + 1
    assert odds.rug_within[0] == 0
    assert odds.rug_within[odds.window_ticks] == odds.win_chance
    assert odds.rug_within == sorted(odds.rug_within)
