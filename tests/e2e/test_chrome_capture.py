"""Completeness: everything a game page exchanges, against the server's own log."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from tests.command_support import free_port
from tests.e2e.support.browser import User
from tests.e2e.support.recording import Recording, differences, recording, settled
from tests.e2e.support.truth_server import TruthServer, truth_server

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = ["websocket", "polling", "upgrade", "worker", "pollworker", "shared", "iframe", "service"]
"""The last one's worker outlives its page."""
ENOUGH = 1000 if os.environ.get("VECTRA_LONG_FAULTS") else 150


class Place(NamedTuple):
    """One Chrome on one server, and a user who goes from page to page."""

    server: TruthServer
    run: Recording
    user: User

    async def visit(self, mode: str) -> None:
        """Load another page in the game's tab; what was compared before it is forgotten."""
        self.server.forget()
        self.run.frames.clear()
        targets = (await self.user.ask("Target.getTargets"))["targetInfos"]
        (page,) = [t["targetId"] for t in targets if t["type"] == "page"]
        url = f"{self.server.url}/?mode={mode}"
        await self.user.ask_page(page, "Page.navigate", url=url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    profile, port = tmp_path_factory.mktemp("capture") / "profile", free_port()
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=quiet", profile, cdp_port=port) as run,
    ):
        await run.until(lambda: run.source.page() is not None, "a page")
        yield Place(server, run, User(port))


@pytest.mark.parametrize("mode", MODES)
async def test_every_packet_of_a_page_is_recorded(mode: str, place: Place) -> None:
    server, run = place.server, place.run
    await place.visit(mode)
    await run.until(lambda: len(run.packets()) > ENOUGH, mode)
    assert await settled(run, server) == []
    assert server.log, "a socket of this page"
    packets = run.packets()
    assert {frame.direction for frame in packets} == {"sent", "received"}
    assert any(frame.opcode == 2 for frame in packets)
    transports = {frame.transport for frame in packets}
    expected = {"upgrade": {"polling", "websocket"}, "polling": {"polling"}}
    assert transports == expected.get(mode, {"polling"} if "poll" in mode else {"websocket"})
    assert run.facts("late_attach") == []
    assert run.facts("gap") == []


async def test_a_socket_that_is_not_engineio_is_left_out(place: Place) -> None:
    await place.visit("plain")
    await place.server.visited.wait()
    await asyncio.sleep(0.5)
    assert place.server.log == {}
    assert not any("not engine.io" in frame.raw for frame in place.run.frames)


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
        # An abort swallows what is on the wire, or not read yet, at the end of a socket's life.
        assert await settled(run, server, tail=12) == []
        assert len(run.facts("disconnected")) >= 3


async def test_packets_before_and_after_a_reload_are_whole(tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=reloading", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.facts("connected")) >= 4, "three reloads")
        await run.until(lambda: len(run.packets()) > 300)
        # The tail of a page life: sent by the server, never seen by the page.
        assert await settled(run, server, tail=12) == []
        ends = run.facts("disconnected")
        assert len(ends) >= 3
        assert {end["reason"] for end in ends} == {"the page navigated"}
        assert differences(run.frames, server, tail=12) == []


async def test_big_packets_are_whole(tmp_path: Path) -> None:
    async with (
        truth_server(rate=2.0, padding=3_000_000) as server,
        recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run,
    ):
        await run.until(lambda: sum(len(frame.raw) for frame in run.packets()) > 20_000_000)
        assert await settled(run, server) == []
