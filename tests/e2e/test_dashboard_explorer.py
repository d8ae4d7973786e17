"""The strategy explorer in a real Chromium: every control and action, over a few recorded games."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.analysis_support import Tree, game_of_length, recorded_game
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.e2e.support.pages import hold

from vectra_player.analysis.profiles import ProfileStore

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

LENGTHS = (3, 17, 41, 60, 75, 90, 118, 140, 155, 170, 201, 233, 260, 290, 410)
FEW = "runs=200&games_per_run=50"


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lone]:
    tree = Tree(tmp_path_factory.mktemp("explorer") / "data")
    tree.add(*(recorded_game(f"g{n}", game_of_length(rug), n) for n, rug in enumerate(LENGTHS)))
    with lone_dashboard(tree.root) as running:
        yield running


async def type_into(page: Page, name: str, text: str) -> None:
    await page.locator(f"#{name}").fill(text)


async def test_numbers_follow_the_controls_and_everything_is_in_the_address(
    browser: Browser, lone: Lone
) -> None:
    path = f"/explorer?{FEW}"
    async with opened(browser, lone.origin, lone.token, path) as page:
        line, basis = page.locator("#line"), page.locator("#basis")
        await expect(line).to_contain_text("A fair game takes 9.2 % of what is staked; 15 complete")
        await expect(basis).to_have_text("fixed_baseline: 4 bets from tick 0, fixed")
        await expect(page.locator("#windows tbody tr")).to_have_count(5)
        await expect(page.locator("#key .figure")).to_have_count(6)
        await expect(page.locator("#simulated")).to_contain_text("200 runs of 50 games, generated")
        await expect(page.locator("#compared tbody tr")).to_have_count(8)
        drawn = page.locator("[data-drawn='outcomes']")
        await drawn.scroll_into_view_if_needed()
        await expect(drawn.locator("svg[role='img']")).to_be_visible()

        slider = page.locator("[data-twin='entry_tick']")
        await slider.focus()
        await slider.press("ArrowRight")
        await expect(page.locator("#entry_tick")).to_have_value("1")
        await expect(basis).to_have_text("this-strategy: 4 bets from tick 1, fixed")
        await expect(page).to_have_url(re.compile("entry_tick=1(&|$)"))
        await expect(page.locator("#compared tr.is-own")).to_contain_text("this-strategy")

        await type_into(page, "bet_sizes", "0.001, 0.002, 0.003, 0.004")
        await expect(page.locator("#windows tbody tr").nth(3)).to_contain_text("0.004")
        await type_into(page, "num_bets", "2")
        await expect(page.locator("#windows tbody tr")).to_have_count(3)
        await expect(page.locator("#bet_sizes")).to_have_value("0.001, 0.002")

        await page.locator("#mode").select_option("anti_martingale")
        await expect(page.locator("#win_streak_multiplier")).to_be_visible()
        await expect(page.locator("#theta_base")).to_be_hidden()
        await type_into(page, "max_drawdown_pct", "30")
        await expect(page).to_have_url(re.compile(r"max_drawdown_pct=0\.3(&|$)"))
        await type_into(page, "take_profit_target", "")
        await expect(page).to_have_url(re.compile("take_profit_target=none"))
        await page.locator("#reduce_on_drawdown").check()
        await expect(page).to_have_url(re.compile("reduce_on_drawdown=true"))
        await page.locator("#games").select_option("recorded")
        await expect(page.locator("#run-note")).to_contain_text("Only 15 recorded games")
        await expect(page.locator("#risk")).to_contain_text("the games themselves")
        await expect(page.locator("#simulation-line")).to_contain_text("over fair games")

        shared, said = page.url, await page.locator("#simulation-line").inner_text()
        await page.goto(shared)
        await expect(page.locator("#simulation-line")).to_have_text(said)
        await expect(page.locator("#max_drawdown_pct")).to_have_value("30")
        await expect(page.locator("#take_profit_target")).to_have_value("")
        await expect(page.locator("#reduce_on_drawdown")).to_be_checked()

        await page.locator("#undo").click()
        await expect(basis).to_have_text("fixed_baseline: 4 bets from tick 0, fixed")
        await page.go_back()
        await expect(basis).to_have_text("this-strategy: 2 bets from tick 1, anti martingale")


async def test_an_answer_to_an_earlier_change_takes_none_back(browser: Browser, lone: Lone) -> None:
    answers = asyncio.Semaphore(0)
    async with opened(browser, lone.origin, lone.token, f"/explorer?{FEW}") as page:
        await expect(page.locator("#basis")).to_contain_text("from tick 0")
        await hold(page, "**/api/explorer?*", answers.acquire)
        await type_into(page, "entry_tick", "7")
        box = page.locator("#reduce_on_drawdown")
        await box.check()
        answers.release()
        await expect(page.locator("#basis")).to_contain_text("from tick 7")
        await expect(box).to_be_checked(timeout=1)
        answers.release()
        await expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
        await expect(box).to_be_checked()
        await expect(page).to_have_url(re.compile("reduce_on_drawdown=true"))


async def test_a_preset_is_chosen_and_the_comparison_sorts(browser: Browser, lone: Lone) -> None:
    path = f"/explorer?{FEW}&entry_tick=40"
    async with opened(browser, lone.origin, lone.token, path) as page:
        rows = page.locator("#compared tbody tr")
        await expect(rows).to_have_count(9)
        await expect(page.locator("#compared th[aria-sort='ascending']")).to_contain_text("risk")
        await page.locator("#compared").get_by_role("button", name="median SOL").click()
        await expect(page).to_have_url(re.compile("sort=median"))
        medians = [float(text) for text in await rows.locator("td:nth-child(5)").all_inner_texts()]
        assert medians == sorted(medians)
        await page.locator("#profile").select_option("quarter_kelly")
        await expect(page).not_to_have_url(re.compile("entry_tick"))
        await expect(page.locator("#remarks")).to_contain_text("Kelly stakes nothing")
        await expect(page.locator("#simulation-line")).to_contain_text("It placed no bet")
        await page.locator("#compared").get_by_role("link", name="ultra_aggressive").click()
        await expect(page.locator("#basis")).to_contain_text("ultra_aggressive")
        await expect(page.locator("#profile")).to_have_value("ultra_aggressive")
        assert "runs=200" in page.url


async def test_a_wrong_value_is_told_at_its_field_and_the_answer_stays(
    browser: Browser, lone: Lone
) -> None:
    path = f"/explorer?{FEW}"
    async with opened(browser, lone.origin, lone.token, path, allowed=("422",)) as page:
        await expect(page.locator("#key .figure")).to_have_count(6)
        await type_into(page, "entry_tick", "9000")
        await expect(page.locator("#entry_tick-hint")).to_contain_text("0 to 4960")
        await expect(page.locator("#entry_tick")).to_have_attribute("aria-invalid", "true")
        await type_into(page, "bet_sizes", "much")
        await expect(page.locator("#bet_sizes-hint")).to_contain_text("SOL, such as")
        await expect(page.locator("#key .figure")).to_have_count(6)
        await type_into(page, "entry_tick", "80")
        await type_into(page, "bet_sizes", "0.002")
        await expect(page.locator("#basis")).to_contain_text("4 bets from tick 80")
        await expect(page.locator("[aria-invalid='true']")).to_have_count(0)


async def test_an_address_that_names_no_profile_is_told_on_a_phone_too(
    browser: Browser, lone: Lone
) -> None:
    path = "/explorer?profile=gone"
    async with opened(browser, lone.origin, lone.token, path, width=360, allowed=("422",)) as page:
        await expect(page.locator("#fault .error")).to_contain_text("no profile")
        await expect(page.locator("#profile-hint")).to_be_visible()
        await page.locator("#profile").select_option("anti_martingale")
        await expect(page.locator("#fault .error")).to_have_count(0)
        await expect(page.locator("#basis")).to_contain_text("anti_martingale")


async def test_a_long_run_is_a_job_that_is_cancelled_or_shown(browser: Browser, lone: Lone) -> None:
    path = "/explorer?runs=2000000&games_per_run=100000"
    async with opened(browser, lone.origin, lone.token, path) as page:
        await expect(page.locator("#run-note")).to_contain_text("take a while")
        await page.locator("#run-note").get_by_role("button", name="Run as a job").click()
        job = page.locator("#jobs .job").first
        await expect(job).to_have_attribute("data-state", "running")
        await job.get_by_role("button", name="Cancel").click()
        await expect(job).to_have_attribute("data-state", "cancelled")

        await type_into(page, "games_per_run", "40")
        await type_into(page, "runs", "300")
        await expect(page.locator("#simulated")).to_contain_text("300 runs of 40 games")
        await page.locator("#run").click()
        await expect(page).to_have_url(re.compile("run=simulate-[0-9a-f]{12}"))
        await expect(page.locator("#run-note")).to_contain_text("A kept run: simulate-")
        await expect(page.locator("#compared tbody tr")).to_have_count(8)
        drawn = page.locator("[data-drawn='fan']")
        await drawn.scroll_into_view_if_needed()
        await expect(drawn.locator("svg")).to_be_visible()
        kept = page.url
        await page.get_by_role("button", name="Back to quick runs").click()
        await expect(page.locator("#run-note")).to_have_text("")
        await page.locator("#jobs .job").first.get_by_role("link", name="Show").click()
        await expect(page).to_have_url(re.compile(re.escape(kept.partition("run=simulate")[2])))
        await expect(page.locator("#simulated")).to_contain_text("300 runs of 40 games")


async def test_a_strategy_is_saved_as_a_profile_and_chosen_then(
    browser: Browser, lone: Lone
) -> None:
    path = f"/explorer?{FEW}&entry_tick=120&profile=anti_martingale"
    async with opened(browser, lone.origin, lone.token, path, allowed=("422",)) as page:
        await expect(page.locator("#basis")).to_contain_text("tick 120")
        await page.keyboard.press("s")
        await type_into(page, "name", "mine")
        await page.locator("#name").press("Enter")
        await expect(page.locator("#saved")).to_have_text("Saved as mine. Backtest it")
        await expect(page.locator("#basis")).to_have_text(
            "mine: 4 bets from tick 120, anti martingale"
        )
        assert "profile=mine" in page.url
        assert ProfileStore(lone.root).load("mine").execution.entry_tick == 120

        await type_into(page, "entry_tick", "160")
        await expect(page.locator("#basis")).to_contain_text("tick 160")
        await page.locator("#save").click()
        await type_into(page, "name", "mine")
        await page.locator("#name").press("Enter")
        await expect(page.locator("#name-hint")).to_contain_text("There is a profile of that name")
        await page.locator("#replace").check()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#save-dialog")).to_be_hidden()
        await expect(page.locator("#basis")).to_have_text(
            "mine: 4 bets from tick 160, anti martingale"
        )
        assert ProfileStore(lone.root).load("mine").execution.entry_tick == 160


async def test_a_run_that_is_gone_is_told_and_quick_runs_are_shown(
    browser: Browser, lone: Lone
) -> None:
    path = f"/explorer?{FEW}&run=simulate-0123456789ab"
    async with opened(browser, lone.origin, lone.token, path, allowed=("404",)) as page:
        await expect(page.locator("#fault")).to_contain_text("There is no such run.")
        await expect(page.locator("#simulated")).to_contain_text("200 runs of 50 games")
        await expect(page).not_to_have_url(re.compile("[?&]run="))


async def test_with_nothing_recorded_the_page_says_so_on_a_phone(
    browser: Browser, tmp_path: Path
) -> None:
    path = f"/explorer?{FEW}&games=recorded"
    with lone_dashboard(tmp_path / "new") as empty:
        async with opened(
            browser, empty.origin, empty.token, path, width=360, allowed=("409",)
        ) as page:
            await expect(page.locator("#line")).to_contain_text("No recorded game says yet")
            await expect(page.locator("#remarks")).to_contain_text("only the fair game speaks")
            await expect(page.locator("#run-note")).to_contain_text("No complete game")
            await page.get_by_role("button", name="Use generated games").click()
            await expect(page.locator("#simulation-line")).to_contain_text("of the runs ended")
            await page.locator("#controls-box summary").click()
            await expect(page.locator("#entry_tick")).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
