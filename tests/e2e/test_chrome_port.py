"""A Chrome that somebody else started: attached late, over two connections, others left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.support.browser import User, processes_of, users_chrome
from tests.e2e.support.proxy import proxy_to
from tests.e2e.support.recording import by_sid, differences, recording, settled
from tests.e2e.support.truth_server import TruthServer, truth_server

from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.cdp import Cdp

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]

MANNERS = {"Runtime.runIfWaitingForDebugger", "Target.detachFromTarget"}


def messages(frames: list[Frame], direction: str) -> list[str]:
    """The message packets of the one socket that was met late."""
    return [
        frame.raw
        for frame in frames
        if frame.raw_format == "engineio"
        and frame.direction == direction
        and (frame.opcode == 2 or frame.raw.startswith("4"))
    ]


def assert_a_whole_end(frames: list[Frame], server: TruthServer) -> None:
    (log,) = server.log.values()
    for direction, said in log.items():
        heard = messages(frames, direction)
        assert heard
        assert said[-len(heard) :] == heard


async def test_an_open_page_is_whole_from_the_moment_of_attaching(tmp_path: Path) -> None:
    async with truth_server() as server:
        url = f"{server.url}/?mode=websocket"
        async with users_chrome(tmp_path / "profile", url) as port:
            async with asyncio.timeout(60):
                while not any(len(log["sent"]) > 20 for log in server.log.values()):
                    await asyncio.sleep(0.05)
            async with recording(url, tmp_path / "unused", cdp_port=port) as run:
                await run.until(lambda: len(run.packets()) > 200)
                await server.quiet()
                await asyncio.sleep(2)
                assert_a_whole_end(run.frames, server)
                assert run.facts("connected") == []
                reasons = {fact["reason"] for fact in run.facts("late_attach")}
                assert len(reasons) == 2, "the page and its socket were both met late"
                assert len(run.facts("late_attach")) == 2
                pages = (await User(port).ask("Target.getTargets"))["targetInfos"]
                assert len([page for page in pages if page["type"] == "page"]) == 1


async def test_losing_one_connection_after_the_other_loses_no_frame(tmp_path: Path) -> None:
    async with (
        truth_server(rate=100) as server,
        users_chrome(tmp_path / "profile") as port,
        proxy_to(port) as proxy,
        recording(f"{server.url}/?mode=upgrade", tmp_path / "unused", cdp_port=proxy.port) as run,
    ):
        await run.until(lambda: len(run.packets()) > 200)
        for _ in range(6):
            await run.until(lambda: len(proxy.lines) == 2, "two connections")
            await asyncio.sleep(0.7)
            proxy.cut(0)
            await asyncio.sleep(0.1)
        await run.until(lambda: len(run.packets()) > 800)
        assert await settled(run, server) == []
        assert run.facts("gap") == []
        assert run.facts("late_attach") == []


async def test_losing_both_connections_is_told_as_a_gap(tmp_path: Path) -> None:
    async with (
        truth_server(rate=100) as server,
        users_chrome(tmp_path / "profile") as port,
        proxy_to(port) as proxy,
        recording(f"{server.url}/?mode=websocket", tmp_path / "x", cdp_port=proxy.port) as run,
    ):
        await run.until(lambda: len(proxy.lines) == 2 and len(run.packets()) > 100)
        proxy.cut(1)
        proxy.cut(0)
        before = len(run.packets())
        await run.until(lambda: len(run.packets()) > before + 100)
        assert len(run.facts("gap")) == 1
        assert run.facts("disconnected")[0]["reason"] == "the connection to Chrome was lost"


async def test_foreign_pages_are_left_alone_until_they_show_the_game(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []
    send = Cdp.send

    def noted(
        self: Cdp, method: str, params: Any = None, session: str = "", on_reply: Any = None
    ) -> None:
        sent.append((session, method))
        send(self, method, params, session, on_reply)

    monkeypatch.setattr(Cdp, "send", noted)
    async with (
        truth_server() as game,
        users_chrome(tmp_path / "profile") as port,
        recording(f"{game.url}/?mode=websocket", tmp_path / "unused", cdp_port=port) as run,
    ):
        await run.until(lambda: len(run.packets()) > 40)
        user, before = User(port), len(sent)
        foreign = f"http://localhost:{game.port}/?mode=websocket"
        tab = (await user.ask("Target.createTarget", url=foreign))["targetId"]
        async with asyncio.timeout(60):
            while len(game.log) < 2:
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        assert len(by_sid(run.frames)) == 1, "a foreign page was recorded"
        assert {method for _, method in sent[before:]} <= MANNERS
        await user.ask_page(tab, "Page.navigate", url=f"{game.url}/?mode=websocket")
        await run.until(lambda: len({f.socket_id for f in run.packets()}) == 2, "the game")
        assert run.facts("late_attach")
        await user.ask_page(tab, "Page.navigate", url=foreign)
        await run.until(lambda: len(run.facts("disconnected")) == 1, "left the game")
        await asyncio.sleep(1)
        assert len({f.socket_id for f in run.packets()}) == 2


EXTENSION = {
    "manifest.json": """{"manifest_version": 3, "name": "t", "version": "1",
        "background": {"service_worker": "sw.js"}, "permissions": ["tabs"],
        "host_permissions": ["<all_urls>"]}""",
    "sw.js": """const open = () => { const s = new WebSocket('ws://127.0.0.1:PORT/echo?EIO=4');
        s.onopen = () => setInterval(() => s.send('42["secret"]'), 100); };
        open(); chrome.tabs.create({url: chrome.runtime.getURL('page.html')});""",
    "page.html": "<script src='page.js'></script>",
    "page.js": "const s = new WebSocket('ws://127.0.0.1:PORT/echo?EIO=4');"
    "s.onopen = () => setInterval(() => s.send('42[\"secret\"]'), 100);",
}


async def test_an_extension_is_never_listened_to(tmp_path: Path) -> None:
    folder = tmp_path / "extension"
    folder.mkdir()
    async with truth_server() as server:
        for name, text in EXTENSION.items():
            (folder / name).write_text(text.replace("PORT", str(server.port)))
        flags = (
            f"--load-extension={folder}",
            "--disable-features=DisableLoadExtensionCommandLineSwitch",
        )
        url = f"{server.url}/?mode=websocket"
        async with (
            users_chrome(tmp_path / "profile", flags=flags) as port,
            recording(url, tmp_path / "unused", cdp_port=port) as run,
        ):
            async with asyncio.timeout(60):
                await server.visited.wait()
            await run.until(lambda: len(run.packets()) > 100)
            targets = (await User(port).ask("Target.getTargets"))["targetInfos"]
            assert any(item["url"].startswith("chrome-extension://") for item in targets)
            assert await settled(run, server) == []
            assert not any("secret" in frame.raw for frame in run.frames)


async def test_with_a_port_and_nobody_there_a_chrome_is_started(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    profile = tmp_path / "profile"
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", profile, cdp_port=unused_tcp_port) as run,
    ):
        await run.until(lambda: len(run.packets()) > 40)
        assert (await User(unused_tcp_port).ask("Browser.getVersion"))["product"]
        assert await settled(run, server) == []
        assert differences(run.frames, server) == []
        assert processes_of(profile)
