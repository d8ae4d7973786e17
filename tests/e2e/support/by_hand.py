"""A Chrome of the user's own at the demo server's page, and the service attached to its port.

The service can be killed and started again; Chrome and the game go on.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright
from tests.command_support import Game, demo_server, free_port, wait_until
from tests.e2e.support.pages import ARGUMENTS, CHROMIUM, HEADLESS, PATIENCE_MS
from tests.e2e.support.practice import ROOMY, Practice
from tests.foundation_support import Site, site

LONG_GAME = ("--speed", "1", "--seed", "288")


class ByHand:
    """The page, the person's hand on it (Playwright), and the service."""

    def __init__(self, root: Path, game: Game, context: BrowserContext, page: Page, port: int):
        self.game = game
        self.context = context
        self.page = page
        self._settings = {
            "CDP_PORT": str(port),
            "VECTRA_GAME_URL": f"{game.url}/?login=1",
            "HOME": str(root),
            **ROOMY,
        }
        self._root = root / "data"
        self._running = contextlib.ExitStack()
        self.practice = self.start()

    def start(self) -> Practice:
        """Start the service (again). It met the page late: reloaded, the page tells the account."""
        running = site(self._root, "--source", "chrome", dashboard=False, **self._settings)
        up: Site = self._running.enter_context(running)
        up.until(lambda told: told["state"]["phase"] in ("LIVE", "BETTING"), "the game runs")
        self.practice = Practice(up)
        return self.practice

    def kill(self) -> None:
        """End the service as a crash does."""
        self.practice.up.process.kill()
        self.practice.up.process.communicate()

    def close(self) -> None:
        """End the service."""
        self._running.close()

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders the server got, oldest first."""
        with urllib.request.urlopen(f"{self.game.url}/__demo__/state") as answer:
            told: list[dict[str, Any]] = json.load(answer)["orders"]
        return told

    def ordered(self, what: str, **value: object) -> list[dict[str, Any]]:
        """Give an order, again where it was not pressed; return the orders as the server got it."""
        before = len(self.orders())

        def out() -> list[dict[str, Any]] | None:
            name = self.practice.give(what, **value)["action_id"]
            while len(now := self.orders()) == before:
                notes = self.practice.account()["actions"]
                if any((n["action_id"], n["outcome"]) == (name, "BLOCKED") for n in notes):
                    return None
                time.sleep(0.05)
            return now

        got: list[dict[str, Any]] = wait_until(out, f"a {what} reaches the server")
        return got


@contextlib.asynccontextmanager
async def by_hand(root: Path) -> AsyncIterator[ByHand]:
    """Start game, Chrome and service; end them all."""
    port = free_port()
    chrome = next(path for path in (HEADLESS, CHROMIUM) if path.exists())
    with demo_server(root / "truth", *LONG_GAME) as game:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chrome, args=[*ARGUMENTS, f"--remote-debugging-port={port}"]
            )
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(f"{game.url}/?login=1")
            place = ByHand(root, game, context, page, port)
            try:
                await page.reload()
                place.practice.up.until(lambda told: told["state"]["player"]["id"], "the login")
                yield place
            finally:
                place.close()
                await browser.close()
