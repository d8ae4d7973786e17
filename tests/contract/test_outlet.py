"""Several recorders, a real broker, one collector: every row once, whatever happens in between.

Sender and collector run on the test's own loop, the broker is a process that is started, killed and
emptied.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig
from structlog.testing import capture_logs
from tests.command_support import table
from tests.outlet_support import (
    Nats,
    Recording,
    broker,
    collect,
    hasty,
    recording,
    rows,
    server,
    until,
    waiting_at,
    within,
)
from tests.store_support import SMALL, make_frame

from vectra_player.bus import spawn
from vectra_player.errors import SourceError
from vectra_player.model.frame import BINARY, fact
from vectra_player.outlet import broker as broker_module
from vectra_player.outlet.address import parse_address
from vectra_player.outlet.broker import STREAM, Broker, BrokerError, connected
from vectra_player.outlet.collector import Collector
from vectra_player.outlet.messages import SUBJECTS
from vectra_player.outlet.sender import Sender
from vectra_player.protocol.redact import scrub
from vectra_player.store.layout import DataDir
from vectra_player.store.writer import EventStore

__all__ = ["hasty", "recording", "server"]

pytestmark = pytest.mark.usefixtures("hasty")


def sent(sender: Sender) -> int:
    return sender.progress.sent


async def until_sent(sender: Sender, count: int) -> None:
    await until(lambda: sent(sender) >= count, f"{count} are sent")


async def test_the_collector_has_the_rows_of_all_recorders_exactly(
    tmp_path: Path, server: Nats
) -> None:
    # The same clock, the same texts: only the session tells them apart.
    first, second = Recording(tmp_path / "first"), Recording(tmp_path / "second")
    kinds = [
        make_frame(1, raw="AAEC", opcode=BINARY),
        make_frame(2, raw='42["x","\ud800"]'),
        make_frame(3, raw='42["login",{"password":"hush"}]', direction="sent"),
        make_frame(4, raw="x" * 2_000_000),
        fact("gap", {"missing": "2 frames"}, ts=5, source="demo"),
    ]
    first.append([scrub(frame) for frame in kinds])  # as the recorder does
    async with first.sending(server.address) as one, second.sending(server.address) as two:
        for part in range(4):
            for recorder, sender in ((first, one), (second, two)):
                recorder.append([make_frame(10 * part + number) for number in range(10)])
                sender.wake()
        first.store.flush()
        first.end()
        second.end()
    report = await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(first.root, second.root)
    assert (report.sessions, report.duplicates, report.bad_messages) == (2, 0, 0)
    for doc_type in ("system_event", "game_tick"):
        derived = table(first.root, doc_type) + table(second.root, doc_type)
        ours = table(tmp_path / "collected", doc_type)
        assert sorted(map(str, ours)) == sorted(map(str, derived))
    assert await waiting_at(server) == 0


async def test_a_broker_that_comes_late_gets_all(tmp_path: Path, recording: Recording) -> None:
    with broker(tmp_path / "nats", started=False) as server:
        async with recording.sending(server.address) as sender:
            recording.append([make_frame(number) for number in range(20)])
            await until(lambda: sender.progress.reason == "no broker answers", "it is told")
            recording.store.flush()  # by now only the files have them
            server.start()
            await until(lambda: sent(sender) == 21, "all is sent")
            recording.end()
        await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_a_broker_killed_again_and_again_loses_nothing(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    async with recording.sending(server.address) as sender:
        for part in range(3):
            recording.append([make_frame(number + 100 * part) for number in range(100)])
            sender.wake()
            await until_sent(sender, 100 * part + 1)
            server.kill()
            recording.append([make_frame(number) for number in range(10)])
            sender.wake()
            await until(lambda: sender.progress.state == "waiting", "it is noticed")
            server.start()
        recording.end()
    report = await collect(tmp_path / "collected", server.address)
    assert report.events == 3 * 110 + 2
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_a_broker_that_hangs_is_given_up_and_tried_again(
    tmp_path: Path, server: Nats, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "ANSWER_S", 0.3)
    monkeypatch.setattr(broker_module, "CONNECT_S", 0.3)
    async with recording.sending(server.address) as sender:
        await until_sent(sender, 1)
        with server.hanging():
            recording.append([make_frame(number) for number in range(20)])
            sender.wake()
            await until(lambda: sender.progress.state == "waiting", "it is noticed")
        await until_sent(sender, 21)
        recording.end()
    monkeypatch.undo()
    await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_an_emptied_broker_gets_again_what_nobody_collected(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
        async with recording.sending(server.address) as sender:
            recording.append([make_frame(number) for number in range(10)])
            sender.wake()
            await until(lambda: sent(sender) == 11, "the first are sent")
            await within(Collector(store, server.address).run(once=True))
            await until(lambda: not sender._positions.uncollected(), "that is noticed")
            recording.append([make_frame(number) for number in range(20)])
            sender.wake()
            await until(lambda: sent(sender) == 31, "more is sent")
            server.kill()
            server.wipe()
            server.start()
            await until(lambda: sent(sender) == 51, "only what was not collected is sent again")
            recording.end()
        report = await within(Collector(store, server.address).run(once=True))
    assert report.duplicates == 0
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_a_broker_that_lost_its_last_minutes_gets_them_again(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    """It acknowledges before its disk has anything: a power loss takes the end of the stream."""
    async with recording.sending(server.address) as sender:
        recording.append([make_frame(number) for number in range(10)])
        sender.wake()
        await until(lambda: sent(sender) == 11, "the first are sent")
        server.kill()
        shutil.copytree(server.folder, tmp_path / "earlier")
        server.start()
        await until(lambda: sender.progress.state == "connected", "it is back")
        recording.append([make_frame(number) for number in range(5)])
        sender.wake()
        await until(lambda: sent(sender) == 16, "more is sent")
        server.kill()
        server.wipe()
        shutil.copytree(tmp_path / "earlier", server.folder)
        server.start()
        await until(lambda: sent(sender) >= 16 + 16, "all that was not collected is sent again")
        recording.end()
    report = await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(recording.root)
    assert report.events == 17


async def test_the_place_of_another_recorders_event_is_no_proof(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    """After a loss others fill the lost places of the stream: the key tells whose event it is."""
    async with recording.sending(server.address):
        recording.append([make_frame(number) for number in range(10)])
    server.kill()
    shutil.copytree(server.folder, tmp_path / "earlier")
    server.start()
    async with recording.sending(server.address):
        recording.append([make_frame(number) for number in range(5)])
    server.kill()
    server.wipe()
    shutil.copytree(tmp_path / "earlier", server.folder)
    server.start()
    other = Recording(tmp_path / "other")
    async with other.sending(server.address) as sender:
        other.append([make_frame(number) for number in range(20)])
        other.end()
    assert sent(sender) == 22
    async with recording.sending(server.address):
        recording.end()
    await collect(tmp_path / "collected", server.address)
    assert rows(tmp_path / "collected") == rows(recording.root, other.root)


async def test_a_full_stream_is_waited_for_and_goes_on_when_it_is_collected(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    async with connected(server.address) as there:
        await there._js.add_stream(
            StreamConfig(
                name=STREAM,
                subjects=[f"{SUBJECTS}.>"],
                max_msgs=25,
                discard=DiscardPolicy.NEW,
                retention=RetentionPolicy.WORK_QUEUE,
            )
        )
    with EventStore.open(tmp_path / "collected", settings=SMALL) as store:
        collector = Collector(store, server.address)
        async with recording.sending(server.address) as sender:
            recording.append([make_frame(number) for number in range(80)])
            sender.wake()
            await until(lambda: "maximum messages" in sender.progress.reason, "it is told")
            task = spawn(collector.run(), "collector")
            await until(lambda: sent(sender) >= 81, "it goes on")
            recording.end()
        collector.stop()
        await within(task)
        await within(Collector(store, server.address).run(once=True))
    assert rows(tmp_path / "collected") == rows(recording.root)


async def test_a_stream_that_drops_what_nobody_collected_is_refused(
    server: Nats, recording: Recording
) -> None:
    async with connected(server.address) as there:
        await there._js.add_stream(StreamConfig(name=STREAM, subjects=[f"{SUBJECTS}.>"]))
    async with recording.sending(server.address) as sender:
        await until(lambda: "may drop events" in sender.progress.reason, "it is told")
    assert sent(sender) == 0


async def test_wrong_credentials_are_told_and_never_logged(
    tmp_path: Path, recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("me:wr0ng")
    secret.chmod(0o600)
    with (
        caplog.at_level(logging.DEBUG),
        capture_logs() as logged,
        broker(tmp_path / "nats", "--user", "me", "--pass", "r1ght") as server,
    ):
        address = parse_address(server.url, secret)
        async with recording.sending(address) as sender:
            recording.append([make_frame(number) for number in range(5)])
            refused = "the broker refuses the credentials"
            await until(lambda: sender.progress.reason == refused, "it is told")
            with pytest.raises(SourceError, match=refused):
                await collect(tmp_path / "collected", address)
            secret.write_text("me:r1ght")
            await until(lambda: sent(sender) == 6, "the new credentials are read")
            recording.end()
        await collect(tmp_path / "collected", address)
    assert rows(tmp_path / "collected") == rows(recording.root)
    told = f"{caplog.text} {logged}"
    assert refused in told
    assert "wr0ng" not in told
    assert "r1ght" not in told


async def test_a_broker_without_jetstream_is_told(tmp_path: Path, recording: Recording) -> None:
    with broker(tmp_path / "nats", started=False) as server:
        server.start(jetstream=False)
        async with recording.sending(server.address) as sender:
            await until(lambda: "no JetStream" in sender.progress.reason, "it is told")


async def test_a_sender_that_was_killed_goes_on_from_where_it_was(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    for part in range(1, 4):
        recording.append([make_frame(number) for number in range(10)])
        async with recording.sending(server.address) as sender:
            pass
        assert sent(sender) == (11 if part == 1 else 10)
    assert await waiting_at(server) == 31


async def test_events_that_were_acknowledged_but_not_noted_are_stored_once(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    """The positions of a killed sender may be older than what it sent."""
    recording.append([make_frame(number) for number in range(10)])
    async with recording.sending(server.address):
        pass
    (DataDir(recording.root).run / "outlet.sqlite").unlink()
    async with recording.sending(server.address) as sender:
        recording.end()
    assert sent(sender) == 12
    assert await waiting_at(server) == 12
    report = await collect(tmp_path / "collected", server.address)
    assert (report.events, report.duplicates) == (12, 0)


async def test_an_event_too_long_for_the_broker_stays_and_the_rest_goes(
    tmp_path: Path, server: Nats, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Broker, "max_bytes", 1_200)
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(2_000))
    recording.append([make_frame(1), make_frame(2, raw=noise), make_frame(3)])
    async with recording.sending(server.address) as sender:
        recording.end()
    assert (sender.progress.too_long, sent(sender)) == (1, 4)
    await collect(tmp_path / "collected", server.address)
    assert [row["seq"] for row in rows(tmp_path / "collected")] == [1, 2, 4, 5]


async def test_what_was_recorded_before_the_outlet_was_set_stays_here(
    tmp_path: Path, server: Nats, recording: Recording
) -> None:
    recording.append([make_frame(1)])
    recording.end()
    later = Recording(recording.root)
    async with later.sending(server.address) as sender:
        later.append([make_frame(2)])
        later.end()
    assert sent(sender) == 3
    await collect(tmp_path / "collected", server.address)
    assert {row["session_id"] for row in rows(tmp_path / "collected")} == {later.session_id}


async def test_a_connection_that_is_lost_ends_every_wait_for_it(server: Nats) -> None:
    async with connected(server.address) as there:
        await there.open_stream()
        pull = await there.follow()
        taking = spawn(pull.take(1), "take")
        await asyncio.sleep(0)
        server.kill()
        with pytest.raises(BrokerError):
            await within(taking)
