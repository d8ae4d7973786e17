"""Alerts of the account and of the connection, from the demo server's real wire."""

from __future__ import annotations

import asyncio

import pytest
from tests.alert_support import Stream, rules
from tests.demo_fixtures import Listener, ask, control, listening, live, log_in, running_demo
from tests.live_support import event

from vectra_player.alerts.catalogue import KINDS
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import decode
from vectra_player.sources.public_ws import PublicWsSettings, PublicWsSource

pytestmark = pytest.mark.timeout(180)

OF_THE_ACCOUNT = ("position_profit", "position_loss", "sidebet_won", "sidebet_lost")
OF_THE_LINK = ("connection_lost", "connection_restored")
OF_PRESSES = ("trade_success", "trade_failed")
"""Made of `vectra.outcome` facts, which only a run that presses buttons writes."""


def won(heard: Listener) -> bool:
    """Tell whether a sidebet of the account has won."""
    results = heard.named("currentSidebetResult")
    return any(each.payload["payout"] > 0 for each in results)


async def play_until_a_bet_wins(heard: Listener) -> None:
    """Buy at once, and bet again and again: the bet that is open at the rug wins."""
    await log_in(heard)
    await live(heard)
    await heard.until(lambda: not heard.named("gameStateUpdate")[-1].payload.get("active"))
    await live(heard)
    assert (await ask(heard, "buyOrder", {"amount": 0.25}))["success"]
    while not won(heard):
        await ask(heard, "requestSidebet", {"amount": 0.05, "xPayout": 5})
        await asyncio.sleep(0.01)


async def test_a_position_and_sidebets_are_told_from_what_the_server_says() -> None:
    switches = {"speed": 20.0, "shortest_game": 300, "longest_game": 600}
    async with running_demo(**switches) as server, listening(server.url) as heard:
        await play_until_a_bet_wins(heard)
        told = [(each.name, each.payload) for each in heard.events]
    levels = {"levels_percent": [0.5]}
    stream = Stream(
        {
            **rules("position_profit", "position_loss", **levels),
            **rules("sidebet_won", "sidebet_lost"),
        }
    )
    for name, payload in told:
        stream.now += 10_000
        stream.feed(event(name, payload))
    assert set(stream.types()) == set(OF_THE_ACCOUNT)
    lost, won = (stream.types().count(name) for name in ("sidebet_lost", "sidebet_won"))
    assert lost >= won == 1
    (win,) = [one for one in stream.alerts if one.alert_type == "sidebet_won"]
    assert "paid 0.250 SOL (0.200 SOL)" in win.message


async def test_a_cut_connection_is_told_and_that_it_is_back() -> None:
    stream = Stream(rules(*OF_THE_LINK))
    back = asyncio.Event()

    def emit(frame: Frame) -> None:
        found = decode(describe(StoredFrame("s", 1, frame)))
        stream.now = frame.ts
        if found is not None and "connection_restored" in {
            alert.alert_type for alert in stream.feed(found)
        }:
            back.set()

    async with running_demo() as server:
        settings = PublicWsSettings(url=server.url, source="demo", backoff_first_s=0.05)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            running = group.create_task(PublicWsSource(settings).run(emit))
            while stream.state.game_id is None:
                await asyncio.sleep(0.01)
            assert stream.alerts == []
            assert await control(server, kind="drop") == 202
            await back.wait()
            running.cancel()
    assert stream.types() == [*OF_THE_LINK]


def test_what_is_said_to_be_known_from_the_demo_server_is() -> None:
    known = {name for name, kind in KINDS.items() if kind.seen == "demo"}
    assert known == {*OF_THE_ACCOUNT, *OF_THE_LINK, *OF_PRESSES}
