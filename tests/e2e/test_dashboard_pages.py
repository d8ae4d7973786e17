"""The dashboard's pages in a real Chromium, over imported real recordings, without foundation."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.command_support import run_warm as run
from tests.conftest import RealStore
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.e2e.support.pages import fits, fits_every_look

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

GAME = "20251215-a8311c871b0e4bea"
DRIFTING = (
    '{"seq":1,"ts":"2025-11-15T01:00:01Z","event":"brandNewEvent","data":{"a":1}}',
    '{"seq":2,"ts":"2025-11-15T01:00:02Z","event":"newChatMessage","data":{"surprise":1}}',
)
PAGES = {
    "/": "#games .mini",
    "/recording": "#sessions tbody tr",
    "/games": "#rows tbody tr",
    f"/games/{GAME}": "#panel tbody tr",
    "/protocol?event=gameStateUpdate": "#panel tbody tr",
}


@pytest.fixture(scope="module")
def lone(real_store: RealStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lone]:
    root = tmp_path_factory.mktemp("pages") / "data"
    shutil.copytree(real_store.root, root)
    drifting = tmp_path_factory.mktemp("drifting") / "drifting.jsonl"
    drifting.write_text("\n".join(DRIFTING))
    assert run("--data-dir", root, "import", drifting).code == 0
    with lone_dashboard(root) as running:
        yield running


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_shows_its_rows_at_every_width(
    browser: Browser, lone: Lone, tmp_path: Path, path: str
) -> None:
    async with opened(browser, lone.origin, lone.token, path) as page:
        await expect(page.locator(PAGES[path]).first).to_be_visible()
        await expect(page.locator(".shell-note")).to_contain_text("Foundation does not run")
        await expect(page.locator("[aria-current='page']")).to_have_count(1)
        await expect(page.locator(".error")).to_have_count(0)
        await fits_every_look(page, tmp_path, [1280, 768, 360])


async def test_filters_and_sort_live_in_the_address(browser: Browser, lone: Lone) -> None:
    async with opened(browser, lone.origin, lone.token, "/games") as page:
        count = page.locator("#count")
        await expect(count).to_have_text("77 games")
        await page.locator("#complete").select_option("full")
        await expect(page).to_have_url(re.compile("complete=full"))
        await expect(count).to_have_text("2 games")
        await page.locator("#complete").select_option("")
        await page.locator("#min_peak").fill("5")
        await expect(page).to_have_url(re.compile("min_peak=5"))
        await page.get_by_role("button", name="peak").click()
        await expect(page.locator("th[aria-sort='descending']")).to_contain_text("peak")
        texts = await page.locator("#rows tbody td:nth-child(2)").all_text_contents()
        peaks = [float(text.rstrip("x")) for text in texts]
        assert peaks == sorted(peaks, reverse=True)
        assert peaks[-1] >= 5
        shared = page.url
        await page.goto(shared)
        await expect(page.locator("#min_peak")).to_have_value("5")
        assert await page.locator("#rows tbody td:nth-child(2)").all_text_contents() == texts
        await page.go_back()
        await page.goto(f"{lone.origin}/games")
        await page.locator("#pager [aria-label='Next page']").click()
        await expect(page.locator("#pager")).to_contain_text("51–77 of 77")
        await page.locator("#q").fill("nothing-like-this")
        await expect(page.locator("#rows .empty")).to_contain_text("No game fits")
        await page.get_by_role("button", name="Show all games").click()
        await expect(count).to_have_text("77 games")


async def test_a_game_shows_every_tab_and_downloads(
    browser: Browser, lone: Lone, tmp_path: Path
) -> None:
    async with opened(browser, lone.origin, lone.token, f"/games/{GAME}") as page:
        await expect(page.locator("#figures")).to_contain_text("117 of 117")
        await expect(page.locator("#chart")).to_have_attribute("data-rug", "116")
        await page.locator("#chart").hover()
        await expect(page.locator("#reading")).to_contain_text(re.compile(r"tick \d+–\d+  O "))
        for tab, text in (
            ("sidebets", "won"),
            ("leaders", "Ranked by the server"),
            ("verification", "every recorded price is what the revealed seed gives"),
            ("gaps", "No gap"),
            ("events", "gameStateUpdate"),
        ):
            await page.locator(f"[data-tab='{tab}']").click()
            await expect(page.locator("#panel")).to_contain_text(text)
            assert page.url.endswith(f"?tab={tab}")
        await page.locator("#panel details summary").first.click()
        await expect(page.locator(".json-tree").first).to_be_visible()
        await page.reload()
        await expect(page.locator("#panel")).to_contain_text("gameStateUpdate")
        await page.locator("#download summary").click()
        for kind in ("csv", "jsonl", "parquet"):
            async with page.expect_download() as waiting:
                await page.locator(f"a[href*='game_tick'][href$='{kind}']").click()
            download = await waiting.value
            assert download.suggested_filename == f"{GAME}-game_tick.{kind}"
            await download.save_as(tmp_path / kind)
        assert (tmp_path / "csv").read_bytes().count(b"\r\n") == 1 + 2 * 117  # two sessions saw it


async def test_a_replay_without_foundation_says_what_to_do(browser: Browser, lone: Lone) -> None:
    async with opened(browser, lone.origin, lone.token, f"/games/{GAME}", allowed=("503",)) as page:
        await expect(page.locator("#panel tbody tr").first).to_be_visible()
        await page.locator("#replay").click()
        await expect(page.locator("#opening")).to_contain_text("Start it with")


async def test_a_game_that_is_not_there_is_said_on_a_page(browser: Browser, lone: Lone) -> None:
    async with opened(browser, lone.origin, lone.token, "/games/nothing", allowed=("404",)) as page:
        await expect(page.locator(".error")).to_contain_text("No game nothing is stored.")
        await expect(page.locator(".tab").first).to_be_visible()


async def test_the_protocol_is_explored_by_event_search_and_drift(
    browser: Browser, lone: Lone
) -> None:
    async with opened(browser, lone.origin, lone.token, "/protocol") as page:
        await page.locator("[data-event='gameStateUpdate']").click()
        await expect(page.locator("#panel")).to_contain_text("$.cooldownTimer")
        await page.locator("[data-tab='payloads']").click()
        await expect(page.locator("#panel tbody tr")).to_have_count(20)
        newest = await page.locator("#panel tbody tr").first.inner_text()
        await page.get_by_role("button", name="Older").click()
        await expect(page).to_have_url(re.compile("before="))
        await expect(page.locator("#panel tbody tr").first).not_to_have_text(
            newest, use_inner_text=True
        )
        await page.locator("#payload-search").fill("no packet holds this text")
        await page.locator("#payload-search").press("Enter")
        await expect(page.locator("#panel .empty")).to_contain_text("No packet fits")
        await page.locator("#payload-search").fill(GAME)
        await page.locator("#payload-search").press("Enter")
        await expect(page.locator("#panel tbody tr").first).to_be_visible()
        await page.locator("[data-tab='drift']").click()
        await expect(page.locator("[data-drift='new event']").first).to_be_visible()
        shown = page.locator("#panel tbody tr", has_text="$.surprise")
        await expect(shown.locator("a").last).to_have_attribute("href", re.compile("session="))
        await shown.locator("a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#tabs [data-tab='fields']")).to_have_attribute(
            "aria-selected", "true"
        )
        await expect(page.locator("#panel")).to_contain_text("$.surprise")
        await page.locator("[data-tab='ask']").click()
        await page.locator("#question").fill("What fields are in playerUpdate?")
        await page.locator("#question").press("Enter")
        await expect(page.locator("#panel .answers")).to_contain_text("playerUpdate")
        await expect(page).to_have_url(re.compile("ask=What"))
        await expect(page.locator(".answer-text td").first).to_be_visible()
        assert not await page.locator(".answer-text", has_text=re.compile(r"\|\s*-{3}")).count()


async def test_files_are_imported_with_their_bad_lines_listed(
    browser: Browser, lone: Lone, tmp_path: Path
) -> None:
    good = '{"seq":%d,"ts":"2025-11-15T01:17:1%d.000000Z","event":"hello","data":{"a":%d}}'
    lines = [good % (n, n, n) for n in range(1, 6)]
    (tmp_path / "mine.jsonl").write_text("\n".join([*lines[:3], '{"seq": 4, "ts"', *lines[3:]]))
    (tmp_path / "notes.txt").write_text("no recording")
    async with opened(browser, lone.origin, lone.token, "/recording") as page:
        files = [tmp_path / "mine.jsonl", tmp_path / "notes.txt"]
        await page.locator("#files").set_input_files(files)
        job = page.locator("#imports .job").first
        await expect(job).to_have_attribute("data-state", "done")
        await expect(job).to_contain_text("5 events in 0 games from 1 files")
        await expect(job).to_contain_text("notes.txt")
        await job.locator(".quarantine summary").click()
        await expect(job.locator("tbody tr")).to_have_count(1)
        await page.locator("#files").set_input_files(files[:1])
        again = page.locator("#imports .job").first
        await expect(again).to_contain_text("5 were here already")
    assert not list((lone.root / "staging").glob("upload-*"))


async def test_a_table_is_exported_and_fetched(
    browser: Browser, lone: Lone, tmp_path: Path
) -> None:
    async with opened(browser, lone.origin, lone.token, "/recording") as page:
        await page.locator("#doc_type").select_option("sidebet")
        await page.locator("#format").select_option("csv")
        await page.get_by_role("button", name="Export").click()
        job = page.locator("#exports .job").first
        await expect(job).to_have_attribute("data-state", "done")
        await expect(job).to_contain_text("1,462 rows")
        async with page.expect_download() as waiting:
            await job.get_by_role("link", name="Download").click()
        await (await waiting.value).save_as(tmp_path / "sidebets.csv")
    assert (tmp_path / "sidebets.csv").read_bytes().count(b"\r\n") == 1463


async def test_an_empty_store_says_what_to_do_next_and_a_dashboard_that_goes_away_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    with lone_dashboard(tmp_path / "new") as empty:
        async with opened(browser, empty.origin, empty.token, allowed=("ERR_CONNECTION",)) as page:
            for path, words in (
                ("/", "Nothing is recorded yet"),
                ("/recording", "No session is filed yet"),
                ("/protocol", "No event is filed yet"),
                ("/games", "No game is on disk yet"),
            ):
                await page.goto(f"{empty.origin}{path}")
                await expect(page.locator("main")).to_contain_text(words)
                await fits(page, 1280)
            await expect(page.locator("#rows .empty")).to_be_visible()
            empty.process.terminate()
            await asyncio.to_thread(empty.process.wait)
            await expect(page.locator(".shell-note")).to_contain_text("does not answer")


async def test_keys_lead_from_page_to_page_and_help_lists_them(
    browser: Browser, lone: Lone
) -> None:
    async with opened(browser, lone.origin, lone.token, "/") as page:
        await expect(page.locator("#games .mini").first).to_be_visible()
        for keys, path in (
            ("gg", "/games"),
            ("gr", "/recording"),
            ("go", "/protocol"),
            ("gh", "/"),
        ):
            await page.keyboard.press(keys[0])
            await page.keyboard.press(keys[1])
            await expect(page).to_have_url(f"{lone.origin}{path}")
            await expect(page.locator("[aria-current='page']")).to_have_count(1)
        await page.keyboard.press("?")
        await expect(page.locator("dialog[open]")).to_contain_text("Go to Protocol")
