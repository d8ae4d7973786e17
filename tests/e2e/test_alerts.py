"""Alerts in a real Chromium: toasts of the live feed, the list behind the bell, and the mute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.e2e.support.every_page import faults_of
from tests.e2e.support.pages import fits_every_look, visiting
from tests.foundation_support import Site, site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]

RULES = """
[game_start]
title = "<img src=x onerror=alert(1)> started"
sound = true

[custom_signal_1]
enabled = true
when = "tick >= 2"
title = "Second tick"
sound = true
desktop = true
"""

COUNT_TONES = """
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.tones += 1;
  return start.apply(this, when);
};
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("alerts")
    root.chmod(0o700)
    (root / "rules").mkdir(mode=0o700)
    (root / "rules" / "alerts.toml").write_text(RULES)
    with site(root, "--source", "demo", "--speed", "20", "--seed", "7") as running:
        yield running


async def test_alerts_show_as_text_ring_unless_muted_and_are_listed(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with visiting(browser, up) as page:
        await page.add_init_script(COUNT_TONES)
        await page.reload()
        await page.locator("#main").click(position={"x": 2, "y": 2})  # sound needs a touch
        started = page.locator(".toast", has_text="<img src=x onerror=alert(1)> started")
        await expect(started.first).to_be_attached()
        assert await page.locator(".toasts img").count() == 0
        await expect(page.locator(".toast", has_text="Second tick").first).to_be_attached()
        await page.wait_for_function("window.tones > 0")
        bell = page.get_by_role("button", name="Alerts", exact=True)
        await bell.click()
        rows = page.locator(".alert-list > li")
        await expect(rows.filter(has_text="Second tick").first).to_contain_text("tick >= 2")
        assert await faults_of(page) == []
        await page.get_by_label("Sound").uncheck()
        await page.get_by_role("button", name="Close", exact=True).click()
        await expect(page.get_by_role("button", name="Alerts, muted")).to_be_visible()
        told = up.get("/api/alerts?limit=1").json["told"]
        silent = await page.evaluate("window.tones")
        up.until(lambda _: up.get("/api/alerts?limit=1").json["told"] > told + 1, "more alerts")
        await expect(page.locator(".toast").first).to_be_attached()
        assert await page.evaluate("window.tones") == silent
        await fits_every_look(page, tmp_path)


async def test_a_toast_goes_when_it_is_closed_and_lets_clicks_through(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up) as page:
        toast = page.locator(".toast").first
        await expect(toast).to_be_attached()
        assert await toast.evaluate("(node) => getComputedStyle(node).pointerEvents") == "none"
        await page.locator(".toast > button").last.click()
        await expect(page.locator(".toasts")).to_have_attribute("aria-live", re.compile("polite"))
