"""A Chromium as a user would start it, and a bare CDP client to act as that user."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import connect

from vectra_player.sources.chrome import launch
from vectra_player.sources.chrome.port import browser_url


@contextlib.asynccontextmanager
async def users_chrome(
    profile: Path, *urls: str, flags: tuple[str, ...] = ()
) -> AsyncIterator[int]:
    """Run a Chromium with a debugging port; yields the port."""
    chrome = launch.find_chrome(None)
    command = launch.arguments(chrome, profile, headless=True, port=0, as_root=os.getuid() == 0)
    command = [item for item in command if item not in ("--remote-debugging-pipe", "about:blank")]
    process = await asyncio.create_subprocess_exec(
        *command, *flags, *(urls or ("about:blank",)), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield await _port(profile)
    finally:
        kill_tree(process.pid)
        await process.wait()


async def _port(profile: Path) -> int:
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(60):
        while not (file.exists() and "\n" in file.read_text()):
            await asyncio.sleep(0.05)
        port = int(file.read_text().split()[0])
        while await asyncio.to_thread(browser_url, port) is None:
            await asyncio.sleep(0.05)
    return port


def kill_tree(pid: int) -> None:
    """Kill a process and its children, nobody else."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for item in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                item.kill()


def processes_of(profile: Path) -> list[psutil.Process]:
    """Return the browser processes that use a profile, its host included."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(str(profile) in word for word in process.cmdline()):
                found.append(process)
    return found


def main_process(profile: Path) -> psutil.Process:
    """Return the browser process itself of a profile."""
    for process in processes_of(profile):
        words = process.cmdline()
        if any(word.startswith("--user-data-dir") for word in words) and not any(
            word.startswith("--type") or word == "-m" for word in words
        ):
            return process
    raise AssertionError("no browser runs on this profile")


class User:
    """Commands over the debugging port, as a person or another tool would give them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ids = itertools.count(1)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        url = await asyncio.to_thread(browser_url, self._port)
        assert url is not None
        async with connect(url, max_size=None) as socket:
            await socket.send(json.dumps({"id": 1, "method": method, "params": params}))
            while True:
                answer = json.loads(await socket.recv())
                if answer.get("id") == 1:
                    return answer["result"]

    async def ask_page(self, target_id: str, method: str, **params: Any) -> dict[str, Any]:
        async with connect(
            f"ws://127.0.0.1:{self._port}/devtools/page/{target_id}", max_size=None
        ) as socket:
            await socket.send(json.dumps({"id": 1, "method": method, "params": params}))
            while True:
                answer = json.loads(await socket.recv())
                if answer.get("id") == 1:
                    return answer.get("result", {})
