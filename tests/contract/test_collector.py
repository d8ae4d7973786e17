"""One collector: it acknowledges what it stored, and derives games as they were recorded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import nats
import pytest
from tests.command_support import table
from tests.outlet_support import (
    Nats,
    Recording,
    collect,
    hasty,
    recording,
    rows,
    server,
    waiting_at,
    within,
)
from tests.store_support import SMALL, START_US, make_frame

from vectra_player.bus import spawn
from vectra_player.errors import DiskError, SourceError
from vectra_player.model.frame import Frame
from vectra_player.outlet.broker import connected
from vectra_player.outlet.collector import Collector, Shelf
from vectra_player.outlet.messages import SUBJECTS, to_message
from vectra_player.store.layout import DataDir
from vectra_player.store.tail import Tail
from vectra_player.store.writer import EventStore

__all__ = ["hasty", "recording", "server"]

pytestmark = pytest.mark.usefixtures("hasty")


async def test_a_collector_killed_before_it_acknowledged_keeps_one_row_of_each(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    async with recording.sending(server.address):
        recording.append([make_frame(number) for number in range(40)])
        recording.end()
    with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
        async with connected(server.address) as there:
            pull = await there.follow()
            messages = await pull.take(20)
            Collector(store, server.address)._keep(messages)
    # It never acknowledged, and its store was closed as if by a kill. All comes again, in order.
    report = await collect(tmp_path / "collected", server.address)
    assert (report.duplicates, report.events) == (len(messages), 42 - len(messages))
    assert rows(tmp_path / "collected") == rows(recording.root)
    assert await waiting_at(server) == 0


async def test_a_collector_whose_disk_refuses_acknowledges_nothing(
    tmp_path: Path, server: Nats, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording.sending(server.address):
        recording.append([make_frame(number) for number in range(10)])
        recording.end()

    def refuse(*_: object, **__: object) -> int:
        raise DiskError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(EventStore, "import_frames", refuse)
        with pytest.raises(DiskError):
            await collect(tmp_path / "collected", server.address)
    assert await waiting_at(server) == 12
    await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_a_second_collector_is_refused(tmp_path: Path, server: Nats) -> None:
    async with connected(server.address) as there:
        await there.open_stream()
        await there.follow()
        with pytest.raises(SourceError, match="another collector"):
            await collect(tmp_path / "collected", server.address)
    await collect(tmp_path / "collected", server.address)  # the first has gone


async def test_what_is_no_event_of_ours_is_set_aside(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    async with recording.sending(server.address):
        recording.end()
    client = await nats.connect(server.url)
    await client.jetstream().publish(f"{SUBJECTS}.stranger", b'{"session_id":"../.."}')
    await client.close()
    report = await collect(tmp_path / "collected", server.address)
    assert (report.bad_messages, report.events) == (1, 2)
    (aside,) = (tmp_path / "collected" / "quarantine").glob("outlet-*.json")
    assert aside.read_bytes() == b'{"session_id":"../.."}'
    assert await waiting_at(server) == 0


def game() -> list[Frame]:
    """A game of thirty ticks that rugs, and the beginning of the next, which tells its history."""
    prices = [*(1 + number / 100 for number in range(29)), 0.01]
    first, second = "20251124-abcdef0123456789", "20251124-123456789abcdef0"
    entry = {"id": first, "timestamp": START_US // 1000 + 40, "prices": prices, "rugged": True}
    states: list[dict[str, object]] = [
        {"gameId": first, "tickCount": number, "price": price, "rugged": number == 29}
        for number, price in enumerate(prices)
    ]
    states += [
        {"gameId": second, "tickCount": number, "price": 1.0, "gameHistory": [entry]}
        for number in range(5)
    ]
    return [
        make_frame(number, raw=f"42{json.dumps(['gameStateUpdate', {'active': True, **state}])}")
        for number, state in enumerate(states)
    ]


def derived(root: Path) -> list[str]:
    return sorted(str(row) for name in ("game", "game_tick") for row in table(root, name))


async def test_rows_that_come_in_another_order_are_derived_as_they_were_recorded(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    recording.append(game())
    found = Tail(DataDir(recording.root)).read(recording.session_id, 0, 100, 1 << 20)
    recording.end()
    async with connected(server.address) as there:
        await there.open_stream()
        with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
            collector = Collector(store, server.address)
            task = spawn(collector.run(), "collector")
            for part in (found.rows[20:], found.rows[10:20], found.rows[:10], found.rows[:5]):
                messages = [to_message(row, there.max_bytes) for row in part]
                await there.publish([message for message in messages if message is not None])
                while (await there.open_stream()).messages:  # stored before the next part comes
                    await asyncio.sleep(0.01)
            collector.stop()
            await within(task)
    assert rows(tmp_path / "collected") == rows(recording.root)[:-1]
    assert len(table(recording.root, "game")) == 1
    assert derived(tmp_path / "collected") == derived(recording.root)


async def test_a_collector_killed_in_the_middle_of_disorder_is_made_good_by_the_next(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    recording.append(game())
    found = Tail(DataDir(recording.root)).read(recording.session_id, 0, 100, 1 << 20)
    recording.end()
    with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
        shelf = Shelf(store)
        shelf.put(found.rows[15:])
        shelf.put(found.rows[:15])
    await collect(tmp_path / "collected", server.address)
    assert derived(tmp_path / "collected") == derived(recording.root)


def test_of_two_rows_with_one_key_the_first_is_kept(tmp_path: Path, recording: Recording) -> None:
    recording.append([make_frame(1)])
    row = Tail(DataDir(recording.root)).read(recording.session_id, 0, 100, 1 << 20).rows[-1]
    other = msgspec.structs.replace(row, raw="2")
    with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
        shelf = Shelf(store)
        shelf.put([row, other])
        shelf.put([other])
        shelf.close()
    assert [kept["raw"] for kept in rows(tmp_path / "collected")] == [row.raw]
    assert (shelf.report.events, shelf.report.duplicates) == (1, 2)
