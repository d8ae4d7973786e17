"""chrome-host against a stand-in for Chrome: nothing is lost between its pipe and a recorder."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vectra_player.sources.chrome import host
from vectra_player.sources.chrome.hostlink import Heard, HostBusyError, HostLink
from vectra_player.sources.chrome.wire import Sticky
from vectra_player.unix import peer_uid

FAKE = str(Path(__file__).with_name("fake_chrome.py"))


@contextlib.asynccontextmanager
async def running_host(folder: Path) -> AsyncIterator[Path]:
    """Serve a fake Chrome in a thread; it is closed at the end."""
    path = folder / "s"
    read, write = os.pipe()
    thread = threading.Thread(target=host.serve, args=(path, [FAKE], write))
    thread.start()
    with os.fdopen(read, "rb") as reports:
        report = await asyncio.to_thread(reports.read)
    assert json.loads(report)["version"] == "Chrome/150.0"
    try:
        yield path
    finally:
        async with asyncio.timeout(60):
            while thread.is_alive():
                await end(path)
                await asyncio.to_thread(thread.join, 0.2)


async def end(path: Path) -> None:
    """Have the fake Chrome closed and take what is left."""
    with contextlib.suppress(HostBusyError):
        link = await HostLink.connect(path, 0)
        if link is not None:
            link.close_browser()
            await hear(link, until_end=True)
            await link.close()


async def connect(path: Path, acknowledged: int = 0) -> HostLink:
    """Connect, waiting until the host has noticed the end of the one before."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(HostBusyError):
                link = await HostLink.connect(path, acknowledged)
                assert link is not None
                return link
            await asyncio.sleep(0.02)


async def hear(
    link: HostLink, count: int = 0, *, until_end: bool = False, acknowledge: bool = True
) -> list[Heard]:
    """Collect messages until there are `count`, or Chrome's end."""
    heard: list[Heard] = []
    async with asyncio.timeout(60):
        while until_end or len(heard) < count:
            got = await link.read(1.0)
            if got is None:
                break
            heard += got
            if acknowledge and got and got[-1].number:
                link.acknowledge(got[-1].number)
            if any(item.kind == b"E" for item in got):
                if heard[-2:-1]:
                    link.acknowledge(heard[-2].number)
                break
    return heard


def ask(link: HostLink, method: str, **params: Any) -> None:
    link.command(json.dumps({"id": 99, "method": method, "params": params}).encode())


def numbers(heard: list[Heard]) -> list[int]:
    return [json.loads(item.payload)["params"]["n"] for item in heard if item.kind == b"M"]


async def test_messages_are_numbered_without_a_hole_and_in_order(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=500, size=1000)
        heard = await hear(link, 500)
        await link.close()
    assert numbers(heard) == list(range(500))
    received = [item.number for item in heard]
    assert received == list(range(received[0], received[0] + 500))


async def test_what_was_not_acknowledged_is_sent_again_and_nothing_else(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=100)
        heard = await hear(link, 100, acknowledge=False)
        link.acknowledge(heard[59].number)
        await asyncio.sleep(0.2)
        await link.close()
        link = await connect(path, heard[69].number)
        again = await hear(link, 30)
        await link.close()
    assert numbers(again) == list(range(70, 100))
    assert link.hello.first == heard[70].number


async def test_at_the_bound_the_pipe_is_not_read_and_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "KEEP_BYTES", 1_000_000)
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=300, size=20_000)
        first = await hear(link, 50, acknowledge=False)
        stuck = await link.read(1.0)
        while stuck:
            first += stuck
            stuck = await link.read(1.0)
        assert len(first) < 80, "the bound"
        link.acknowledge(first[-1].number)
        rest = await hear(link, 300 - len(first))
        await link.close()
    assert numbers(first + rest) == list(range(300))


async def test_without_a_recorder_for_long_the_dropped_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "KEEP_BYTES", 100_000)
    monkeypatch.setattr(host, "ORPHAN_S", 0.0)
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=50, size=20_000)
        await asyncio.sleep(0.2)
        await link.close()
        await asyncio.sleep(2)
        link = await connect(path)
        assert link.hello.dropped > 0
        left = await hear(link, 50 - link.hello.dropped)
        await link.close()
    assert numbers(left) == list(range(link.hello.dropped, 50))


async def test_after_a_goodbye_nothing_is_kept_but_the_state(tmp_path: Path) -> None:
    attached = {"sessionId": "S", "targetInfo": {"targetId": "T"}}
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=1, event="Target.attachedToTarget", more=attached)
        await hear(link, 1)
        link.park()
        ask(link, "emit", count=100)
        await asyncio.sleep(0.5)
        await link.close()
        link = await connect(path)
        assert link.hello.parked
        assert not link.hello.new
        (state,) = await hear(link, 1)
        assert state.kind == b"S"
        assert json.loads(state.payload)["params"]["sessionId"] == "S"
        ask(link, "emit", count=3)
        assert numbers(await hear(link, 3)) == [0, 1, 2]
        await link.close()


async def test_a_dead_chrome_leaves_its_last_messages_to_the_next_recorder(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=20)
        ask(link, "die")
        await asyncio.sleep(0.5)
        await link.close()
        link = await connect(path)
        heard = await hear(link, until_end=True)
        await link.close()
    assert numbers(heard) == list(range(20))
    assert json.loads(heard[-1].payload) == {"code": 5}


async def test_command_ids_of_a_new_recorder_are_fresh(tmp_path: Path) -> None:
    ids = []
    async with running_host(tmp_path) as path:
        for _ in range(3):
            link = await connect(path)
            ids.append(link.hello.first_id)
            await link.close()
    assert len(set(ids)) == 3
    assert min(b - a for a, b in itertools.pairwise(ids)) >= 1_000_000


async def test_one_recorder_at_a_time(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        with pytest.raises(HostBusyError):
            await HostLink.connect(path, 0)
        await link.close()


async def test_what_chrome_says_of_dropped_frames_is_passed_on(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "warn")
        (warning,) = await hear(link, 1)
        await link.close()
    assert warning.kind == b"W"


async def test_the_receipt_of_a_younger_host_acknowledges_nothing(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        link = await connect(path)
        ask(link, "emit", count=10)
        await hear(link, 10, acknowledge=False)
        await link.close()
        foreign = link.hello.first + 100
        link = await connect(path, foreign)
        again = await hear(link, 10)
        await link.close()
    assert numbers(again) == list(range(10))
    assert again[0].number > foreign


async def test_the_socket_is_ours_alone_and_goes_with_the_host(tmp_path: Path) -> None:
    async with running_host(tmp_path) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_the_peer_of_a_socket_is_known_by_its_user() -> None:
    near, far = socket.socketpair()
    with near, far:
        assert peer_uid(near) == os.getuid()


def event(method: str, session: str = "", **params: Any) -> bytes:
    message = {"method": method, "params": params, "sessionId": session}
    return json.dumps(message, separators=(",", ":")).encode()


def test_the_state_follows_the_life_of_sessions_sockets_and_polls() -> None:
    sticky = Sticky()
    target = {"targetId": "T"}
    sticky.fold(event("Target.attachedToTarget", sessionId="A", targetInfo=target))
    sticky.fold(event("Network.webSocketCreated", "A", requestId="1", url="u"))
    sticky.fold(event("Network.webSocketFrameReceived", "A", requestId="1"))
    sticky.fold(event("Network.requestWillBeSent", "A", requestId="2", request={"url": "?EIO=4"}))
    sticky.fold(event("Network.requestWillBeSent", "A", requestId="3", request={"url": "/x"}))
    assert len(sticky.messages()) == 3
    sticky.fold(event("Network.loadingFinished", "A", requestId="2"))
    sticky.fold(event("Page.frameNavigated", "A", frame={"id": "child"}))
    assert len(sticky.messages()) == 2
    sticky.fold(event("Page.frameNavigated", "A", frame={"id": "T"}))
    assert len(sticky.messages()) == 1
    sticky.fold(event("Network.webSocketCreated", "A", requestId="4", url="u"))
    sticky.fold(event("Network.webSocketClosed", "A", requestId="4"))
    sticky.fold(event("Target.detachedFromTarget", sessionId="A"))
    assert sticky.messages() == []
