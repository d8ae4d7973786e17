"""A recorder to be killed: appends frames to a file, fsyncs, and only then acknowledges.

Usage: recorder_process GAME_URL PROFILE OUTPUT
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.source import ChromeSettings, ChromeSource


def read_back(path: Path) -> list[Frame]:
    """Return the frames of whole lines; a torn last line was never acknowledged."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line, type=Frame) for line in lines]


async def main(game_url: str, profile: str, output: str) -> None:
    path = Path(output)
    durable = read_back(path)
    whole = sum(len(msgspec.json.encode(frame)) + 1 for frame in durable)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(fd, whole)
    os.lseek(fd, whole, os.SEEK_SET)
    source = ChromeSource(
        ChromeSettings(game_url=game_url, profile_dir=Path(profile), headless=True)
    )
    source.acknowledge(max((frame.receipt for frame in durable), default=0))
    waiting: list[Frame] = []
    run = asyncio.get_running_loop().create_task(source.run(waiting.append))
    while not run.done():
        await asyncio.sleep(0.02)
        batch, waiting[:] = list(waiting), []
        if batch:
            os.write(fd, b"".join(msgspec.json.encode(frame) + b"\n" for frame in batch))
            os.fdatasync(fd)
            source.acknowledge(max(frame.receipt for frame in batch))
    run.result()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
