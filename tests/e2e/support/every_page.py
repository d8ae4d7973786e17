"""Every page of both servers, found in their own OpenAPI documents: a new one is met by itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.e2e.support.pages import watch
from tests.foundation_support import Site, ask

LOADING = "[aria-busy='true'], .skeleton, .plot-shape:not(p)"
SERIOUS = {"serious", "critical"}
THEME_RULES = ["color-contrast", "link-in-text-block"]
WIDTH_RULES = ["scrollable-region-focusable"]
"""What of axe depends on the theme and on the width: all that is looked at in further ones."""

REPEATED = ["tbody > tr:nth-child(n + 6)", ":is(ol, ul) > li:nth-child(n + 12)"]
"""Rows like those before them; axe takes its time for each."""

RUN_AXE = """([include, exclude, how]) =>
    axe.run({ include: [include], exclude }, how).then((told) => told.violations)"""

_PARAMETER = re.compile(r"\{(\w+)\}")


class Place(NamedTuple):
    """One page: a name for its files, its address, and the origin that serves it."""

    name: str
    origin: str
    path: str

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"{self.origin}{self.path}"


def every_page(up: Site, examples: Mapping[str, str], more: Iterable[str] = ()) -> list[Place]:
    """Return the pages of dashboard and monitor. `examples`: what the parameters of a path are.

    `more`: further addresses of the dashboard.
    """
    assert up.instance.dashboard is not None
    dashboard = f"http://127.0.0.1:{up.instance.dashboard}"
    paths = [*pages_of(up.instance.dashboard, up.instance.token, examples), *more]
    monitor = pages_of(up.instance.monitor, up.instance.token, examples)
    monitor += [f"/artifacts/{tool['name']}/" for tool in up.get("/api/artifacts").json]
    return [
        Place(_name(server, path), origin, path)
        for server, origin, found in (
            ("dashboard", dashboard, paths),
            ("monitor", up.origin, monitor),
        )
        for path in found
    ]


def pages_of(port: int, token: str, examples: Mapping[str, str]) -> list[str]:
    """Return the addresses of the pages a server's OpenAPI document tells of, no downloads."""
    bearer = {"Authorization": f"Bearer {token}"}
    found = []
    for path, methods in ask(port, "GET", "/openapi.json", bearer).json["paths"].items():
        told = methods.get("get")
        if told is None or told.get("security") == []:
            continue
        if "text/html" not in told["responses"].get("200", {"content": {}})["content"]:
            continue
        missing = set(_PARAMETER.findall(path)) - set(examples)
        assert not missing, f"{path}: say in the examples what {missing} may be"
        address = _PARAMETER.sub(lambda match: examples[match[1]], path)
        if "content-disposition" not in ask(port, "GET", address, bearer).headers:
            found.append(address)
    return found


def _name(server: str, path: str) -> str:
    return f"{server}{re.sub(r'[^A-Za-z0-9]+', '-', path)}".rstrip("-")[:100]


class Visit(NamedTuple):
    """A logged-in browser over both servers; `wrong` collects what must never happen."""

    context: BrowserContext
    wrong: list[str]

    @contextlib.asynccontextmanager
    async def page(self, place: Place) -> AsyncIterator[Page]:
        """Open a page, in the tab of the last one, and wait until it shows all it asked for."""
        page = self.context.pages[0]
        known = len(self.wrong)
        await page.goto(place.url)
        if place.path.startswith("/replay/"):
            await page.wait_for_url("**/?replay=*")  # the monitor's page plays it
        await settled(page)
        yield page
        self.wrong[known:] = [f"{place.path}: {line}" for line in self.wrong[known:]]


@contextlib.asynccontextmanager
async def logged_in(browser: Browser, up: Site, **options: Any) -> AsyncIterator[Visit]:
    """Log in to both servers, which one cookie opens."""
    wrong: list[str] = []
    context = await browser.new_context(reduced_motion="reduce", **options)
    watch(context, wrong)
    page = await context.new_page()
    await page.goto(f"{up.origin}/login?token={up.instance.token}&next=/health")
    yield Visit(context, wrong)
    await context.close()


async def settled(page: Page) -> None:
    """Wait until nothing is loading any more."""
    await expect(page.locator(".shell-bar, main > header > h1").first).to_be_attached()
    await expect(page.locator(f"main :is({LOADING}):visible")).to_have_count(0)


async def faults_of(
    page: Page, rules: list[str] | None = None, *, context: str = "html"
) -> list[str]:
    """Return what axe finds that is serious or worse, one line a rule and element."""
    # Tools in frames are pages of their own; axe would wait for an answer from each frame.
    options: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False}
    if rules is not None:
        options["runOnly"] = rules
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    violations = await page.evaluate(RUN_AXE, [context, REPEATED, options])
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for found in violations
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]
