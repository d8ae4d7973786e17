"""Every action of the fairness page in a real Chromium: real recordings and one false price."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect
from tests.command_support import run_warm as run
from tests.conftest import RealStore
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.unit.store.conftest import Tree

from vectra_player.dashboard.jobs import Job
from vectra_player.store.layout import DataDir

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

GAME = "20251215-a8311c871b0e4bea"
FALSE_TICK = 30


@pytest.fixture(scope="module")
def lone(real_store: RealStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lone]:
    root = tmp_path_factory.mktemp("fairness") / "data"
    shutil.copytree(real_store.root, root)
    Tree(root).add(Tree.tick(FALSE_TICK, 9.5, GAME, "someone-else"))
    with lone_dashboard(root) as running:
        yield running


def said(lone: Lone, *words: str) -> Any:
    """Return the document that a command prints."""
    return run("--data-dir", lone.root, *words, "--json").json


async def fits(page: Page) -> None:
    width = await page.evaluate("innerWidth")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_numbers_of_the_command_come_by_themselves_and_lead_to_the_games(
    browser: Browser, lone: Lone, tmp_path: Path
) -> None:
    document = said(lone, "verify", "--all")
    counts = {"verified": document["verified"], "failed": 1, "incomplete": 0}
    assert [one["game_id"] for one in document["failed"]] == [GAME]
    async with opened(browser, lone.origin, lone.token, "/fairness") as page:
        for status, count in counts.items():
            await expect(page.locator(f"[data-count='{status}']")).to_have_text(str(count))
        await expect(page.locator("#doubtful tbody tr")).to_have_count(1)
        await expect(page.locator("#doubtful")).to_contain_text(f"tick {FALSE_TICK}")
        await page.locator("[data-status='incomplete'].chip").last.click()
        await expect(page.locator("#doubtful .empty")).to_contain_text("No game is incomplete")
        await page.locator("#statuses [data-status='failed']").click()
        await expect(page).to_have_url(re.compile("status=failed"))
        async with page.expect_download() as waiting:
            await page.locator("#doubtful").get_by_role("link", name="Proof page").click()
        await (await waiting.value).save_as(tmp_path / "proof.html")
        assert "does not follow from its seed" in (tmp_path / "proof.html").read_text()
        await page.locator("#origins [data-origin='demo']").click()
        await expect(page.locator("#numbers")).to_contain_text("No finished game of the demo")
        await page.get_by_role("button", name="of the real site").click()
        await page.locator("#doubtful").get_by_role("link", name=GAME).click()
        await expect(page).to_have_url(re.compile(f"/games/{GAME}"))
        await expect(page.locator("#panel")).to_contain_text("Failed")


async def test_an_audit_is_run_told_in_words_kept_and_downloaded(
    browser: Browser, lone: Lone, tmp_path: Path
) -> None:
    document = said(lone, "audit")
    async with opened(
        browser,
        lone.origin,
        lone.token,
        "/fairness",
        width=360,
        scheme="light",
        allowed=("422",),
    ) as page:
        await expect(page.locator("#audit")).to_contain_text("No audit of the real site yet")
        await page.locator("#audit-run").click()
        await expect(page.locator(".conclusions p").first).to_have_text(document["conclusions"][0])
        assert "audit=" in page.url
        await expect(page.locator("#audit-old")).to_have_count(0)
        rows = page.locator(".tests tbody tr")
        await expect(rows).to_have_count(len(document["findings"]))
        for number, finding in enumerate(document["findings"]):
            await expect(rows.nth(number)).to_contain_text(finding["title"])
            await expect(rows.nth(number)).to_contain_text("Is blind to")
        await page.locator(".figures-box summary").click()
        await expect(page.locator(".figures-box svg").first).to_be_visible()
        await fits(page)
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name="Download the report").click()
        await (await waiting.value).save_as(tmp_path / "audit.html")
        assert document["conclusions"][0] in (tmp_path / "audit.html").read_text()
        await page.goto(f"{lone.origin}/fairness")
        await expect(page.locator(".conclusions p").first).to_have_text(document["conclusions"][0])
        await page.locator("#audit-seed").fill("-1")
        await page.locator("#audit-run").click()
        await expect(page.locator("#audit-wrong")).to_contain_text("seed")


async def test_a_seed_is_verified_against_the_recording(browser: Browser, lone: Lone) -> None:
    other = "20251215-bb6cf7fbf61c4cc4"
    facts = next(one for one in said(lone, "games") if one["game_id"] == GAME)
    async with opened(
        browser, lone.origin, lone.token, f"/fairness?game={GAME}", allowed=("422",)
    ) as page:
        answer = page.locator("#seed-answer")
        await expect(answer).to_contain_text("The recording contradicts this seed.")
        await expect(answer).to_contain_text(f"the price heard live of tick {FALSE_TICK}")
        await expect(answer).to_contain_text("is the published one")
        await expect(page.locator("#seed-chart")).to_have_attribute(
            "data-rug", str(facts["rug_tick"])
        )
        seed = await page.locator("#seed").input_value()
        await page.locator("#seed-clear").click()
        await expect(answer).to_contain_text("Paste a seed")
        await page.get_by_role("button", name="Verify", exact=True).click()
        await expect(page.locator("#seed-hint")).to_have_text("Paste the seed.")
        await page.locator("#seed").fill(seed)
        await page.locator("#game_id").fill(other)
        await page.locator("#hash").fill("abc")
        await page.locator("#hash").press("Enter")
        await expect(page.locator("#hash-hint")).to_contain_text("64 digits")
        await page.locator("#hash").fill("0" * 64)
        await page.locator("#hash").press("Enter")
        await expect(answer).to_contain_text("is not the published one")
        await expect(answer).to_contain_text("not recorded here")
        await expect(page).to_have_url(re.compile(f"game={other}"))
        await fits(page)


async def test_an_empty_store_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    """Its verification was cancelled by the user, before a restart."""
    jobs = DataDir.open_or_create(tmp_path / "new").results / "jobs"
    jobs.mkdir()
    job = Job(id="1", kind="verification", title="x", request={}, created_ms=1, state="cancelled")
    (jobs / "1.json").write_bytes(msgspec.json.encode(job))
    with lone_dashboard(tmp_path / "new") as empty:
        async with opened(browser, empty.origin, empty.token, "/fairness") as page:
            numbers = page.locator("#numbers")
            await expect(page.locator("#verifying")).to_contain_text("was cancelled")
            await expect(numbers).to_contain_text("Not verified yet")
            await page.get_by_role("button", name="Verify now").click()
            await expect(numbers).to_contain_text("No finished game of the real site")
            await expect(numbers.get_by_role("link", name="Record or import")).to_be_visible()
            await page.locator("#audit-run").click()
            failed = page.locator("#audit-jobs .job[data-state='failed']")
            await expect(failed).to_contain_text("No finished game of this origin")
