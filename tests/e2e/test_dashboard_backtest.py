"""Backtests in a real Chromium: ordered, looked at, played again, compared; paper trading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect
from tests.backtest_support import backtest, generated
from tests.e2e.support.dashboards import opened
from tests.foundation_support import Site, ask, site

from vectra_player.analysis.backtest import Run

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

GAMES = 40
DEMO = ("--source", "demo", "--speed", "3", "--seed", "7")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backtests")


@pytest.fixture(scope="module")
def runs(root: Path) -> dict[str, Run]:
    """Two kept runs over the same games."""
    chosen = generated(GAMES, seed=1)
    return {word: backtest(root, word, chosen) for word in ("momentum", "conservative")}


@pytest.fixture(scope="module")
def up(root: Path, runs: dict[str, Run]) -> Iterator[Site]:
    with site(root, *DEMO, dashboard=True) as running:
        yield running


def origin_of(up: Site) -> str:
    return f"http://127.0.0.1:{up.instance.dashboard}"


def address(run: Run) -> str:
    return f"/backtest/runs/{run.record.manifest.run_id}"


async def choose_generated(page: Page, count: int) -> None:
    await page.locator("#which").select_option("generated")
    await page.locator("#count-games").fill(str(count))


async def test_a_run_is_ordered_by_a_form_that_lives_in_the_address(
    browser: Browser, up: Site, runs: dict[str, Run]
) -> None:
    async with opened(
        browser, origin_of(up), up.instance.token, "/backtest", allowed=("422",)
    ) as page:
        await page.locator("#profile").select_option("conservative")
        await choose_generated(page, GAMES)
        await expect(page.locator("#command")).to_have_text(
            f"vectra-player backtest conservative --games generated:{GAMES}"
        )
        await page.locator("#more summary").click()
        await page.locator("#folds").fill("0")
        await page.locator("#run").click()
        await expect(page.locator("#folds[aria-invalid='true']")).to_be_focused()
        await expect(page.locator(".hint.wrong:visible")).to_contain_text("Expected `int` >= 1")
        await page.locator("#folds").fill("5")
        await expect(page.locator(".hint.wrong:visible")).to_have_count(0)
        await expect(page).to_have_url(
            re.compile(f"profile=conservative&games=generated%3A{GAMES}$")
        )
        await page.reload()
        await expect(page.locator("#profile")).to_have_value("conservative")
        await expect(page.locator("#count-games")).to_have_value(str(GAMES))
        await page.locator("#run").click()
        job = page.locator("#jobs .job").first
        await expect(job.locator(".chip")).to_have_text("done")
        await expect(job).to_contain_text("answered from the run that was kept")
        await job.get_by_role("link").click()
        await expect(page).to_have_url(f"{origin_of(up)}{address(runs['conservative'])}")


async def test_long_work_shows_how_far_it_is_and_is_cancelled(browser: Browser, up: Site) -> None:
    place = "/backtest?profile=momentum&games=generated:20000"
    async with opened(browser, origin_of(up), up.instance.token, place) as page:
        await page.locator("#run").click()
        job = page.locator("#jobs .job").first
        await expect(job.locator("progress")).to_be_visible()
        await expect(job).to_contain_text(re.compile(r"games \d+ %"))
        await job.get_by_role("button", name="Cancel").click()
        await expect(job.locator(".chip")).to_have_text("cancelled")


async def test_a_sweep_is_ordered_and_its_parts_are_tabs(browser: Browser, up: Site) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/backtest") as page:
        await page.get_by_role("button", name="Sweep", exact=True).click()
        await page.locator("#profile").select_option("momentum")
        await choose_generated(page, 12)
        await page.locator("#axes").get_by_role("button", name="hold_ticks").click()
        await expect(page.locator("#grid")).to_have_value("hold_ticks=60")
        await page.locator("#grid").fill("hold_ticks=10,20,30")
        await expect(page.locator("#command")).to_contain_text("--grid hold_ticks=10,20,30")
        await page.locator("#run").click()
        job = page.locator("#jobs .job").first
        await expect(job.locator(".chip")).to_have_text("done")
        await job.get_by_role("link").click()
        await expect(page.locator("#panel figure")).to_contain_text("Profit by hold_ticks")
        for tab, text in (
            ("best", "beyond chance"),
            ("walk", "mean before"),
            ("manifest", "variants.parquet"),
        ):
            await page.locator(f"[data-tab='{tab}']").click()
            await expect(page.locator("#panel")).to_contain_text(text)
        await page.locator("#again").click()
        await expect(page.locator("#grid")).to_have_value("hold_ticks=10,20,30")


async def test_a_run_is_read_in_tabs_and_its_files_are_fetched(
    browser: Browser, up: Site, runs: dict[str, Run]
) -> None:
    run = runs["momentum"]
    whole = run.record.whole
    async with opened(browser, origin_of(up), up.instance.token, address(run)) as page:
        figures = page.locator("#figures")
        await expect(figures).to_contain_text(f"{float(whole.profit):+.3f}")
        mean = whole.evidence
        await expect(figures).to_contain_text(f"95 %: {mean.low:+.6f} to {mean.high:+.6f}")
        await expect(page.locator(".doubts")).to_contain_text("fair by construction")
        for tab, text in (
            ("equity", "Cash after each game"),
            ("drawdown", "SOL below its peak"),
            ("distribution", "What single games brought"),
            ("robustness", "deflated score"),
            ("manifest", run.record.manifest.run_id),
        ):
            await page.locator(f"[data-tab='{tab}']").click()
            await expect(page.locator("#panel")).to_contain_text(text)
        assert page.url.endswith("?tab=manifest")
        for name, start in (("games.parquet", b"PAR1"), ("report.html", b"<!doctype html>")):
            async with page.expect_download() as waiting:
                await page.locator("#panel a", has_text=name).click()
            path = await (await waiting.value).path()
            assert path.read_bytes().startswith(start)


async def test_a_game_of_a_run_is_chosen_and_played_step_by_step(
    browser: Browser, up: Site, runs: dict[str, Run]
) -> None:
    place = f"{address(runs['momentum'])}?tab=trades"
    async with opened(browser, origin_of(up), up.instance.token, place) as page:
        await page.locator(".run-games").get_by_role("button", name="profit").click()
        await expect(page.locator("th[aria-sort='descending']")).to_contain_text("profit")
        await page.locator(".run-games tbody button").first.click()
        await expect(page).to_have_url(re.compile(r"sort=profit&order=desc&game=generated-1-\d+$"))
        await expect(page.locator(".run-events tbody tr").first).to_contain_text(
            "it asks for 10.0%"
        )
        await page.reload()
        await expect(page.locator(".run-games tr[aria-current] button")).to_be_visible()
        await page.locator("#play-game").click()
        said, tick = page.locator("#said"), page.locator("#tick")
        await expect(said).to_have_text("Nothing was done up to this tick.")
        await page.locator("[data-do='after']").click()
        await expect(said).to_contain_text("bought 0.010 SOL")
        await expect(said).to_contain_text("above that of 20 ticks before")
        await expect(page.locator("#decided")).to_have_text(re.compile("^1 of"))
        here = int((await tick.inner_text()).split()[1])
        await page.keyboard.press("ArrowLeft")
        await expect(tick).to_contain_text(f"tick {here - 1} of")
        await expect(page.locator("[data-account='held']")).to_have_text("0.000")
        await page.keyboard.press("d")
        await page.keyboard.press("]")
        await expect(page.locator(".speed-text")).to_have_text("2x")
        await expect(page).to_have_url(re.compile(f"tick={here}&speed=2$"))
        await page.reload()
        await expect(tick).to_contain_text(f"tick {here} of")
        for _ in range(7):
            await page.keyboard.press("]")
        await page.keyboard.press(" ")
        await expect(page.locator("#chart")).to_have_attribute("data-rug", re.compile(r"\d+"))
        await expect(page.locator("[data-do='play']")).to_have_attribute("aria-label", "Play")
        await page.locator("#decisions button").first.click()
        await expect(tick).to_contain_text(f"tick {here} of")
        await page.locator("#after:not([aria-disabled])").click()
        await expect(said).to_have_text("Nothing was done up to this tick.")


async def test_runs_are_picked_and_compared(
    browser: Browser, up: Site, runs: dict[str, Run]
) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/backtest?kind=backtest") as page:
        await expect(page.locator("#runs tbody tr")).to_have_count(2)
        await expect(page.locator("#compare")).not_to_have_attribute("href", re.compile("."))
        for box in await page.locator("#runs [type='checkbox']").all():
            await box.check()
        await page.locator("#compare").click()
        await expect(page.locator("#compared figure")).to_have_count(2)
        await expect(page.locator("#compared")).to_contain_text("told apart")
        first = page.locator("#chosen a").first
        before = await first.inner_text()
        await page.get_by_role("button", name="Hold the others against").click()
        await expect(first).not_to_have_text(before)
        await page.get_by_role("button", name="Leave out").first.click()
        await expect(page.locator("#compared .empty")).to_contain_text("Choose two to four")
        await page.go_back()
        await expect(page.locator("#compared figure")).to_have_count(2)
        await page.goto(f"{origin_of(up)}/backtest?q=nothing-like-this")
        await page.get_by_role("button", name="Show all runs").click()
        await expect(page.locator("#runs tbody tr").first).to_be_visible()


async def test_a_strategy_trades_on_paper_beside_the_person(browser: Browser, up: Site) -> None:
    place = "/backtest/paper?name=sidebet&games=0&cash=5&latency_ms=0"
    log = "#trade-log tr"
    async with opened(browser, origin_of(up), up.instance.token, place, allowed=("422",)) as page:
        await expect(page.locator(".badge").nth(1)).to_have_text("PAPER")
        await page.locator("#start").click()
        await expect(page.locator("#runner-note")).to_contain_text("Games: Expected `int` >= 1")
        await expect(page.locator("#games")).to_have_attribute("aria-invalid", "true")
        await page.locator("#games").fill("")
        await page.locator("#start").click()
        await expect(page.locator("#run-state")).to_have_text("running")
        await expect(page.locator("#name")).to_be_disabled()
        await expect(page.locator("#run-log")).to_contain_text("sidebet on the live game")
        await expect(page.locator(f"{log}[data-kind='placed']").first).to_contain_text("bot")
        await expect(page.locator("[data-account='in bets']")).to_have_text(re.compile("0.00[01]"))
        up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
        mine = page.locator(f"{log}[data-kind='bought']")
        for _ in range(30):  # a game may rug in between
            await expect(page.locator("#trade-buy")).to_be_enabled()
            await page.locator("#trade-buy").click()
            await expect(page.locator("#trade-note")).not_to_have_text("…")
            if await mine.count():
                break
        await expect(mine.first).not_to_contain_text("bot")
        await page.locator("#stop").click()
        await expect(page.locator("#run-state")).to_have_text("ended")
        await expect(page.locator("#run-log li").first).to_contain_text("Stopped by you.")
        await expect(page.locator("#run-score tbody tr")).to_have_count(3)
        await expect(page.locator("#start")).to_be_enabled()
        await page.reload()
        await expect(page.locator("#run-state")).to_have_text("ended")
        told = ask(up.instance.dashboard or 0, "GET", "/api/paper", up.bearer).json["run"]
        assert (told["state"], told["order"]["cash"]) == ("ended", 5)


async def test_paper_trading_says_when_it_cannot_begin(browser: Browser, up: Site) -> None:
    async def without(route: Route) -> None:
        told = await (await route.fetch()).json() | {"running": False, "state": None}
        await route.fulfill(body=json.dumps(told), content_type="application/json")

    async def replaying(route: Route) -> None:
        told = await (await route.fetch()).json()
        told["state"]["mode"] = "REPLAY"
        await route.fulfill(body=json.dumps(told), content_type="application/json")

    note = "#runner-note"
    async with opened(browser, origin_of(up), up.instance.token, "/backtest/paper") as page:
        await expect(page.locator("#start")).to_be_enabled()
        for otherwise, words in (
            (without, "Foundation does not run"),
            (replaying, "The main feed is a replay"),
        ):
            await page.route("**/api/foundation", otherwise)
            await expect(page.locator(note)).to_contain_text(words)
            await expect(page.locator("#start")).to_be_disabled()
            await page.unroute("**/api/foundation")
            await expect(page.locator("#start")).to_be_enabled()
            await expect(page.locator(note)).not_to_contain_text(words)
