"""Make docs/images from a real recording of the built-in game server.

recording.svg is the status panel, monitor.png the monitor page in a real Chromium, which needs the
dev packages. Run it again when one of them changes: `python scripts/make_images.py`.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
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


def main() -> None:
    """Make every image."""
    draw_recording()
    take_monitor()


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
        ports = {"FOUNDATION_PORT": "0", "FOUNDATION_HTTP_PORT": "0", "VECTRA_FILE_INTERVAL_S": "2"}
        command = [sys.executable, "-m", "vectra_player", "--data-dir", str(root), "up"]
        with subprocess.Popen(
            [*command, "--seed", "12", "--speed", "12"],
            env={**os.environ, **ports},
            stdout=subprocess.DEVNULL,
        ) as service:
            try:
                photograph(login_link(root), IMAGES / "monitor.png")
            finally:
                service.terminate()


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
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chrome(None), args=["--no-sandbox", "--disable-quic"]
        )
        page = browser.new_page(
            viewport={"width": 1280, "height": 960}, color_scheme="dark", reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(link)
        wait_for_a_moment(page)
        page.screenshot(path=image)
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
