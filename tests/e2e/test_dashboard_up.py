"""The dashboard beside a real `up`: live pages, one login, restarts."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from tests.command_support import free_port, run_warm, wait_until
from tests.e2e.support.dashboards import lone_dashboard, opened
from tests.e2e.support.pages import fits_every_look
from tests.foundation_support import Site, ask, site

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

DEMO = ("--source", "demo", "--speed", "8", "--seed", "7")
SLOW = ("--source", "demo", "--seed", "7")


def port_of(up: Site) -> int:
    assert up.instance.dashboard is not None
    return up.instance.dashboard


def origin_of(up: Site) -> str:
    return f"http://127.0.0.1:{port_of(up)}"


def told(up: Site, path: str) -> Any:
    answer = ask(port_of(up), "GET", path, up.bearer)
    assert answer.status == 200, answer.body
    return answer.json


def child_of(up: Site) -> int | None:
    """Return the process id of the supervised dashboard."""
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--supervised" in words and str(up.root).encode() in words:
            return int(status.parent.name)
    return None


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("live")
    with site(root, *DEMO, dashboard=True, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 2, "two games")
        yield running


PAGES = {
    "/": "#games .mini",
    "/recording": "#events .event",
    "/games": "#rows tbody tr",
    "/protocol": "#events .event-line",
}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_live_at_every_width(
    browser: Browser, up: Site, tmp_path: Path, path: str
) -> None:
    async with opened(browser, origin_of(up), up.instance.token, path) as page:
        await expect(page.locator(PAGES[path]).first).to_be_visible()
        await expect(page.locator(".badge").first).to_have_text("DEMO")
        await expect(page.locator(".rec")).to_have_attribute("data-on", "true")
        await expect(page.locator(".status-items")).to_contain_text(
            re.compile("feed [1-9]"), use_inner_text=False
        )
        await fits_every_look(page, tmp_path, [1280, 768, 360])


async def test_home_shows_the_game_that_is_on_and_verified_ones(browser: Browser, up: Site) -> None:
    async with opened(browser, origin_of(up), up.instance.token) as page:
        await expect(page.locator("#price")).to_have_text(re.compile(r"\dx$"))
        await expect(page.locator("#leaders tbody tr")).to_have_count(10)
        await expect(page.locator("[data-figure='durable']")).to_contain_text("#")
        await expect(page.locator("#games .mini", has_text="✓ seed").first).to_be_visible()
        assert await page.locator("#games .mini", has_text="✗").count() == 0
        await page.locator("#games .mini").first.click()
        await expect(page.locator("#figures")).to_contain_text("rug tick")
        await expect(page.locator(".badge").first).to_have_text("DEMO")


async def test_recording_is_stopped_and_started_and_events_are_looked_into(
    browser: Browser, up: Site
) -> None:
    async with opened(browser, origin_of(up), up.instance.token, "/recording") as page:
        button = page.locator("#record")
        await expect(button).to_have_text("Stop recording")
        await page.locator("#event-filter").fill("leaderboard")
        await expect(page.locator("#events .event").first).to_contain_text("game.tick")
        await page.keyboard.press("Escape")
        await page.locator("#pause").click()
        await page.locator("#events details summary").first.click()
        await expect(page.locator("#events .json-tree").first).to_be_visible()
        await page.locator("#pause").click()
        await button.click()
        await expect(page.locator("#record-note")).to_contain_text("Recording stopped.")
        await expect(page.locator(".rec")).to_have_attribute("data-on", "false")
        await button.click()
        await expect(page.locator(".rec")).to_have_attribute("data-on", "true")


async def test_dropped_files_are_imported_while_it_records(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    line = '{"seq":%d,"ts":"2025-11-15T01:17:1%d.000000Z","event":"hello","data":{"a":%d}}\n'
    (tmp_path / "mine.jsonl").write_text("".join(line % (n, n, n) for n in range(1, 6)))
    async with opened(browser, origin_of(up), up.instance.token, "/recording") as page:
        await expect(page.locator(".rec")).to_have_attribute("data-on", "true")
        session = up.get("/api/state").json["recording"]["session_id"]
        await page.locator("#pause").click()  # the list of events is not what is looked at
        await page.locator("#files").set_input_files([tmp_path / "mine.jsonl"])
        job = page.locator("#imports .job").first
        await expect(job).to_have_attribute("data-state", "done", timeout=90_000)
        await expect(job).to_contain_text("5 events in 0 games from 1 files")
        assert up.get("/api/state").json["recording"]["session_id"] == session
    assert run_warm("--data-dir", up.root, "store", "check").code == 0


async def test_a_game_is_replayed_on_the_monitor_with_the_same_login(
    browser: Browser, up: Site
) -> None:
    game = told(up, "/api/games?sort=ticks&size=1")["games"][0]["game_id"]
    async with opened(browser, origin_of(up), up.instance.token, f"/games/{game}") as page:
        await expect(page.locator("#figures")).to_contain_text("rug tick")
        await expect(page.locator(".badge").first).to_have_text("DEMO")
        await page.locator("#replay").click()
        await expect(page).to_have_url(re.compile(f":{up.instance.monitor}/\\?replay="))
        await expect(page.locator(".badge").first).to_have_text("REPLAY")
        home = page.locator(".tab[data-neighbour]", has_text="Home")
        await expect(home).to_be_visible()
        await home.click()
        await expect(page).to_have_url(f"{origin_of(up)}/")
        await expect(page.locator(".badge").first).to_have_text("DEMO")


def test_open_leads_to_the_dashboard_and_one_link_logs_in_to_both(up: Site) -> None:
    links = {
        page: run_warm("--data-dir", up.root, "open", page, "--json").json["link"]
        for page in ("", "games", "monitor", "artifacts/live-monitor/")
    }
    assert links[""].startswith(origin_of(up))
    assert links["games"].startswith(origin_of(up))
    assert links["games"].endswith("&next=/games")
    assert links["monitor"].startswith(up.origin)
    assert links["artifacts/live-monitor/"].startswith(up.origin)
    path = links[""].removeprefix(origin_of(up))
    answer = ask(port_of(up), "GET", path, {})
    assert answer.status == 303
    cookie = {"Cookie": answer.headers["set-cookie"].split(";")[0]}
    assert ask(port_of(up), "GET", "/api/home", cookie).status == 200
    assert up.get("/api/state", cookie).status == 200
    assert ask(port_of(up), "GET", path, {}).status == 401


def test_a_dashboard_that_dies_comes_back_and_recording_goes_on(up: Site) -> None:
    before = up.get("/api/recording").json
    child = wait_until(lambda: child_of(up), "the dashboard's process")
    os.kill(child, signal.SIGKILL)
    # The port is never free: the question waits in the queue of the socket that stays open.
    assert ask(port_of(up), "GET", "/health", {}).status == 200
    assert child_of(up) != child
    after = up.get("/api/recording").json
    assert after["session_id"] == before["session_id"]
    assert after["gaps"] == before["gaps"]
    assert after["events"] > before["events"]


def test_everything_ends_in_order_and_the_port_is_free(up: Site) -> None:
    """The last one that needs what the others share."""
    assert ask(port_of(up), "GET", "/health", {}).status == 200
    assert up.stop(signal.SIGINT).code == 0
    wait_until(lambda: child_of(up) is None, "the dashboard has ended")
    with pytest.raises(ConnectionRefusedError):
        ask(port_of(up), "GET", "/health", {})


def test_a_port_that_is_taken_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = str(squatter.getsockname()[1])
        ended = run_warm("--data-dir", tmp_path, "dashboard", VECTRA_DASHBOARD_PORT=port)
    assert ended.code == 2
    assert port in ended.error_line
    assert f"pid {os.getpid()} (" in ended.error_line
    assert "VECTRA_DASHBOARD_PORT" in ended.error_line


def test_open_finds_a_dashboard_that_runs_alone(tmp_path: Path) -> None:
    with lone_dashboard(tmp_path / "d") as lone:
        link = run_warm("--data-dir", lone.root, "open", "--json").json["link"]
        assert link.startswith(lone.origin)
        answer = ask(lone.told.dashboard, "GET", link.removeprefix(lone.origin), {})
        assert answer.status == 303
        lone.process.terminate()
        assert lone.process.wait(60) == 0
    assert run_warm("--data-dir", tmp_path / "d", "open").code == 2


def test_without_dashboard_means_without(tmp_path: Path) -> None:
    with site(tmp_path, *SLOW) as up:
        assert up.instance.dashboard is None
        assert up.get("/health").json["dashboard"] is None
        assert child_of(up) is None


def test_a_killed_up_leaves_no_dashboard_behind(tmp_path: Path) -> None:
    with site(tmp_path, *SLOW, dashboard=True) as up:
        assert ask(port_of(up), "GET", "/health", {}).status == 200
        up.process.kill()
        up.process.communicate()
        wait_until(lambda: child_of(up) is None, "the dashboard ends with its parent")


async def test_pages_notice_that_foundation_comes_and_goes(
    browser: Browser, tmp_path: Path
) -> None:
    root = tmp_path / "d"
    ports = {name: str(free_port()) for name in ("VECTRA_DASHBOARD_PORT", "FOUNDATION_PORT")}
    with lone_dashboard(root, **ports) as lone:
        async with opened(browser, lone.origin, lone.token, allowed=("WebSocket", "401")) as page:
            await expect(page.locator("#next")).to_contain_text("Nothing is recorded yet")
            with site(root, *SLOW, **ports) as up:
                await expect(page.locator("#live")).to_have_attribute("data-live", "true")
                # The cookie is of the dashboard's own token; the new foundation's link serves both.
                await page.goto(f"{lone.origin}/login?token={up.instance.token}")
                await expect(page.locator("#price")).to_have_text(re.compile(r"\dx$"))
                await asyncio.to_thread(up.stop, signal.SIGINT)
            await expect(page.locator(".shell-note")).to_contain_text("Foundation does not run")
            await expect(page.locator("#live")).to_have_attribute("data-live", "false")
