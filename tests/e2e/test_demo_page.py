"""The demo page in a real Chromium: it plays, and its own log agrees with the server's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from tests.demo_fixtures import control, running_demo, standing_demo
from tests.e2e.support.demo_page import (
    BUY,
    CONTAINER,
    SELL,
    TRADE,
    opened,
    orders,
    phase,
    press,
    sent_packets,
)
from tests.e2e.support.pages import PATIENCE_MS, fits

pytestmark = [pytest.mark.chromium, pytest.mark.slow]


async def test_a_player_logs_in_buys_sells_and_bets(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, server.url) as page,
    ):
        assert await page.title() == "Rugs"
        await expect(page.locator(BUY)).to_be_disabled()
        assert await page.locator(BUY).text_content() == "BUY"
        await page.get_by_text("Connect", exact=True).click()
        await expect(page.get_by_text("Connect", exact=True)).to_be_hidden()
        await press(page, "+0.01", "+0.01", "+0.01")
        await expect(page.locator(BUY)).to_have_text("BUY+0.030 SOL")
        await expect(page.locator(".bet-button")).to_have_text("BET 0.03 SOL")
        await phase(page, "LIVE")
        await expect(page.locator(SELL)).to_be_disabled()
        await page.locator(BUY).click()
        await expect(page.locator(SELL)).to_be_enabled(timeout=PATIENCE_MS)
        await expect(page.locator(".balance")).to_have_text("9.970")
        await page.locator(".bet-button.but-button-active").click()
        await expect(page.locator(".sidebet-banner.running")).to_contain_text("TO WIN: 0.15 SOL")
        await press(page, "50%")
        await page.locator(SELL).click()
        await press(page, "100%")
        await page.locator(SELL).click()
        await expect(page.locator(SELL)).to_be_disabled(timeout=PATIENCE_MS)
        coin = "So11111111111111111111111111111111111111112"
        assert await orders(page) == [
            ("buyOrder", {"amount": 0.03}),
            ("requestSidebet", {"amount": 0.03, "coinAddress": coin, "xPayout": 5}),
            ("sellOrder", {"percentage": 50}),
            ("sellOrder", {"percentage": 100}),
        ]


async def test_amount_buttons_do_what_they_say(browser: Browser) -> None:
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await expect(page.locator(".balance")).to_have_text("10.000", timeout=PATIENCE_MS)
        amount = page.locator("[class*='_buySection_'] input")
        for label, value in (
            ("+0.001", "0.001"),
            ("+0.1", "0.101"),
            ("+1", "1.101"),
            ("1/2", "0.551"),
            ("X2", "1.102"),
            ("X", "0"),
            ("MAX", "10"),
        ):
            await press(page, label)
            await expect(amount).to_have_value(value)
        await amount.fill("0.25")
        await expect(page.locator(BUY)).to_have_text("BUY+0.250 SOL")


async def test_the_structure_is_that_of_the_real_page(browser: Browser) -> None:
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await expect(page.locator(".balance")).to_be_visible()
        for path, fragment in (
            (CONTAINER, "_standardPageContainer_q7zk6_1"),
            (f"{CONTAINER}/div[3]", "_chartContainer_q7zk6_20 standard-page-chart-container"),
            (f"{CONTAINER}/div[3]/div[2]", "sidebet-container"),
            (f"{CONTAINER}/div[3]/div[2]/div/div[3]", "bet-button"),
            (f"{CONTAINER}/div[4]", "_tradeControlsContainer_q7zk6_29"),
            (TRADE, "_tradeControlsMain_73g5s_62"),
            (f"{TRADE}/div[2]", "_controlsRow_73g5s_234"),
            (f"{TRADE}/div[2]/div[1]/div/div/div/button", "_clearButton_1lj20_77"),
            (f"{TRADE}/div[2]/div[2]/div/div/div[2]/button[4]", "_percentageBtn_1mzic_139"),
            (f"{TRADE}/div[1]/div[2]/button[7]", "_controlBtn_73g5s_23"),
            (f"{TRADE}/div[3]/div[1]", "_buttonSection_73g5s_299 undefined"),
            (f"{TRADE}/div[3]/div[1]/button", "_actionButton_1himf_1 _buy_1himf_114"),
            (f"{TRADE}/div[3]/div[2]/button", "_actionButton_1himf_1 _sell_1himf_156"),
            (f"{TRADE}/div[2]/div[1]", "_buySection_1lj20_1"),
            (f"{TRADE}/div[2]/div[2]", "_sellSection_1mzic_1"),
            (f"{CONTAINER}/div[2]/div[1]/div/div[4]/div[8]/div/div", "game-peak"),
        ):
            node = page.locator(f"xpath={path}")
            assert await node.count() == 1, path
            assert fragment in (await node.get_attribute("class") or ""), path


async def test_nothing_overflows_and_ten_rows_are_shown(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await phase(page, "LIVE")
        await expect(page.locator(".leaderboard-row:not(.empty)")).to_have_count(
            10, timeout=PATIENCE_MS
        )
        for width in (1280, 800, 360):
            await page.set_viewport_size({"width": width, "height": 900})
            await fits(page, width)
            for selector in (BUY, SELL, ".bet-button", "canvas >> nth=0"):
                await expect(page.locator(selector).first).to_be_visible()


SPOKEN = """() => {
    const way = (name) => window.__demo.frames.filter((frame) => frame.way === name);
    return way("sent").length > 5 && way("received").length > 60
        && way("received").filter((frame) => frame.opcode === 2).length >= 2;
}"""
"""Both sides have said something, and the server its binary events."""


def truth(path: Path, sid: str) -> dict[str, list[tuple[int, str]]]:
    """Return what the server sent and received on a socket, as the page should see it."""
    ways: dict[str, list[tuple[int, str]]] = {"sent": [], "received": []}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if row["sid"] == sid:
            ways[row["direction"]].append((row["opcode"], row["raw"]))
    return ways


@pytest.mark.parametrize(
    "query",
    [
        "transport=websocket",
        "transport=polling",
        "transport=upgrade",
        "worker=1",
        "shared=1",
        "worker=1&transport=upgrade",
    ],
)
async def test_the_pages_own_log_agrees_with_the_servers(
    browser: Browser, tmp_path: Path, query: str
) -> None:
    log = tmp_path / "truth.jsonl"
    async with running_demo(log=log, speed=4) as server:
        async with opened(browser, f"{server.url}/?login=1&log=all&{query}") as page:
            await expect(page.locator(".balance")).to_be_visible()
            for fault in ("binary", "unknown", "malformed", "binary"):
                assert await control(server, kind=fault) == 202
            await page.wait_for_function(SPOKEN)
            frames: list[dict[str, Any]] = await page.evaluate("window.__demo.frames")
        assert len({frame["sid"] for frame in frames}) == 1
        ours = truth(log, frames[0]["sid"])
    for way, theirs in (("received", "sent"), ("sent", "received")):
        mine = [(f["opcode"], f["raw"]) for f in frames if f["way"] == way]
        assert len(mine) > 5
        if "upgrade" in query:
            # Two transports at once: what crossed each of them is in order, the mixture is not.
            mine, theirs_list = sorted(mine), sorted(ours[theirs])
            assert not [packet for packet in mine if packet not in theirs_list]
        else:
            assert mine == ours[theirs][: len(mine)]


async def test_the_page_comes_back_after_a_cut_and_logs_in_again(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1&log=all") as page,
    ):
        await expect(page.locator(".balance")).to_be_visible()
        for before, kind in enumerate(("drop", "close", "restart"), start=1):
            sid = await page.evaluate("window.__demo.state.sid")
            await control(server, kind=kind, seconds=0.3)
            await expect(page.locator(".toast.bad")).to_be_visible(timeout=PATIENCE_MS)
            logins = before
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while logins == before:
                    await page.wait_for_timeout(50)
                    sent = await sent_packets(page)
                    logins = sum(packet.startswith('42["authenticate"') for packet in sent)
            assert sid != await page.evaluate("window.__demo.state.sid")
            await expect(page.locator(".waiting-overlay")).to_be_hidden(timeout=PATIENCE_MS)
            await expect(page.locator(".toast.bad")).to_have_count(0)


async def test_a_refused_order_is_told_to_the_player(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await press(page, "+0.01")
        await control(server, kind="acks", mode="rejected")
        await phase(page, "LIVE")
        await page.locator(BUY).click()
        await expect(page.locator(".toast.bad")).to_have_text("Rejected by the server")
