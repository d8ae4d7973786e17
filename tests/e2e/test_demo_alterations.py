"""Altered pages are what their table says: each can be shown, and a few are looked at closely."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.demo_fixtures import control, running_demo, standing_demo
from tests.e2e.support.demo_page import (
    AMOUNT,
    BUY,
    SELL,
    SHARE,
    on_top,
    opened,
    orders,
    phase,
    press,
    presses,
)

from vectra_player.demo.alterations import alterations

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

ALTERED = "window.__demo.altered"
ALONE = ("slow-main-thread",)
"""Alterations that hold up the page they are on."""
PAGES = 3


async def test_the_page_and_the_table_know_the_same_alterations(browser: Browser) -> None:
    async with running_demo(speed=1) as server, opened(browser, server.url) as page:
        assert await page.evaluate("window.__demo.alterations.sort()") == sorted(alterations())
    assert len(alterations()) >= 50


async def test_alterations_can_be_shown(browser: Browser) -> None:
    """Every one, many on one page; whoever presses buttons meets each on a page of its own."""
    names = [name for name in alterations() if name not in ALONE]
    async with running_demo(speed=1) as server, opened(browser, "about:blank") as page:
        for some in (names[first::PAGES] for first in range(PAGES)):
            url = f"{server.url}/?alter={','.join(some)}"
            await page.goto(url, wait_until="domcontentloaded")
            assert await page.evaluate(ALTERED) == some


async def test_a_server_alters_the_pages_that_ask_and_undoes_it(browser: Browser) -> None:
    async with (
        running_demo(speed=1, faults=("page=buy-renamed",)) as server,
        opened(browser, f"{server.url}/?login=1&faults=1") as page,
        opened(browser, f"{server.url}/?login=1") as other,
    ):
        await expect(page.locator(BUY)).to_have_text("BUY NOW+0.000 SOL")
        assert await control(server, kind="page", name="short-mode") == 202
        await expect(page.locator(SELL)).to_have_count(0)
        assert await control(server, kind="page") == 202
        await expect(page.locator(BUY)).to_have_text("BUY+0.000 SOL")
        await expect(page.locator(SELL)).to_have_count(1)
        assert await control(server, kind="page", name="no-such-page") == 400
        assert await other.evaluate(ALTERED) == []


async def test_a_page_with_new_hashes_still_plays(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1&alter=hashes-changed") as page,
    ):
        assert "1himf" not in (await page.locator(BUY).get_attribute("class") or "1himf")
        await press(page, "+0.01", "50%")
        await expect(page.locator("[class*='_active_']")).to_have_text("50%")
        await phase(page, "LIVE")
        await page.locator(BUY).click()
        await expect(page.locator(SELL)).to_be_enabled()
        assert await orders(page) == [("buyOrder", {"amount": 0.01})]


async def test_lies_covers_and_copies_do_what_they_are_for(browser: Browser) -> None:
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):

        async def shown(name: str) -> None:
            await page.goto(f"{server.url}/?login=1&alter={name}")
            await expect(page.locator(".balance")).to_be_visible()

        await shown("x-and-x2-exchanged,shares-lie")
        await press(page, "+0.01", "X")
        await expect(page.locator(AMOUNT)).to_have_value("0.02")
        await press(page, "10%")
        await expect(page.locator(SHARE)).to_have_value("100")
        await shown("amount-with-comma")
        await press(page, "+0.01")
        await expect(page.locator(AMOUNT)).to_have_value("0,010")
        for name in ("buy-covered", "page-covered", "bubbles-over-buy", "buy-covered-by-toast"):
            await shown(name)
            assert "_buy_" not in await on_top(page, BUY), name
        await shown("buy-flees,amount-resets")
        await page.locator(BUY).dispatch_event("pointerenter")
        await expect(page.locator(BUY)).to_have_css("transform", "matrix(1, 0, 0, 1, 0, -140)")
        await press(page, "+1")
        await expect(page.locator(AMOUNT)).to_have_value("0")


async def test_a_copy_is_a_decoy_in_the_log_of_presses(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1&alter=buy-twice") as page,
    ):
        await press(page, "+0.01")
        await phase(page, "LIVE")
        await page.locator(BUY).nth(1).click()
        await page.locator(BUY).nth(0).click()
        assert [p["what"] for p in await presses(page)] == ["+0.01", "decoy", "BUY"]
        assert await orders(page) == [("buyOrder", {"amount": 0.01})]
