"""The monitor page in a real Chromium, live from the demo server and in replay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("monitor")
    words = ("--source", "demo", "--speed", "6", "--seed", "1553")  # short games first
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 2, "two games")
        yield running


async def ticking(page: Page) -> None:
    await expect(page.locator("#price")).to_have_text(re.compile(r"\dx$"), timeout=PATIENCE_MS)
    await expect(page.locator("#chart canvas").first).to_be_visible()


async def test_the_live_page_shows_everything_at_every_width(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with visiting(browser, up) as page:
        await ticking(page)
        badges = page.locator(".badge")
        await expect(badges.nth(0)).to_have_text("DEMO")
        await expect(badges.nth(1)).to_have_text("PAPER")
        await expect(page.locator("#leaders tbody tr")).to_have_count(10)
        await expect(page.locator("#tape .num").nth(3)).to_be_attached(timeout=PATIENCE_MS)
        await expect(page.locator("[data-figure='durable']")).to_contain_text("#")
        await expect(page.locator("[data-figure='clients']")).to_have_text(re.compile(r"[1-9]"))
        await expect(page.locator("#games .mini").first).to_be_visible(timeout=PATIENCE_MS)
        await fits_every_look(page, tmp_path)


async def test_a_game_seen_to_its_end_is_recomputed_from_its_seed(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator("#games .mini", has_text="✓ seed").first).to_be_visible(
            timeout=PATIENCE_MS * 2
        )
        assert await page.locator("#games .mini", has_text="✗").count() == 0


async def test_the_button_stops_and_starts_recording(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        button = page.locator("#record")
        await expect(button).to_have_text("Stop recording", timeout=PATIENCE_MS)
        await button.click()
        await expect(page.locator("#record-note")).to_contain_text(
            "Recording stopped.", timeout=PATIENCE_MS
        )
        await expect(page.locator(".rec")).to_have_attribute("data-on", "false")
        await button.click()
        await expect(page.locator(".rec")).to_have_attribute("data-on", "true", timeout=PATIENCE_MS)


async def test_a_recorded_game_is_replayed_by_keyboard_and_the_address_holds_it(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up) as page:
        await ticking(page)
        await page.keyboard.press("o")
        games = up.get("/api/games").json
        longest = max(games, key=lambda game: game["rug_tick"] or 0)["game_id"]
        await page.locator(f"[data-pick='{longest}']").click()
        await expect(page.locator(".badge").first).to_have_text("REPLAY")
        told = page.locator("#replay-told")
        await expect(told).to_contain_text("tick")
        if "playing" in (await told.text_content() or ""):
            await page.locator("#play").click()
        await expect(told).to_contain_text(re.compile("paused|ended"))
        await page.get_by_label("To the start").click()
        await expect(told).to_contain_text(re.compile("tick 0 of .*paused"))
        await page.locator("#chart").click()
        await page.keyboard.press("ArrowRight")
        await expect(told).not_to_contain_text("tick 0 of")
        await page.keyboard.press(" ")
        await expect(told).to_contain_text(re.compile("playing|ended"))
        for _ in range(3):
            await page.keyboard.press("]")
        await expect(page.locator("#speed")).to_have_text("8x")
        await page.keyboard.press("[")
        await expect(page.locator("#speed")).to_have_text("4x")
        if "playing" in (await told.text_content() or ""):
            await page.keyboard.press(" ")
        await expect(told).to_contain_text(re.compile("paused|ended"))
        await page.get_by_label("To the rug").click()
        last = await page.locator("#scrub").get_attribute("data-last-tick")
        await expect(page.locator("#tick")).to_have_text(str(last))
        await expect(page.locator("#chart")).to_have_attribute("data-rug", str(last))
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator("#chart")).to_have_attribute("data-rug", "")
        address = page.url
        assert "replay=" in address
        await page.reload()
        await expect(page.locator(".badge").first).to_have_text("REPLAY")
        await page.locator("#leave").click()
        await expect(page.locator(".badge").first).to_have_text("DEMO")
        assert "replay" not in page.url


async def test_a_replay_that_is_gone_is_said_and_can_be_opened_again(
    browser: Browser, up: Site
) -> None:
    game = up.get("/api/games?limit=1").json[0]["game_id"]
    path = f"/%3Freplay=nosuchreplay%26game={game}"
    async with visiting(browser, up, path) as page:
        await expect(page.locator("#fault")).to_contain_text("not open any more")
        await page.get_by_role("button", name="Open it again").click()
        await expect(page.locator("#transport")).to_be_visible(timeout=PATIENCE_MS)


async def test_a_game_that_is_not_listed_is_said(browser: Browser, up: Site) -> None:
    async with visiting(browser, up, "/%3Freplay=") as page:
        await expect(page.locator("[data-pick]").first).to_be_visible()
        await page.locator("#pick-search").fill("20200101-0000000000000000")
        await expect(page.locator("#picker .empty")).to_be_visible()


async def test_question_mark_shows_the_keys(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await ticking(page)
        await page.keyboard.press("?")
        await expect(page.locator("dialog[open] .key-map")).to_contain_text(
            "Start or stop recording"
        )
