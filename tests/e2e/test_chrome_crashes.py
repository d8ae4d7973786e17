"""Kill the recorder, Chrome, or both connections: what must survive survives, whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.e2e.support import recorder_process
from tests.e2e.support.browser import kill_tree, main_process, processes_of
from tests.e2e.support.recording import differences, recording, settled
from tests.e2e.support.truth_server import truth_server

from vectra_player.sources.chrome.hostlink import HostBusyError, HostLink
from vectra_player.sources.chrome.launch import socket_path

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = 40 if os.environ.get("VECTRA_LONG_FAULTS") else 2


@contextlib.asynccontextmanager
async def no_chrome_left(profile: Path) -> AsyncIterator[None]:
    """Close the Chrome of a killed recorder at the end, whatever happens."""
    try:
        yield
    finally:
        for process in processes_of(profile):
            kill_tree(process.pid)


async def start_recorder(url: str, profile: Path, output: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.e2e.support.recorder_process"),
        *(url, str(profile), str(output)),
        cwd=Path(__file__).parents[2],
    )


async def grown(output: Path, by: int) -> None:
    """Wait for so many more frames in the recorder's file."""
    before = len(recorder_process.read_back(output))
    async with asyncio.timeout(60):
        while len(recorder_process.read_back(output)) < before + by:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("mode", ["websocket", "polling", "worker"])
async def test_a_killed_recorder_loses_and_doubles_nothing(mode: str, tmp_path: Path) -> None:
    """Killed as it runs, and killed after a while in which it did not: by turns."""
    profile, output = tmp_path / "profile", tmp_path / "frames"
    chosen = random.Random(1)
    async with no_chrome_left(profile), truth_server(rate=100) as server:
        url = f"{server.url}/?mode={mode}"
        browsers = set()
        for turn in range(ROUNDS):
            recorder = await start_recorder(url, profile, output)
            await grown(output, 60)
            browsers.add(main_process(profile).pid)
            if turn % 2:
                os.kill(recorder.pid, signal.SIGSTOP)
                await asyncio.sleep(chosen.uniform(0.2, 1.0))
            recorder.kill()
            await recorder.wait()
            await asyncio.sleep(chosen.uniform(0.1, 1.0))
        recorder = await start_recorder(url, profile, output)
        await grown(output, 60)
        await server.quiet()
        async with asyncio.timeout(60):
            while differences(recorder_process.read_back(output), server):
                await asyncio.sleep(0.2)
        recorder.kill()
        await recorder.wait()
        frames = recorder_process.read_back(output)
    assert len(browsers) == 1, "Chrome was started again"
    assert len(server.log) == 1, "the page's socket did not live through it"
    assert differences(frames, server) == []
    assert not [frame for frame in frames if frame.event_name == "vectra.gap"]


async def test_a_killed_chrome_is_started_again_and_the_gap_is_told(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", profile) as run,
    ):
        await run.until(lambda: len(run.packets()) > 60)
        os.kill(main_process(profile).pid, signal.SIGKILL)
        await run.until(lambda: len(run.facts("connected")) == 2, "relaunched")
        await run.until(lambda: len(run.packets()) > 200)
        assert await settled(run, server, tail=40) == []
        gaps, ends = run.facts("gap"), run.facts("disconnected")
    assert len(gaps) == 1
    assert gaps[0]["from"] < gaps[0]["to"]
    assert "code -9" in gaps[0]["reason"]
    assert [end["reason"] for end in ends] == [gaps[0]["reason"]]


async def test_a_crashed_tab_is_reloaded_and_its_socket_ended(tmp_path: Path) -> None:
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.packets()) > 60)
        renderer = int(run.packets()[0].socket_id.split(".")[1])
        os.kill(renderer, signal.SIGKILL)
        await run.until(lambda: len(run.facts("connected")) == 2, "reloaded")
        await run.until(lambda: len(run.packets()) > 150)
        assert await settled(run, server, tail=40) == []
        assert run.facts("target_crashed")
        assert [end["reason"] for end in run.facts("disconnected")] == ["the tab crashed"]


async def test_a_chrome_has_one_recorder_and_a_headless_one_closes_with_it(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", profile) as run,
    ):
        await run.until(lambda: len(run.packets()) > 10)
        assert processes_of(profile)
        with pytest.raises(HostBusyError):
            await HostLink.connect(socket_path(profile), 0)
    async with asyncio.timeout(30):
        while [p for p in processes_of(profile) if p.status() != "zombie"]:
            await asyncio.sleep(0.1)
    assert not socket_path(profile).exists()


async def test_what_the_recorder_cannot_store_waits_for_it(tmp_path: Path) -> None:
    """A halted store (full disk) makes `run` fail; called again it goes on with the same frame."""
    async with (
        truth_server() as server,
        recording(f"{server.url}/?mode=websocket", tmp_path / "profile") as run,
    ):
        await run.until(lambda: len(run.packets()) > 60)
        run.refuse = True
        assert run.task is not None
        await asyncio.wait([run.task])
        assert run.task.exception() is run.refusal
        await asyncio.sleep(1)
        run.refuse = False
        run.start()
        await run.until(lambda: len(run.packets()) > 200)
        assert await settled(run, server) == []
        assert run.facts("gap") == []
