"""Starting Chrome: what can be wrong with it, and what it must never open."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import psutil
import pytest
from tests.e2e.support.browser import main_process, processes_of, users_chrome
from tests.e2e.support.recording import recording
from tests.e2e.support.truth_server import truth_server

from vectra_player.errors import SourceError
from vectra_player.sources.chrome.launch import find_chrome, socket_path
from vectra_player.sources.chrome.source import ChromeSettings, ChromeSource

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(180)]


async def test_nothing_listens_on_a_port_in_pipe_mode(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", profile) as run,
    ):
        await run.until(lambda: len(run.packets()) > 40)
        processes = processes_of(profile)
        assert len(processes) > 2, "host and Chrome"
        listening = [
            connection
            for process in processes
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == []
        assert stat.S_IMODE(profile.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_path(profile).stat().st_mode) == 0o600


async def test_a_profile_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with users_chrome(profile):
        source = ChromeSource(
            ChromeSettings(game_url="http://127.0.0.1:1", profile_dir=profile, headless=True)
        )
        with pytest.raises(SourceError, match=r"in use by another Chrome.*CHROME_PROFILE"):
            await source.run(lambda frame: None)
        await source.close()


async def test_a_game_page_that_is_down_is_tried_again(tmp_path: Path) -> None:
    async with truth_server() as server:
        await server.stop()
        async with recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run:
            await run.until(lambda: bool(run.facts("target_unreachable")), "refused")
            await server.start()
            await run.until(lambda: len(run.packets()) > 20, "loaded at last")


async def test_a_browser_left_open_is_adopted_by_the_next_start(tmp_path: Path) -> None:
    # The host takes it for a visible one: the flag is in a script that stands for Chrome.
    program, profile = tmp_path / "chrome", tmp_path / "profile"
    program.write_text(f'#!/bin/sh\nexec {find_chrome(None)} --headless=new "$@"\n')
    program.chmod(0o755)
    visible = {"headless": False, "chrome_path": program}
    async with truth_server() as server:
        url = f"{server.url}/?mode=websocket"
        async with recording(url, profile, **visible) as run:
            await run.until(lambda: len(run.packets()) > 40)
        first = main_process(profile).pid
        (log,) = server.log.values()
        said = len(log["sent"])
        async with asyncio.timeout(60):
            while len(log["sent"]) < said + 20:
                await asyncio.sleep(0.05)
        async with recording(url, profile, **visible, close_browser=True) as again:
            await again.until(lambda: len(again.packets()) > 40, "adopted")
            assert main_process(profile).pid == first
            await server.quiet()
            await asyncio.sleep(2)
            heard = [f.raw for f in again.packets() if f.direction == "sent" and f.raw[0] == "4"]
            texts = [raw for raw in log["sent"] if raw[0] == "4"]
            assert texts[-len(heard) :] == heard
            (connected,) = again.facts("connected")
            assert connected["socket_id"] == again.packets()[0].socket_id
        assert len(server.log) == 1, "the page's socket lived on"
    async with asyncio.timeout(30):
        while [p for p in processes_of(profile) if p.status() != "zombie"]:
            await asyncio.sleep(0.1)
