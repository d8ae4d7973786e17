"""Every page at three widths and in both themes: it fits, it is accessible, nothing goes wrong.

The pages come from the route tables. A theme is colours alone, so widths are tried in one of them.
`VECTRA_PICTURES=folder` keeps a picture of each page at each width in both.

And a login that expired while pages are open.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.command_support import run_warm
from tests.conftest import RealStore
from tests.e2e.support.every_page import (
    THEME_RULES,
    WIDTH_RULES,
    Place,
    Visit,
    every_page,
    faults_of,
    logged_in,
    settled,
)
from tests.e2e.support.pages import PICTURES, SCHEMES, fits, picture
from tests.foundation_support import Site, site
from tests.own_play_support import import_own_play

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(600)]

GAME = "20251215-a8311c871b0e4bea"
EXAMPLES = {"game_id": GAME, "audit_id": "none"}
"""What the parameters of the paths are; what is not there is a page as well."""

SIZES = {1280: 900, 360: 740, 2560: 1440}


@pytest.fixture(scope="module")
def root(real_store: RealStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of real recordings."""
    root = tmp_path_factory.mktemp("every")
    shutil.copytree(real_store.root, root, dirs_exist_ok=True)
    import_own_play(root, tmp_path_factory.mktemp("own"))
    return root


@pytest.fixture(scope="module")
def examples(root: Path) -> dict[str, str]:
    """What the parameters of paths are."""
    played = run_warm("--data-dir", root, "--json", "backtest", "fixed_baseline")
    return {**EXAMPLES, "run_id": played.json["run"]}


@pytest.fixture(scope="module")
def up(root: Path) -> Iterator[Site]:
    """A Foundation that hears the demo server, over the recordings."""
    words = ("--source", "demo", "--speed", "1", "--seed", "7")
    with site(root, *words, dashboard=True) as running:
        yield running


async def test_every_page_fits_is_accessible_and_says_nothing_wrong(
    browser: Browser, up: Site, examples: dict[str, str]
) -> None:
    up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
    replay = up.post("/api/replay", {"game_id": GAME, "paused": True}).json["id"]
    places = every_page(up, examples, more=["/games?q=nothing-like-this"])
    places.append(Place("monitor-replay", up.origin, f"/?replay={replay}"))
    wrong: list[str] = []
    async with logged_in(browser, up, color_scheme="dark") as visit:
        for place in places:
            wrong += await looked_at(visit, place)
        wrong += [line for line in visit.wrong if "404" not in line]
    assert wrong == []


async def looked_at(visit: Visit, place: Place) -> list[str]:
    """Return what is wrong with a page at any width and in any theme."""
    wrong = []
    async with visit.page(place) as page:
        for width, height in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            try:
                await fits(page, width)
            except AssertionError as error:
                wrong.append(f"too wide: {error}")
            for theme in SCHEMES if PICTURES else ():
                await page.emulate_media(color_scheme=theme)
                await picture(page, f"{place.name}-{width}-{theme}")
            if width == min(SIZES):
                wrong += [f"{width} px: {fault}" for fault in await faults_of(page, WIDTH_RULES)]
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.emulate_media(color_scheme="light")
        wrong += [f"light: {fault}" for fault in await faults_of(page, THEME_RULES)]
        await page.emulate_media(color_scheme="dark")
        wrong += [f"dark: {fault}" for fault in await faults_of(page)]
        wrong += await behind_tabs(page, place.name)
    found = [f"{place.path}: {line}" for line in wrong]
    print(*found, sep="\n")  # one after another: should the test be cut off, they are known
    return found


async def behind_tabs(page: Page, stem: str) -> list[str]:
    """Return what is wrong with what a page shows behind its tabs."""
    wrong = []
    for tab in await page.locator("main [role='tab']:visible").all():
        if await tab.get_attribute("aria-selected") == "true":
            continue  # it has been looked at with the page
        name = await tab.inner_text()
        await tab.click()
        await settled(page)
        found = await faults_of(page, context="main")
        wrong += [f"tab {name}: {fault}" for fault in found]
        await picture(page, f"{stem}-tab-{name.split()[0].lower()}")
    return wrong


async def test_a_login_that_expired_is_said_and_a_new_one_heals_every_tab(
    browser: Browser, up: Site
) -> None:
    dashboard = f"http://127.0.0.1:{up.instance.dashboard}/"
    async with logged_in(browser, up) as visit:
        tabs = [*visit.context.pages, *[await visit.context.new_page() for _ in range(2)]]
        for tab, address in zip(tabs, (dashboard, dashboard, f"{up.origin}/"), strict=True):
            await tab.goto(address)
            await expect(tab.locator("#price")).to_contain_text("x")
        await visit.context.clear_cookies()
        for tab in tabs:
            await expect(tab.locator("body")).to_contain_text("This browser is not logged in")
        login = await visit.context.new_page()
        await login.goto(up.origin + up.link())
        for tab in tabs:
            shown = tab.locator("body")
            await expect(shown).not_to_contain_text("not logged in", use_inner_text=True)
            await expect(tab.locator(".shell-note")).to_be_hidden()
    assert [line for line in visit.wrong if "401" not in line] == []
