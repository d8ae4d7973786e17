"""The dashboard alone, as a process over a data directory, and what a page must never do."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page
from tests.command_support import COMMAND, environment, wait_until
from tests.e2e.support.pages import watch

from vectra_player.app.instance import LoneDashboard, read_dashboard


class Lone(NamedTuple):
    """A running `vectra-player dashboard`."""

    process: subprocess.Popen[str]
    root: Path
    told: LoneDashboard

    @property
    def origin(self) -> str:
        """Return the origin of its pages."""
        return f"http://127.0.0.1:{self.told.dashboard}"

    @property
    def token(self) -> str:
        """Return its token."""
        return self.told.token


@contextlib.contextmanager
def lone_dashboard(root: Path, **settings: str) -> Iterator[Lone]:
    """Run the dashboard alone on a free port; kill it at the end of the block if it runs."""
    free = {"VECTRA_DASHBOARD_PORT": "0", "FOUNDATION_PORT": "0", **settings}
    with subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "dashboard"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**free),
    ) as process:

        def found() -> LoneDashboard | None:
            assert process.poll() is None, process.communicate()
            told = read_dashboard(root)
            return told if told and told.pid == process.pid else None

        try:
            told = wait_until(found, "the dashboard tells where it is")
            yield Lone(process, root, told)
        finally:
            process.kill()


@contextlib.asynccontextmanager
async def opened(
    browser: Browser,
    origin: str,
    token: str,
    path: str = "/",
    *,
    width: int = 1280,
    height: int = 900,
    scheme: str = "dark",
    allowed: tuple[str, ...] = (),
) -> AsyncIterator[Page]:
    """Log in and open a page of the dashboard; anything wrong in it fails the test.

    `allowed`: words of console lines that are expected (a service that was stopped on purpose).
    """
    wrong: list[str] = []
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        accept_downloads=True,
    )
    watch(context, wrong)
    page = await context.new_page()
    await page.goto(f"{origin}/login?token={token}")
    await page.goto(f"{origin}{path}")
    yield page
    await context.close()
    unexpected = [line for line in wrong if not any(word in line for word in allowed)]
    assert not unexpected, unexpected
