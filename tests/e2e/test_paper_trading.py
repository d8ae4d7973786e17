"""Paper trading on the monitor page in a real Chromium, and what a user's own tool cannot do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

from vectra_player.foundation.scaffold import new_tool

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

LOG = "#trade-log tbody tr"
TRIES = 30


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("paper")
    words = ("--source", "demo", "--speed", "4", "--seed", "1793")  # no short game
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        yield running


@pytest.fixture(autouse=True)
def wallet(up: Site) -> None:
    """Begin every test with 10 SOL and orders that are done at once."""
    up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
    assert up.post("/api/trade/reset", {"cash": 10, "latency_ms": 0}).status == 200


async def press(page: Page, selector: str, kind: str) -> None:
    """Press a button until its action was done: a game may rug in between."""
    for _ in range(TRIES):
        await expect(page.locator(selector)).to_be_enabled(timeout=PATIENCE_MS)
        await page.locator(selector).click()
        if await noted(page, kind):
            return
    raise AssertionError(f"never {kind}")


async def key(page: Page, name: str, kind: str) -> None:
    """Press a key until its action was done."""
    for _ in range(TRIES):
        await expect(page.locator("#phase")).to_have_text("LIVE", timeout=PATIENCE_MS)
        await page.keyboard.press(name)
        if await noted(page, kind):
            return
    raise AssertionError(f"never {kind}")


async def noted(page: Page, kind: str) -> bool:
    row = page.locator(f"{LOG}[data-kind='{kind}']").first
    try:
        await expect(row).to_be_attached(timeout=1500)
    except AssertionError:
        return False
    return True


async def test_the_panel_trades_at_every_width(browser: Browser, up: Site, tmp_path: Path) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator(".badge").nth(1)).to_have_text("PAPER", timeout=PATIENCE_MS)
        await expect(page.locator("[data-account='cash']")).to_have_text("10.000")
        for width in (1280, 360):
            await page.set_viewport_size({"width": width, "height": 900})
            assert up.post("/api/trade/reset", {"cash": 10, "latency_ms": 0}).status == 200
            await expect(page.locator(f"{LOG}[data-kind]")).to_have_count(0)
            height = await page.locator("#trade").evaluate("panel => panel.offsetHeight")
            await press(page, "#trade-buy", "bought")
            await press(page, "#trade-sidebet", "placed")
            await expect(page.locator(LOG).first).to_be_visible()
            assert await page.locator("#trade").evaluate("panel => panel.offsetHeight") == height
            await fits_every_look(page, tmp_path, [width])


async def test_buy_and_sell_by_button(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await page.locator("#trade-amount").fill("0.5")
        await press(page, "#trade-buy", "bought")
        await expect(page.locator("#trade-log [data-kind='bought']")).to_contain_text("0.500")
        await press(page, "#trade-sell button:nth-child(3)", "sold")
        await expect(page.locator("#trade-log [data-kind='sold']").last).to_contain_text("SELL")
        account = up.get("/api/trade").json
        assert {note["actor"] for note in account["actions"]} == {"human"}


async def test_a_sidebet_runs_out_and_the_score_card_counts_it(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await press(page, "#trade-sidebet", "placed")
        await expect(page.locator("#trade-bet")).to_contain_text("Sidebet of 0.010")
        ended = page.locator("#trade-log [data-kind='won'], #trade-log [data-kind='lost']")
        await expect(ended.first).to_be_attached(timeout=PATIENCE_MS * 2)
        await page.locator(".score > summary").click()
        you = page.locator("#trade-score [data-who='you']")
        await expect(you).to_contain_text(re.compile("[01] of 1"), timeout=PATIENCE_MS * 2)
        await expect(page.locator("#trade-score [data-who='never betting']")).to_contain_text(
            "0.000"
        )
        await expect(page.locator("#trade-score [data-who='coin flip']")).to_be_visible()


async def test_every_action_has_a_key(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await key(page, "b", "bought")
        await key(page, "d", "placed")
        await page.keyboard.press("a")
        await expect(page.locator("#trade-amount")).to_be_focused()
        await page.keyboard.press("Escape")
        await page.locator("#trade-amount").blur()
        for _ in range(TRIES):
            await key(page, "b", "bought")
            await page.keyboard.press("s")
            if await noted(page, "sold"):
                break
        await page.keyboard.press("?")
        await expect(page.locator("dialog[open] .key-map")).to_contain_text("Trade: buy")


async def test_an_amount_that_is_none_is_marked_and_nothing_is_asked(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up) as page:
        amount, sidebet = page.locator("#trade-amount"), page.locator("#trade-sidebet")
        await amount.fill("-1")
        for _ in range(TRIES):  # a game that rugs in between disables the button
            await expect(sidebet).to_be_enabled(timeout=PATIENCE_MS)
            await sidebet.evaluate("button => button.click()")
            if await amount.get_attribute("aria-invalid") == "true":
                break
        await expect(page.locator("#trade-note")).to_contain_text("above 0")
        await expect(page.locator("#trade-amount")).to_have_attribute("aria-invalid", "true")
        assert up.get("/api/trade").json["actions"] == []


async def test_a_new_wallet_has_its_limits(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await page.locator("#trade-reset").click()
        await page.locator("#wallet-cash").fill("3")
        await page.locator("#wallet-max_stake_sol").fill("0.005")
        await page.locator("#wallet-begin").click()
        await expect(page.locator("[data-account='cash']")).to_have_text("3.000")
        for _ in range(TRIES):
            await expect(page.locator("#trade-buy")).to_be_enabled(timeout=PATIENCE_MS)
            await page.locator("#trade-buy").click()
            if await noted(page, "refused"):
                break
        await expect(page.locator("#trade-log [data-kind='refused']").first).to_contain_text(
            "refused"
        )
        assert up.get("/api/trade").json["account"]["cash"] == 3


async def test_what_a_program_does_is_shown_to_every_page(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator("[data-account='cash']")).to_have_text("10.000")
        for _ in range(TRIES):
            up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
            up.post("/api/trade/sidebet", {"amount": 0.002})
            if await noted(page, "placed"):
                break
        await expect(page.locator("#trade-log [data-kind='placed']").first).to_contain_text("bot")


HOSTILE = """
const results = {};
const token = (text) => text.includes("vectra-trade");
async function attack() {
  results.fetched = token(await (await fetch("/")).text());
  const kept = { cache: "force-cache", mode: "same-origin" };
  results.forced = token(await (await fetch("/", kept)).text());
  results.asked = await new Promise((done) => {
    const ask = new XMLHttpRequest();
    ask.open("GET", "/");
    ask.responseType = "document";
    ask.onload = () => done(Boolean(ask.response.querySelector("meta[name='vectra-trade']")));
    ask.onerror = () => done("failed");
    ask.send();
  });
  const frame = document.createElement("iframe");
  frame.src = "/";
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; setTimeout(done, 3000); });
  try {
    const inside = frame.contentDocument;
    results.framed = Boolean(inside?.querySelector("meta[name='vectra-trade'], #trade"));
  } catch (error) {
    results.framed = false;
  }
  const opened = window.open("/", "victim");
  await new Promise((done) => setTimeout(done, 3000));
  try {
    results.opened = Boolean(opened && opened.document.querySelector("meta, #trade"));
  } catch (error) {
    results.opened = false;
  }
  results.closed = opened === null || opened.closed;
  const again = window.open("", "victim");
  await new Promise((done) => setTimeout(done, 1000));
  try {
    results.named = Boolean(again && again.document.querySelector("#trade"));
  } catch (error) {
    results.named = false;
  }
  results.worker = await navigator.serviceWorker.register("tool.js").then(() => true, () => false);
  const post = (headers) => fetch("/api/trade/buy", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Vectra-Request": "1", ...headers },
    body: JSON.stringify({ amount: 1 }),
  });
  results.posted = (await post({})).status;
  results.guessed = (await post({ "X-Vectra-Trade": "0".repeat(64) })).status;
  results.read = (await fetch("/api/trade")).status;
  document.body.dataset.results = JSON.stringify(results);
}
attack();
"""


@pytest.mark.parametrize("framed", [False, True], ids=["alone", "in the tools page"])
async def test_a_tool_of_the_user_reads_the_account_and_cannot_trade(
    browser: Browser, up: Site, framed: bool
) -> None:
    name = "hostile-framed" if framed else "hostile"
    folder = new_tool(up.root / "artifacts", name)
    (folder / "tool.js").write_text(HOSTILE)
    path = f"/artifacts/orchestrator/%3Ftab={name}" if framed else f"/artifacts/{name}/"
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{up.origin}/login?token={up.instance.token}&next={path}")
    inside = page.frame_locator(f"iframe[name='{name}']") if framed else page
    done = inside.locator("body[data-results]")
    await expect(done).to_be_attached(timeout=PATIENCE_MS)
    results = json.loads(await done.get_attribute("data-results") or "")
    pages = context.pages
    victim = next((p for p in pages if p.url == f"{up.origin}/"), None)
    if victim is not None:
        await expect(victim.locator("#trade-buy")).to_be_attached()
    await context.close()
    assert results == {
        "fetched": False,
        "forced": False,
        "asked": False,
        "framed": False,
        "opened": False,
        "closed": True,
        "named": False,
        "worker": False,
        "posted": 403,
        "guessed": 403,
        "read": 200,
    }
    assert up.get("/api/trade").json["actions"] == []


async def test_the_page_keeps_the_token_out_of_its_document(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator("[data-account='cash']")).to_have_text("10.000")
        await expect(page.locator("#phase")).not_to_have_text("UNKNOWN", timeout=PATIENCE_MS)
        assert await page.locator("meta[name='vectra-trade']").count() == 0
