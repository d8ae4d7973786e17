"""What pages do when something is not there: no data, no foundation. They say so, and they recover
by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.command_support import free_port
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.e2e.support.every_page import faults_of, pages_of, settled
from tests.foundation_support import site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

DEMO = ("--source", "demo", "--speed", "0.5", "--seed", "7")
LONG = bool(os.environ.get("VECTRA_LONG_FAULTS"))
NOTHING = dict.fromkeys(("game_id", "run_id", "audit_id"), "20260101-nothing")
"""What the parameters of paths are over a store that holds nothing."""


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ports that stay the same: a page may join the feed only where it was told."""
    names = ("VECTRA_DASHBOARD_PORT", "FOUNDATION_PORT", "FOUNDATION_HTTP_PORT")
    return {name: str(free_port()) for name in names}


@pytest.fixture
def lone(tmp_path: Path, ports: dict[str, str]) -> Iterator[Lone]:
    """A dashboard over an empty store."""
    with lone_dashboard(tmp_path / "d", **ports) as running:
        yield running


def paths_of(lone: Lone) -> list[str]:
    return pages_of(lone.told.dashboard, lone.token, NOTHING)


async def test_every_page_over_an_empty_store_says_what_to_do(browser: Browser, lone: Lone) -> None:
    wrong: list[str] = []
    async with opened(browser, lone.origin, lone.token, allowed=("404", "409", "503")) as page:
        for number, path in enumerate(paths_of(lone)):
            missing = "nothing" in path
            await page.goto(f"{lone.origin}{path}")
            await settled(page)
            faults = await page.locator("main .error").all_inner_texts()
            if len(faults) != missing:
                wrong.append(f"{path}: {faults}")
            if not await page.locator("main :is(a, button, code):visible").count():
                wrong.append(f"{path}: nothing to do next")
            context = "main" if number else "html"  # the frame around is the same on all
            wrong += [f"{path}: {fault}" for fault in await faults_of(page, context=context)]
    assert wrong == []


async def test_pages_in_tabs_of_their_own_survive_foundation_and_meet_the_next_one(
    browser: Browser, lone: Lone, ports: dict[str, str]
) -> None:
    paths = [path for path in paths_of(lone) if "nothing" not in path]
    paths = paths if LONG else paths[::3]  # one processor draws all tabs at once
    allowed = ("WebSocket", "409", "503", "401", "ERR_CONNECTION")
    async with opened(browser, lone.origin, lone.token, allowed=allowed) as first:
        tabs = [first, *[await first.context.new_page() for _ in paths[1:]]]
        for tab, path in zip(tabs, paths, strict=True):
            await tab.goto(f"{lone.origin}{path}")
            await expect(tab.locator(".shell-note")).to_contain_text("Foundation does not run")
        with site(lone.root, *DEMO, **ports) as running:
            for tab in tabs:
                await live(tab)
            await asyncio.to_thread(running.stop, signal.SIGINT)
        for tab in tabs:
            await expect(tab.locator(".shell-note")).to_contain_text("Foundation does not run")
        with site(lone.root, *DEMO, **ports):  # another token: no tab may need a new login
            for tab in tabs:
                await live(tab)


async def live(tab: Page) -> None:
    await expect(tab.locator(".badge").first, tab.url).to_have_text("DEMO")
    await expect(tab.locator(".shell-note"), tab.url).to_be_hidden()
