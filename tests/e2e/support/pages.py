"""Our pages in a real Chromium, logged in to a real `up`; what must never happen fails the test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.foundation_support import Site

CHROMIUM = Path("/usr/bin/chromium")
HEADLESS = Path("/usr/bin/chromium-headless-shell")
"""The same engine without a browser's window around it: a page takes a third of the CPU time."""

ARGUMENTS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)  # the machine may be busy

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", ""}


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium; skip where there is none."""
    found = next((path for path in (HEADLESS, CHROMIUM) if path.exists()), None)
    if found is None:
        pytest.skip(f"no Chromium at {CHROMIUM}")
    async with async_playwright() as playwright:
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
                wrong.append(f"console: {line.text}") if line.type in ("error", "warning") else None
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
    )
    watch(context, wrong)
    page = await context.new_page()
    await page.goto(f"{site.origin}/login?token={site.instance.token}&next={path}")
    yield page
    await context.close()
    assert wrong == []
