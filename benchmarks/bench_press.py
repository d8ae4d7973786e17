"""PF14: from the decision to press to the order's frame, beside Playwright's locator.click.

A quiet page whose one button sends a frame, in one Chromium: our hands over the recorder's pipe,
and Playwright over the same browser's port, in turns. The time of the frame is Chrome's stamp of
it, by the clock our stamp before the press is of. `python -m benchmarks.bench_press [--json]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from aiohttp import WSMsgType, web
from playwright.async_api import async_playwright

from vectra_player.clock import SystemClock
from vectra_player.model.frame import Frame
from vectra_player.ports import free_port
from vectra_player.sources.chrome.source import ChromeSettings, ChromeSource
from vectra_player.trading import selectors
from vectra_player.trading.hands import Hands, Pressed
from vectra_player.trading.records import Order

ROUNDS = 80
WARM = 5
"""Presses before the first that counts: the page's code is compiled by then."""
LIMIT_MS = 10.0
"""Issue 7: p50 from press to sent frame on a quiet page."""

PAGE = """<!doctype html><meta charset=utf-8><title>Rugs</title>
<div class="_tradeControlsMain_73g5s_62">
  <div class="_buySection_1lj20_1"><div class="_amountInputContainer_1lj20_20">
    <input type="number" value="0.03"></div></div>
  <div class="_buttonsRow_73g5s_247">
    <button class="_actionButton_1himf_1 _buy_1himf_114" style="width:300px;height:60px">
      <div>BUY</div><div>+0.030 SOL</div></button></div>
</div>
<script>
const address = location.origin.replace("http", "ws");
const s = new WebSocket(address + "/socket.io/?EIO=4&transport=websocket");
let n = 0;
const order = '["buyOrder",{"amount":0.03}]';
document.querySelector("button").onclick = () => s.send("42" + n++ + order);
</script>"""


class Leave:
    """A permit that always allows: what is measured is the way to the page."""

    def spend(self, button: str) -> None:
        """Allow."""


class Frames:
    """The order frames as the recorder gets them, with Chrome's time of each."""

    def __init__(self, source: ChromeSource) -> None:
        self._source = source
        self._orders: asyncio.Queue[int] = asyncio.Queue()

    def emit(self, frame: Frame) -> None:
        """Take a frame as the recorder does, and have it acknowledged."""
        if frame.direction == "sent" and "buyOrder" in frame.raw:
            self._orders.put_nowait(frame.ts)
        if frame.receipt:
            self._source.acknowledge(frame.receipt)

    async def next_us(self) -> int:
        """Return the wall time of the next order frame."""
        async with asyncio.timeout(10):
            return await self._orders.get()


async def answer(request: web.Request) -> web.WebSocketResponse:
    """Be the game's socket: open, and say nothing."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str('0{"sid":"bench","upgrades":[],"pingInterval":60000,"pingTimeout":60000}')
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            break
    return socket


async def show(request: web.Request) -> web.Response:
    """Send the page."""
    return web.Response(text=PAGE, content_type="text/html")


@contextlib.asynccontextmanager
async def game() -> AsyncIterator[str]:
    """Serve the page; yields its address."""
    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/socket.io/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def times(press: Callable[[], Awaitable[object]], frames: Frames) -> tuple[float, float]:
    """Press once; return ms from the call to the sent frame, and to the end of the call."""
    began_us, began = time.time_ns() / 1000, time.perf_counter()
    await press()
    ended = time.perf_counter()
    return (await frames.next_us() - began_us) / 1000, (ended - began) * 1000


async def measure() -> dict[str, float]:
    """Press in turns; return the figures in ms."""
    port = free_port()
    chosen = selectors.load()
    with tempfile.TemporaryDirectory() as folder:
        async with game() as url, async_playwright() as playwright:
            settings = ChromeSettings(
                game_url=url,
                profile_dir=Path(folder) / "p",
                headless=True,
                cdp_port=port,
                selectors=chosen,
            )
            source = ChromeSource(settings)
            frames = Frames(source)
            hands = Hands(source.page, chosen, SystemClock())
            source.on_press(hands.heard)
            running = asyncio.get_running_loop().create_task(source.run(frames.emit))
            while source.page() is None:  # noqa: ASYNC110 - Chrome says when
                await asyncio.sleep(0.05)
            browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            pages = browser.contexts[0].pages
            button = next(page for page in pages if page.url.startswith(url)).locator("button")
            try:
                return await _in_turns(hands, frames, button.click)
            finally:
                await browser.close()
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await source.close()


async def _in_turns(
    hands: Hands, frames: Frames, click: Callable[[], Awaitable[object]]
) -> dict[str, float]:
    order = Order(
        action_id="bench", action_type="BUY", actor="bot", mode="practice", amount=Decimal("0.03")
    )
    taken: dict[str, list[float]] = {
        name: [] for name in ("ours", "ours_from_mouse", "ours_proven", "playwright")
    }
    dispatched: list[int] = []

    async def ours() -> None:
        done = await hands.press_order(order, Leave())
        if not (isinstance(done, Pressed) and done.proven):
            raise SystemExit(f"not pressed: {done}")
        dispatched.append(done.press_us)

    for number in range(ROUNDS + WARM):
        began_us = time.time_ns() / 1000
        sent, proven = await times(ours, frames)
        other, _ = await times(click, frames)
        if number >= WARM:
            taken["ours"].append(sent)
            taken["ours_from_mouse"].append(sent - (dispatched[-1] - began_us) / 1000)
            taken["ours_proven"].append(proven)
            taken["playwright"].append(other)
        await asyncio.sleep(0.05)
    return report(taken)


def report(taken: dict[str, list[float]]) -> dict[str, float]:
    """Return p50 and p99 of each series, in ms."""
    told: dict[str, float] = {"presses_each": ROUNDS}
    for name, series in taken.items():
        cuts = statistics.quantiles(series, n=100)
        told |= {f"{name}_p50_ms": round(cuts[49], 2), f"{name}_p99_ms": round(cuts[98], 2)}
    return told


def main(as_json: bool) -> None:
    """Measure and print beside the limit."""
    told = asyncio.run(measure())
    if as_json:
        print(json.dumps(told))
        return
    print(f"limit: our p50 to the sent frame <= {LIMIT_MS:g} ms on a quiet page.")
    for name, value in told.items():
        print(f"{name:<24}{value:g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    main(parser.parse_args().json)
