"""Ranges of seqs hold what a set of numbers would."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vectra_player.outlet.held import Seqs

NUMBERS = st.lists(st.integers(1, 60), unique=True)


@given(NUMBERS)
def test_ranges_hold_what_was_added_and_nothing_else(numbers: list[int]) -> None:
    seqs = Seqs()
    for number in numbers:
        seqs.add(number)
    assert [seq for seq in range(62) if seq in seqs] == sorted(numbers)
    assert seqs.last == max(numbers, default=0)


@given(NUMBERS)
def test_ranges_are_apart_ascending_and_can_be_taken_up_again(numbers: list[int]) -> None:
    seqs = Seqs()
    for number in numbers:
        seqs.add(number)
    ranges = seqs.ranges()
    assert all(first <= last for first, last in ranges)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
    assert Seqs(ranges).ranges() == ranges


def test_a_session_that_came_whole_is_one_range() -> None:
    seqs = Seqs()
    for number in range(1, 10_001):
        seqs.add(number)
    assert seqs.ranges() == [(1, 10_000)]
