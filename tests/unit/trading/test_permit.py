"""A permit is good for one press of one button, and for a moment."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
from tests.gate_support import Clock

from vectra_player.errors import PressRefusedError
from vectra_player.trading.permit import VALID_S, Permit
from vectra_player.trading.records import Refusal


def make(
    clock: Clock,
    button: str = "BUY",
    check: Callable[[], Refusal | None] = lambda: None,
) -> Permit:
    return Permit("a", button, clock=clock, check=check)


def refused(permit: Permit, button: str = "BUY") -> str:
    with pytest.raises(PressRefusedError) as caught:
        permit.spend(button)
    return caught.value.code


def test_a_permit_is_good_for_one_press() -> None:
    permit = make(Clock())
    permit.spend("BUY")
    assert refused(permit) == "permit_used_up"


@pytest.mark.parametrize("button", ["SELL", "buy", "BUY ", "SHORT", ""])
def test_another_button_is_refused_and_ends_the_permit(button: str) -> None:
    permit = make(Clock())
    assert refused(permit, button) == "permit_of_another"
    assert refused(permit) == "permit_used_up"


def test_time_ends_a_permit() -> None:
    clock = Clock()
    permit = make(clock)
    clock.pass_s(VALID_S)
    assert refused(permit) == "permit_over"


@pytest.mark.parametrize("which", ["us", "seconds"])
def test_either_clock_ends_a_permit(which: str) -> None:
    clock = Clock()
    permit = make(clock)
    setattr(clock, which, getattr(clock, which) + (2_000_000 if which == "us" else 2.0))
    assert refused(permit) == "permit_over"


def test_a_clock_that_is_set_back_does_not_lengthen_it() -> None:
    clock = Clock()
    permit = make(clock)
    clock.pass_s(VALID_S)
    clock.us -= 3_600_000_000
    assert refused(permit) == "permit_over"


def test_what_the_gate_says_by_now_counts_and_is_final() -> None:
    says: list[Refusal | None] = [Refusal(code="halted", message="No.")]
    permit = make(Clock(), check=lambda: says[-1])
    assert refused(permit) == "halted"
    says.append(None)
    assert refused(permit) == "permit_used_up"


@pytest.mark.parametrize("twice", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_permit_cannot_be_doubled(twice: Callable[[Permit], object]) -> None:
    with pytest.raises(TypeError, match="permit"):
        twice(make(Clock()))
