"""Every action of the page of profiles in a real Chromium, over an empty data directory."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.e2e.support.pages import hold
from tests.unit.analysis.test_profiles import FIRST
from tests.unit.strategy.test_profile import EARLIER

from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.strategy.profile import parse_profile

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lone]:
    with lone_dashboard(tmp_path_factory.mktemp("profiles")) as running:
        yield running


@pytest.fixture
def store(lone: Lone) -> Iterator[ProfileStore]:
    """The profiles of the dashboard, without any at the beginning of a test."""
    found = ProfileStore(lone.root)
    for name in found.names():
        found.delete(name)
    return found


def hint(page: Page, field: str) -> object:
    return page.locator(f"[data-field='{field}'] .hint")


async def fits(page: Page) -> None:
    width = await page.evaluate("innerWidth")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_profile_is_made_checked_while_typing_kept_and_changed(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    async with opened(browser, lone.origin, lone.token, "/profiles") as page:
        await expect(page.locator("#rows tbody tr")).to_have_count(len(PRESETS))
        await page.keyboard.press("n")
        await page.locator("#f-execution-entry_tick").fill("7")
        await page.locator("#base").select_option("anti_martingale")
        await expect(page).to_have_url(re.compile("from=anti_martingale"))
        await expect(page.locator("#f-execution-entry_tick")).to_have_value("0")
        await expect(page.locator("#f-scaling-mode")).to_have_value("anti_martingale")
        await page.locator("#f-execution-entry_tick").fill("soon")
        entry = page.locator("[data-field='execution.entry_tick'] .hint")
        await expect(entry).to_have_text('must be a whole number, is "soon"')
        await page.locator("#save").click()
        await expect(page.locator("#f-name")).to_be_focused()
        await expect(page.locator("#problems")).to_contain_text("2 fields need mending")
        assert store.names() == []
        await page.locator("#f-execution-entry_tick").fill("40")
        await page.locator("#f-execution-num_bets").fill("3")
        await page.locator("#f-name").fill("mine")
        await expect(page.locator("#problems")).to_contain_text("Valid")
        await page.locator("#tabs [data-tab='file']").click()
        await expect(page.locator("#file-text")).to_have_value(re.compile(r'"num_bets": 3'))
        await page.locator("#save").click()
        await expect(page).to_have_url(re.compile(r"name=mine"))
        made = store.load("mine")
        assert made.execution.num_bets == len(made.execution.bet_sizes) == 3
        assert made.scaling == PRESETS["anti_martingale"].scaling
        # What comes back has a time in it, and must not come amid what `fill` does.
        await expect(page.locator("#problems")).to_have_text("Saved")
        await expect(page.locator("#save")).to_be_disabled()
        text = await page.locator("#file-text").input_value()
        await page.locator("#file-text").fill(text.replace('"entry_tick": 40', '"entry_tick": 80'))
        await page.locator("#tabs [data-tab='settings']").click()
        await expect(page.locator("#f-execution-entry_tick")).to_have_value("80")
        await page.locator("#save").click()
        await expect(page.locator("#problems")).to_have_text("Saved")
        assert store.load("mine").execution.entry_tick == 80
        await page.locator("#f-strategy").fill("momentum")
        await expect(page.locator("#f-params")).to_be_visible()
        await expect(page.locator("#f-scaling-mode")).to_be_hidden()
        await page.locator("#revert").click()
        await expect(page.locator("#f-scaling-mode")).to_be_visible()
        await page.locator("#f-scaling-mode").select_option("fixed")
        await expect(page.locator(".unread #f-scaling-theta_max")).to_be_visible()


async def test_what_is_typed_while_a_profile_is_saved_belongs_to_the_saved_one(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    held = asyncio.Event()
    async with opened(browser, lone.origin, lone.token, "/profiles?new=") as page:
        await hold(page, "**/api/profiles/mine", held.wait)
        await page.locator("#f-name").fill("mine")
        await page.locator("#save").click()
        await expect(page).to_have_url(re.compile(r"name=mine"))
        saved = store.load("mine").execution.entry_tick
        await page.locator("#f-execution-entry_tick").fill("80")
        held.set()
        await expect(page.locator("#profile-kind")).to_have_text("manual")
        await expect(page.locator("#f-execution-entry_tick")).to_have_value("80")
        await expect(page.locator("#problems")).to_contain_text("not saved yet")
        await page.locator("#revert").click()
        await expect(page.locator("#f-execution-entry_tick")).to_have_value(str(saved))


async def test_what_was_typed_is_kept_and_a_change_elsewhere_is_not_lost(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    store.save(store.based_on(PRESETS["fixed_baseline"], "mine"))
    page_of_mine = "/profiles?name=mine"
    async with opened(browser, lone.origin, lone.token, page_of_mine, allowed=("409",)) as page:
        entry = page.locator("#f-execution-entry_tick")
        await entry.fill("77")
        await expect(page.locator("#problems")).to_contain_text("not saved yet")
        await page.get_by_role("link", name="Profiles", exact=True).last.click()
        await page.locator("#rows").get_by_role("link", name="mine").click()
        await expect(page.locator("#gone > *")).to_have_count(0)  # it has been read anew
        await expect(entry).to_have_value("77")
        changed = store.load("mine").model_copy(update={"source": "elsewhere"})
        store.save(changed, replace=True)
        await page.locator("#save").click()
        await expect(page.locator("#problems")).to_contain_text("changed elsewhere meanwhile")
        assert store.load("mine") == changed
        await page.locator("#f-name").fill("second")
        await page.get_by_role("button", name="Save as second").click()
        await expect(page).to_have_url(re.compile("name=second"))
        assert store.load("second").execution.entry_tick == 77


async def test_the_profile_that_was_chosen_last_is_shown_whoever_answers_first(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    held = asyncio.Event()
    async with opened(browser, lone.origin, lone.token, "/profiles") as page:
        await hold(page, "**/api/profiles/fixed_baseline", held.wait)
        await page.locator("#rows").get_by_role("link", name="fixed_baseline").click()
        await expect(page.locator("#gone .skeleton").first).to_be_visible()
        await page.go_back()
        await page.locator("#rows").get_by_role("link", name="anti_martingale").click()
        await expect(page.locator("#f-name")).to_have_value("anti_martingale")
        async with page.expect_response("**/api/profiles/fixed_baseline"):
            held.set()
        await page.locator("#tab-file").click()
        await expect(page.locator("#file-text")).to_have_value(re.compile("anti_martingale"))
        await expect(page.locator("#gone")).to_be_empty()


async def test_a_profile_is_copied_removed_and_brought_back(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    allowed = ("422",)
    async with opened(
        browser, lone.origin, lone.token, "/profiles?name=quarter_kelly", allowed=allowed
    ) as page:
        await expect(page.locator("#f-name")).to_be_disabled()
        await expect(page.locator("#save-bar")).to_be_hidden()
        await page.get_by_role("button", name="Duplicate").click()
        await page.locator("#ask-input").fill("two words")
        await page.locator("#ask-yes").click()
        await expect(page.locator("#ask-hint")).to_contain_text("is no name of a profile")
        await page.locator("#ask-input").fill("mine")
        await page.locator("#ask-yes").click()
        await expect(page).to_have_url(re.compile("name=mine"))
        before = (store.folder / "mine.json").read_bytes()
        await page.get_by_role("button", name="Delete").click()
        await page.locator("#ask-no").click()
        assert store.names() == ["mine"]
        await page.get_by_role("button", name="Delete").click()
        await page.locator("#ask-yes").click()
        await expect(page.locator("#note")).to_contain_text("mine is removed.")
        assert store.names() == []
        await page.get_by_role("button", name="Undo").click()
        await expect(page).to_have_url(re.compile("name=mine"))
        assert (store.folder / "mine.json").read_bytes() == before


async def test_profiles_come_in_by_file_and_paste_and_bad_ones_are_told(
    browser: Browser, lone: Lone, store: ProfileStore, tmp_path: Path
) -> None:
    wrong = {**EARLIER, "execution": {"entry_tick": -3}}
    texts = {"first": FIRST, "second": EARLIER, "wrong": wrong}
    files = []
    for name, content in texts.items():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(content))
    async with opened(browser, lone.origin, lone.token, "/profiles") as page:
        await page.locator("#files").set_input_files(files)
        cards = page.locator("#imports .job")
        await expect(cards).to_have_count(3)
        told = cards.filter(has_text="wrong.json")
        await expect(told).to_contain_text("execution.entry_tick: must be 0 to 4960, is -3")
        await expect(cards.filter(has_text="first.json")).to_contain_text("not carried over")
        await expect(page.locator("#count")).to_contain_text("2 profiles of yours")
        other = {**EARLIER, "execution": {**EARLIER["execution"], "entry_tick": 5}}
        await page.locator("#paste summary").click()
        await page.locator("#paste-text").fill(json.dumps(other))
        await page.get_by_role("button", name="Import", exact=True).click()
        asked = cards.filter(has_text="name taken")
        await expect(asked).to_contain_text("nothing was written")
        assert store.load(EARLIER["name"]).execution.entry_tick == 219
        await asked.get_by_role("button", name="Keep both").click()
        await expect(page.locator("#count")).to_contain_text("3 profiles of yours")
        assert store.load(f"{EARLIER['name']}-2").execution.entry_tick == 5
        async with page.expect_download() as waiting:
            await page.goto(f"{lone.origin}/profiles?name=219")
            await page.get_by_role("link", name="Download").click()
        await (await waiting.value).save_as(tmp_path / "got.json")
    assert parse_profile((tmp_path / "got.json").read_text()) == store.load("219")


async def test_a_file_that_cannot_be_used_opens_as_text_and_is_mended(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    store.save(store.based_on(PRESETS["fixed_baseline"], "mine"))
    path = store.folder / "mine.json"
    good = path.read_text()
    path.write_text(good.replace('"mode": "fixed"', '"mode": "yolo"'))
    async with opened(browser, lone.origin, lone.token, "/profiles") as page:
        await expect(page.locator("#rows")).to_contain_text("cannot be used")
        await page.locator("#rows").get_by_role("link", name="mine").click()
        await expect(page.locator("#problems")).to_contain_text("1 field needs mending")
        await page.locator("#file-text").fill(good)
        await page.locator("#save").click()
        await expect(page.locator("#profile-kind")).to_have_text("manual")
    assert store.load("mine").scaling.mode == "fixed"


async def test_profiles_are_chosen_compared_simulated_and_lead_to_what_runs_them(
    browser: Browser, lone: Lone, store: ProfileStore
) -> None:
    store.save(store.based_on(PRESETS["fixed_baseline"], "mine", {"execution.entry_tick": 9}))
    async with opened(
        browser, lone.origin, lone.token, "/profiles", width=360, scheme="light"
    ) as page:
        await page.get_by_label("Choose mine").check()
        await expect(page.locator("#compare")).to_be_disabled()
        await page.get_by_label("Choose fixed_baseline").check()
        await page.locator("#compare").click()
        await expect(page.locator("#differences")).to_contain_text("execution.entry_tick")
        await page.locator("#left").select_option("fixed_baseline")
        await expect(page.locator("#differences")).to_contain_text("They are the same")
        await fits(page)
        await page.go_back()
        await page.go_back()
        await page.locator("#plan-runs").fill("300")
        await page.locator("#plan-length").fill("50")
        await page.locator("#simulate").click()
        job = page.locator("#simulations .job").first
        await expect(job).to_have_attribute("data-state", "done")
        found = store.load("mine").monte_carlo_metrics
        assert found is not None
        assert found.iterations == 300
        row = page.locator("#rows tr", has=page.get_by_role("link", name="mine"))
        assert found.probability_profit is not None
        await expect(row).to_contain_text(f"{100 * found.probability_profit:.2f} %")
        await fits(page)
        await job.get_by_role("link", name="mine").click()
        await expect(page.locator("#simulation-report svg").first).to_be_visible()
        await expect(page.locator("#figures")).to_contain_text("fair -9.16 %")
        await fits(page)
        backtest = page.locator("#actions").get_by_role("link", name="Backtest")
        await expect(backtest).to_have_attribute("href", "/backtest?profile=mine")
        explore = page.locator("#actions").get_by_role("link", name="Explore")
        await expect(explore).to_have_attribute("href", "/explorer?profile=mine")
        for key, path in (("f", "/fairness"), ("p", "/profiles")):
            await page.keyboard.press("g")
            await page.keyboard.press(key)
            await expect(page).to_have_url(f"{lone.origin}{path}")
            await expect(page.locator("[aria-current='page']")).to_have_attribute("href", path)
