"""Faults, the ground-truth log, captures as the show, and who is turned away."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.demo_fixtures import (
    LONG_GAMES,
    TRACE,
    ask,
    back_again,
    control,
    joined,
    listening,
    live,
    log_in,
    running_demo,
)

from vectra_player.demo import DemoServer, DemoSettings
from vectra_player.demo.server import run_demo_server
from vectra_player.errors import SourceError


async def test_rejected_and_missing_acks_can_be_switched_on_while_it_runs() -> None:
    async with running_demo(speed=10, **LONG_GAMES) as server, listening(server.url) as heard:
        await log_in(heard)
        await live(heard)
        assert await control(server, kind="acks", mode="rejected") == 202
        ack = await ask(heard, "buyOrder", {"amount": 1})
        while ack["success"]:
            ack = await ask(heard, "buyOrder", {"amount": 0.001})
        assert ack["error"] == "Rejected by the server"
        await control(server, kind="acks", mode="missing")
        answered: list[Any] = []
        while not joined(heard, "standard/newTrade"):
            await heard.client.emit("buyOrder", (TRACE, {"amount": 0.01}), callback=answered.append)
            await live(heard)
        await live(heard)
        assert [a for a in answered if a["success"]] == []


async def test_unknown_binary_and_other_namespace_events_arrive_whole() -> None:
    async with (
        running_demo() as server,
        listening(server.url, namespaces=("/", "/chat")) as heard,
    ):
        rooms: list[Any] = []
        heard.client.on("roomMessage", rooms.append, namespace="/chat")
        await heard.until(lambda: heard.events)
        for kind in ("unknown", "binary", "chat"):
            assert await control(server, kind=kind) == 202
        await heard.until(lambda: heard.named("demoBinaryUpdate"))
        await heard.until(lambda: heard.named("demoManyArguments") and rooms)
        update = heard.named("demoBinaryUpdate")[0].payload
        assert update["second"] == b"\x00\x01\x02\x1e4"
        assert update["first"][:256] == bytes(range(256))
        assert heard.named("demo/bare")[0].args == ()
        assert rooms == [{"room": "lobby", "text": "hello"}]


async def test_a_burst_arrives_in_order_and_a_history_frame_may_be_huge() -> None:
    async with running_demo(speed=100) as server, listening(server.url) as heard:
        await heard.until(lambda: heard.events)
        await control(server, kind="big_history", size=1_500_000)
        await control(server, kind="burst", count=500, size=1000)

        def bursts() -> list[str]:
            texts = [e.payload["message"] for e in heard.named("newChatMessage")]
            return [text for text in texts if text.startswith("burst ")]

        await heard.until(lambda: len(bursts()) == 500)
        assert [int(text.split()[1]) for text in bursts()] == list(range(500))
        frames = [e.payload for e in heard.named("gameStateUpdate")]
        await heard.until(
            lambda: any(
                len(e.payload.get("highestTodayPrices", ())) > 40_000
                for e in heard.named("gameStateUpdate")
            )
        )
        assert frames


@pytest.mark.parametrize("kind", ["drop", "close", "restart"])
async def test_a_client_can_come_back_after_the_server_cut_it_off(kind: str) -> None:
    async with running_demo() as server:
        async with listening(server.url) as heard:
            gone = asyncio.Event()
            heard.client.on("disconnect", lambda reason: gone.set())
            await heard.until(lambda: heard.events)
            port = server.port
            assert await control(server, kind=kind, seconds=0.2) == 202
            await asyncio.wait_for(gone.wait(), 60)
        async with asyncio.timeout(60), back_again(server.url) as heard:
            await heard.until(lambda: len(heard.events) > 10)
        assert server.port == port


async def test_a_stall_holds_frames_back_and_loses_none() -> None:
    async with running_demo(speed=20) as server, listening(server.url) as heard:
        await heard.until(lambda: len(heard.events) > 20)
        await control(server, kind="stall", seconds=1.0)
        await heard.until(lambda: len(heard.named("gameStateUpdate")) > 145)
        timers = [
            e.payload["cooldownTimer"]
            for e in heard.named("gameStateUpdate")[1:]
            if len(e.payload) == 7
        ]
        first = timers[: timers.index(100) + 1] if 100 in timers else timers
        assert first == list(range(first[0], first[-1] - 1, -100))


def page_view(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the ground truth by socket: (direction, raw) in order."""
    sockets: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in path.read_text().splitlines():
        row = json.loads(line)
        sockets[row["sid"]].append((row["direction"], row["raw"]))
    return sockets


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
async def test_the_ground_truth_log_holds_every_packet_from_the_handshake_on(
    tmp_path: Path, transports: tuple[str, ...]
) -> None:
    log = tmp_path / "truth.jsonl"
    async with (
        running_demo(log=log) as server,
        listening(server.url, transports=transports) as heard,
    ):
        await log_in(heard)
        await control(server, kind="binary")
        await heard.until(lambda: heard.named("demoBinaryUpdate"))
        events = list(heard.events)
    (packets,) = page_view(log).values()
    sent = [raw for way, raw in packets if way == "sent"]
    assert sent[0].startswith('0{"sid":')
    assert sent[1].startswith('40{"sid":')
    shown = [json.loads(raw[2:]) for raw in sent if raw.startswith("42[")]
    heard_names = [e.name for e in events if e.name != "demoBinaryUpdate"]
    assert [packet[0] for packet in shown][: len(heard_names)] == heard_names
    received = [raw for way, raw in packets if way == "received"]
    assert received[0] in ("40", "40{}")
    assert any(raw.startswith('42["authenticate"') for raw in received)
    binary = next(i for i, raw in enumerate(sent) if raw.startswith('452-["demoBinaryUpdate"'))
    assert sent[binary + 2] == "AAECHjQ="


async def test_a_capture_is_shown_instead_of_the_simulation(tmp_path: Path) -> None:
    capture = tmp_path / "capture.jsonl"
    rows = [
        {"seq": n, "ts": f"2025-12-14T20:17:{n:02d}.0", "event": "e", "data": {"n": n}}
        for n in range(20)
    ]
    capture.write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with running_demo(events=capture, speed=100) as server:
        async with listening(server.url) as heard:
            await heard.until(lambda: len(heard.events) == 20)
            assert [e.payload["n"] for e in heard.events] == list(range(20))
        await asyncio.wait_for(server.finished.wait(), 60)


async def test_the_show_ends_after_the_games_asked_for() -> None:
    async with running_demo(games=1, speed=200, longest_game=30) as server:
        await asyncio.wait_for(server.finished.wait(), 60)
        assert server.sim.games_over == 1


async def test_a_busy_port_is_refused_with_who_has_it() -> None:
    async with running_demo() as server:
        with pytest.raises(SourceError, match=rf"{server.port}: .* has it\. Stop it"):
            await DemoServer(DemoSettings(port=server.port, past_games=10)).start()


async def test_foreign_pages_and_rebound_names_are_turned_away() -> None:
    async with running_demo() as server, aiohttp.ClientSession() as http:
        fault = f"{server.url}/__demo__/fault"
        evil = {"Origin": "http://evil.test"}
        async with http.post(fault, json={"kind": "drop"}, headers=evil) as answer:
            assert answer.status == 403
        async with http.post(fault, data=b'{"kind":"drop"}') as answer:
            assert answer.status == 415
        async with http.post(fault, json={"kind": "explode"}) as answer:
            assert answer.status == 400
        for path in ("/", "/socket.io/?EIO=4&transport=polling"):
            async with http.get(server.url + path, headers={"Host": "evil.test"}) as answer:
                assert answer.status == 421
        async with http.get(f"{server.url}/socket.io/?EIO=4&transport=polling", headers=evil) as a:
            assert a.status == 400
        async with http.get(server.url) as answer:
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_command_runs_until_the_games_are_over() -> None:
    urls: list[str] = []
    settings = DemoSettings(seed=1, games=1, speed=500, longest_game=20, past_games=10)
    run_demo_server(settings, ready=lambda server: urls.append(server.url))
    assert urls[0].startswith("http://127.0.0.1:")
