"""Make docs/images from a real recording of the built-in game server.

recording.svg is the status panel; monitor.png and the pictures of the dashboard are the pages in a
real Chromium, which needs the dev packages. Run it again when one of them changes:
`python scripts/make_images.py`.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, Playwright, sync_playwright
from rich.console import Console

from vectra_player.app.control import ask_recorder
from vectra_player.app.instance import read_instance
from vectra_player.app.progress import Limits, Status
from vectra_player.app.run import record_source
from vectra_player.cli.status import status_panel, summary_lines
from vectra_player.config import load
from vectra_player.sources.chrome.launch import find_chrome

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SHOWN_TICK = 40
PATIENCE_S = 120.0
TOUR_GAMES = 20
HIDE_ALERTS = "() => document.querySelector('.toasts')?.toggleAttribute('hidden', true)"


class View(NamedTuple):
    """A picture of the tour: name, page, and what is there once the page is worth showing.

    press: a button that makes it so.
    """

    name: str
    path: str
    sign: str
    press: str | None = None


TOUR = (
    View("dashboard", "/", "#games .mini >> nth=3"),
    View("explorer", "/explorer?origin=demo&entry_tick=40", "#compared tbody tr"),
    View("backtest", "/backtest/runs/{run}", "[role='tabpanel'] svg"),
    View("play-again", "/backtest/runs/{run}/games/{game}", ".decisions li"),
    View("protocol", "/protocol?event=gameStateUpdate", "#panel tbody tr"),
    View("fairness", "/fairness?origin=demo", ".conclusions p", press="#audit-run"),
    View(
        "alerts", "/alerts?rule=rug_warning&origin=demo", ".trial .examples", press=".trial button"
    ),
)
TRADING = (
    View("actions", "/actions", "#rows [data-outcome='CONFIRMED'] >> nth=3"),
    View("drift", "/actions/drift?run={run}", ".drift-head", press="#compare"),
)
"""Of a practice service in which a strategy has run."""


def main() -> None:
    """Make every image."""
    draw_recording()
    take_monitor()
    take_tour()
    take_trading()


def draw_recording() -> None:
    """Record two games, then draw the status of one moment and the closing lines."""
    seen: list[Status] = []
    with tempfile.TemporaryDirectory() as folder:
        options = {"data_dir": Path(folder) / "rugs_data", "demo_speed": 4.0, "demo_seed": 12}
        settings = load(options, {}).settings
        summary = asyncio.run(record_source(settings, "demo", Limits(games=2), seen.append))
        lines = [line.replace(folder, "~") for line in summary_lines(summary)]
    moment = next(s for s in seen if s.phase == "LIVE" and s.tick and s.tick > SHOWN_TICK)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print("$ ./run.sh --games 2", highlight=False)
    console.print(status_panel(moment))
    for line in lines:
        console.print(line, markup=False, highlight=False)
    drawn = console.export_svg(title="VECTRA-PLAYER")
    (IMAGES / "recording.svg").write_text(without_remote_fonts(drawn), "utf-8")


def without_remote_fonts(svg: str) -> str:
    """Leave the choice of a monospaced font to the viewer: a document fetches nothing."""
    svg = re.sub(r"@font-face \{.*?\n\s*\}\n", "", svg, flags=re.DOTALL)
    return re.sub(r"<!-- .*? -->\n?", "", svg).replace("Fira Code", "ui-monospace")


def take_monitor() -> None:
    """Photograph the monitor in the middle of a game, after some that were recorded."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "rugs_data"
        with started(
            root, "--no-dashboard", "--seed", "12", "--speed", "12", VECTRA_FILE_INTERVAL_S="2"
        ):
            photograph(login_link(root), IMAGES / "monitor.png")


@contextmanager
def started(root: Path, *words: str, **settings: str) -> Iterator[None]:
    """Run everything over a data directory, on free ports."""
    ports = ("FOUNDATION_PORT", "FOUNDATION_HTTP_PORT", "VECTRA_DASHBOARD_PORT")
    line = [sys.executable, "-m", "vectra_player", "--data-dir", str(root), "up", *words]
    free = dict.fromkeys(ports, "0") | settings
    with subprocess.Popen(line, env={**os.environ, **free}, stdout=subprocess.DEVNULL) as service:
        try:
            yield
        finally:
            service.terminate()


def take_tour() -> None:
    """Photograph the dashboard over a store of many demo games, one of them being played."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "rugs_data"
        demo = ("--seed", "12", "--speed", "400", "--games", str(TOUR_GAMES))
        command(root, "record", *demo)
        run = json.loads(command(root, "--json", "backtest", "momentum", "--origin", "demo"))
        game = json.loads(command(root, "--json", "games"))[TOUR_GAMES // 2]["game_id"]
        names = {"run": run["run"], "game": game}
        with started(root, "--seed", "12", "--speed", "12"):
            link = login_link(root)
            tour(link, dashboard_of(root), TOUR, names)


def take_trading() -> None:
    """Photograph what a strategy did on the demo page, in games of some 100 ticks."""
    practice = ("--source", "practice", "--seed", "1448", "--speed", "4")
    settings = {"FOUNDATION_HEADLESS": "1", "VECTRA_FILE_INTERVAL_S": "2"}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "rugs_data"
        with started(root, *practice, HOME=folder, **settings):
            link = login_link(root)
            wait_for_the_account(root)
            played = ("strategy", "run", "conservative", "--mode", "practice", "--games", "4")
            run = json.loads(command(root, "--json", *played))
            tour(link, dashboard_of(root), TRADING, {"run": run["run_id"]})


def wait_for_the_account(root: Path) -> None:
    """Wait until the page is logged in: a run begins with the cash it has then."""
    running = read_instance(root)
    assert running is not None
    asked = urllib.request.Request(
        f"http://127.0.0.1:{running.monitor}/api/trade?mode=PRACTICE",
        headers={"Authorization": f"Bearer {running.token}"},
    )
    ends = time.monotonic() + PATIENCE_S
    while True:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            if json.load(answer)["account"]["cash"]:
                return
        if time.monotonic() > ends:
            raise SystemExit("the page is not logged in")
        time.sleep(0.2)


def dashboard_of(root: Path) -> str:
    """Return the origin of the dashboard that runs."""
    running = read_instance(root)
    assert running is not None
    return f"http://127.0.0.1:{running.dashboard}"


def command(root: Path, *words: str) -> str:
    """Run a command over a data directory and return what it printed."""
    line = [sys.executable, "-m", "vectra_player", "--data-dir", str(root), *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def tour(link: str, origin: str, views: Iterable[View], names: Mapping[str, str]) -> None:
    """Take pictures of the dashboard at `origin`."""
    with sync_playwright() as playwright, new_page(playwright) as page:
        page.goto(link)
        for view in views:
            page.goto(origin + view.path.format(**names))
            if view.press:
                page.locator(view.press).click()
            page.locator(view.sign).first.wait_for()
            if view.path == "/":
                wait_for_a_moment(page)
            page.wait_for_function("() => !document.querySelector('[aria-busy=true], .skeleton')")
            page.evaluate(HIDE_ALERTS)
            page.screenshot(path=IMAGES / f"{view.name}.png")


def login_link(root: Path) -> str:
    """Wait for the service and ask it for a login link."""
    ends = time.monotonic() + PATIENCE_S
    while read_instance(root) is None:
        if time.monotonic() > ends:
            raise SystemExit("the service does not start")
        time.sleep(0.2)
    return str(ask_recorder(root, "login"))


def photograph(link: str, image: Path) -> None:
    """Log a browser in, wait for a moment worth showing, and keep the page."""
    with sync_playwright() as playwright, new_page(playwright) as page:
        page.goto(link)
        wait_for_a_moment(page)
        page.screenshot(path=image)


@contextmanager
def new_page(playwright: Playwright) -> Iterator[Page]:
    """Open a browser with one dark page that does not move."""
    browser = playwright.chromium.launch(
        executable_path=find_chrome(None), args=["--no-sandbox", "--disable-quic"]
    )
    page = browser.new_page(
        viewport={"width": 1280, "height": 960}, color_scheme="dark", reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_S * 1000)
    yield page
    browser.close()


def wait_for_a_moment(page: Page) -> None:
    """Wait for several checked games and for the middle of a long one."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("#games .mini")]
            .filter((game) => game.textContent.includes("✓")).length >= 4"""
    )
    page.wait_for_function(
        """() => document.querySelector("#phase").dataset.phase === "LIVE"
            && Number(document.querySelector("#tick").textContent) > 120"""
    )


if __name__ == "__main__":
    main()
