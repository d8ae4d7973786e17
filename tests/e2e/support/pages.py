"""Our pages in a real Chromium, logged in to a real `up`; what must never happen fails the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal
from unittest import mock
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect
from tests.foundation_support import Site

CHROMIUM = Path("/usr/bin/chromium")
HEADLESS = Path("/usr/bin/chromium-headless-shell")
"""The same engine without a browser's window around it: a page takes a third of the CPU time."""

ARGUMENTS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
FIT_S = 10
PICTURES = os.environ.get("VECTRA_PICTURES")
"""A folder for pictures of what is looked at; without it none is taken, for they are dear."""

WIDTH_SHOWN = """() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(
    () => told(document.documentElement.scrollWidth))))"""
"""The width of what is shown once the page has been drawn as it is now."""

STICKING_OUT = """(width) => [...document.querySelectorAll("body *")]
    .filter((each) => !each.closest(".table-box, .scroll-box"))
    .filter((each) => each.getBoundingClientRect().right > width + 1)
    .map((each) => `${each.localName}#${each.id}.${each.getAttribute("class")}`)
    .slice(0, 10)"""
"""What is to blame for a page that is too wide."""

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)  # the machine may be busy

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", ""}


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium; skip where there is none."""
    found = next((path for path in (HEADLESS, CHROMIUM) if path.exists()), None)
    if found is None:
        pytest.skip(f"no Chromium at {CHROMIUM}")
    async with contextlib.AsyncExitStack() as steps:
        # A failed test reports what the browser said: why a tab of it died, for one.
        with mock.patch.dict(os.environ, DEBUG="pw:browser"):
            playwright = await steps.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


def watch(context: BrowserContext, wrong: list[str]) -> None:
    """Note errors, warnings and requests that leave the machine, on every page of a context."""

    def hear(page: Page) -> None:
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on(
            "console",
            lambda line: (
                wrong.append(f"console: {line.text} ({line.location.get('url', '')})")
                if line.type in ("error", "warning")
                else None
            ),
        )

    context.on("page", hear)
    context.on(
        "request",
        lambda request: (
            None
            if (urlsplit(request.url).hostname or "") in LOOPBACK
            else wrong.append(f"request: {request.url}")
        ),
    )


async def fits(page: Page, width: int) -> None:
    """Wait until nothing pushes the page wider than the window: charts follow a frame later."""
    wide = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FIT_S):
            while (wide := await page.evaluate(WIDTH_SHOWN)) > width:
                await asyncio.sleep(0.05)
    assert wide <= width, await page.evaluate(STICKING_OUT, width)


async def fits_every_look(
    page: Page, folder: Path, widths: Sequence[int] = (1280, 360), name: str = "page"
) -> None:
    """Show a page at each width: nothing sticks out. A theme is colours alone.

    `folder`: of the test; pictures, in both themes, are called by it.
    """
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 900})
        await fits(page, width)
        for scheme in SCHEMES if PICTURES else ():
            await page.emulate_media(color_scheme=scheme)
            await picture(page, f"{folder.name}-{name}-{scheme}-{width}")


async def picture(page: Page, name: str) -> None:
    """Keep what the whole page looks like, where that is wanted."""
    if PICTURES:
        path = Path(PICTURES) / f"{name}.jpg"
        await page.screenshot(path=path, type="jpeg", quality=80, full_page=True)


async def hold(page: Page, url: str, until: Callable[[], Awaitable[object]]) -> None:
    """Keep each request of a page back until `until()` has been waited for."""

    async def late(route: Route) -> None:
        await until()
        await route.continue_()

    await page.route(url, late)


@contextlib.asynccontextmanager
async def visiting(
    browser: Browser,
    site: Site,
    path: str = "/",
    *,
    width: int = 1280,
    height: int = 900,
    scheme: str = "dark",
) -> AsyncIterator[Page]:
    """Log in and open a page; anything wrong in it fails the test."""
    wrong: list[str] = []
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",  # a live page that fades rows in is drawn sixty times a second
    )
    watch(context, wrong)
    page = await context.new_page()
    await page.goto(f"{site.origin}/login?token={site.instance.token}&next={path}")
    yield page
    await context.close()
    assert wrong == []
