"""The demo page as tests read it: its parts, its own log of presses, what its socket sent."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page, expect
from tests.e2e.support.pages import PATIENCE_MS

BUY = "button[class*='_buy_']"
SELL = "button[class*='_sell_']"
SHORT = "button[class*='_short_']"
BET = ".bet-button"
AMOUNT = "[class*='_buySection_'] input"
SHARE = "[class*='_sellSection_'] input[type=number]"
CONTAINER = "/html/body/div[1]/div/div[2]/div[2]/div"
TRADE = f"{CONTAINER}/div[4]/div/div"


@contextlib.asynccontextmanager
async def opened(browser: Browser, url: str, *, width: int = 1280) -> AsyncIterator[Page]:
    """Open the page; any error in it fails the test."""
    page = await browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(url)
    yield page
    await page.close()
    assert errors == []


async def phase(page: Page, name: str) -> None:
    """Wait for a phase of the game."""
    await expect(page.locator(".phase")).to_have_text(name, timeout=PATIENCE_MS)


async def press(page: Page, *labels: str) -> None:
    """Press buttons by their exact labels."""
    for label in labels:
        await page.get_by_role("button", name=label, exact=True).click()


async def sent_packets(page: Page) -> list[str]:
    """Return every packet the page's socket sent."""
    frames = await page.evaluate("window.__demo.frames.filter(f => f.way === 'sent')")
    return [frame["raw"] for frame in frames]


async def orders(page: Page) -> list[tuple[str, Any]]:
    """Return name and payload of every order the page sent."""
    packets = [p for p in await sent_packets(page) if re.match(r"42\d+\[", p)]
    asked = [json.loads(p[p.index("[") :]) for p in packets]
    return [(order[0], order[-1]) for order in asked if order[0] != "ping"]


async def presses(page: Page) -> list[dict[str, Any]]:
    """Return the page's own log of presses."""
    found: list[dict[str, Any]] = await page.evaluate("window.__demo.presses")
    return found


async def on_top(page: Page, selector: str) -> str:
    """Return the classes of what lies on top at the middle of an element."""
    script = """node => {
        const box = node.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return top.closest("[class]").className;
    }"""
    return str(await page.locator(selector).evaluate(script))
