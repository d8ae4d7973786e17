"""The survival explorer in a real Chromium: its numbers are those of the analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.command_support import run_warm
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

from vectra_player.analysis.games import load_games
from vectra_player.analysis.survival import WindowChance, exposure
from vectra_player.store.reads import StoreReader

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]

PATH = "/artifacts/survival-explorer/"
REAL = f"{PATH}%3Forigin=real"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("survival")
    done = run_warm("--data-dir", root, "import", real_data / "games_with_seeds.jsonl")
    assert done.code == 0, done.err
    # Not recorded: the demo's games would be filed while the page says that there are none.
    with site(root, "--source", "demo", "--speed", "2", command="foundation") as running:
        yield running


def window(up: Site, at: int, within: int) -> WindowChance:
    with StoreReader(up.root) as reader:
        return exposure(load_games(reader, unfinished=True)).window(at, within)


async def test_it_shows_what_recorded_games_say_at_every_width(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with visiting(browser, up, REAL) as page:
        found = window(up, 100, 40)
        assert found.chance.value is not None
        chance = f"{found.chance.value * 100:.1f} %"
        await expect(page.locator("#chance")).to_have_text(chance, timeout=PATIENCE_MS)
        await expect(page.locator("#fair")).to_have_text("18.2 %")
        said = f"Of {found.at_risk} games seen alive at tick 100, {found.rugs} were seen to rug"
        await expect(page.locator("#plain")).to_contain_text(said)
        await expect(page.locator("#curve .seen")).to_be_attached()
        await expect(page.locator("#curve .window")).to_have_count(2)
        await expect(page.locator("#hazard circle").first).to_be_attached()
        await fits_every_look(page, tmp_path)


async def test_sliders_ask_anew_and_the_address_holds_the_question(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up, REAL) as page:
        await expect(page.locator("#chance")).to_contain_text("%", timeout=PATIENCE_MS)
        await page.locator("#at").focus()
        await page.keyboard.press("Home")
        await page.locator("#within").focus()
        await page.keyboard.press("End")
        await page.locator("#bets").focus()
        await page.keyboard.press("End")
        found = window(up, 0, 400)
        assert found.chance.value is not None
        await expect(page.locator("#chance")).to_have_text(f"{found.chance.value * 100:.1f} %")
        await expect(page.locator("#ladder tbody tr")).to_have_count(8)
        last = window(up, 0, 320).chance
        assert last.value is not None
        row = page.locator("#ladder tbody tr").last
        await expect(row).to_contain_text(f"{last.value * 100:.1f} %")
        await expect(row).to_contain_text("280–320")
        address = page.url
        assert all(part in address for part in ("at=0", "within=400", "bets=8"))
        await page.reload()
        await expect(page.locator("#chance")).to_have_text(f"{found.chance.value * 100:.1f} %")


async def test_the_curve_is_read_by_keyboard(browser: Browser, up: Site) -> None:
    async with visiting(browser, up, REAL) as page:
        await expect(page.locator("#curve .seen")).to_be_attached(timeout=PATIENCE_MS)
        await page.locator("#curve").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#reading")).to_contain_text(
            re.compile(r"tick 101 .*alive.*fair")
        )


async def test_the_current_tick_is_asked_with_a_key(browser: Browser, up: Site) -> None:
    async with visiting(browser, up, REAL) as page:
        await expect(page.locator("#now")).to_be_enabled(timeout=PATIENCE_MS)
        await page.locator("#at").evaluate("slider => { slider.value = '299'; }")
        await page.keyboard.press("n")
        await expect(page.locator("#at-told")).not_to_have_text("299")


async def test_where_nothing_is_recorded_it_says_what_to_do(browser: Browser, up: Site) -> None:
    async with visiting(browser, up, PATH) as page:
        await expect(page.locator("#origin")).to_have_value("demo", timeout=PATIENCE_MS)
        await expect(page.locator("#bands .empty")).to_contain_text("vectra-player import")
        await expect(page.locator("#plain")).to_contain_text("nothing can be said")


def test_its_numbers_are_those_of_the_command(up: Site) -> None:
    told = up.get("/api/survival?origin=real").json["survival"]
    command = run_warm("--data-dir", up.root, "--json", "analyze", "survival").json["result"]
    assert told == {name: command[name] for name in told}
    assert told["games"] > 0


@pytest.mark.parametrize(
    "query", ["origin=none", "at=-1", "at=x", "within=0", "within=99999", "bets=21", "at=%C2%B2"]
)
def test_a_question_that_makes_no_sense_is_refused(up: Site, query: str) -> None:
    answer = up.get(f"/api/survival?{query}")
    assert answer.status == 400
    assert query.split("=")[0] in answer.json["error"]["message"]
