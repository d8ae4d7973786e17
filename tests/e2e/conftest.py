"""One Chromium a worker, which every end-to-end test shares.

A test that shows pages asks for the fixture `browser` and opens a context of its own in it, so no
cookie, cache or storage passes from one test to the next:

    async def test_a_page_is_live(browser: Browser, up: Site) -> None:
        async with visiting(browser, up, "/artifacts/live-monitor/") as page: ...   # monitor
        async with opened(browser, origin, token, "/games") as page: ...            # dashboard

`pages.fits_every_look(page, tmp_path)` then shows the page at every width, without loading it for
each. Nothing else is needed: an async test with `browser` runs on the one event loop that the
browser lives on, and what it leaves open is closed for it. An async fixture that opens a page
itself is declared with `@pytest_asyncio.fixture(loop_scope="session")`. Tests that kill or
configure a browser start one of their own (`support.browser`), and it is the recorder's where it
captures.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from pytest_asyncio import is_async_test
from tests.e2e.support.pages import chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def worker_chromium() -> AsyncIterator[Browser]:
    """The browser of this worker; tests ask for `browser`."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def browser(worker_chromium: Browser) -> AsyncIterator[Browser]:
    """The shared Chromium, without a page: a failed test leaves none to run beside the next."""
    yield worker_chromium
    for context in worker_chromium.contexts:
        await context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of the shared browser on its event loop."""
    for item in items:
        if is_async_test(item) and "browser" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
