"""Run a ChromeSource in a test and compare what it emitted with a server's own log."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from tests.e2e.support.truth_server import TruthServer

from vectra_player.errors import DiskError
from vectra_player.model.frame import BINARY, Frame
from vectra_player.sources.chrome.source import ChromeSettings, ChromeSource

PATIENCE_S = 60.0


class Recording:
    """Frames of a running source, every one acknowledged at once."""

    def __init__(self, settings: ChromeSettings) -> None:
        self.frames: list[Frame] = []
        self.source = ChromeSource(settings)
        self.task: asyncio.Task[None] | None = None
        self.refuse = False
        self.refusal = DiskError("the disk is full")

    def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.source.run(self.emit))

    def emit(self, frame: Frame) -> None:
        if self.refuse:
            raise self.refusal
        self.frames.append(frame)
        if frame.receipt:
            self.source.acknowledge(frame.receipt)

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait for the frames to fulfil a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                assert self.task is not None
                if self.task.done():
                    self.task.result()
                    raise AssertionError(f"the source ended: {what}")
                await asyncio.sleep(0.02)

    def packets(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.raw_format == "engineio"]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        name = f"vectra.{kind}"
        return [json.loads(frame.raw) for frame in self.frames if frame.event_name == name]


@contextlib.asynccontextmanager
async def recording(game_url: str, profile: Path, **options: Any) -> AsyncIterator[Recording]:
    """Record until the block ends; the browser is closed with it."""
    settings = ChromeSettings(
        game_url=game_url, profile_dir=profile, **{"headless": True, **options}
    )
    run = Recording(settings)
    run.start()
    try:
        yield run
    finally:
        assert run.task is not None
        run.task.cancel()
        await asyncio.gather(run.task, return_exceptions=True)
        await run.source.close()


def by_sid(frames: list[Frame]) -> dict[str, dict[str, list[str]]]:
    """Group message packets by the sid their socket opened with."""
    sids: dict[str, str] = {}
    packets: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"received": [], "sent": []})
    for frame in frames:
        if frame.raw_format != "engineio":
            continue
        if frame.opcode != BINARY and frame.raw.startswith("0{"):
            sids[frame.socket_id] = json.loads(frame.raw[1:])["sid"]
        elif frame.opcode == BINARY or frame.raw.startswith("4"):
            sid = sids.get(frame.socket_id, frame.socket_id)
            packets[sid][frame.direction].append(frame.raw)
    return packets


def differences(frames: list[Frame], server: TruthServer, tail: int = 0) -> list[str]:
    """List what was lost, doubled, altered or reordered; at most `tail` frames a socket and
    direction may be missing at its very end (capture.md, what complete means)."""
    captured, found = by_sid(frames), []
    for sid, log in server.log.items():
        for direction, said in log.items():
            heard = captured[sid][direction]
            shared = min(len(said), len(heard))
            if said[:shared] != heard[:shared]:
                at = next(i for i in range(shared) if said[i] != heard[i])
                found.append(f"{sid} {direction} {at}: {said[at]!r} captured as {heard[at]!r}")
            if abs(len(said) - len(heard)) > tail:
                found.append(f"{sid} {direction}: {len(said)} said, {len(heard)} captured")
    found += [f"{sid}: unknown to the server" for sid in captured if sid not in server.log]
    return found


async def settled(run: Recording, server: TruthServer, tail: int = 0) -> list[str]:
    """Silence both sides, wait for the last packets, and compare."""
    await server.quiet()
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(15):
                while differences(run.frames, server, tail):
                    await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
    return differences(run.frames, server, tail)
