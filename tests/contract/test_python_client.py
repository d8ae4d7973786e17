"""The Python client against the real feed: restarts, resumption, slowness, refusals."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.feed_support import (
    PATIENCE_S,
    Running,
    make_hub,
    make_tick,
    make_trade,
    running_feed,
    until,
)

from vectra_player.client import (
    Backoff,
    BaseSubscriber,
    ConnectionChange,
    FeedEvent,
    FoundationClient,
    GameTick,
    Gap,
    Overflow,
    Position,
    Snapshot,
    Trade,
)
from vectra_player.errors import SourceError, UsageError
from vectra_player.foundation.hub import HubSettings
from vectra_player.foundation.messages import Message
from vectra_player.foundation.outbox import Budget

QUICK = Backoff(first_s=0.01, cap_s=0.05)


class Notes(BaseSubscriber):
    """Writes down everything, and waits for what a test needs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(backoff=QUICK, **options)
        self.events: list[FeedEvent] = []

    def on_message(self, event: FeedEvent) -> None:
        """Write it down."""
        self.events.append(event)

    def of(self, kind: type[FeedEvent]) -> list[Any]:
        """Return the events of a class."""
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[str | None]:
        """Return how our own connection went."""
        return [e.state for e in self.of(ConnectionChange) if e.scope == "feed"]

    def trades(self) -> list[int]:
        """Return the numbers of the trades that came."""
        return [event.data["number"] for event in self.of(Trade)]


def announce(root: Path, running: Running) -> None:
    """Write what the service writes at its start."""
    (root / "run").mkdir(exist_ok=True)
    told = {"pid": 1, "token": running.access.token, "feed": running.feed.port, "monitor": 1}
    staged = root / "run" / "instance.new"
    staged.write_text(json.dumps(told))
    staged.rename(root / "run" / "instance.json")


@asynccontextmanager
async def following(notes: Notes) -> AsyncIterator[Notes]:
    """Run a subscriber until the block ends."""
    async with asyncio.timeout(2 * PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(notes.run())
        yield notes
        notes.stop()


async def test_a_subscriber_gets_a_snapshot_and_then_what_happens(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        async with following(Notes(data_dir=tmp_path)) as notes:
            await until(lambda: len(notes.of(Snapshot)) == 1)
            running.hub.publish(make_tick(1, 1.25))
            running.hub.publish(make_trade(1))
            await until(lambda: notes.trades() == [1])
        assert notes.states() == ["connecting", "open"]
        (tick,) = notes.of(GameTick)
        assert (tick.tick, tick.price, tick.seq) == (1, 1.25, 1)
        assert notes.client.position == Position(running.hub.feed_id, 2)
        await until(lambda: running.feed.stats().clients == 0)


async def test_a_client_comes_back_after_a_restart_with_another_port_and_token(
    tmp_path: Path,
) -> None:
    notes = Notes(data_dir=tmp_path)
    async with following(notes):
        await until(lambda: "waiting" in notes.states())
        async with running_feed() as first:
            announce(tmp_path, first)
            await until(lambda: len(notes.of(Snapshot)) == 1)
        async with running_feed() as second:
            announce(tmp_path, second)
            await until(lambda: len(notes.of(Snapshot)) == 2)
            assert [gap.scope for gap in notes.of(Gap)] == ["feed"]
            assert notes.of(Snapshot)[1].feed_id == second.hub.feed_id
    assert notes.client.stats().connects == 2


async def test_no_trade_is_lost_while_connections_are_cut(tmp_path: Path) -> None:
    hub = make_hub()
    notes = Notes(data_dir=tmp_path, types=["player.trade"])
    async with following(notes):
        for cut in range(4):
            async with running_feed({None: hub}) as running:
                announce(tmp_path, running)
                await until(lambda cut=cut: notes.client.stats().connects == cut + 1)
                for n in range(50):
                    hub.publish(make_trade(cut * 100 + n))
                    hub.publish(make_tick(n))
            for n in range(50, 100):
                hub.publish(make_trade(cut * 100 + n))
        async with running_feed({None: hub}) as running:
            announce(tmp_path, running)
            await until(lambda: len(notes.trades()) >= 400)
    assert notes.trades() == list(range(400))
    assert len(notes.of(Snapshot)) == 1
    assert notes.of(Gap) == []
    assert notes.of(GameTick) == []


async def test_what_cannot_be_resumed_is_a_gap_and_a_snapshot(tmp_path: Path) -> None:
    hub = make_hub(HubSettings(ring_messages=5))
    async with following(Notes(data_dir=tmp_path)) as notes:
        async with running_feed({None: hub}) as running:
            announce(tmp_path, running)
            await until(lambda: len(notes.of(Snapshot)) == 1)
        for n in range(20):
            hub.publish(make_trade(n))
        async with running_feed({None: hub}) as running:
            announce(tmp_path, running)
            await until(lambda: len(notes.of(Snapshot)) == 2)
    kinds = [type(e) for e in notes.events if not isinstance(e, ConnectionChange)]
    assert kinds == [Snapshot, Gap, Snapshot]


async def test_a_program_goes_on_where_its_last_run_ended(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        async with following(Notes(data_dir=tmp_path)) as first:
            await until(lambda: len(first.of(Snapshot)) == 1)
            running.hub.publish(make_trade(1))
            await until(lambda: first.trades() == [1])
        running.hub.publish(make_trade(2))
        async with following(Notes(data_dir=tmp_path, resume=first.client.position)) as second:
            await until(lambda: second.trades() == [2])
        assert second.of(Snapshot) == []


async def test_a_slow_subscriber_holds_up_nobody_and_loses_no_trade(tmp_path: Path) -> None:
    release = asyncio.Event()

    class Slow(Notes):
        async def on_trade(self, event: Trade) -> None:
            await release.wait()

    budget = Budget(max_bytes=4 << 20, max_messages=5_000, max_stall_s=PATIENCE_S)
    hub = make_hub(HubSettings(budget=budget))
    filler = "x" * 4_000
    async with running_feed({None: hub}) as running:
        announce(tmp_path, running)
        slow, quick = Slow(data_dir=tmp_path, capacity=4), Notes(data_dir=tmp_path)
        async with following(slow), following(quick):
            await until(lambda: bool(slow.of(Snapshot) and quick.of(Snapshot)))
            for n in range(400):
                hub.publish(make_trade(n, filler=filler))
                for tick in range(3):
                    hub.publish(make_tick(3 * n + tick, filler=filler))
                if n % 10 == 0:
                    await asyncio.sleep(0)
            await until(lambda: len(quick.trades()) == 400)
            assert len(slow.trades()) == 1
            assert len(slow.client._inbox) <= 4
            await until(lambda: hub.stats().merged > 0)
            release.set()
            await until(lambda: len(slow.trades()) == 400)
            await until(lambda: slow.of(GameTick)[-1].tick == 1199)
    assert slow.trades() == list(range(400))
    told = {t.tick for t in slow.of(GameTick)} | {t for e in slow.of(GameTick) for t, _ in e.merged}
    assert told == set(range(1200))


async def test_a_subscriber_too_slow_for_the_feed_comes_back_and_misses_no_trade(
    tmp_path: Path,
) -> None:
    release = asyncio.Event()

    class Stuck(Notes):
        async def on_trade(self, event: Trade) -> None:
            await release.wait()

    hub = make_hub(HubSettings(budget=Budget(max_messages=20), ring_messages=10_000))
    async with running_feed({None: hub}) as running:
        announce(tmp_path, running)
        async with following(Stuck(data_dir=tmp_path, capacity=2)) as stuck:
            await until(lambda: len(stuck.of(Snapshot)) == 1)
            for n in range(300):
                hub.publish(make_trade(n, filler="x" * 20_000))
                await asyncio.sleep(0)
            await until(lambda: hub.stats().closed_slow > 0)
            release.set()
            await until(lambda: len(stuck.trades()) >= 300)
        assert stuck.trades() == list(range(300))
        assert stuck.client.stats().connects > 1


async def test_a_subscriber_that_would_rather_drop_is_told_how_much(tmp_path: Path) -> None:
    release = asyncio.Event()

    class Dropping(Notes):
        async def on_snapshot(self, event: Snapshot) -> None:
            await release.wait()

    async with running_feed() as running:
        announce(tmp_path, running)
        options = {"capacity": 10, "overflow": Overflow.DROP_OLDEST}
        async with following(Dropping(data_dir=tmp_path, **options)) as notes:
            await until(lambda: len(notes.of(Snapshot)) == 1)
            for n in range(100):
                running.hub.publish(make_trade(n))
            await until(lambda: notes.client.stats().dropped == 90)
            release.set()
            await until(lambda: len(notes.trades()) == 10)
    (gap,) = notes.of(Gap)
    assert (gap.scope, gap.missing) == ("client", 90)
    assert notes.trades() == list(range(90, 100))


async def test_a_wrong_token_is_told_in_one_line() -> None:
    async with running_feed() as running:
        notes = Notes(url=running.url, token="wrong")
        with pytest.raises(UsageError) as refusal:
            await notes.run()
    assert "refused the token, the one given" in str(refusal.value)
    assert "run/instance.json" in refusal.value.advice
    assert "wrong" not in str(refusal.value).split("refused")[1].split("given")[0]


async def test_a_stale_instance_file_is_read_again_before_giving_up(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        file = tmp_path / "run" / "instance.json"
        good = file.read_text()
        file.write_text(good.replace(running.access.token, "stale"))
        notes = Notes(data_dir=tmp_path)

        def mend(event: FeedEvent) -> None:
            notes.events.append(event)
            if isinstance(event, ConnectionChange) and event.state == "refused":
                file.write_text(good)

        notes.on_message = mend  # type: ignore[method-assign]
        async with following(notes):
            await until(lambda: len(notes.of(Snapshot)) == 1)
        assert "refused" in notes.states()
        file.write_text(good.replace(running.access.token, "stale"))
        with pytest.raises(UsageError, match=r"refused the token, that of .*instance\.json"):
            await Notes(data_dir=tmp_path).run()


async def test_a_missing_replay_is_not_tried_again() -> None:
    async with running_feed() as running:
        notes = Notes(url=running.url, token=running.access.token, replay="gone")
        with pytest.raises(UsageError, match="there is no such replay"):
            await notes.run()
        assert running.feed.stats().opened == 0


async def test_a_replay_is_followed_beside_the_main_feed() -> None:
    main, replay = make_hub(), make_hub()
    async with running_feed({None: main, "r1": replay}) as running:
        access = {"url": running.url, "token": running.access.token}
        async with following(Notes(replay="r1", **access)) as notes:
            await until(lambda: len(notes.of(Snapshot)) == 1)
            main.publish(make_trade(1))
            replay.publish(make_trade(2))
            await until(lambda: notes.trades() == [2])
            replay.reset()
            await until(lambda: len(notes.of(Snapshot)) == 2)


async def test_patience_ends_with_the_reason(tmp_path: Path) -> None:
    notes = Notes(data_dir=tmp_path, patience_s=0.05)
    with pytest.raises(
        SourceError, match=r"No connection to the feed in 0\.05 s: no Foundation runs"
    ):
        await notes.run()


async def test_a_failing_handler_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    class Failing(Notes):
        def on_game_tick(self, event: GameTick) -> None:
            raise RuntimeError("boom")

        async def on_trade(self, event: Trade) -> None:
            raise ValueError("late boom")

    with capture_logs() as logs:
        async with running_feed() as running:
            announce(tmp_path, running)
            async with following(Failing(data_dir=tmp_path)) as notes:
                await until(lambda: len(notes.of(Snapshot)) == 1)
                for n in range(3):
                    running.hub.publish(make_tick(n))
                    running.hub.publish(make_trade(n))
                await until(lambda: notes.handler_errors.total() == 6)
    assert notes.handler_errors == {"on_game_tick": 3, "on_trade": 3}
    assert [entry["handler"] for entry in logs if entry["event"] == "handler failed"] == [
        "on_game_tick",
        "on_trade",
    ] * 3


async def test_messages_that_are_none_are_counted_and_skipped(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        async with following(Notes(data_dir=tmp_path)) as notes:
            await until(lambda: len(notes.of(Snapshot)) == 1)
            running.hub.publish(Message("game.tick", 1, 5, {}))  # type: ignore[arg-type]
            running.hub.publish(make_trade(1))
            await until(lambda: notes.trades() == [1])
        assert notes.client.stats().malformed == 1


async def test_a_client_is_used_once_and_can_be_stopped_before_it_starts(tmp_path: Path) -> None:
    notes = Notes(data_dir=tmp_path)
    notes.stop()
    async with asyncio.timeout(PATIENCE_S):
        await notes.run()
    with pytest.raises(UsageError, match="used once"):
        await notes.run()


async def test_the_feed_may_be_iterated_without_a_subscriber() -> None:
    async with running_feed() as running:
        client = FoundationClient(url=running.url, token=running.access.token)
        async with asyncio.timeout(PATIENCE_S), client:
            async for event in client:
                if isinstance(event, Snapshot):
                    break
        assert not client.stats().connected


async def test_run_forever_ends_when_another_thread_says_so(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        notes = Notes(data_dir=tmp_path)
        thread = threading.Thread(target=notes.run_forever)
        thread.start()
        await until(lambda: len(notes.of(Snapshot)) == 1)
        notes.stop()
        await asyncio.to_thread(thread.join, PATIENCE_S)
        assert not thread.is_alive()


async def test_a_sync_handler_that_blocks_costs_nothing_but_time(tmp_path: Path) -> None:
    class Blocking(Notes):
        def on_trade(self, event: Trade) -> None:
            time.sleep(0.01)

    async with running_feed() as running:
        announce(tmp_path, running)
        async with following(Blocking(data_dir=tmp_path)) as notes:
            await until(lambda: len(notes.of(Snapshot)) == 1)
            for n in range(50):
                running.hub.publish(make_trade(n))
            await until(lambda: notes.trades() == list(range(50)))
