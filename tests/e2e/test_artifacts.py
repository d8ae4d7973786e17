"""Every tool in a real Chromium: live, in replay, over one socket, and against hostile names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.docs_support import blocks
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

from vectra_player.foundation.scaffold import new_tool

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]

LIVE = {
    "live-monitor": ("#price", r"\dx$"),
    "player-watch": ("#who", r"[a-z]"),
    "recording-control": ("#toggle", "Stop recording"),
    "feed-inspector": ("#told", r"[1-9]\d* of"),
    "template": ("#price", r"\dx$"),
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("tools")
    words = ("--source", "demo", "--speed", "20", "--seed", "7")
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 2, "two games")
        yield running


@pytest.mark.parametrize("name", LIVE)
async def test_a_tool_is_live_at_every_width(
    browser: Browser, up: Site, tmp_path: Path, name: str
) -> None:
    selector, text = LIVE[name]
    path = f"/artifacts/{name}/"
    async with visiting(browser, up, path) as page:
        await expect(page.locator(selector)).to_have_text(re.compile(text), timeout=PATIENCE_MS)
        await expect(page.locator(".badge").first).to_have_text("DEMO")
        await fits_every_look(page, tmp_path)


@pytest.mark.parametrize("name", ["live-monitor", "player-watch", "feed-inspector", "template"])
async def test_a_tool_shows_a_replay_as_it_shows_the_live_game(
    browser: Browser, up: Site, name: str
) -> None:
    game = up.get("/api/games?limit=1").json[0]["game_id"]
    opened = up.post("/api/replay", {"game_id": game}).json
    selector, text = LIVE[name]
    path = f"/artifacts/{name}/%3Freplay={opened['id']}"
    async with visiting(browser, up, path) as page:
        await expect(page.locator(".badge").first).to_have_text("REPLAY", timeout=PATIENCE_MS)
        shown = re.compile("." if name == "player-watch" else text)
        await expect(page.locator(selector)).to_have_text(shown, timeout=PATIENCE_MS)
    up.post(f"/api/replay/{opened['id']}", {"action": "close"})


async def test_the_orchestrator_holds_one_socket_for_all_its_tabs(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up, "/artifacts/orchestrator/") as page:
        for name in ("live-monitor", "player-watch", "feed-inspector"):
            await page.locator(f"[data-tool='{name}']").click()
            selector, text = LIVE[name]
            inside = page.frame_locator(f"iframe[name='{name}']").locator(selector)
            await expect(inside).to_have_text(re.compile(text), timeout=PATIENCE_MS)
        assert up.get("/api/state").json["feed"]["clients"] == 1
        assert "tab=feed-inspector" in page.url


async def test_a_new_tool_appears_and_a_broken_one_says_why(browser: Browser, up: Site) -> None:
    new_tool(up.root / "artifacts", "fresh-tool")
    (up.root / "artifacts" / "bad-tool").mkdir()
    async with visiting(browser, up, "/artifacts/orchestrator/%3Ftab=fresh-tool") as page:
        inside = page.frame_locator("iframe[name='fresh-tool']").locator("#price")
        await expect(inside).to_have_text(re.compile(r"\dx$"), timeout=PATIENCE_MS)
        await page.locator("[data-tool='bad-tool']").click()
        await expect(page.locator("#stage .error")).to_contain_text("It has no manifest.json.")


async def test_the_example_of_the_docs_is_live(browser: Browser, up: Site) -> None:
    folder = up.root / "artifacts" / "rug-counter"
    folder.mkdir(parents=True)
    page_name = "docs/how-to/write-a-tool.md"
    (folder / "manifest.json").write_text(blocks(page_name, "json")[0])
    (folder / "index.html").write_text(blocks(page_name, "html")[0])
    script = blocks(page_name, "js")[0]
    assert len(script.splitlines()) <= 20
    (folder / "tool.js").write_text(script)
    async with visiting(browser, up, "/artifacts/rug-counter/") as page:
        await expect(page.locator("#price")).to_have_text(re.compile(r"\dx$"), timeout=PATIENCE_MS)
        await expect(page.locator("#rugs")).to_have_text(
            re.compile("[1-9]"), timeout=PATIENCE_MS * 2
        )


async def test_recording_is_stopped_and_started_from_its_tool(browser: Browser, up: Site) -> None:
    path = "/artifacts/recording-control/"
    async with visiting(browser, up, path) as page:
        button = page.locator("#toggle")
        await expect(button).to_have_text("Stop recording", timeout=PATIENCE_MS)
        await button.click()
        await expect(page.locator("#note")).to_contain_text("on disk.", timeout=PATIENCE_MS)
        await button.click()
        await expect(button).to_have_text("Stop recording", timeout=PATIENCE_MS)
        await expect(page.locator("[data-session]").first).to_be_visible(timeout=PATIENCE_MS)


async def test_the_inspector_filters_pauses_opens_and_exports(browser: Browser, up: Site) -> None:
    path = "/artifacts/feed-inspector/"
    async with visiting(browser, up, path) as page:
        await expect(page.locator("[data-seq]").first).to_be_visible(timeout=PATIENCE_MS)
        await page.locator("#types [data-type='raw.gameStatePlayerUpdate']").click()
        await page.locator("#pause").click()
        await page.locator("[data-type='game.tick'][data-seq]").first.click()
        await expect(page.locator("#detail")).to_contain_text('"gameId"')
        assert await page.locator("[data-seq][data-type='raw.gameStatePlayerUpdate']").count() == 0
        async with page.expect_download() as saving:
            await page.locator("#export").click()
        saved = await (await saving.value).path()
        lines = [json.loads(line) for line in saved.read_text("utf-8").splitlines()]
        assert lines
        assert all("seq" in line and "data" in line for line in lines)
        assert "hide=raw.gameStatePlayerUpdate" in page.url
