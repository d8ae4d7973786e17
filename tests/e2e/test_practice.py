"""Practice in a replay on the monitor page, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

LOG = "#trade-log tbody tr"
LONG = 60


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("practice")
    words = ("--source", "demo", "--speed", "5", "--seed", "1")  # a long game first
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda _: longest(running) is not None, "a long game")
        assert running.post("/api/recording", {"action": "stop"}).status == 200
        yield running


def longest(up: Site) -> str | None:
    """Return a recorded game with room for a sidebet, if there is one."""
    games = [game for game in up.get("/api/games").json if (game["rug_tick"] or 0) > LONG]
    return max(games, key=lambda game: game["rug_tick"])["game_id"] if games else None


@asynccontextmanager
async def replaying(browser: Browser, up: Site, tick: int) -> AsyncIterator[tuple[Page, str]]:
    """Show the page of a replay that stands still after a tick."""
    opened = up.post("/api/replay", {"game_id": longest(up), "paused": True}).json
    drive(up, opened["id"], action="seek", tick=tick)
    address = f"/%3Freplay={opened['id']}"
    async with visiting(browser, up, address) as page:
        await expect(page.locator("#trade-title")).to_have_text("Practice", timeout=PATIENCE_MS)
        await expect(page.locator("#trade-buy")).to_be_enabled(timeout=PATIENCE_MS)
        yield page, opened["id"]
    drive(up, opened["id"], action="close")


def drive(up: Site, replay: str, **action: object) -> None:
    assert up.post(f"/api/replay/{replay}", action).status == 200


async def test_the_panel_practises_at_every_width(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with replaying(browser, up, 10) as (page, _):
        await expect(page.locator(".badge").nth(0)).to_have_text("REPLAY")
        await expect(page.locator(".badge").nth(1)).to_have_text("PRACTICE")
        await page.locator("#trade-buy").click()
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_be_attached()
        await page.keyboard.press("Escape")
        await page.get_by_label("One step forward (→)").click()
        await expect(page.locator(f"{LOG}[data-kind='bought']")).to_be_attached()
        await fits_every_look(page, tmp_path)  # the narrow one last
        await page.locator("#trade-buy").click()
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_be_attached()
        await page.keyboard.press("Escape")
        await page.get_by_label("One step forward (→)").click()
        await expect(page.locator(f"{LOG}[data-kind='bought']")).to_have_count(2)
        await fits_every_look(page, tmp_path, [360], "filled")


async def test_after_a_jump_back_the_account_is_what_it_was(browser: Browser, up: Site) -> None:
    async with replaying(browser, up, 10) as (page, replay):
        await page.locator("#trade-amount").fill("0.5")
        await page.locator("#trade-buy").click()
        await expect(page.locator("#trade-note")).to_contain_text("under way")
        drive(up, replay, action="seek", tick=20)
        await expect(page.locator("#trade-holding")).to_contain_text("Holds")
        await page.locator("#trade-sidebet").click()
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_be_attached()
        drive(up, replay, action="seek", tick=22)
        await expect(page.locator("#trade-bet")).to_contain_text("Sidebet of 0.500")
        drive(up, replay, action="seek", tick=15)
        await expect(page.locator("#trade-bet")).to_have_text("No sidebet is open.")
        await expect(page.locator("#trade-holding")).to_contain_text("Holds")
        drive(up, replay, action="seek", tick=5)
        await expect(page.locator("#trade-holding")).to_have_text("Nothing is held.")
        await expect(page.locator("[data-account='cash']")).to_have_text("10.000")
        await expect(page.locator(LOG)).to_contain_text("Nothing done yet.")


async def test_at_the_rug_the_score_card_tells(browser: Browser, up: Site) -> None:
    async with replaying(browser, up, 10) as (page, replay):
        await page.keyboard.press("b")
        await page.keyboard.press("d")
        await expect(page.locator(LOG)).to_have_count(2)
        drive(up, replay, action="seek", tick=100_000)
        await expect(page.locator(f"{LOG}[data-kind='rugged']")).to_be_attached()
        await page.locator(".score > summary").click()
        you = page.locator("#trade-score [data-who='you']")
        await expect(you).to_contain_text(re.compile(r"[01] of 1"))
        await expect(page.locator("#trade-score [data-who='coin flip']")).to_be_visible()


async def test_practice_touches_neither_paper_nor_the_recording(browser: Browser, up: Site) -> None:
    before = up.get("/api/trade").json
    recording = up.get("/api/recording").json
    async with replaying(browser, up, 10) as (page, replay):
        await page.locator("#trade-sidebet").click()
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_be_attached()
        drive(up, replay, action="seek", tick=30)
        await expect(page.locator(f"{LOG}[data-kind='placed']")).to_be_attached()
    after = up.get("/api/trade").json
    assert (after["account"]["cash"], after["actions"]) == (10, before["actions"])
    assert up.get("/api/recording").json == recording


async def test_a_program_practises_too_and_the_page_shows_it(browser: Browser, up: Site) -> None:
    async with replaying(browser, up, 10) as (page, replay):
        told = up.post(f"/api/replay/{replay}/trade", {"action": "sidebet", "amount": 0.01}).json
        assert (told["action"]["mode"], told["action"]["actor"]) == ("practice", "bot")
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_contain_text("bot")


async def test_back_to_live_shows_the_paper_account_again(browser: Browser, up: Site) -> None:
    async with replaying(browser, up, 10) as (page, replay):
        await page.locator("#trade-buy").click()
        await expect(page.locator(f"{LOG}[data-kind='submitted']")).to_be_attached()
        up.post(f"/api/replay/{replay}/trade", {"action": "reset", "amount": 3})
        await expect(page.locator("[data-account='cash']")).to_have_text("3.000")
        await page.evaluate(
            "history.pushState(null, '', '/'); dispatchEvent(new Event('popstate'))"
        )
        await expect(page.locator("#trade-title")).to_have_text("Paper trading")
        await expect(page.locator("[data-account='cash']")).to_have_text("10.000")
        await expect(page.locator(".badge").nth(1)).to_have_text("PAPER")


def test_a_replay_that_is_not_there_and_nonsense_are_refused(up: Site) -> None:
    assert up.get("/api/replay/none/trade").status == 404
    assert up.post("/api/replay/none/trade", {"action": "sell"}).status == 404
    opened = up.post("/api/replay", {"game_id": longest(up), "paused": True}).json
    path = f"/api/replay/{opened['id']}/trade"
    for body in ({}, {"action": "short"}, {"action": "buy", "amount": -1}, {"action": 1}):
        assert up.post(path, body).status == 400
    assert up.post(path, {"action": "buy"}).status == 409
    drive(up, opened["id"], action="close")
