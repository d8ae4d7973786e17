"""S7: sixty hostile texts in every field that is stored or heard, shown on every page: none fires.

A page that tried to run one would be stopped by its content security policy, and the console
message about that fails the test as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect
from tests.command_support import demo_server
from tests.e2e.support.hostile import (
    CALL,
    PAYLOADS,
    hostile_capture,
    hostile_sessions,
    hostile_tools,
)
from tests.e2e.support.pages import PATIENCE_MS, visiting
from tests.foundation_support import Site, site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Foundation that hears and holds nothing but hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    root, capture = folder / "data", folder / "capture.jsonl"
    hostile_sessions(root)
    hostile_tools(root / "artifacts")
    hostile_capture(capture)
    words = ("--events", str(capture), "--speed", "0.2")
    with (
        demo_server(folder / "truth", *words) as game,
        site(root, "--source", "public", VECTRA_FILE_INTERVAL_S="1", **game.feed) as running,
    ):
        running.until(lambda state: state["recorder"]["events"] > 50, "events")
        yield running


async def nothing_fired(page: Page, up: Site) -> None:
    """Look into the page and every frame in it."""
    for frame in page.frames:
        assert await frame.evaluate("[window.fired, window.top.fired]") == [None, None]
    assert page.url.startswith(up.origin)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("live-monitor", CALL), ("player-watch", CALL), ("feed-inspector", CALL), ("template", "x")],
)
async def test_what_is_heard_live_stays_text_in_every_tool(
    browser: Browser, up: Site, name: str, shown: str
) -> None:
    async with visiting(browser, up, f"/artifacts/{name}/") as page:
        await expect(page.locator("#main")).to_contain_text(shown, timeout=PATIENCE_MS)
        await page.wait_for_timeout(2_000)
        await nothing_fired(page, up)


async def test_what_a_client_opens_in_the_inspector_stays_text(browser: Browser, up: Site) -> None:
    path = "/artifacts/feed-inspector/"
    async with visiting(browser, up, path) as page:
        row = page.locator("[data-type='player.trade'][data-seq]").first
        await expect(row).to_be_visible(timeout=PATIENCE_MS)
        await page.locator("#pause").click()
        await row.click()
        await expect(page.locator("#detail")).to_contain_text(CALL)
        await nothing_fired(page, up)


async def test_what_is_stored_stays_text_on_the_monitor(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator("#main")).to_contain_text(CALL, timeout=PATIENCE_MS)
        await page.keyboard.press("o")
        await page.wait_for_timeout(2_000)
        await nothing_fired(page, up)


async def test_what_is_stored_of_sessions_stays_text_in_recording_control(
    browser: Browser, up: Site
) -> None:
    path = "/artifacts/recording-control/"
    async with visiting(browser, up, path) as page:
        rows = page.locator("[data-session]")
        await expect(rows.nth(len(PAYLOADS) - 1)).to_be_attached(timeout=PATIENCE_MS)
        assert CALL in (await page.locator("#sessions").text_content() or "")
        await nothing_fired(page, up)


async def test_what_tools_say_of_themselves_stays_text_in_the_orchestrator(
    browser: Browser, up: Site
) -> None:
    path = "/artifacts/orchestrator/"
    async with visiting(browser, up, path) as page:
        tabs = page.locator("#tabs [data-tool]")
        await expect(tabs.nth(len(PAYLOADS) - 1)).to_be_attached(timeout=PATIENCE_MS)
        told = [one for one in await tabs.all_text_contents() if CALL in one]
        assert len(told) >= len(PAYLOADS) // 2
        for number in range(await tabs.count()):
            await tabs.nth(number).evaluate("tab => tab.click()")
        await expect(page.locator("#stage .error").first).to_be_attached()
        await nothing_fired(page, up)
