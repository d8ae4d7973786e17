"""Numbers, memory, joining, resuming and resetting of one stream."""

from __future__ import annotations

import asyncio

import pytest
from tests.feed_support import FakeClock, FakeLine, make_hub, make_tick, make_trade

from vectra_player.foundation.hub import FeedHub, HubSettings
from vectra_player.foundation.messages import Message
from vectra_player.foundation.outbox import Budget


def types(line: FakeLine) -> list[tuple[str, int]]:
    return [(m["type"], m["seq"]) for m in line.messages()]


async def test_seq_rises_by_one_from_one() -> None:
    hub = make_hub()
    assert [hub.publish(make_tick(n)) for n in range(3)] == [1, 2, 3]
    assert hub.last_seq == 3


async def test_the_first_message_is_a_snapshot_with_feed_id_and_last_seq() -> None:
    hub = make_hub()
    hub.publish(make_tick(1))
    line = FakeLine()
    hub.join(line)
    (snapshot,) = line.messages()
    assert snapshot["type"] == "snapshot"
    assert snapshot["seq"] == 1
    assert snapshot["gameId"] == "g1"
    assert snapshot["data"] == {"phase": "LIVE", "feed_id": hub.feed_id, "last_seq": 1}


async def test_a_message_of_this_turn_is_not_told_twice_to_who_joins_in_it() -> None:
    hub = make_hub()
    early, late = FakeLine(), FakeLine()
    hub.join(early)
    hub.publish(make_tick(1))
    hub.join(late)
    hub.flush()
    assert types(early) == [("snapshot", 0), ("game.tick", 1)]
    assert types(late) == [("snapshot", 1)]


async def test_messages_of_one_turn_are_written_once() -> None:
    hub = make_hub()
    line = FakeLine()
    hub.join(line)
    before = line.writes
    for n in range(5):
        hub.publish(make_tick(n))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert line.writes == before + 1
    assert [seq for _, seq in types(line)] == [0, 1, 2, 3, 4, 5]


async def test_a_filter_leaves_out_other_types_but_never_the_snapshot() -> None:
    hub = make_hub()
    line = FakeLine()
    hub.join(line, frozenset({"player.trade"}))
    hub.publish(make_tick(1))
    hub.publish(make_trade(1))
    hub.flush()
    assert types(line) == [("snapshot", 0), ("player.trade", 2)]


async def test_a_filter_can_be_changed() -> None:
    hub = make_hub()
    line = FakeLine()
    outbox = hub.join(line, frozenset({"player.trade"}))
    hub.publish(make_tick(1))
    hub.subscribe(outbox, frozenset({"game.tick"}))
    hub.publish(make_tick(2))
    hub.publish(make_trade(1))
    hub.subscribe(outbox, None)
    hub.publish(make_trade(2))
    hub.flush()
    assert types(line) == [("snapshot", 0), ("game.tick", 2), ("player.trade", 4)]


async def test_resuming_gives_what_was_missed_and_no_snapshot() -> None:
    hub = make_hub()
    for n in range(5):
        hub.publish(make_trade(n))
    line = FakeLine()
    hub.join(line, since=3, feed=hub.feed_id)
    hub.publish(make_trade(5))
    hub.flush()
    assert types(line) == [("player.trade", 4), ("player.trade", 5), ("player.trade", 6)]


async def test_resuming_from_the_last_message_misses_nothing() -> None:
    hub = make_hub()
    hub.publish(make_trade(1))
    line = FakeLine()
    hub.join(line, since=1, feed=hub.feed_id)
    assert types(line) == []


async def test_a_resumption_obeys_the_filter() -> None:
    hub = make_hub()
    hub.publish(make_trade(1))
    hub.publish(make_tick(1))
    line = FakeLine()
    hub.join(line, frozenset({"game.tick"}), since=0, feed=hub.feed_id)
    assert types(line) == [("game.tick", 2)]


@pytest.mark.parametrize("since", [0, 1, 99])
async def test_what_cannot_be_resumed_is_a_gap_and_a_snapshot(since: int) -> None:
    hub = make_hub(HubSettings(ring_messages=2))
    for n in range(4):
        hub.publish(make_trade(n))
    line = FakeLine()
    hub.join(line, since=since, feed=hub.feed_id)
    assert types(line) == [("gap", 4), ("snapshot", 4)]
    gap = line.messages()[0]["data"]
    assert (gap["from"], gap["to"]) == (since, 4)


async def test_the_oldest_remembered_message_can_be_resumed() -> None:
    hub = make_hub(HubSettings(ring_messages=2))
    for n in range(4):
        hub.publish(make_trade(n))
    line = FakeLine()
    hub.join(line, since=2, feed=hub.feed_id)
    assert types(line) == [("player.trade", 3), ("player.trade", 4)]


@pytest.mark.parametrize("feed", [None, "", "another", "é"])
async def test_another_feed_is_always_a_gap(feed: str | None) -> None:
    hub = make_hub()
    hub.publish(make_trade(1))
    line = FakeLine()
    hub.join(line, since=1, feed=feed)
    assert types(line) == [("gap", 1), ("snapshot", 1)]
    assert line.messages()[0]["data"]["reason"] == "another feed"


async def test_two_hubs_have_their_own_seq_and_feed_id() -> None:
    one, other = make_hub(), make_hub()
    one.publish(make_tick(1))
    assert (one.last_seq, other.last_seq) == (1, 0)
    assert one.feed_id != other.feed_id


async def test_memory_is_bounded_by_bytes_too() -> None:
    hub = make_hub(HubSettings(ring_bytes=10_000))
    for n in range(100):
        hub.publish(make_trade(n, filler="x" * 1_000))
    stats = hub.stats()
    assert stats.ring_bytes <= 10_000
    assert 0 < stats.ring_messages < 10


async def test_a_reset_tells_everybody_and_ends_resumption() -> None:
    hub = make_hub()
    line, filtered, late = FakeLine(), FakeLine(), FakeLine()
    hub.join(line)
    hub.join(filtered, frozenset({"alert"}))
    hub.publish(make_tick(1))
    hub.reset()
    assert types(line) == [("snapshot", 0), ("game.tick", 1), ("snapshot", 1)]
    assert types(filtered) == [("snapshot", 0), ("snapshot", 1)]
    hub.join(late, since=1, feed=hub.feed_id)
    assert types(late) == [("gap", 1), ("snapshot", 1)]


async def test_after_a_reset_new_messages_can_be_resumed() -> None:
    hub = make_hub()
    hub.publish(make_tick(1))
    hub.reset()
    hub.publish(make_trade(1))
    hub.publish(make_trade(2))
    line = FakeLine()
    hub.join(line, since=2, feed=hub.feed_id)
    assert types(line) == [("player.trade", 3)]


async def test_a_pong_comes_after_everything_published_before() -> None:
    hub = make_hub()
    line = FakeLine()
    outbox = hub.join(line, frozenset({"game.tick"}))
    hub.publish(make_tick(1))
    hub.pong(outbox, "x")
    assert types(line) == [("snapshot", 0), ("game.tick", 1), ("pong", 1)]
    assert line.messages()[-1]["data"] == {"id": "x"}


async def test_clients_that_join_together_share_one_snapshot() -> None:
    made = []

    def snapshot() -> Message:
        made.append(1)
        return Message("snapshot", 1, None, {})

    clock = FakeClock()
    hub = FeedHub(snapshot, clock=clock)
    hub.join(FakeLine())
    hub.join(FakeLine())
    assert len(made) == 1
    clock.seconds += 2
    hub.join(FakeLine())
    hub.publish(make_tick(1))
    hub.join(FakeLine())
    assert len(made) == 3


async def test_a_client_that_left_gets_nothing_and_still_counts() -> None:
    hub = make_hub()
    line = FakeLine()
    outbox = hub.join(line)
    hub.publish(make_tick(1))
    hub.flush()
    hub.leave(outbox)
    hub.leave(outbox)
    hub.publish(make_tick(2))
    hub.flush()
    assert types(line)[-1] == ("game.tick", 1)
    assert (hub.stats().clients, hub.stats().delivered) == (0, 2)


async def test_a_slow_client_is_closed_and_the_others_notice_nothing() -> None:
    hub = make_hub(HubSettings(budget=Budget(max_messages=5)))
    slow, healthy = FakeLine(stalled=True), FakeLine()
    outbox = hub.join(slow)
    hub.join(healthy)
    for n in range(50):
        hub.publish(make_trade(n, filler="x" * 5_000))
        hub.flush()
    assert slow.closed is not None
    assert slow.closed[0] == 1013
    assert [seq for _, seq in types(healthy)] == list(range(51))
    hub.leave(outbox)
    assert hub.stats().closed_slow == 1


async def test_a_sweep_closes_who_stopped_reading() -> None:
    clock = FakeClock()
    hub = make_hub(clock=clock)
    line = FakeLine(stalled=True)
    hub.join(line)
    for n in range(2):
        hub.publish(make_trade(n, filler="x" * 40_000))
        hub.flush()
    hub.sweep()
    clock.seconds += 4
    hub.sweep()
    assert line.closed == (1013, "nothing read for 3 s")


async def test_a_closed_hub_ends_its_clients_after_their_last_message() -> None:
    hub = make_hub()
    line = FakeLine()
    hub.join(line)
    hub.publish(make_tick(1))
    hub.close(1000, "the replay was closed")
    assert types(line)[-1] == ("game.tick", 1)
    assert line.closed == (1000, "the replay was closed")
    assert hub.closed


async def test_a_snapshot_must_be_one() -> None:
    hub = FeedHub(lambda: make_tick(1))
    with pytest.raises(TypeError, match="snapshot"):
        hub.join(FakeLine())
