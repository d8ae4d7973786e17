"""`up`, `foundation` and `open` as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import PATIENCE_S, free_port, run, run_warm, table, wait_until
from tests.foundation_support import Site, printed_link, site
from websockets.asyncio.client import connect

from vectra_player.app.instance import write_instance

DEMO = ("--source", "demo", "--speed", "30", "--seed", "3")


def listening(up: Site, query: str = "") -> connect:
    """Connect to the feed; what comes after the last look is thrown away at once, not held up."""
    url = f"ws://127.0.0.1:{up.instance.feed}/feed{query}"
    return connect(url, additional_headers=up.bearer, max_queue=None)


async def hear(up: Site, wanted: int, query: str = "") -> list[dict[str, Any]]:
    """Return the first messages of the feed."""
    async with asyncio.timeout(PATIENCE_S), listening(up, query) as feed:
        return [json.loads(await feed.recv()) for _ in range(wanted)]


def in_session(root: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what was filed, by session, in seq order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table(root, "ws_event", "event_name", "raw", "packet_type"):
        found.setdefault(row["session_id"], []).append(row)
    return found


async def test_up_serves_feed_and_monitor_and_ends_clean(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO) as up:
        path = tmp_path / "run" / "instance.json"
        told = json.loads(path.read_text("utf-8"))
        assert set(told) == {"pid", "token", "feed", "monitor", "dashboard", "started_at"}
        assert told["pid"] == up.process.pid
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        snapshot, *messages = await hear(up, 20)
        assert (snapshot["type"], snapshot["data"]["mode"]) == ("snapshot", "DEMO")
        assert snapshot["data"]["recording"] is True
        seqs = [message["seq"] for message in messages]
        assert seqs == sorted(set(seqs))
        assert seqs[0] > snapshot["seq"]
        session = up.get("/api/recording").json["session_id"]
        assert {m["src"]["session_id"] for m in messages} == {session}
        ended = up.stop(signal.SIGINT)
        assert ended.code == 0
        assert ended.json["reason"] == "stopped by SIGINT"
        assert not path.exists()
        link = printed_link(ended.err)
        assert ended.err.count("/login?token=") == 1
        assert up.instance.token not in ended.err
        assert link.startswith("/login?token=")
    stored = {row["seq"]: row for row in in_session(tmp_path)[session]}
    # On a busy machine ticks are merged, a later one standing for them; trades never are.
    told = [message["src"]["seq"] for message in messages]
    within = range(min(told), max(told))
    trades = {seq for seq in within if stored[seq]["event_name"] == "standard/newTrade"}
    assert trades <= set(told)
    for message in messages:
        row = stored[message["src"]["seq"]]
        if message["type"] == "game.tick" and row["event_name"] == "gameStateUpdate":
            sent = json.loads(row["raw"][2:])[-1]
            assert {k: message["data"][k] for k in sent} == sent


def test_the_printed_link_works_once(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO) as up:
        assert up.process.stderr is not None
        link = printed_link(up.process.stderr.readline())
        assert up.get(link, {}).status == 303
        assert up.get(link, {}).status == 401
        other = run_warm("--data-dir", tmp_path, "open", "--json").json["link"]
        again = run_warm("--data-dir", tmp_path, "open", "artifacts/mine/", "--print").out
        assert up.get(printed_link(other), {}).headers["location"] == "/"
        assert up.get(printed_link(again), {}).headers["location"] == "/artifacts/mine/"


async def test_a_stop_and_a_start_give_two_sessions_and_the_feed_goes_on(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO) as up:
        first = up.get("/api/recording").json["session_id"]
        heard: list[dict[str, Any]] = []

        async def until(condition: Any) -> None:
            while not heard or not condition(heard[-1]):
                heard.append(json.loads(await feed.recv()))

        def post(action: str) -> Any:
            return asyncio.to_thread(up.post, "/api/recording", {"action": action})

        async with asyncio.timeout(PATIENCE_S), listening(up) as feed:
            await until(lambda m: m["type"] == "game.tick")
            assert (await post("stop")).json["recording"] is False
            await until(lambda m: m["type"] == "recording" and not m["data"]["recording"])
            assert heard[-1]["data"]["session_id"] == first
            await until(lambda m: m["type"] == "game.tick" and m["src"] is None)
            second = (await post("start")).json["session_id"]
            await until(lambda m: m["type"] == "recording" and m["data"]["recording"])
            await until(lambda m: m["src"] and m["src"]["session_id"] == second)
        assert up.stop(signal.SIGTERM).json["sessions"] == 2
    sessions = in_session(tmp_path)
    assert set(sessions) == {first, second}
    for rows in sessions.values():
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        assert rows[0]["event_name"] == "vectra.started"
        assert rows[-1]["event_name"] == "vectra.stopped"


def test_foundation_records_nothing_until_it_is_told_to(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO, command="foundation") as up:
        up.until(lambda state: state["state"]["phase"] == "LIVE", "a game is heard")
        assert up.get("/health").json["recording"] is False
        assert up.post("/api/recording", {"action": "start"}).status == 200
        up.until(lambda state: state["recording"]["events"] > 20, "events are recorded")
        assert up.stop().json["sessions"] == 1
    assert len(in_session(tmp_path)) == 1


def test_foundation_that_recorded_nothing_says_so(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO, command="foundation") as up:
        ended = up.stop()
    assert (ended.code, ended.json["session_id"], ended.json["events"]) == (0, None, 0)
    assert in_session(tmp_path) == {}


@pytest.mark.parametrize(
    "setting", ["FOUNDATION_PORT", "FOUNDATION_HTTP_PORT", "VECTRA_DASHBOARD_PORT"]
)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_named_with_its_holder(
    tmp_path: Path, setting: str, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as squatter:
        try:
            # A port that is free on the other address too: its holder would be named instead.
            squatter.bind((address, free_port()))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        squatter.listen()
        port = str(squatter.getsockname()[1])
        names = ("FOUNDATION_PORT", "FOUNDATION_HTTP_PORT", "VECTRA_DASHBOARD_PORT")
        free = {name: str(free_port()) for name in names}
        ended = run_warm("--data-dir", tmp_path, "up", *DEMO, **{**free, setting: port})
    assert ended.code == 2
    assert port in ended.error_line
    assert f"pid {os.getpid()} (" in ended.error_line
    assert setting in ended.error_line
    assert not (tmp_path / "run" / "instance.json").exists()
    assert in_session(tmp_path) == {}


def test_a_stale_instance_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700, parents=True)
    write_instance(tmp_path, "stale", feed=1, monitor=2, dashboard=None, now_us=0)
    with site(tmp_path, *DEMO) as up:
        assert up.instance.token != "stale"
        assert up.get("/api/state").status == 200
        assert up.get("/api/state", {"Authorization": "Bearer stale"}).status == 401


def test_a_killed_instance_leaves_ports_and_directory_to_the_next(tmp_path: Path) -> None:
    ports = {"FOUNDATION_PORT": str(free_port()), "FOUNDATION_HTTP_PORT": str(free_port())}
    with site(tmp_path, *DEMO, **ports) as up:
        up.until(lambda state: state["recording"]["events"] > 5, "events are recorded")
        up.process.kill()
        up.process.communicate()
    with site(tmp_path, *DEMO, **ports) as up:
        assert str(up.instance.feed) == ports["FOUNDATION_PORT"]
        up.until(lambda state: state["recording"]["events"] > 5, "events are recorded")
        assert up.stop().code == 0
    assert len(in_session(tmp_path)) == 2


def test_open_without_an_instance_says_so(tmp_path: Path) -> None:
    ended = run_warm("--data-dir", tmp_path, "open")
    assert (ended.code, "up" in ended.error_line) == (2, True)


def test_clients_and_feed_are_in_the_status_line(tmp_path: Path) -> None:
    ports = {"FOUNDATION_PORT": "0", "FOUNDATION_HTTP_PORT": "0", "VECTRA_DASHBOARD_PORT": "0"}
    ended = run("--data-dir", tmp_path, "up", *DEMO, "--duration", "2", **ports)
    assert ended.code == 0
    assert "clients=0" in ended.out
    assert "feed=ws://127.0.0.1:" in ended.out
    assert ended.out.count("/login?token=") == 1


async def test_clients_are_told_the_end(tmp_path: Path) -> None:
    with site(tmp_path, *DEMO) as up:
        async with asyncio.timeout(PATIENCE_S), listening(up) as feed:
            await feed.recv()
            up.process.send_signal(signal.SIGINT)
            kinds = [json.loads(message)["type"] async for message in feed]
        assert "recording" in kinds
        assert feed.close_code == 1001
        wait_until(lambda: up.process.poll() is not None, "the end")
        assert up.process.returncode == 0
