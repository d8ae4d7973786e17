"""W2, W3: whatever the schedule, a slow client ends where a fast one does, and misses no trade.

VECTRA_EXAMPLES raises the number of schedules of each property, for a release.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.feed_support import FakeLine, make_hub, make_tick, make_trade

from vectra_player.foundation.hub import HubSettings
from vectra_player.foundation.messages import Message
from vectra_player.foundation.outbox import HIGH_BYTES, Budget

FILLER = "x" * (HIGH_BYTES // 4)
NEVER_MERGED = ("player.trade", "sidebet.result", "game.rug", "game.settled", "alert")
SCHEDULES = settings(deadline=None, max_examples=int(os.environ.get("VECTRA_EXAMPLES", "300")))
UNBOUNDED = Budget(max_bytes=1 << 40, max_messages=1 << 30)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.booleans()),
        st.tuples(st.just("other"), st.sampled_from(NEVER_MERGED)),
        st.tuples(st.just("stall"), st.none()),
        st.tuples(st.just("read"), st.one_of(st.none(), st.integers(1, 4 * len(FILLER)))),
        st.tuples(st.just("turn"), st.none()),
        st.tuples(st.just("drop"), st.none()),
    ),
    max_size=60,
)


class Game:
    """Makes messages: ticks count up, and a new game begins now and then."""

    def __init__(self) -> None:
        self.number = self.tick = self.others = 0

    def next_tick(self, *, new_game: bool) -> Message:
        if new_game:
            self.number, self.tick = self.number + 1, 0
        self.tick += 1
        price = 1.0 + self.tick / 7
        return make_tick(self.tick, price, f"g{self.number}", filler=FILLER)

    def other(self, kind: str) -> Message:
        self.others += 1
        return Message(kind, 1, f"g{self.number}", make_trade(self.others).data)


def final_state(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a page keeps: the latest of each kind and game, and every known price."""
    latest: dict[Any, Any] = {}
    prices: dict[tuple[str, int], float] = {}
    for m in messages:
        if m["type"] in ("snapshot", "gap"):
            continue
        latest[m["type"], m["gameId"]] = m["data"]
        if m["type"] == "game.tick":
            for tick, price in [*m.get("merged", []), (m["data"]["tick"], m["data"]["price"])]:
                prices[m["gameId"], tick] = price
    return {"latest": latest, "prices": prices}


def play(schedule: list[tuple[str, Any]], *, drops: bool) -> tuple[list[Any], list[Any]]:
    """Run a schedule; return what a client heard that keeps up, and what the slow one did."""

    async def run() -> tuple[list[Any], list[Any]]:
        hub, game = make_hub(HubSettings(budget=UNBOUNDED)), Game()
        fast, slow = FakeLine(), FakeLine()
        hub.join(fast)
        outbox = hub.join(slow)
        heard: list[dict[str, Any]] = []
        for what, value in schedule:
            if what == "tick":
                hub.publish(game.next_tick(new_game=value))
            elif what == "other":
                hub.publish(game.other(value))
            elif what == "stall":
                slow.stall()
            elif what == "read":
                slow.read(value)
            elif what == "turn":
                hub.flush()
            elif drops:
                hub.leave(outbox)
                heard += slow.messages()
                slow = FakeLine()
                since = heard[-1]["seq"] if heard else 0
                outbox = hub.join(slow, since=since, feed=hub.feed_id)
        hub.flush()
        slow.read()
        return fast.messages(), heard + slow.messages()

    return asyncio.run(run())


def others(messages: list[dict[str, Any]]) -> list[tuple[int, str, int]]:
    return [
        (m["seq"], m["type"], m["data"]["number"]) for m in messages if m["type"] in NEVER_MERGED
    ]


@SCHEDULES
@given(steps)
def test_a_client_fed_merged_ticks_ends_in_the_same_state(schedule: list[tuple[str, Any]]) -> None:
    fast, slow = play(schedule, drops=False)
    assert final_state(slow) == final_state(fast)


@SCHEDULES
@given(steps)
def test_nothing_but_ticks_is_merged_and_order_is_kept(schedule: list[tuple[str, Any]]) -> None:
    fast, slow = play(schedule, drops=False)
    assert others(slow) == others(fast)
    seqs = [m["seq"] for m in slow]
    assert seqs == sorted(set(seqs))


@SCHEDULES
@given(steps)
def test_a_client_that_drops_and_resumes_misses_and_doubles_nothing(
    schedule: list[tuple[str, Any]],
) -> None:
    fast, slow = play(schedule, drops=True)
    assert others(slow) == others(fast)
    assert final_state(slow) == final_state(fast)
