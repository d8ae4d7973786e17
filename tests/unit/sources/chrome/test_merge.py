"""Two connections hear the same: each frame goes out once, in order, whatever one misses."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.merge import Merge
from vectra_player.sources.chrome.outbox import Item


def item(raw: str, ts: int, unique: str = "") -> Item:
    return Item(Frame(ts=ts, raw=raw, socket_id="s"), "s", unique)


@settings(deadline=None)
@given(
    words=st.lists(st.sampled_from(["2", "3", "42[1]", "42[2]"]), max_size=60),
    seed=st.integers(0, 2**32),
)
def test_copies_of_equal_frames_are_told_by_their_order(words: list[str], seed: int) -> None:
    chance, merge, out = random.Random(seed), Merge(), []
    heads = [0, 0]
    while min(heads) < len(words):
        tap = chance.choice([tap for tap in (0, 1) if heads[tap] < len(words)])
        at = heads[tap]
        copy = item(words[at], at * 1000 + chance.randrange(500))
        if merge.is_new(tap, copy):
            out.append(copy.frame.raw)
        heads[tap] += 1
    assert out == words


@settings(deadline=None)
@given(cuts=st.lists(st.integers(5, 195), min_size=1, max_size=4), lag=st.integers(0, 5))
def test_a_connection_that_misses_frames_and_joins_again_doubles_nothing(
    cuts: list[int], lag: int
) -> None:
    merge, out, behind = Merge(), [], []
    frames = [
        item("2" if number % 10 == 0 else f"42[{number}]", number * 300_000)
        for number in range(200)
    ]
    for number, frame in enumerate(frames):
        away = any(cut <= number < cut + 4 for cut in cuts)
        if merge.is_new(0, frame):
            out.append(frame.frame.raw)
        if away:
            behind.clear()
            merge.left(1)
            continue
        behind.append(frame)
        if len(behind) > lag and merge.is_new(1, behind.pop(0)):
            out.append("doubled")
    assert out == [frame.frame.raw for frame in frames]


def test_the_second_takes_over_what_the_first_no_longer_hears() -> None:
    merge = Merge()
    taken = [merge.is_new(0, item("a", 1)), merge.is_new(1, item("a", 2))]
    merge.left(0)
    taken += [merge.is_new(1, item("b", 3)), merge.is_new(0, item("b", 4))]
    assert taken == [True, False, True, False]


def test_named_items_are_copies_only_across_connections_and_close_in_time() -> None:
    merge = Merge()
    assert merge.is_new(0, item("x", 0, "connected"))
    assert not merge.is_new(1, item("x", 50, "connected"))
    assert merge.is_new(0, item("x", 60, "connected")), "the same connection saw it again"
    assert merge.is_new(1, item("x", 60_000_000, "connected"))


def test_memory_stays_bounded() -> None:
    merge = Merge()
    for number in range(5_000):
        for tap in (0, 1):
            merge.is_new(tap, item(str(number), number * 1000))
    (log,) = merge._logs.values()
    assert len(log.entries) < 2_000
