from __future__ import annotations

import asyncio

import pytest
import structlog

from vectra_player.bus import EventBus, Events, Overflow, spawn
from vectra_player.errors import CaptureHaltedError
from vectra_player.model.frame import Frame, StoredFrame


async def test_a_subscriber_gets_the_messages_of_its_topics_in_order() -> None:
    bus = EventBus()
    queue = bus.subscribe(Events.TRADE, Events.GAP, name="q")
    bus.publish(Events.TRADE, 1)
    bus.publish(Events.GAME_TICK, 2)
    bus.publish(Events.GAP, 3)
    queue.close()
    assert [tuple(item) async for item in queue] == [(Events.TRADE, 1), (Events.GAP, 3)]


async def test_a_waiting_subscriber_wakes_when_something_is_published() -> None:
    bus = EventBus()
    queue = bus.subscribe(Events.TRADE, name="q")
    waiting = spawn(queue.get(), name="waiting")
    await asyncio.sleep(0)
    bus.publish(Events.TRADE, "now")
    assert (await waiting).message == "now"


async def test_drop_oldest_keeps_the_newest_and_counts_what_went() -> None:
    bus = EventBus()
    queue = bus.subscribe(Events.TRADE, name="q", capacity=3)
    for number in range(10):
        bus.publish(Events.TRADE, number)
    stats = queue.stats()
    assert [queue.get_nowait().message for _ in range(3)] == [7, 8, 9]  # type: ignore[union-attr]
    assert queue.get_nowait() is None
    assert (stats.published, stats.dropped, stats.queued, stats.high_water) == (10, 7, 3, 3)
    assert bus.stats().dropped == 7
    assert queue.stats().delivered == 3


async def test_latest_merges_by_topic_and_never_lets_one_topic_hide_another() -> None:
    bus = EventBus()
    queue = bus.subscribe(
        Events.GAME_TICK, Events.PLAYER_UPDATE, name="q", overflow=Overflow.LATEST
    )
    bus.publish(Events.PLAYER_UPDATE, "state")
    for number in range(5):
        bus.publish(Events.GAME_TICK, number)
    assert queue.get_nowait() == (Events.PLAYER_UPDATE, "state")
    assert queue.get_nowait() == (Events.GAME_TICK, 4)
    assert queue.stats().dropped == 4


async def test_a_full_halt_queue_stops_the_publisher_and_nobody_gets_the_message() -> None:
    bus = EventBus()
    served: list[object] = []
    bus.attach(Events.WS_RAW_EVENT, served.append)
    other = bus.subscribe(Events.WS_RAW_EVENT, name="other")
    bus.subscribe(Events.WS_RAW_EVENT, name="store", capacity=1, overflow=Overflow.HALT)
    message = StoredFrame("s", 1, Frame(ts=1, raw="2"))
    bus.publish(Events.WS_RAW_EVENT, message)
    with pytest.raises(CaptureHaltedError, match="store does not keep up"):
        bus.publish(Events.WS_RAW_EVENT, message)
    assert len(served) == 1
    assert other.stats().published == 1
    assert bus.stats().refused == 1


async def test_a_message_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(TypeError, match="StoredFrame"):
        EventBus().publish(Events.WS_RAW_EVENT, "text")


async def test_attached_consumers_are_served_in_order_essential_ones_first() -> None:
    bus = EventBus()
    calls: list[str] = []
    queue = bus.subscribe(Events.EVENT, name="q")
    bus.attach(Events.EVENT, lambda _: calls.append(f"live, {queue.stats().queued} queued"))
    bus.attach(Events.EVENT, lambda _: calls.append("store"), essential=True)
    bus.publish(Events.EVENT, 1)
    assert calls == ["store", "live, 0 queued"]


async def test_a_failing_consumer_is_counted_and_logged_and_stops_nobody() -> None:
    bus = EventBus()
    served: list[object] = []
    bus.attach(Events.EVENT, lambda _: 1 / 0, name="broken")
    bus.attach(Events.EVENT, served.append)
    queue = bus.subscribe(Events.EVENT, name="q")
    with structlog.testing.capture_logs() as logs:
        bus.publish(Events.EVENT, 1)
    assert served == [1]
    assert queue.stats().queued == 1
    assert [h.failed for h in bus.stats().handlers] == [1, 0]
    assert logs[0]["handler"] == "broken"


async def test_the_failure_of_an_essential_consumer_reaches_the_publisher() -> None:
    bus = EventBus()
    served: list[object] = []

    def full(_: object) -> None:
        raise CaptureHaltedError("full")

    bus.attach(Events.EVENT, served.append)
    bus.attach(Events.EVENT, full, essential=True)
    with pytest.raises(CaptureHaltedError):
        bus.publish(Events.EVENT, 1)
    assert served == []


async def test_a_detached_consumer_hears_nothing_more() -> None:
    bus = EventBus()
    served: list[object] = []
    detach = bus.attach(Events.EVENT, served.append)
    bus.publish(Events.EVENT, 1)
    detach()
    bus.publish(Events.EVENT, 2)
    assert served == [1]


async def test_a_consumer_may_publish_while_it_is_served() -> None:
    bus = EventBus()
    bus.attach(Events.EVENT, lambda m: bus.publish(Events.TRADE, m))
    queue = bus.subscribe(Events.TRADE, name="q")
    bus.publish(Events.EVENT, 7)
    assert queue.get_nowait() == (Events.TRADE, 7)


async def test_drain_waits_until_the_last_message_was_dealt_with() -> None:
    bus = EventBus()
    queue = bus.subscribe(Events.EVENT, name="q")
    done: list[object] = []
    release = asyncio.Event()

    async def consume() -> None:
        async for _, message in queue:
            await release.wait()
            done.append(message)

    task = spawn(consume(), name="consumer")
    for number in range(5):
        bus.publish(Events.EVENT, number)
    draining = spawn(bus.drain(30), name="drain")
    await asyncio.sleep(0)
    assert not draining.done()
    release.set()
    assert await draining == 0
    assert done == [0, 1, 2, 3, 4]
    assert await bus.close(30) == 0
    await task


async def test_drain_gives_up_in_time_and_says_what_is_left() -> None:
    bus = EventBus()
    bus.subscribe(Events.EVENT, name="nobody reads")
    bus.publish(Events.EVENT, 1)
    assert await bus.drain(0.01) == 1


async def test_one_stalled_subscriber_delays_nobody_else() -> None:
    bus = EventBus()
    bus.subscribe(Events.EVENT, name="stalled", capacity=10)
    lively = bus.subscribe(Events.EVENT, name="lively", capacity=2000)
    for number in range(1000):
        bus.publish(Events.EVENT, number)
    lively.close()
    assert [message async for _, message in lively] == list(range(1000))


async def test_a_closed_subscription_leaves_the_bus() -> None:
    bus = EventBus()
    with bus.subscribe(Events.EVENT, name="q") as queue:
        bus.publish(Events.EVENT, 1)
    bus.publish(Events.EVENT, 2)
    assert [message async for _, message in queue] == [1]
    assert bus.stats().subscriptions == ()


async def test_another_thread_hands_over_through_the_loop() -> None:
    bus = EventBus()
    queue = bus.subscribe(Events.EVENT, name="q")
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(loop.call_soon_threadsafe, bus.publish, Events.EVENT, "far")
    assert (await queue.get()).message == "far"


@pytest.mark.parametrize(("topics", "capacity"), [((), 1), ((Events.EVENT,), 0)])
async def test_a_subscription_without_topic_or_room_is_refused(
    topics: tuple[Events, ...], capacity: int
) -> None:
    with pytest.raises(ValueError, match="topic and room"):
        EventBus().subscribe(*topics, name="q", capacity=capacity)


async def test_spawn_returns_what_the_task_returns() -> None:
    async def answer() -> int:
        return 42

    task = spawn(answer(), name="answer")
    assert task.get_name() == "answer"
    assert await task == 42


async def test_spawn_logs_the_failure_of_a_task_nobody_awaits() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with structlog.testing.capture_logs() as logs:
        task = spawn(fail(), name="failing")
        await asyncio.wait({task})
        await asyncio.sleep(0)
    assert logs[0]["task"] == "failing"
    assert str(logs[0]["error"]) == "broken"


async def test_spawn_says_nothing_of_a_cancelled_task() -> None:
    with structlog.testing.capture_logs() as logs:
        task = spawn(asyncio.Event().wait(), name="cancelled")
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
    assert logs == []
