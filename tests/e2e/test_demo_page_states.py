"""What makes the demo page as hard to press as the real one: states, covers, modes, its own log."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect
from tests.demo_fixtures import control, running_demo, standing_demo
from tests.e2e.support.demo_page import (
    AMOUNT,
    BET,
    BUY,
    SELL,
    SHARE,
    SHORT,
    TRADE,
    on_top,
    opened,
    orders,
    phase,
    press,
    presses,
)

pytestmark = [pytest.mark.chromium, pytest.mark.slow]


async def test_the_money_buttons_are_open_when_the_game_takes_orders(browser: Browser) -> None:
    async with (
        running_demo(speed=4, shortest_game=60, longest_game=90) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        buy, sell = page.locator(BUY), page.locator(SELL)
        bright = page.locator(f"{BET}.but-button-active")
        await press(page, "+0.01")
        await phase(page, "COOLDOWN")
        await expect(buy).to_be_disabled()
        await expect(bright).to_have_count(0)
        await phase(page, "PRESALE")
        await expect(buy).to_be_enabled()
        await expect(sell).to_be_disabled()
        await expect(sell).to_have_text("SELL")
        await bright.click()
        ring = page.locator(".sidebet-badge.ring")
        await expect(ring).to_have_text("10s")
        await phase(page, "LIVE")
        await buy.click()
        await expect(sell).to_be_enabled()
        await expect(sell).to_have_text(re.compile(r"SELL-0\.0\d\d SOL"))
        await expect(ring).not_to_have_text("10s")
        await expect(page.locator(".sidebet-banner:is(.won, .lost)")).to_be_visible()
        await phase(page, "RUGGED")
        await expect(sell).to_be_disabled()
        await expect(buy).to_be_disabled()
        await expect(buy).to_have_text("BUY+0.010 SOL")


async def test_a_stranger_is_told_twice_over_the_amount_field(browser: Browser) -> None:
    async with running_demo(speed=1) as server, opened(browser, server.url) as page:
        toasts = page.locator(".toast.bad")
        await expect(toasts).to_have_text(["Authentication required"] * 2)
        assert "toast" in await on_top(page, AMOUNT)
        await expect(page.locator(AMOUNT)).to_have_value("")
        await expect(page.locator("[class*='_coinButton_']")).to_have_text("0.000⌄")
        await expect(page.locator(".sidebet-banner")).to_be_hidden()
        await expect(page.locator(BUY)).to_have_text("BUY")
        await expect(toasts).to_have_count(0)
        assert "toast" not in await on_top(page, AMOUNT)


@pytest.mark.parametrize("width", [800, 360])
async def test_narrow_the_chat_is_a_tab_over_the_percent_field(
    browser: Browser, width: int
) -> None:
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1", width=width) as page,
    ):
        tab = page.locator(".chat-tab")
        await expect(tab).to_have_text(">9+")
        await page.locator(SELL).scroll_into_view_if_needed()
        assert "chat-tab" in await on_top(page, SHARE) or "chat-unread" in await on_top(page, SHARE)
        for nth, label in ((1, "+0.001"), (2, "+0.01")):
            path = f"{TRADE}/div[2]/div[1]/div/div/div/div[1]/button[{nth}]"
            await expect(page.locator(f"xpath={path}")).to_have_text(label)
        clear = page.locator(f"xpath={TRADE}/div[2]/div[1]/div/div/div/button")
        await expect(clear).to_have_text("X")
        await tab.click()
        await expect(page.locator(".chat-foot")).to_be_visible()


async def test_short_mode_puts_short_in_sells_place_and_sends_nothing(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await press(page, "+0.01", "📉")
        await expect(page.locator(SELL)).to_have_count(0)
        place = page.locator(f"xpath={TRADE}/div[3]/div[2]/button")
        await expect(place).to_have_text("SHORT+0.010 SOL")
        await phase(page, "LIVE")
        await page.locator(SHORT).click()
        await expect(page.locator(".toast.bad")).to_contain_text("no shorts")
        assert await orders(page) == []
        await press(page, "📉")
        await expect(page.locator(SELL)).to_have_count(1)


async def test_practice_coins_are_chosen_until_the_first_order_of_a_game(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        chip = page.locator("[class*='_coinButton_']")
        await chip.click()
        await page.locator("[class*='_coinMenu_'] button").nth(1).click()
        await expect(chip).to_have_text("10000.000⌄")
        await press(page, "+1")
        await phase(page, "LIVE")
        await page.locator(BET).click()
        await expect(page.locator(".sidebet-banner.running")).to_be_visible()
        await expect(chip).to_be_disabled()
        await expect(chip).to_have_text("9999.000⌄")
        await expect(page.locator(".balance")).to_have_text("10.000")
        assert [order[1]["coinAddress"] for order in await orders(page)] == ["0xPractice"]


async def test_the_folded_sidebet_opens_by_its_badge(browser: Browser) -> None:
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1&folded=1") as page,
    ):
        banner = page.locator(".sidebet-banner")
        await expect(banner).to_have_text("5X")
        await expect(page.locator(BET)).to_have_count(0)
        await banner.locator("div").first.click()
        await expect(banner).to_have_text("5XRug in 10s?Win 0 SOLBET 0 SOL")


async def test_the_amount_hears_hands_and_not_a_scripts_assignment(browser: Browser) -> None:
    assign = """node => {
        node.value = "5";
        node.dispatchEvent(new Event("input", { bubbles: true }));
    }"""
    async with (
        running_demo(speed=1) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        amount, buy = page.locator(AMOUNT), page.locator(BUY)
        await expect(amount).to_have_value("0")
        await amount.evaluate(assign)
        await expect(buy).to_have_text("BUY+0.000 SOL")
        await amount.fill("0.0256")
        await expect(amount).to_have_value("0.026")
        await expect(buy).to_have_text("BUY+0.026 SOL")


async def test_the_page_keeps_who_pressed_what(browser: Browser) -> None:
    async with (
        standing_demo() as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await press(page, "+0.01")
        await phase(page, "LIVE")
        await page.locator(BUY).evaluate("node => node.click()")
        await page.locator(BUY).click()
        kept = [(p["what"], p["said"], p["trusted"], p["amount"]) for p in await presses(page)]
        assert kept == [
            ("+0.01", "+0.01", True, 0),
            ("BUY", "BUY+0.010 SOL", False, 0.01),
            ("BUY", "BUY+0.010 SOL", True, 0.01),
        ]


async def test_maintenance_and_a_pause_are_shown_when_the_server_says_so(browser: Browser) -> None:
    async with (
        running_demo(speed=5, longest_game=20) as server,
        opened(browser, f"{server.url}/?login=1") as page,
    ):
        await press(page, "+0.01")
        await control(server, kind="maintenance", seconds=60)
        await control(server, kind="pause", seconds=30)
        await expect(page.locator(".maintenance-note")).to_contain_text("reboot")
        await phase(page, "PAUSED")
        await expect(page.locator(BUY)).to_be_disabled()
        await phase(page, "PRESALE")
        await expect(page.locator(BUY)).to_be_enabled()
