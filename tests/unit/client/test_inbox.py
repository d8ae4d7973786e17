"""A full queue waits or drops as declared, and says so."""

from __future__ import annotations

import asyncio

import pytest

from vectra_player.client import ConnectionChange, FeedEvent, Gap, Overflow
from vectra_player.client.inbox import Inbox
from vectra_player.errors import UsageError


def event(seq: int) -> FeedEvent:
    return FeedEvent(type="player.trade", ts=1, seq=seq, data={})


def news() -> ConnectionChange:
    return ConnectionChange(type="connection", ts=1, seq=0, data={}, scope="feed")


async def test_a_full_inbox_that_waits_loses_nothing() -> None:
    inbox = Inbox(2, Overflow.WAIT)

    async def fill() -> None:
        for seq in range(20):
            await inbox.put(event(seq))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fill())
        await asyncio.sleep(0)
        assert len(inbox) == 2
        assert [(await inbox.get()).seq for _ in range(20)] == list(range(20))
    assert inbox.dropped == 0


async def test_a_full_inbox_that_drops_says_how_many_before_the_next_event() -> None:
    inbox = Inbox(2, Overflow.DROP_OLDEST)
    for seq in range(5):
        await inbox.put(event(seq))
    gap = await inbox.get()
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.missing, inbox.dropped) == ("client", 3, 3)
    assert [(await inbox.get()).seq for _ in range(2)] == [3, 4]


@pytest.mark.parametrize("overflow", Overflow)
async def test_news_of_the_connection_always_fit_and_are_never_dropped(overflow: Overflow) -> None:
    inbox = Inbox(1, overflow)
    await inbox.put(news())
    await inbox.put(event(1))
    await inbox.put(news())
    if overflow is Overflow.DROP_OLDEST:
        await inbox.put(event(2))
    assert sum(isinstance(e, ConnectionChange) for e in inbox._events) == 2


async def test_a_stopped_inbox_ends_at_once_and_frees_who_waits() -> None:
    inbox = Inbox(1, Overflow.WAIT)
    await inbox.put(event(1))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(inbox.put(event(2)))
        await asyncio.sleep(0)
        inbox.close()
    with pytest.raises(StopAsyncIteration):
        await inbox.get()


async def test_an_inbox_closed_with_an_error_hands_over_what_it_has_and_then_raises() -> None:
    inbox = Inbox(4, Overflow.WAIT)
    await inbox.put(event(1))
    inbox.close(UsageError("no"))
    inbox.close()
    assert (await inbox.get()).seq == 1
    with pytest.raises(UsageError, match="no"):
        await inbox.get()


def test_an_inbox_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Inbox(0, Overflow.WAIT)
