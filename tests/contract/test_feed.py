"""The feed over real sockets: what a client sees, whatever the other clients do."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.feed_support import (
    PATIENCE_S,
    Running,
    hear,
    make_hub,
    make_tick,
    make_trade,
    running_feed,
    until,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from vectra_player.errors import UsageError
from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.hub import HubSettings
from vectra_player.foundation.outbox import Budget
from vectra_player.web.security import Access, new_token

BIG = "x" * 20_000


async def end_of(client: ClientConnection) -> tuple[int, str]:
    """Return code and reason of the end, reading what still comes."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                await client.recv()
        except ConnectionClosed as end:
            closed = end.rcvd
    assert closed is not None, "no close frame came"
    return closed.code, closed.reason


async def everything(client: ClientConnection) -> list[dict[str, Any]]:
    """Return all messages up to the end."""
    told = []
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                told.append(json.loads(await client.recv()))
        except ConnectionClosed:
            return told


async def hung_up(reader: asyncio.StreamReader) -> bytes:
    """Return what came before the end, however it ended."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


def lazy_socket(port: int) -> socket.socket:
    """Make a client's socket with a small buffer, so that not reading is noticed soon."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.connect(("127.0.0.1", port))
    plain.setblocking(False)
    return plain


async def fill(running: Running, messages: int, *, ticks: bool = False) -> None:
    """Publish big messages, giving clients room to read between them."""
    for n in range(messages):
        make = make_tick if ticks else make_trade
        running.hub.publish(make(n, filler=BIG))
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["/feed", "/", "/feed?", "/?types="])
async def test_a_client_gets_a_snapshot_first_and_then_messages_in_order(path: str) -> None:
    async with running_feed() as running:
        url = f"ws://127.0.0.1:{running.feed.port}{path}"
        headers = {"Authorization": f"Bearer {running.access.token}"}
        async with connect(url, additional_headers=headers) as client:
            snapshot = await hear(client)
            assert snapshot["type"] == "snapshot"
            assert snapshot["data"]["feed_id"] == running.hub.feed_id
            for n in range(20):
                running.hub.publish(make_tick(n))
            assert [(await hear(client))["seq"] for _ in range(20)] == list(range(1, 21))


async def test_compression_is_off() -> None:
    async with running_feed() as running, running.join() as client:
        assert client.protocol.extensions == []


async def test_a_filter_holds() -> None:
    async with running_feed() as running, running.join("?types=player.trade,game.rug") as client:
        await hear(client)
        running.hub.publish(make_tick(1))
        running.hub.publish(make_trade(1))
        assert (await hear(client))["seq"] == 2


async def test_a_filter_can_be_changed_while_connected() -> None:
    async with running_feed() as running, running.join("?types=alert") as client:
        await hear(client)
        await client.send(json.dumps({"type": "subscribe", "types": ["game.tick"]}))
        await client.send(json.dumps({"type": "ping", "id": 1}))
        assert (await hear(client))["type"] == "pong"
        running.hub.publish(make_trade(1))
        running.hub.publish(make_tick(1))
        assert (await hear(client))["type"] == "game.tick"


async def test_a_ping_is_answered_with_its_id() -> None:
    async with running_feed() as running, running.join() as client:
        await hear(client)
        for given in (7, "seven", None, 1.5):
            await client.send(json.dumps({"type": "ping", "id": given}))
            pong = await hear(client)
            assert (pong["type"], pong["data"]) == ("pong", {"id": given})


async def test_a_websocket_ping_is_answered() -> None:
    async with running_feed() as running, running.join() as client:
        async with asyncio.timeout(PATIENCE_S):
            await (await client.ping())


async def test_a_client_resumes_where_it_left() -> None:
    async with running_feed() as running:
        async with running.join() as client:
            feed_id = (await hear(client))["data"]["feed_id"]
            running.hub.publish(make_trade(1))
            seen = (await hear(client))["seq"]
        for n in range(2, 6):
            running.hub.publish(make_trade(n))
        async with running.join(f"?since={seen}&feed={feed_id}") as client:
            told = [await hear(client) for _ in range(4)]
    assert [m["data"]["number"] for m in told] == [2, 3, 4, 5]


async def test_after_a_restart_a_client_is_told_of_the_gap() -> None:
    async with running_feed() as running, running.join() as client:
        old_feed = (await hear(client))["data"]["feed_id"]
        await running.feed.stop()
        assert (await end_of(client))[0] == 1001
        running.hubs[None] = make_hub()
        await running.feed.start()
        async with running.join(f"?since=12&feed={old_feed}") as again:
            assert [(await hear(again))["type"] for _ in range(2)] == ["gap", "snapshot"]


async def test_a_replay_has_its_own_stream() -> None:
    hubs = {None: make_hub(), "r1": make_hub()}
    async with (
        running_feed(hubs) as running,
        running.join() as live,
        running.join("?replay=r1") as replay,
    ):
        await hear(live)
        assert (await hear(replay))["data"]["feed_id"] == hubs["r1"].feed_id
        hubs["r1"].publish(make_tick(1))
        hubs[None].publish(make_trade(1))
        assert (await hear(replay))["type"] == "game.tick"
        assert (await hear(live))["type"] == "player.trade"


async def test_closing_a_replay_ends_its_clients_and_later_ones() -> None:
    hubs = {None: make_hub(), "r1": make_hub()}
    async with running_feed(hubs) as running, running.join("?replay=r1") as replay:
        await hear(replay)
        hubs["r1"].close(1000, "the replay was closed")
        assert await end_of(replay) == (1000, "the replay was closed")
        async with running.join("?replay=r1") as late:
            assert (await end_of(late))[0] == 4404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?replay=none", 4404),
        ("?since=abc&feed=x", 1008),
        ("?since=-1&feed=x", 1008),
        ("?since=%D9%A3&feed=x", 1008),
        ("?since=" + "9" * 30, 1008),
        ("?since=1&since=2", 1008),
        ("?types=" + ",".join(["a"] * 65), 1008),
        ("?types=,", 1008),
        ("?types=" + "a" * 200, 1008),
    ],
)
async def test_a_wrong_query_is_answered_with_a_reason(query: str, code: int) -> None:
    async with running_feed() as running, running.join(query) as client:
        ended, reason = await end_of(client)
        assert ended == code
        assert reason


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "[]",
        "{}",
        "null",
        '{"type":"buy"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","types":"all"}',
        '{"type":"subscribe","types":[""]}',
        '{"type":"ping","id":{}}',
        "[" * 4_000,
        '{"type":"ping","x":' + "[" * 4_000,
        '{"type":"ping","id":NaN}',
    ],
)
async def test_anything_but_ping_and_subscribe_ends_with_1008(said: str) -> None:
    async with running_feed() as running, running.join() as client:
        await client.send(said)
        code, reason = await end_of(client)
        assert code == 1008
        assert reason


async def test_binary_messages_end_with_1003() -> None:
    async with running_feed() as running, running.join() as client:
        await client.send(b"\x00\x01")
        assert (await end_of(client))[0] == 1003


@pytest.mark.parametrize("size", [4_097, 10_000_000, 2**62])
async def test_a_giant_message_ends_with_1009_at_its_header(size: int) -> None:
    async with running_feed() as running, running.join() as client:
        client.transport.write(b"\x81\xff" + size.to_bytes(8, "big") + b"mask")
        assert (await end_of(client))[0] == 1009


async def test_bad_utf8_ends_with_1007() -> None:
    async with running_feed() as running, running.join() as client:
        client.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
        assert (await end_of(client))[0] == 1007


@pytest.mark.parametrize(
    "data",
    [
        b"\xf1\x80\x00\x00\x00\x00",  # reserved bits
        b"\x83\x80\x00\x00\x00\x00",  # unknown opcode
        b"\x81\x02hi",  # not masked
        b"\x80\x80\x00\x00\x00\x00",  # continuation of nothing
        b"\x09\x80\x00\x00\x00\x00",  # fragmented ping
        b"\x89\xfe\x00\x80" + bytes(132),  # ping longer than 125
    ],
)
async def test_frames_that_break_the_protocol_end_with_1002(data: bytes) -> None:
    async with running_feed() as running, running.join() as client:
        client.transport.write(data)
        assert (await end_of(client))[0] == 1002


async def test_a_message_in_tiny_fragments_counts_each() -> None:
    async with running_feed() as running, running.join() as client:
        first = Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=True)
        more = Frame(Opcode.CONT, b"x", fin=False).serialize(mask=True)
        client.transport.write(first + more * 1_000)
        assert (await end_of(client))[0] == 1008


async def test_a_flood_of_pings_ends_and_costs_no_memory() -> None:
    async with running_feed() as running:
        client = await running.join(sock=lazy_socket(running.feed.port))
        client.transport.pause_reading()
        ping = Frame(Opcode.PING, b"p" * 125).serialize(mask=True)
        client.transport.write(ping * 20_000)
        await until(lambda: running.feed.stats().clients == 0)
        assert running.hub.stats().waiting_bytes == 0
        client.transport.abort()


async def test_a_slow_client_gets_merged_ticks_and_every_trade() -> None:
    budget = Budget(max_stall_s=PATIENCE_S)
    async with running_feed({None: make_hub(HubSettings(budget=budget))}) as running:
        client = await running.join(sock=lazy_socket(running.feed.port), max_queue=1)
        await hear(client)
        client.transport.pause_reading()
        running.hub.publish(make_trade(0))
        for n in range(100):
            running.hub.publish(make_tick(n, 1.0 + n / 100, filler=BIG))
            if n % 10 == 0:
                running.hub.publish(make_trade(1 + n // 10))
            await asyncio.sleep(0)
        assert running.hub.stats().merged > 0
        client.transport.resume_reading()
        told = [await hear(client)]
        while told[-1]["seq"] < running.hub.last_seq:
            told.append(await hear(client))
        await client.close()
    assert [m["seq"] for m in told] == sorted(m["seq"] for m in told)
    trades = [m["data"]["number"] for m in told if m["type"] == "player.trade"]
    assert trades == list(range(11))
    ticks = [m for m in told if m["type"] == "game.tick"]
    assert len(ticks) < 100
    points = [
        p for m in ticks for p in [*m.get("merged", []), [m["data"]["tick"], m["data"]["price"]]]
    ]
    assert points == [[n, 1.0 + n / 100] for n in range(100)]


async def test_a_client_over_its_budget_is_closed_with_1013_and_a_reason() -> None:
    budget = Budget(max_messages=20, max_stall_s=PATIENCE_S)
    hub = make_hub(HubSettings(budget=budget))
    async with running_feed({None: hub}, close_timeout_s=PATIENCE_S) as running:
        client = await running.join(sock=lazy_socket(running.feed.port))
        client.transport.pause_reading()
        async with running.join() as healthy:
            await hear(healthy)
            for n in range(100):
                hub.publish(make_trade(n, filler=BIG))
                assert (await hear(healthy))["data"]["number"] == n
        client.transport.resume_reading()
        assert await end_of(client) == (1013, "more than 20 messages unread")
        await until(lambda: hub.stats().closed_slow == 1)


async def test_a_client_that_never_reads_is_closed_though_only_ticks_wait() -> None:
    hub = make_hub(HubSettings(budget=Budget(max_stall_s=0.2)))
    async with running_feed({None: hub}, sweep_s=0.05, close_timeout_s=0.2) as running:
        client = await running.join(sock=lazy_socket(running.feed.port))
        client.transport.pause_reading()
        await fill(running, 100, ticks=True)
        await until(lambda: hub.stats().closed_slow == 1)
        await until(lambda: running.feed.stats().sockets == 0)
        client.transport.abort()


async def test_a_client_closed_for_slowness_resumes_without_losing_a_trade() -> None:
    budget = Budget(max_messages=20, max_stall_s=PATIENCE_S)
    hub = make_hub(HubSettings(budget=budget))
    async with running_feed({None: hub}, close_timeout_s=PATIENCE_S) as running:
        client = await running.join(sock=lazy_socket(running.feed.port))
        client.transport.pause_reading()
        await fill(running, 100)
        client.transport.resume_reading()
        told = await everything(client)
        async with running.join(f"?since={told[-1]['seq']}&feed={hub.feed_id}") as again:
            while told[-1]["seq"] < hub.last_seq:
                told.append(await hear(again))
    assert [m["data"]["number"] for m in told[1:]] == list(range(100))


async def test_stopping_ends_every_client_with_1001() -> None:
    async with running_feed() as running, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running.join()) for _ in range(5)]
        running.hub.publish(make_trade(1))
        await running.feed.stop("going down")
        for client in clients:
            told = await everything(client)
            assert told[-1]["type"] == "player.trade"
            assert (client.close_code, client.close_reason) == (1001, "going down")


async def test_half_open_handshakes_time_out_and_others_are_served_meanwhile() -> None:
    async with running_feed(open_timeout_s=2.0) as running, AsyncExitStack() as stack:
        readers = []
        for _ in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.feed.port)
            stack.callback(writer.close)
            writer.write(b"GET /feed HTTP/1.1\r\nHost: ")
            readers.append(reader)
        async with running.join() as client:
            assert (await hear(client))["type"] == "snapshot"
        for reader in readers:
            assert await hung_up(reader) == b""
        await until(lambda: running.feed.stats().sockets == 0)


async def test_stopping_does_not_wait_for_half_open_handshakes() -> None:
    async with running_feed(open_timeout_s=10_000.0) as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.feed.port)
        await until(lambda: running.feed.stats().sockets == 1)
        async with asyncio.timeout(PATIENCE_S):
            await running.feed.stop()
        writer.close()


@pytest.mark.parametrize(
    "said", [b"\x00" * 100, b"GET / SMTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00", b"x" * 20_000]
)
async def test_garbage_instead_of_a_handshake_is_hung_up_on(said: bytes) -> None:
    async with running_feed(open_timeout_s=1.0) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.feed.port)
        writer.write(said)
        assert not (await hung_up(reader)).startswith(b"HTTP/1.1 101")
        writer.close()
        async with running.join() as client:
            assert (await hear(client))["type"] == "snapshot"


async def test_a_taken_port_is_refused_with_its_holder_and_no_other_is_taken() -> None:
    async with running_feed() as running:
        second = Feed(
            Access(new_token(), instance="0123abcd"), {}.get, FeedSettings(port=running.feed.port)
        )
        with pytest.raises(UsageError, match=rf"Port {running.feed.port} is taken by pid \d+"):
            await second.start()
        await second.stop()


async def test_clients_beyond_the_limit_are_told_to_come_back() -> None:
    async with running_feed(max_clients=1) as running, running.join() as client:
        await hear(client)
        async with running.join() as late:
            assert await end_of(late) == (1013, "too many clients")
        assert running.feed.stats().refused == {"too many clients": 1}


@pytest.mark.slow
async def test_a_thousand_clients_all_get_everything() -> None:
    async with running_feed() as running, AsyncExitStack() as stack:

        async def join() -> ClientConnection:
            return await stack.enter_async_context(running.join(ping_interval=None))

        clients = []
        for _ in range(20):
            clients += await asyncio.gather(*[join() for _ in range(50)])
        for n in range(10):
            running.hub.publish(make_trade(n))
            await asyncio.sleep(0)
        for client in clients:
            assert (await hear(client))["type"] == "snapshot"
            assert [(await hear(client))["data"]["number"] for _ in range(10)] == list(range(10))
        assert running.feed.stats().clients == 1_000
        assert running.hub.stats().delivered == 11_000
        await running.feed.stop()
