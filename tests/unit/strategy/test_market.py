"""Steps say what is known at their moment, from recorded prices and from the live state alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from vectra_player.game.price_path import RUG_FRACTION
from vectra_player.live.live_state import LiveState
from vectra_player.protocol.phases import GamePhase, Round, RoundFields
from vectra_player.strategy.market import UNKNOWN_RUG, LiveSteps, Market, game_steps

NAN = float("nan")


def shown(steps: Sequence[Market]) -> list[tuple[str, int, float]]:
    return [(step.phase.value, step.tick, step.price) for step in steps]


def test_a_recorded_game_is_a_presale_its_ticks_and_its_rug() -> None:
    steps = list(game_steps("g", [1.0, 1.1, 0.02], 2, ended_us=7))
    assert shown(steps) == [
        ("BETTING", 0, 1.0),
        ("BETTING", 0, 1.0),
        ("LIVE", 0, 1.0),
        ("LIVE", 1, 1.1),
        ("RUGGED", 2, 0.02),
    ]
    assert [step.clock_ms for step in steps] == [-10_000, -100, 0, 250, 500]
    assert {step.time_us for step in steps} == {7}


def test_missed_ticks_are_no_steps() -> None:
    steps = list(game_steps("g", [NAN, 1.1, NAN, 0.9, 0.02], 4))
    assert [step.tick for step in steps if step.phase is GamePhase.LIVE] == [1, 3]


def test_a_rug_price_nobody_recorded_follows_from_the_prices_seen() -> None:
    missing = list(game_steps("g", [1.0, 0.5, NAN], 2))[-1]
    absent = list(game_steps("g", [1.0, 0.5], 2))[-1]
    assert missing.price == absent.price == 0.5 * RUG_FRACTION
    assert list(game_steps("g", [NAN, NAN], 1))[-1].price == 0.0


def test_a_game_whose_end_was_not_seen_just_ends() -> None:
    steps = list(game_steps("g", np.array([1.0, 1.1]), UNKNOWN_RUG))
    assert shown(steps)[-1] == ("LIVE", 1, 1.1)


def state(
    tick: int | None,
    price: float | None,
    prices: Sequence[float | None] = (),
    *,
    game: str = "g",
    **fields: object,
) -> LiveState:
    shape = {"active": True, "rugged": False, "cooldown_timer": 0} | fields
    around = Round(RoundFields(game_id=game, tick=tick, **shape))  # type: ignore[arg-type]
    return LiveState(round=around, tick=tick, price=price, prices=tuple(prices))


def test_live_states_become_steps() -> None:
    steps = LiveSteps()
    assert steps.step(LiveState()) is None
    waiting = steps.step(state(0, 1.0, active=False, cooldown_timer=9_900), 5)
    assert waiting == Market("g", GamePhase.BETTING, 0, 1.0, 9_900, (), 5)
    assert steps.step(state(None, None)) is None
    assert steps.step(state(0, 1.0, [1.0])) == Market("g", GamePhase.LIVE, 0, 1.0)
    assert steps.step(state(1, 0.02, [1.0, 0.02], rugged=True)) == Market(
        "g", GamePhase.RUGGED, 1, 0.02
    )


def test_prices_told_late_come_with_the_step_that_told_them_and_once() -> None:
    steps = LiveSteps()
    steps.step(state(0, 1.0, [1.0]))
    assert steps.step(state(3, 1.3, [1.0, None, None, 1.3])).late == ()  # type: ignore[union-attr]
    told = steps.step(state(4, 1.4, [1.0, 1.1, None, 1.3, 1.4]))
    assert told is not None
    assert told.late == ((1, 1.1),)
    again = steps.step(state(5, 1.5, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]))
    assert again is not None
    assert again.late == ((2, 1.2),)


def test_whoever_joins_in_the_middle_is_told_what_the_snapshot_tells() -> None:
    joined = LiveSteps().step(state(2, 1.2, [1.0, 1.1, 1.2]))
    assert joined is not None
    assert joined.late == ((0, 1.0), (1, 1.1))


def test_another_game_begins_without_the_prices_of_the_last() -> None:
    steps = LiveSteps()
    steps.step(state(5, 1.2, [1.0, None, None, None, None, 1.2]))
    fresh = steps.step(state(0, 1.0, [1.0], game="h"))
    assert fresh == Market("h", GamePhase.LIVE, 0, 1.0)


@pytest.mark.parametrize("timer", [15_000, 10_100])
def test_before_the_presale_nothing_is_open(timer: int) -> None:
    step = LiveSteps().step(state(0, 1.0, active=False, cooldown_timer=timer))
    assert step is not None
    assert step.phase is GamePhase.COOLDOWN
