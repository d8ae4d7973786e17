"""The page on subscribers: its programs run as printed, and it names every handler."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.contract.test_python_client import announce
from tests.feed_support import PATIENCE_S, make_trade, running_feed, until

from vectra_player.client.subscriber import HANDLERS
from vectra_player.foundation.messages import Message

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-subscriber.md"
TEXT = PAGE.read_text("utf-8")
FIRST, SECOND = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@asynccontextmanager
async def program(folder: Path, text: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program of the page as a user would."""
    (folder / "watch.py").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(folder / "watch.py")),
        env=os.environ | {"RUGS_DATA_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    """Return the next line that is no log."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            text = (await process.stdout.readline()).decode().strip()
            if not re.match(r"\S*\d{4}-\d\d-\d\d", text):
                return text


async def test_the_first_program_prints_the_game_and_ends_when_told(tmp_path: Path) -> None:
    statements = [text for text in FIRST.splitlines() if text.strip()]
    assert len(statements) <= 10
    async with running_feed() as running:
        announce(tmp_path, running)
        async with program(tmp_path, FIRST) as process:
            await until(lambda: running.feed.stats().clients == 1)
            tick = {"phase": "LIVE", "tick": 3, "price": 1.5}
            running.hub.publish(Message("game.tick", 1, "g1", tick))
            running.hub.publish(Message("game.rug", 1, "g1", {"rugTick": 4, "peak": 1.5}))
            assert await line(process) == "g1 LIVE 3 1.5"
            assert await line(process) == "rugged at tick 4 after a peak of 1.5"
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                assert await process.wait() == 0


async def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        async with program(tmp_path, FIRST) as process:
            await until(lambda: running.feed.stats().clients == 1)
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(PATIENCE_S):
                assert await process.wait() == 0


async def test_the_program_without_a_class_prints_what_it_asked_for(tmp_path: Path) -> None:
    async with running_feed() as running:
        announce(tmp_path, running)
        async with program(tmp_path, SECOND) as process:
            await until(lambda: running.feed.stats().clients == 1)
            running.hub.publish(Message("game.tick", 1, "g1", {}))
            running.hub.publish(make_trade(7))
            told = [await line(process) for _ in range(4)]
    kinds = [text.split()[0] for text in told]
    assert kinds == ["connection", "connection", "snapshot", "player.trade"]


def test_the_page_names_every_handler() -> None:
    table = re.findall(r"^\| (`on_.*?) \|", TEXT, re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`(on_\w+)`", cell)}
    assert named == {*HANDLERS.values(), "on_message"}
