"""The demo server over real sockets: a python-socketio client, as any client would see it."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from tests.demo_fixtures import (
    LONG_GAMES,
    ask,
    joined,
    listening,
    live,
    log_in,
    running_demo,
)

from vectra_player.bus import spawn
from vectra_player.demo.values import SOL_MINT

GREETING = [
    "gameStateUpdate",
    "battleEventUpdate",
    "rugRoyaleUpdate",
    "sidebetEventUpdate",
    "battleEventUpdate",
    "maintenanceUpdate",
]


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_an_anonymous_client_gets_snapshot_events_and_live_frames_in_order(
    transports: tuple[str, ...],
) -> None:
    async with running_demo() as server, listening(server.url, transports=transports) as heard:
        await heard.until(lambda: len(heard.named("gameStateUpdate")) > 30)
        assert [e.name for e in heard.events[:6]] == GREETING
        first = heard.events[0].payload
        assert len(first["gameHistory"]) == 10
        assert "prices" in first
        assert "partialPrices" not in first
        names = {e.name for e in heard.events}
        assert not names & {"playerUpdate", "gameStatePlayerUpdate", "usernameStatus"}


async def test_two_clients_hear_the_same_show() -> None:
    async with (
        running_demo() as server,
        listening(server.url) as one,
        listening(server.url, transports=("polling",)) as two,
    ):
        await one.until(lambda: len(one.events) > 120)
        await two.until(lambda: len(two.events) > 120)
        second = two.events[len(GREETING)]
        start = next(i for i, e in enumerate(one.events[6:], 6) if e == second)
        common = min(len(one.events) - start, len(two.events) - len(GREETING))
        assert common > 50
        ours = two.events[len(GREETING) : len(GREETING) + common]
        assert one.events[start : start + common] == ours


async def test_a_poll_that_waits_ends_when_its_client_says_goodbye() -> None:
    async with running_demo(speed=0.001) as server, aiohttp.ClientSession() as http:
        url = f"{server.url}/socket.io/?EIO=4&transport=polling"
        async with http.get(url) as answer:
            sid = json.loads((await answer.text())[1:])["sid"]

        async def poll() -> int:
            async with http.get(f"{url}&sid={sid}") as waited:
                return waited.status

        waiting = spawn(poll(), name="long poll")
        await asyncio.sleep(0.2)  # nothing tells when the poll is in; too late ends it with 400
        async with http.post(f"{url}&sid={sid}", data="1") as answer:
            assert answer.status == 200
        assert await asyncio.wait_for(waiting, 20) in (200, 400)


async def test_login_is_followed_by_the_personal_events_in_order() -> None:
    async with running_demo() as server, listening(server.url) as heard:
        await log_in(heard)
        own = [e for e in heard.events if e.name in ("playerUpdate", "gameStatePlayerUpdate")]
        assert own[0].name == "playerUpdate"
        assert own[0].payload["authenticated"] is True
        assert own[1].name == "gameStatePlayerUpdate"
        assert "trades" in own[1].payload
        assert joined(heard, "usernameStatus")[0]["hasUsername"] is True
        order = [e.name for e in heard.events]
        at = order.index("usernameStatus")
        names = ["usernameStatus", "mutedPlayers", "battleEventUpdate", "battleEventUpdate"]
        assert [n for n in order[at:] if n in (*names, "sidebetEventUpdate")][:5] == [
            *names,
            "sidebetEventUpdate",
        ]


async def test_a_personal_frame_follows_every_public_frame() -> None:
    async with running_demo() as server, listening(server.url) as heard:
        await log_in(heard)
        start = len(heard.events)
        await heard.until(lambda: len(heard.events) > start + 80)
        names = [e.name for e in heard.events[start:]]
        for here, after in pairwise(names):
            if here == "gameStateUpdate":
                assert after in ("gameStatePlayerUpdate", "currentSidebetResult")


async def test_a_buy_is_echoed_with_its_trace_then_booked_then_acknowledged() -> None:
    async with running_demo(speed=10, **LONG_GAMES) as server, listening(server.url) as heard:
        await log_in(heard)
        await live(heard)
        start = len(heard.events)
        assert await ask(heard, "buyOrder", {"amount": 0.5}) == {"success": True}
        trade = joined(heard, "standard/newTrade")[-1]
        assert (trade["type"], trade["amount"]) == ("buy", 0.5)
        after = [e.name for e in heard.events[start:]]
        echo = after.index("standard/newTrade")
        assert "playerUpdate" in after[echo:]
        update = heard.named("playerUpdate")[-1].payload
        assert update["cash"] == 9.5
        assert update["positionQty"] == trade["qty"]
        entries = [e.payload.get("leaderboardEntry") for e in heard.named("gameStatePlayerUpdate")]
        assert entries[-1]["positionQty"] == trade["qty"]


async def test_a_sale_of_half_pays_at_the_tick_price() -> None:
    async with running_demo(speed=10, **LONG_GAMES) as server, listening(server.url) as heard:
        await log_in(heard)
        await live(heard)
        await ask(heard, "buyOrder", {"amount": 1})
        bought = joined(heard, "standard/newTrade")[-1]
        assert await ask(heard, "sellOrder", {"percentage": 50}) == {"success": True}
        sold = joined(heard, "standard/newTrade")[-1]
        assert sold["type"] == "sell"
        assert sold["qty"] == pytest.approx(bought["qty"] / 2, abs=1e-9)
        assert sold["amount"] == pytest.approx(sold["qty"] * sold["price"], abs=1e-9)
        cash = heard.named("playerUpdate")[-1].payload["cash"]
        assert cash == pytest.approx(9 + sold["amount"], abs=1e-9)


async def test_a_sidebet_is_acknowledged_with_itself_and_settled_later() -> None:
    async with running_demo(speed=20, **LONG_GAMES) as server, listening(server.url) as heard:
        await log_in(heard)
        await live(heard)
        request = {"amount": 0.02, "coinAddress": SOL_MINT, "xPayout": 5}
        ack = await ask(heard, "requestSidebet", request)
        assert ack["success"] is True
        assert joined(heard, "currentSidebet")[-1] == ack["sidebet"]
        again = await ask(heard, "requestSidebet", request)
        if not heard.named("currentSidebetResult"):
            assert again == {"success": False, "error": "One sidebet at a time"}
        result = (await heard.until(lambda: heard.named("currentSidebetResult")))[0]
        paid = result.payload
        assert paid["endTick"] == paid["startTick"] + 40
        assert paid["payout"] in (0, 0.1)
        cash = 9.98 + paid["payout"]
        await heard.until(lambda: heard.named("playerUpdate")[-1].payload["cash"] == cash)


async def test_what_the_rules_refuse_gets_an_error_and_changes_nothing() -> None:
    async with running_demo(speed=10, **LONG_GAMES) as server, listening(server.url) as heard:
        stranger = await ask(heard, "buyOrder", {"amount": 1})
        assert stranger == {"success": False, "error": "Authentication required"}
        await log_in(heard)
        await live(heard)
        for name, payload in (
            ("buyOrder", {"amount": 0.0001}),
            ("buyOrder", {"amount": 1000}),
            ("sellOrder", {"percentage": 100}),
            ("requestSidebet", {"amount": 0.01, "coinAddress": "x", "xPayout": 5}),
        ):
            ack = await ask(heard, name, payload)
            assert ack["success"] is False
            assert ack["error"]
        assert heard.named("playerUpdate")[-1].payload["cash"] == 10


async def test_an_open_position_is_sold_before_the_public_rug_frame() -> None:
    async with (
        running_demo(speed=10, shortest_game=20, longest_game=60) as server,
        listening(server.url) as heard,
    ):
        await log_in(heard)
        ack: dict[str, Any] = {}
        while not ack.get("success"):
            await live(heard)
            ack = await ask(heard, "buyOrder", {"amount": 0.1})
        start = len(heard.events)
        game_id = joined(heard, "standard/newTrade")[-1]["gameId"]
        own = heard.named("playerUpdate")[-1].payload["id"]

        def rugged() -> bool:
            return any(
                e.name == "gameStateUpdate" and e.payload.get("rugged")
                for e in heard.events[start:]
            )

        await heard.until(rugged)
        names = [
            (e.name, e.payload.get("playerId") == own)
            for e in heard.events[start:]
            if e.name in ("standard/newTrade", "gameStateUpdate")
            and (e.payload.get("playerId") == own or e.payload.get("rugged"))
        ]
        assert names[:2] == [("standard/newTrade", True), ("gameStateUpdate", False)]
        sale = next(e.payload for e in heard.events[start:] if e.payload.get("playerId") == own)
        assert (sale["type"], sale["gameId"]) == ("sell", game_id)
        assert heard.named("playerUpdate")[-1].payload["positionQty"] == 0


async def test_ping_is_answered_with_an_empty_ack() -> None:
    async with running_demo() as server, listening(server.url) as heard:
        answered = asyncio.Event()
        got: list[Any] = []

        def ack(*values: Any) -> None:
            got.extend(values)
            answered.set()

        await heard.client.emit("ping", {"lastPing": 1.5}, callback=ack)
        await asyncio.wait_for(answered.wait(), 60)
        assert got == []


async def test_an_account_is_the_same_on_every_connection() -> None:
    async with running_demo(speed=10, **LONG_GAMES) as server:
        async with listening(server.url) as heard:
            await log_in(heard)
            await live(heard)
            assert (await ask(heard, "buyOrder", {"amount": 1}))["success"]
        async with listening(server.url) as heard:
            await log_in(heard)
            update = heard.named("playerUpdate")[0].payload
            assert update["cash"] < 10
            await log_in(heard, "another token")
            assert heard.named("playerUpdate")[-1].payload["id"] != update["id"]
