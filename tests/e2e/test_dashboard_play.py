"""Own play in a real Chromium: list, one game, notes, its replay; and one session over time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.dashboards import opened
from tests.foundation_support import Site, site
from tests.live_support import GAME, ME
from tests.own_play_support import import_own_play

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("own")
    import_own_play(root / "data", root)
    words = ("--source", "demo", "--speed", "1", "--seed", "7")
    with site(root / "data", *words, dashboard=True) as running:
        yield running


def origin_of(up: Site) -> str:
    return f"http://127.0.0.1:{up.instance.dashboard}"


async def fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (2560, "dark")])
async def test_the_pages_of_own_play_fit(
    browser: Browser, up: Site, width: int, scheme: str
) -> None:
    async with opened(
        browser, origin_of(up), up.instance.token, "/play", width=width, scheme=scheme
    ) as page:
        await expect(page.locator("#rows tbody tr")).to_have_count(1)
        await expect(page.locator("[aria-current='page']")).to_have_text("Play")
        await fits(page, width)
        await page.locator("#rows tbody a").first.click()
        await expect(page.locator("#deeds tbody tr")).to_have_count(3)
        await fits(page, width)


async def test_own_games_are_listed_sorted_and_chosen_by_day(browser: Browser, up: Site) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/play") as page:
        await expect(page.locator("#totals")).to_contain_text("+0.034")
        await expect(page.locator("#bet-share")).to_contain_text("2.5–100.0 %, fair 18.2 %")
        await page.locator("#rows").get_by_role("button", name="result SOL").click()
        await expect(page).to_have_url(re.compile("sort=profit"))
        await expect(page.locator("th[aria-sort]")).to_contain_text("result")
        await page.locator("#days a").click()
        await expect(page).to_have_url(re.compile("since=2025-12-15&until=2025-12-15"))
        await expect(page.locator("#count")).to_have_text("1 game")
        await page.locator("#since").fill("2025-12-16")
        await expect(page.locator("#rows .empty")).to_contain_text("No game on these days")
        await page.get_by_role("button", name="Show all days").click()
        await expect(page.locator("#rows tbody tr")).to_have_count(1)
        await page.go_back()
        await expect(page.locator("#rows .empty")).to_be_visible()


async def test_one_own_game_is_read_tick_by_tick_and_keeps_a_note(
    browser: Browser, up: Site
) -> None:
    address = f"/play/{GAME}?account={ME}"
    async with opened(browser, origin_of(up), up.instance.token, address, allowed=("409",)) as page:
        await expect(page.locator("#otherwise")).to_contain_text("holding to the rug")
        await expect(page.locator("#otherwise tbody")).to_contain_text("-0.058")
        await expect(page.locator("#otherwise")).to_contain_text("add up to exactly this change")
        reading = page.locator("#strip-reading")
        await page.locator("#chart").click(position={"x": 5, "y": 5})
        await page.keyboard.press("ArrowRight")
        await expect(reading).to_contain_text("tick 2 · 1.0500x · LIVE · you buy 0.100")
        await page.keyboard.press("ArrowRight")
        await expect(reading).to_contain_text("tick 3 · 1.1000x · LIVE · 1 sidebet open, yours")
        await expect(page).to_have_url(re.compile("tick=3"))
        await page.reload()
        await expect(reading).to_contain_text("tick 3 · 1.1000x · LIVE")
        await page.locator("#scrub").focus()
        await page.keyboard.press("End")
        await expect(reading).to_contain_text("tick 7 · 0.0198x · RUGGED")
        await page.locator("#deeds tbody button").last.click()
        await expect(reading).to_contain_text("tick 5 · 0.9900x · LIVE · you sell 0.094")
        await expect(page.locator("#from-here")).to_have_attribute("href", re.compile("tick=5$"))
        await page.locator("#note").fill("<b>sold</b> too early")
        await page.locator("#note-save").click()
        await expect(page.locator("#note-state")).to_contain_text("Saved")
        other = await page.context.new_page()
        await other.goto(f"{origin_of(up)}{address}")
        await expect(other.locator("#note")).to_have_value("<b>sold</b> too early")
        await other.locator("#note").fill("")
        await other.locator("#note-save").click()
        await expect(other.locator("#note-state")).to_have_text("")
        await page.locator("#note").fill("mine")
        await page.locator("#note-save").click()
        await expect(page.locator("#note-state")).to_contain_text("changed in another window")
        await page.locator("#note").fill("<b>sold</b> too early")  # nothing unsaved is left behind


async def test_a_game_opens_its_replay_with_phases_and_own_actions(
    browser: Browser, up: Site
) -> None:
    async with opened(browser, origin_of(up), up.instance.token, f"/games/{GAME}") as page:
        await expect(page.locator("#own-play")).to_be_visible()
        await expect(page.locator("#chart")).to_have_attribute("data-rug", "7")
        await expect(page.locator("#panel tbody tr", has_text="you")).to_have_count(2)
        await page.locator("#replay").click()
        await expect(page.locator(".badge").first).to_have_text("REPLAY")
        assert page.url.startswith(up.origin)
        line = page.locator("#transport .marks")
        await expect(line).to_have_attribute("data-phases", "BETTING LIVE RUGGED COOLDOWN")
        marks = json.loads(await line.evaluate("each => JSON.stringify(each.dataset)"))
        assert {name: marks[name] for name in ("trades", "sidebets", "own")} == {
            "trades": "2", "sidebets": "1", "own": "3",
        }  # fmt: skip
        told = page.locator("#replay-told")
        if "playing" in (await told.text_content() or ""):
            await page.locator("#play").click()
        await page.get_by_label("To the start").click()
        await expect(told).to_contain_text("tick 0 of 7")
        for tick in (2, 3, 5):
            await page.locator("#transport").get_by_label("To the next own action").click()
            await expect(told).to_contain_text(f"tick {tick} of 7")
        await page.locator("#chart").click()
        await page.keyboard.press("N")
        await expect(told).to_contain_text("tick 3 of 7")
        await expect(page.locator("#trade-title")).to_have_text("Practice")
        await page.locator("#scrub").evaluate(
            "each => { each.value = each.max; each.dispatchEvent(new Event('input')); }"
        )
        await expect(told).to_contain_text("ended")
        await page.locator("#leave").click()
        await expect(page.locator(".badge").first).to_have_text("DEMO")


async def test_a_replay_begins_at_the_tick_its_address_names(browser: Browser, up: Site) -> None:
    address = f"/replay/{GAME}?tick=5"
    async with opened(browser, origin_of(up), up.instance.token, address) as page:
        await expect(page.locator("#replay-told")).to_contain_text(re.compile(r"tick [567] of 7"))


async def test_a_session_is_shown_over_time(browser: Browser, up: Site) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/recording") as page:
        row = page.locator("#sessions tbody tr", has_text="import").first
        await row.locator("td").nth(1).click()
        await expect(page).to_have_url(re.compile("session="))
        await expect(page.locator("[data-type='server_state']")).to_contain_text("6")
        await expect(page.locator("#timeline-note")).to_contain_text("0 gaps")
        await page.reload()
        await expect(page.locator("[data-type='sidebet']")).to_be_visible()


async def test_without_own_play_the_page_says_how_to_get_it(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/play") as page:
        empty = '{"play": {"accounts": [], "account": null, "days": [], "games": []}, "notes": {}}'
        await page.route(
            re.compile(r"/api/play$"),
            lambda route: route.fulfill(body=empty, content_type="application/json"),
        )
        await page.reload()
        await expect(page.locator("#nothing")).to_contain_text("vectra-player up --source chrome")
        await fits(page, 1280)
