"""What `bench_dashboard` measures: a made store, `up` over it, and its feed beside the game's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import socketio
from benchmarks.bench_queries import fill, table_of
from websockets.asyncio.client import connect

from vectra_player.app.instance import read_instance
from vectra_player.model.rows import WsEvent
from vectra_player.store.layout import DataDir
from vectra_player.store.parquet import write_options
from vectra_player.store.profile import update_profile

COMMAND = [sys.executable, "-m", "vectra_player"]
PLAYERS = 10
PATIENCE_S = 120.0
ROUNDS = 4
SPEED = 2.5
"""Ten ticks a second; the game's own rate is four."""

PROFILE_S = 20.0
"""So long events are profiled beforehand, as a recorder does; the rest of them it does later."""


class Up(NamedTuple):
    """A running `up`: its origins, its token and the game server it hears."""

    dashboard: str
    monitor: str
    feed: int
    token: str
    game: str

    def get(self, path: str, origin: str | None = None) -> Any:
        """Read JSON, of the monitor unless told."""
        return self._ask(urllib.request.Request((origin or self.monitor) + path))

    def post(self, path: str, value: object, origin: str | None = None) -> Any:
        """Change something, of the monitor unless told."""
        request = urllib.request.Request(
            (origin or self.monitor) + path,
            json.dumps(value).encode(),
            {"Content-Type": "application/json"},
        )
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> Any:
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)


def stored(root: Path, ticks: int) -> None:
    """Make the store unless it is there: ticks, games, and a packet for each tick."""
    data_dir = DataDir.open_or_create(root)
    folder = root / "events_parquet"
    if (folder / "doc_type=ws_event").exists():
        return
    fill(data_dir, ticks)
    for path in sorted(folder.glob("doc_type=game*/*/*.parquet")):
        date = path.parent.name.removeprefix("date=")
        table = _of_session(pq.read_table(path, partitioning=None), f"bench-{date}")
        _write(path, table)
        if path.parts[-3] == "doc_type=game_tick":
            _write(data_dir.day("ws_event", date) / path.name, _packets(table))
    update_profile(data_dir, PROFILE_S)


def _of_session(table: pa.Table, session_id: str) -> pa.Table:
    """Return rows as those of a session of their own: a seq is unique in its session."""
    at = table.schema.get_field_index("session_id")
    ids = pa.repeat(pa.scalar(session_id), len(table))
    return table.set_column(at, table.schema.field(at), ids)


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = write_options(table.schema)
    pq.write_table(table, path, row_group_size=122_880, **options)


def _packets(ticks: pa.Table) -> pa.Table:
    """Return the packets that would have brought these ticks."""
    board = [
        {"id": f"did:privy:{n:025d}", "username": f"player{n}", "pnl": 0.5 - n / 10, "level": n,
         "positionQty": 0.5, "avgCost": 1.01, "position": n + 1} for n in range(PLAYERS)
    ]  # fmt: skip
    ending = ',"rugged":false,"connectedPlayers":200,"leaderboard":' + json.dumps(board) + "}]"
    pieces: list[Any] = [
        '42["gameStateUpdate",{"active":true,"gameId":"',
        ticks["game_id"],
        '","tickCount":',
        ticks["tick"].cast(pa.string()),
        ',"price":',
        ticks["price"].cast(pa.string()),
        ending,
        "",  # what lies between
    ]
    raw = pc.binary_join_element_wise(*pieces)
    count = len(ticks)
    columns = {
        **{name: ticks[name] for name in ("seq", "ts", "game_id", "source", "origin")},
        "session_id": ticks["session_id"],
        "raw": raw,
        "size_bytes": pc.binary_length(raw),
        "opcode": pa.repeat(pa.scalar(1), count),
        "sub": pa.repeat(pa.scalar(0), count),
        **{
            name: pa.repeat(pa.scalar(text), count)
            for name, text in (
                ("direction", "received"),
                ("event_name", "gameStateUpdate"),
                ("packet_type", "event"),
                ("socket_id", "1"),
                ("transport", "websocket"),
                ("raw_format", "engineio"),
            )
        },
    }
    return table_of(WsEvent, columns, count)


@contextlib.contextmanager
def running(root: Path) -> Iterator[Up]:
    """Run a demo server in real time and `up` over the store; both end with the block."""
    server = subprocess.Popen(
        [*COMMAND, "demo-server", "--port", "0", "--json", "--speed", str(SPEED)],
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    game = json.loads(server.stdout.readline())["url"]
    ports = {"FOUNDATION_PORT": "0", "FOUNDATION_HTTP_PORT": "0", "VECTRA_DASHBOARD_PORT": "0"}
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", "up", "--source", "public"],
        env={**os.environ, **ports, "VECTRA_PUBLIC_WS_URL": game},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _found(root, process, game)
    finally:
        for child in (process, server):  # the store is thrown away or used as it is
            child.kill()
            child.wait(PATIENCE_S)


def _found(root: Path, process: subprocess.Popen[bytes], game: str) -> Up:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        told = read_instance(root)
        if told is not None and told.pid == process.pid and told.dashboard is not None:
            up = Up(
                f"http://127.0.0.1:{told.dashboard}",
                f"http://127.0.0.1:{told.monitor}",
                told.feed,
                told.token,
                game,
            )
            up.get("/api/home", up.dashboard)
            return up
        time.sleep(0.1)
    raise SystemExit("`up` did not start")


def longest_game(up: Up) -> str:
    """Return the id of the longest recorded game."""
    listed = up.get("/api/games?sort=ticks&size=1&origin=real", up.dashboard)
    return str(listed["games"][0]["game_id"])


def pages_of(up: Up) -> list[str]:
    """Return the addresses of every page, as the OpenAPI documents and the list of tools tell."""
    examples = {"game_id": longest_game(up)}
    found = []
    for origin in (up.dashboard, up.monitor):
        for path, methods in up.get("/openapi.json", origin)["paths"].items():
            told = methods.get("get", {"security": []})
            html = "text/html" in told.get("responses", {}).get("200", {}).get("content", {})
            named = re.findall(r"\{(\w+)\}", path)
            if html and told.get("security") != [] and set(named) <= set(examples):
                found.append(origin + path.format(**examples))
    return found + [f"{up.monitor}/artifacts/{tool['name']}/" for tool in up.get("/api/artifacts")]


Heard = dict[tuple[str, int], float]
"""When each tick of each game was heard, in ms."""


async def latencies(up: Up, seconds: float) -> dict[str, list[float]]:
    """Return how much later a feed client hears a tick than a client of the game server, in ms.

    Rounds without and with a job of the dashboard alternate, so that the noise of the machine
    falls on both.
    """
    found: dict[str, list[float]] = {"no job": [], "while a job runs": []}
    async with _hearing(up) as (direct, through):
        for _ in range(ROUNDS):
            for name, late in found.items():
                job = None
                if name != "no job":
                    asked = {"doc_type": "ws_event", "format": "jsonl"}
                    job = await asyncio.to_thread(up.post, "/api/exports", asked, up.dashboard)
                direct.clear()
                through.clear()
                await asyncio.sleep(seconds / 2)
                late += [at - direct[key] for key, at in through.items() if key in direct]
                if job is not None:
                    path = f"/api/jobs/{job['id']}"
                    state = (await asyncio.to_thread(up.get, path, up.dashboard))["state"]
                    await asyncio.to_thread(up.post, f"{path}/cancel", {}, up.dashboard)
                    if state != "running":
                        raise SystemExit(f"the job was {state}: store more ticks")
    return found


@contextlib.asynccontextmanager
async def _hearing(up: Up) -> AsyncIterator[tuple[Heard, Heard]]:
    """Listen to the game server and to the feed at once."""
    direct: Heard = {}
    through: Heard = {}

    def note(heard: Heard) -> Callable[..., None]:
        def hear(*told: Any) -> None:
            data = told[-1]
            if data.get("active"):
                key = (str(data["gameId"]), int(data["tickCount"]))
                heard.setdefault(key, time.perf_counter() * 1000)

        return hear

    client = socketio.AsyncClient()
    client.on("gameStateUpdate", note(direct))
    await client.connect(up.game, transports=["websocket"])
    listening = asyncio.create_task(_listen(up, note(through)))  # noqa: TID251 -- ends below
    try:
        yield direct, through
    finally:
        listening.cancel()
        await client.disconnect()


async def _listen(up: Up, hear: Callable[..., None]) -> None:
    async with connect(
        f"ws://127.0.0.1:{up.feed}/feed?types=game.tick",
        additional_headers={"Authorization": f"Bearer {up.token}"},
        max_size=None,
    ) as feed:
        async for text in feed:
            message = json.loads(text)
            if message["type"] == "game.tick":
                hear(message["data"])
