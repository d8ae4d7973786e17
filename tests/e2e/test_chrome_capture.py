"""Completeness: everything a game page exchanges, against the server's own log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.e2e.support.recording import differences, recording, settled
from tests.e2e.support.truth_server import truth_server

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]


MODES = ["websocket", "polling", "upgrade", "worker", "pollworker", "shared", "service", "iframe"]


@pytest.mark.parametrize("mode", MODES)
async def test_every_packet_of_a_page_is_recorded(mode: str, tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode={mode}", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.packets()) > 300, mode)
        assert await settled(run, server) == []
        packets = run.packets()
    assert {frame.direction for frame in packets} == {"sent", "received"}
    assert any(frame.opcode == 2 for frame in packets)
    transports = {frame.transport for frame in packets}
    expected = {"upgrade": {"polling", "websocket"}, "polling": {"polling"}}
    assert transports == expected.get(mode, {"polling"} if "poll" in mode else {"websocket"})
    assert run.facts("late_attach") == []
    assert run.facts("gap") == []


async def test_a_socket_that_is_not_engineio_is_left_out(tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=plain", tmp_path / "profile") as run,
    ):
        await server.visited.wait()
        await asyncio.sleep(0.5)
        assert run.frames == []


async def test_cut_connections_and_a_restarted_server_lose_nothing(tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.packets()) > 100)
        for times in (1, 2):
            server.abort_all()
            await run.until(lambda n=times: len(run.facts("connected")) > n, "reconnected")  # type: ignore[misc]
            await asyncio.sleep(0.5)
        await server.stop()
        await run.until(lambda: len(run.facts("socket_error")) > 0, "refused")
        await server.start()
        await run.until(lambda: len(run.facts("connected")) > 3, "back")
        await run.until(lambda: len(run.packets()) > 400)
        # An abort swallows what is on the wire at that moment, at the end of a socket's life.
        assert await settled(run, server, tail=3) == []
        assert len(run.facts("disconnected")) >= 3


async def test_packets_before_and_after_a_reload_are_whole(tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=reloading", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.facts("connected")) >= 4, "three reloads")
        await run.until(lambda: len(run.packets()) > 300)
        # The tail of a page life: sent by the server, never seen by the page.
        assert await settled(run, server, tail=6) == []
        ends = run.facts("disconnected")
        assert len(ends) >= 3
        assert {end["reason"] for end in ends} == {"the page navigated"}
        assert differences(run.frames, server, tail=6) == []


async def test_big_packets_are_whole(tmp_path: Path) -> None:
    async with (
        truth_server(rate=2.0, padding=3_000_000) as server,
        recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run,
    ):
        await run.until(lambda: sum(len(frame.raw) for frame in run.packets()) > 20_000_000)
        assert await settled(run, server) == []
