"""The seed verifier opened by double click: every vector bit for bit, and what it says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.pages import fits_every_look, watch

from vectra_player.foundation.registry import BUILT_IN
from vectra_player.game.price_path import commitment, price_path

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

PAGE = (BUILT_IN / "seed-verifier" / "index.html").as_uri()
SEED = "9cdf4d27bc3fa09219f14984969168276aa429f4bec6fee48ed4c1c2a32aed28"
GAME = "20260101-6e72269198a08a31"

COMPUTE = """
async ([seed, id, version]) => {
  const hex = async (numbers) => {
    const digest = await crypto.subtle.digest("SHA-256", new Float64Array(numbers).buffer);
    return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
  };
  const { path, prices, peak, rugPrice } = VectraFair.pricePath(seed, id, version);
  return { path: await hex(path), prices: await hex(prices), length: path.length, peak, rugPrice,
           hash: VectraFair.sha256(seed) };
}
"""


@contextlib.asynccontextmanager
async def offline(browser: Browser) -> AsyncIterator[Page]:
    """Open the page from the disk in a browser without a network."""
    wrong: list[str] = []
    context = await browser.new_context(offline=True)
    watch(context, wrong)
    page = await context.new_page()
    await page.goto(PAGE)
    yield page
    await context.close()
    assert wrong == []


async def verify(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        await page.locator(f"#{name}").fill(value)
    await page.get_by_role("button", name="Verify").click()


@pytest.mark.real_data
async def test_every_vector_is_equal_to_the_last_bit(browser: Browser, real_data: Path) -> None:
    vectors: dict[str, list[dict[str, Any]]] = json.loads(
        (real_data / "fairness_vectors.json").read_text()
    )
    async with offline(browser) as page:
        for game in vectors["games"]:
            got = await page.evaluate(COMPUTE, [game["serverSeed"], game["id"], game["version"]])
            assert got == {
                "path": game["pathSha256"],
                "prices": game["pricesSha256"],
                "length": game["pathLength"],
                "peak": game["peak"],
                "rugPrice": game["rugPrice"],
                "hash": game["serverSeedHash"],
            }
        for game in vectors["synthetic"]:
            got = await page.evaluate(COMPUTE, [game["serverSeed"], game["id"], game["version"]])
            assert (got["path"], got["peak"]) == (game["pathSha256"], game["peak"])
        for game in vectors["documented"]:
            for version, wanted in game["replayed"].items():
                got = await page.evaluate(COMPUTE, [game["serverSeed"], game["id"], version])
                assert (got["length"], got["peak"]) == (wanted["pathLength"], wanted["peak"])
        for case in vectors["seedrandom"]:
            draws = "([seed, n]) => Array.from({length: n}, VectraFair.seedrandom(seed))"
            count = len(case["doubles"])
            assert await page.evaluate(draws, [case["seed"], count]) == case["doubles"]


async def test_it_agrees_with_the_python_side(browser: Browser) -> None:
    async with offline(browser) as page:
        for version in ("v1", "v2", "v3"):
            prices = "([s, g, v]) => VectraFair.pricePath(s, g, v).prices"
            got = await page.evaluate(prices, [SEED, GAME, version])
            assert tuple(got) == price_path(SEED, GAME, version).prices, version


async def test_its_sha_256_is_right_at_every_padding(browser: Browser) -> None:
    texts = ["é" + "x" * length for length in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000)]
    async with offline(browser) as page:
        got = await page.evaluate("(texts) => texts.map((t) => VectraFair.sha256(t))", texts)
    assert got == [commitment(text) for text in texts]


async def test_a_true_game_is_verified_and_a_changed_one_is_not(browser: Browser) -> None:
    wanted = price_path(SEED, GAME)
    prices = list(wanted.prices)
    async with offline(browser) as page:
        await verify(
            page, seed=SEED, game=GAME, hash=commitment(SEED).upper(), prices=json.dumps(prices)
        )
        await expect(page.locator("#verdict")).to_contain_text("✓ Verified")
        await expect(page.locator("[data-fact='Rug tick']")).to_have_text(str(wanted.rug_tick))
        await expect(page.locator("[data-fact='Peak']")).to_have_attribute(
            "title", str(wanted.peak)
        )
        await expect(page.locator("#chart")).to_be_visible()
        prices[7] += 1e-12
        await verify(page, prices=" ".join(map(repr, prices)))
        await expect(page.locator("#verdict")).to_contain_text("✗ Does not fit")
        await expect(page.locator("#checks")).to_contain_text("1 differ, first at tick 7")
        await verify(page, prices="", hash="00" * 32)
        await expect(page.locator("#verdict")).to_contain_text("✗ Does not fit")


async def test_a_pasted_history_entry_is_taken_apart(browser: Browser) -> None:
    entry = {
        "id": GAME,
        "gameVersion": "v3",
        "prices": price_path(SEED, GAME).prices,
        "provablyFair": {"serverSeed": SEED, "serverSeedHash": commitment(SEED)},
    }
    async with offline(browser) as page:
        await page.locator("#seed").fill("x")
        await page.locator("#game").fill("x")
        await verify(page, prices=json.dumps(entry))
        await expect(page.locator("#verdict")).to_contain_text("✓ Verified")
        assert await page.locator("#game").input_value() == GAME


async def test_what_is_no_number_is_said(browser: Browser) -> None:
    async with offline(browser) as page:
        await verify(page, seed=SEED, game=GAME, prices="1, 2, <b>x</b>")
        await expect(page.locator("#problem")).to_have_text("Price 2 is no number: <b>x</b>")


async def test_it_fits_every_width(browser: Browser, tmp_path: Path) -> None:
    async with offline(browser) as page:
        await verify(page, seed=SEED, game=GAME, hash=commitment(SEED))
        await expect(page.locator("#verdict")).to_contain_text("✓")
        await fits_every_look(page, tmp_path)
