"""PF1: frames through a real Chromium, none lost, and how long one takes from server to emit.

Server, browser and recorder share the machine. `python benchmarks/bench_capture.py [--json]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.source import ChromeSettings, ChromeSource

PAYLOAD_BYTES = 3700
"""Size of a gameStateUpdate at p50 (performance.md, PF1)."""
PAGE = b"""<!doctype html><script>
const url = location.origin.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket';
const s = new WebSocket(url);
s.onmessage = (m) => { if (m.data[0] === '0') s.send('40'); };
</script>"""
RUNS = [(100.0, 20.0), (1000.0, 15.0), (2000.0, 20.0)]
"""Frames a second asked for, and for how many seconds."""


async def play(socket: ServerConnection, rate: float, seconds: float) -> None:
    """Send numbered, stamped frames at a rate; late ones follow at once."""
    await socket.send('0{"sid":"bench","upgrades":[],"pingInterval":60000,"pingTimeout":60000}')
    await socket.recv()
    await asyncio.sleep(1)
    padding, began, total = "x" * (PAYLOAD_BYTES - 90), time.monotonic(), int(rate * seconds)
    for number in range(total):
        ahead = number / rate - (time.monotonic() - began)
        if ahead > 0:
            await asyncio.sleep(ahead)
        stamp = time.monotonic_ns()
        await socket.send(f'42["gameStateUpdate",[{number},{stamp},"{padding}"]]')
    spent = time.monotonic() - began
    await socket.send(f'42["end",[{total},{spent}]]')
    await socket.wait_closed()


def page(connection: ServerConnection, request: Request) -> Response | None:
    """Answer the page, let WebSockets through."""
    if request.path.startswith("/socket.io/"):
        return None
    return Response(200, "OK", Headers({"Content-Type": "text/html"}), PAGE)


async def serve_frames(rate: float, seconds: float) -> None:
    """Be the server process: print the port, serve until killed."""

    async def handler(socket: ServerConnection) -> None:
        await play(socket, rate, seconds)

    async with serve(handler, "127.0.0.1", 0, process_request=page, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Event().wait()


class Meter:
    """Counts frames and their ages as they are emitted."""

    def __init__(self, source: ChromeSource) -> None:
        self.ages_ms: list[float] = []
        self.numbers: list[int] = []
        self.asked, self.spent_s = 0, 0.0
        self.ended = asyncio.Event()
        self._source = source

    def emit(self, frame: Frame) -> None:
        """Take a frame as the recorder does, and have it acknowledged."""
        now = time.monotonic_ns()
        if frame.raw.startswith('42["gameStateUpdate"'):
            number, stamp = frame.raw[21:60].split(",")[:2]
            self.numbers.append(int(number.strip("[")))
            self.ages_ms.append((now - int(stamp)) / 1e6)
        elif frame.raw.startswith('42["end"'):
            self.asked, self.spent_s = json.loads(frame.raw[2:])[1]
            self.ended.set()
        if frame.receipt:
            self._source.acknowledge(frame.receipt)


async def measure(rate: float, seconds: float) -> dict[str, float]:
    """Run one rate through a fresh Chromium."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--serve", str(rate), str(seconds)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    port = int(await server.stdout.readline())
    with tempfile.TemporaryDirectory() as folder:
        settings = ChromeSettings(
            game_url=f"http://127.0.0.1:{port}/", profile_dir=Path(folder) / "p", headless=True
        )
        source = ChromeSource(settings)
        meter = Meter(source)
        cpu = time.process_time()
        running = asyncio.get_running_loop().create_task(source.run(meter.emit))
        await asyncio.wait_for(meter.ended.wait(), seconds * 10 + 60)
        cpu = time.process_time() - cpu
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await source.close()
        server.kill()
        await server.wait()
    return report(meter, rate, cpu)


def report(meter: Meter, rate: float, cpu_s: float) -> dict[str, float]:
    """Return the figures of one run; times in ms, CPU of the recorder in us a frame."""
    cuts = statistics.quantiles(meter.ages_ms, n=100)
    return {
        "asked_per_s": rate,
        "reached_per_s": round(meter.asked / meter.spent_s, 1),
        "sent": meter.asked,
        "lost": meter.asked - len(set(meter.numbers)),
        "doubled": len(meter.numbers) - len(set(meter.numbers)),
        "out_of_order": sum(a > b for a, b in zip(meter.numbers, meter.numbers[1:], strict=False)),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(meter.ages_ms), 1),
        "recorder_cpu_us_a_frame": round(cpu_s / len(meter.numbers) * 1e6, 1),
    }


async def main(as_json: bool) -> None:
    """Measure each rate and print it beside the limit."""
    results = [await measure(rate, seconds) for rate, seconds in RUNS]
    if as_json:
        print(json.dumps(results))
        return
    print("limit (PF1): 2,000/s with none lost; at 100/s p50 < 5 ms, p99 < 20 ms.")
    print("peers, CPU a frame (3.7 KB): websockets+json 61 us, cdp-use 105 us, Playwright 321 us.")
    for result in results:
        print("  ".join(f"{name} {value:g}" for name, value in result.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    job = serve_frames(*options.serve) if options.serve else main(options.json)
    asyncio.run(job)
