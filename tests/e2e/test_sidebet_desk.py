"""The sidebet desk in a real Chromium: odds, windows, an own bet, and what bets returned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from tests.e2e.support.pages import PATIENCE_MS, fits_every_look, visiting
from tests.foundation_support import Site, site

from vectra_player.game.sidebet import FAIR_WIN_CHANCE, PAYOUT_MULTIPLE, Bet, settle

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(240)]

PATH = "/artifacts/sidebet-desk/"
GAME = "20260101-6e72269198a08a31"
ME = {"playerId": "did:privy:me", "username": "me"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("desk")
    words = ("--source", "demo", "--speed", "20", "--seed", "7")
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 1, "a game")
        yield running


async def test_it_tells_odds_windows_and_results_at_every_width(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    async with visiting(browser, up, PATH) as page:
        await expect(page.locator("#chance")).to_have_text("18.2 %")
        await expect(page.locator("#needed")).to_have_text("20.0 %")
        await expect(page.locator("#value")).to_have_text("-9.2 %")
        await expect(page.locator("#plain")).to_contain_text("a loss of 9.2 %")
        await expect(page.locator("#windows")).to_have_attribute(
            "data-open", re.compile("[1-9]"), timeout=PATIENCE_MS
        )
        await expect(page.locator("#history tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.locator("#honest")).to_contain_text("a fair game returns -9.2 %")
        await fits_every_look(page, tmp_path)


async def test_every_settled_bet_of_the_page_is_as_the_server_settled_it(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up, PATH) as page:
        history = page.locator("#history")
        await expect(history.locator("tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
        rows = await history.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
    for *_, stake, _, result, profit in rows:
        times = PAYOUT_MULTIPLE - 1 if result == "✓ won" else -1
        assert float(profit) == pytest.approx(times * float(stake.split()[0]), abs=0.003)


async def test_the_chance_asked_for_stays_in_the_address(browser: Browser, up: Site) -> None:
    async with visiting(browser, up, PATH) as page:
        await expect(page.locator("#phase")).not_to_have_text("UNKNOWN", timeout=PATIENCE_MS)
        await expect(page.locator("#chance")).to_have_text("18.2 %")
        await page.locator("#reach").focus()
        await page.keyboard.press("End")
        cells = page.locator("#same td:last-child")
        await expect(cells.first).to_have_text("86.5 %")
        assert len(set(await cells.all_text_contents())) == 1
        await page.reload()
        await expect(page.locator("#reach-told")).to_have_text("400")


async def test_an_own_bet_counts_down_and_its_result_is_kept(
    browser: Browser, up: Site, tmp_path: Path
) -> None:
    capture = tmp_path / "own.jsonl"
    own_bet(capture)
    opened = up.post("/api/replay", {"file": str(capture), "speed": 0.25}).json
    up.post(f"/api/replay/{opened['id']}", {"action": "pause"})
    up.post(f"/api/replay/{opened['id']}", {"action": "seek", "tick": 15})
    address = f"{PATH}%3Freplay={opened['id']}"
    async with visiting(browser, up, address) as page:
        await expect(page.locator("#own-told")).to_contain_text("0.010 SOL, ticks 5 to 45")
        await expect(page.locator("#own-left")).to_contain_text("30 ticks left, about 7.5 s")
        up.post(f"/api/replay/{opened['id']}", {"action": "speed", "speed": 100})
        up.post(f"/api/replay/{opened['id']}", {"action": "play"})
        await page.keyboard.press("b")
        row = page.locator("#history tbody tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("lost")
        await expect(page.locator("#own-told")).to_have_text("None is open.")
        await expect(page.locator("#honest")).to_contain_text("say nothing about the odds")
        assert "who=own" in page.url
    up.post(f"/api/replay/{opened['id']}", {"action": "close"})


async def test_the_luck_of_bets_is_the_deviation_of_what_they_return(
    browser: Browser, up: Site
) -> None:
    """Over every way a game can end, the mean square of it is the variance of one bet."""
    ways = [(rug, settle(Bet("me", 10, 1), rug)) for rug in range(11, 52)]  # type: ignore[arg-type]
    bets = [
        [{"gameId": "g", "practice": False, "amount": 1, "startTick": 10, "endTick": 50,
          "lastTick": result.settle_tick}]
        for _, result in ways
    ]  # fmt: skip
    chances = [0.005 * 0.995 ** (rug - 11) for rug, _ in ways[:-1]]
    chances.append(1 - sum(chances))
    async with visiting(browser, up, PATH) as page:
        await expect(page.locator("#chance")).to_have_text("18.2 %", timeout=PATIENCE_MS)
        await expect(page.locator("#phase")).not_to_have_text("UNKNOWN", timeout=PATIENCE_MS)
        lucks = await page.evaluate(
            """async (all) => {
              const { luckOf } = await import("/artifacts/sidebet-desk/bets.js");
              const odds = await (await fetch("/api/odds")).json();
              return all.map((bets) => luckOf(bets, odds));
            }""",
            bets,
        )
    mean_square = sum(p * luck**2 for p, luck in zip(chances, lucks, strict=True))
    wanted = PAYOUT_MULTIPLE**2 * FAIR_WIN_CHANCE * (1 - FAIR_WIN_CHANCE)
    assert mean_square == pytest.approx(wanted, rel=1e-9)


def own_bet(path: Path) -> None:
    """Write a capture of a game in which the account loses a sidebet."""
    lines: list[dict[str, object]] = []

    def add(event: str, data: dict[str, Any]) -> None:
        at = f"2026-01-01T00:00:{len(lines) * 0.25:09.6f}"
        lines.append({"seq": len(lines) + 1, "ts": at, "event": event, "data": data})

    bet = {
        **ME, "gameId": GAME, "betAmount": 0.01, "xPayout": 5, "startTick": 5, "endTick": 45,
        "coinAddress": "So11111111111111111111111111111111111111112", "tickIndex": 5,
    }  # fmt: skip
    add("usernameStatus", {"id": ME["playerId"], "hasUsername": True, "username": "me"})
    for tick in range(50):
        if tick == 6:
            add("currentSidebet", {**bet, "type": "placed"})
        if tick == 46:
            lost = {"type": "payout", "payout": 0, "profit": -0.01}
            add("currentSidebetResult", {**bet, **lost})
        game = {"gameId": GAME, "active": True, "rugged": False, "price": 1 + tick / 100}
        add("gameStateUpdate", {**game, "tickCount": tick})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
