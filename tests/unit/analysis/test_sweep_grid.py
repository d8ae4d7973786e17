"""A grid is what was typed: every combination once, or a seeded part of it."""

from __future__ import annotations

import pytest

from vectra_player.analysis.grid import Axis, parse_grid
from vectra_player.errors import UsageError


def test_ranges_hold_both_ends_and_lists_are_kept_as_typed() -> None:
    grid = parse_grid(["entry_tick=0:400:200", "mode=fixed,kelly", "reduce=true,false"])
    assert grid.axes == (
        Axis("entry_tick", (0, 200, 400), "0:400:200"),
        Axis("mode", ("fixed", "kelly"), "fixed,kelly"),
        Axis("reduce", (True, False), "true,false"),
    )
    assert grid.size == 12


def test_decimal_steps_are_exact() -> None:
    (axis,) = parse_grid(["take_profit=1.1:1.5:0.1"]).axes
    assert axis.values == (1.1, 1.2, 1.3, 1.4, 1.5)
    (axis,) = parse_grid(["a=0:1:0.3"]).axes
    assert axis.values == (0, 0.3, 0.6, 0.9)


def test_the_last_axis_changes_fastest_and_every_combination_comes_once() -> None:
    grid = parse_grid(["a=1,2", "b=x,y,z"])
    variants = [grid.variant(number) for number in grid.choose(None, seed=0)]
    assert [tuple(v.values()) for v in variants] == [
        (1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z"),
    ]  # fmt: skip
    assert list(variants[0]) == ["a", "b"]


def test_a_random_part_is_the_same_for_the_same_seed_and_has_no_repeats() -> None:
    grid = parse_grid(["a=0:9999", "b=0:9999", "c=0:9999", "d=0:9999", "e=0:9999"])
    assert grid.size == 10_000**5
    drawn = grid.choose(500, seed=7)
    assert drawn == grid.choose(500, seed=7) != grid.choose(500, seed=8)
    assert len(set(drawn)) == 500
    assert max(drawn) > 10**19
    assert grid.variant(drawn[-1])["e"] == drawn[-1] % 10_000


def test_drawing_more_than_there_are_takes_all() -> None:
    assert parse_grid(["a=1,2,3"]).choose(50, seed=1) == [0, 1, 2]


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([], "needs a parameter"),
        (["entry_tick"], "no axis"),
        (["=1,2"], "no axis"),
        (["entry tick=1"], "no axis"),
        (["a="], "no axis"),
        (["a=1,,2"], "empty value"),
        (["a=1,1.0"], "twice"),
        (["a=1", "a=2"], "a is given twice"),
        (["a=5:1"], "no values"),
        (["a=1:5:0"], "no values"),
        (["a=1:5:-1"], "no values"),
        (["a=1:x:2"], "no number"),
        (["a=1:inf:2"], "no number"),
        (["a=1:2:3:4"], "no range"),
        (["a=0:1000000"], "1,000,001 values"),
    ],
)
def test_a_nonsense_grid_is_refused_with_the_reason(texts: list[str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        parse_grid(texts)


def test_too_many_variants_are_refused_with_the_way_out() -> None:
    grid = parse_grid(["a=0:9999", "b=0:9999"])
    with pytest.raises(UsageError, match="--random"):
        grid.choose(None, seed=1)
    with pytest.raises(UsageError, match="--random"):
        grid.choose(5_000_000, seed=1)
    with pytest.raises(UsageError, match="one or more"):
        grid.choose(0, seed=1)
