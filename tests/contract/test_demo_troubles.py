"""Orders answered wrongly and accounts changed by nobody's order, as a client sees it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.demo_fixtures import (
    TRACE,
    Heard,
    Listener,
    ask,
    back_again,
    control,
    joined,
    listening,
    live,
    log_in,
    running_demo,
)

from vectra_player.demo.values import PRACTICE_MINT

SPEED = {"speed": 10, "shortest_game": 500}
"""Games of twelve seconds at least: nobody waits for the next one."""
BUY = {"amount": 0.5}


async def playing(heard: Listener) -> None:
    """Log in and wait for a tick."""
    await log_in(heard)
    await live(heard)


def updates(heard: Listener, start: int) -> list[Any]:
    """Return the `playerUpdate`s since an event."""
    return [e.payload for e in heard.events[start:] if e.name == "playerUpdate"]


async def bought(heard: Listener) -> list[Heard]:
    """Buy in a game that is on; return the events until the ack and a little after."""
    start = len(heard.events)
    assert (await ask(heard, "buyOrder", BUY))["success"]
    await live(heard)
    return heard.events[start:]


def named(events: list[Heard]) -> Counter[str]:
    return Counter(e.name for e in events if not e.name.startswith("gameState"))


async def test_an_order_may_be_done_though_its_ack_never_comes() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="acks", mode="missing", order="buy")
        answered: list[Any] = []
        await heard.client.emit("buyOrder", (TRACE, BUY), callback=answered.append)
        await heard.until(lambda: heard.named("playerUpdate")[-1].payload["cash"] == 9.5)
        assert (await ask(heard, "sellOrder", {"percentage": 50}))["success"]
        assert answered == []


async def test_an_order_may_be_ignored_altogether() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="acks", mode="ignored", order="sidebet")
        await heard.client.emit("requestSidebet", (TRACE, {"amount": 0.01}))
        await bought(heard)
        assert heard.named("currentSidebet") == []
        assert heard.named("playerUpdate")[-1].payload["cash"] == 9.5


async def test_an_order_may_be_done_late_at_the_price_of_then() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="acks", mode="delayed", seconds=2)
        sent_at = heard.named("gameStateUpdate")[-1].payload["tickCount"]
        assert (await ask(heard, "buyOrder", BUY))["success"]
        assert joined(heard, "standard/newTrade")[-1]["tickIndex"] >= sent_at + 7


async def test_an_ack_may_contradict_what_was_done() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="acks", mode="claimed")
        assert await ask(heard, "buyOrder", BUY) == {"success": True}
        assert joined(heard, "standard/newTrade") == []
        await control(server, kind="acks", mode="denied")
        ack = await ask(heard, "buyOrder", BUY)
        assert ack == {"success": False, "error": "Order failed"}
        assert len(joined(heard, "standard/newTrade")) == 1


async def test_an_ack_may_come_twice(tmp_path: Path) -> None:
    log = tmp_path / "truth.jsonl"
    async with running_demo(log=log, **SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="acks", mode="double", order="buy")
        await bought(heard)
        await control(server, kind="acks")
        await bought(heard)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    acks = [row["raw"] for row in rows if row["raw"].startswith("43")]
    assert [count for _, count in Counter(acks).items()] == [2, 1]


async def test_the_echo_may_be_missing_doubled_or_late() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        for mode, count in (("missing", 0), ("double", 2), ("normal", 1)):
            await control(server, kind="echo", mode=mode)
            before = len(joined(heard, "standard/newTrade"))
            await bought(heard)
            assert len(joined(heard, "standard/newTrade")) - before == count, mode
        await control(server, kind="echo", mode="slow", seconds=2)
        start = len(heard.events)
        assert (await ask(heard, "buyOrder", BUY))["success"]
        assert "playerUpdate" in [e.name for e in heard.events[start:]]
        before = len(joined(heard, "standard/newTrade"))
        await heard.until(lambda: len(joined(heard, "standard/newTrade")) > before)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("missing", []),
        ("double", [(9.5, 1), (9.5, 1)]),
        ("position", [(9.5, 2)]),
        ("cash", [(9.0, 1)]),
    ],
)
async def test_the_update_may_be_missing_doubled_or_wrong(
    mode: str, told: list[tuple[float, int]]
) -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await control(server, kind="updates", mode=mode, order="buy")
        start = len(heard.events)
        assert (await ask(heard, "buyOrder", BUY))["success"]
        qty = joined(heard, "standard/newTrade")[-1]["qty"]
        assert [
            (u["cash"], pytest.approx(u["positionQty"] / qty)) for u in updates(heard, start)
        ] == told


async def test_the_server_may_trade_for_an_account_that_asked_nothing() -> None:
    async with running_demo(**SPEED) as server, listening(server.url) as heard:
        await playing(heard)
        await bought(heard)
        own = heard.named("playerUpdate")[-1].payload
        for fault, kind in (
            ({"kind": "autosell", "amount": 50}, "sell"),
            ({"kind": "autobuy"}, "buy"),
        ):
            start = len(heard.events)
            await control(server, **fault)
            await heard.until(lambda start=start: updates(heard, start))
            trades = [e for e in heard.events[start:] if e.name == "standard/newTrade"]
            mine = [e.payload for e in trades if e.payload["playerId"] == own["id"]]
            assert [trade["type"] for trade in mine] == [kind]
        start = len(heard.events)
        before = heard.named("playerUpdate")[-1].payload["cash"]
        await control(server, kind="cash", amount=-0.25)
        await heard.until(lambda: updates(heard, start))
        assert updates(heard, start)[0]["cash"] == pytest.approx(before - 0.25)


@pytest.mark.parametrize(("kind", "kept"), [("restart", True), ("reboot", False)])
async def test_a_position_outlives_a_restart_but_not_a_reboot(kind: str, kept: bool) -> None:
    async with running_demo(**SPEED) as server:
        async with listening(server.url) as heard:
            await playing(heard)
            await bought(heard)
            gone = asyncio.Event()
            heard.client.on("disconnect", lambda reason: gone.set())
            await control(server, kind=kind, seconds=0.2)
            await asyncio.wait_for(gone.wait(), 60)
        async with asyncio.timeout(60), back_again(server.url) as heard:
            await log_in(heard)
            first = heard.named("playerUpdate")[0].payload
            assert (first["positionQty"] > 0, first["cash"]) == (kept, 9.5)


async def test_the_countdown_stands_still_and_maintenance_is_announced() -> None:
    async with running_demo(speed=20) as server, listening(server.url) as heard:
        await heard.until(lambda: heard.events)
        await control(server, kind="maintenance", seconds=1)
        await control(server, kind="pause", seconds=1)

        def paused() -> list[Any]:
            states = [e.payload for e in heard.named("gameStateUpdate")]
            return [s for s in states if s["cooldownPaused"]]

        def told() -> list[bool]:
            return [e.payload["active"] for e in heard.named("maintenanceUpdate")]

        await heard.until(lambda: told()[-2:] == [True, False])
        await heard.until(lambda: paused() and not heard.events[-1].payload.get("cooldownPaused"))
        assert len({state["cooldownTimer"] for state in paused()}) == 1
        assert paused()[0]["pauseMessage"]
        assert not any(state["allowPreRoundBuys"] for state in paused())


async def test_a_coin_is_chosen_beside_the_socket() -> None:
    async with running_demo() as server, listening(server.url) as heard:
        await log_in(heard, "purse")
        url, choice = f"{server.url}/__demo__/coin", {"token": "purse", "coin": "practice"}
        async with aiohttp.ClientSession() as http:
            async with http.post(url, json=choice) as answer:
                assert answer.status == 200
            await heard.until(lambda: heard.named("playerUpdate")[-1].payload["selectedCoin"])
            chosen = heard.named("playerUpdate")[-1].payload["selectedCoin"]
            assert chosen["address"] == PRACTICE_MINT
            async with http.post(url, json=choice, headers={"Origin": "http://evil.test"}) as a:
                assert a.status == 403
            async with http.post(url, json={"token": "purse", "coin": "gold"}) as answer:
                assert answer.status == 400
