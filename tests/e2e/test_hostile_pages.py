"""S7 on the dashboard: sixty hostile texts in every stored field, shown on every page: none fires.

The pages come from the route table. All texts are on a page at once; every tab of it is shown and
everything that opens is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.support.dashboards import Lone, lone_dashboard, opened
from tests.e2e.support.every_page import pages_of, settled
from tests.e2e.support.hostile import (
    CALL,
    GAME,
    PAYLOADS,
    hostile_capture,
    hostile_profiles,
    hostile_sessions,
)
from tests.foundation_support import WRITE, Answer, ask
from tests.live_support import GAME as OWN_GAME
from tests.own_play_support import import_own_play

from vectra_player.store.importers import import_paths

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLES = {"game_id": GAME, "audit_id": "none", "run_id": "none"}
MADE_OF_TEXT = "main :is(script, iframe, img, object, embed, base, video, marquee, math)"
"""What the texts would become if a page took them for markup; no page of ours has any."""


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lone]:
    root = tmp_path_factory.mktemp("hostile") / "data"
    hostile_sessions(root)
    capture = root.parent / "<img src=x onerror=window.top.fired=1>.jsonl"
    hostile_capture(capture)
    import_paths([capture], root)
    import_own_play(root, root.parent, player=PAYLOADS[0])
    hostile_profiles(root / "profiles")
    with lone_dashboard(root) as running:
        written = {"text": "\n".join(PAYLOADS)}
        said = post(running, f"/api/play/games/{OWN_GAME}/note", written)
        assert said.status == 200, said.body
        imported = post(running, "/api/profile-imports", {"file": PAYLOADS[2], "text": PAYLOADS[2]})
        assert imported.status in (200, 422), imported.body
        yield running


def post(lone: Lone, path: str, value: object) -> Answer:
    headers = {"Authorization": f"Bearer {lone.token}", **WRITE}
    return ask(lone.told.dashboard, "POST", path, headers, json.dumps(value).encode())


def paths(lone: Lone) -> list[str]:
    found = pages_of(lone.told.dashboard, lone.token, EXAMPLES)
    found += [f"/play/{OWN_GAME}", "/profiles?name=p2", "/profiles?name=p0"]
    found += [f"/games/{quote(text, safe='')}" for text in PAYLOADS[40:42]]
    found += [f"/games?q={quote(PAYLOADS[0])}", f"/games?session={quote(PAYLOADS[2])}"]
    found += [f"/protocol?tab=payloads&event={quote(PAYLOADS[0])}&q={quote(PAYLOADS[2])}"]
    return [*found, f"/protocol?event=newChatMessage&tab={quote(PAYLOADS[3])}"]


async def test_no_stored_text_fires_on_any_page(browser: Browser, lone: Lone) -> None:
    shown = 0
    async with opened(browser, lone.origin, lone.token, allowed=("404", "422", "503")) as page:
        for path in paths(lone):
            await page.goto(f"{lone.origin}{path}")
            await settled(page)
            await opened_up(page, path)
            for tab in await page.locator("main [role='tab']:visible").all():
                if await tab.get_attribute("aria-selected") == "true":
                    continue  # it was opened up with the page
                await tab.click()
                await settled(page)
                await opened_up(page, path)
            shown += CALL in (await page.locator("main").text_content() or "")
    assert shown >= 6  # the test would be worth nothing if the texts were not there


async def test_hostile_answers_stay_text_in_whatever_they_are_shown_as(
    browser: Browser, lone: Lone
) -> None:
    blocks = [
        "\n".join(["| name | said |", "|---|---|", *(f"| {text} | x |" for text in PAYLOADS)]),
        "\n".join(f"- {text}" for text in PAYLOADS),
        "\n".join(["```", *PAYLOADS, "```"]),
        "\n\n".join(PAYLOADS),
    ]
    passage = {"title": PAYLOADS[0], "text": "\n\n".join(blocks), "source": PAYLOADS[2]}
    told = {"by": "words", "why": "", "advice": "", "passages": [passage], "answers": True}
    async with opened(browser, lone.origin, lone.token) as page:
        await page.route("**/api/protocol/search?*", lambda route: route.fulfill(json=told))
        await page.goto(f"{lone.origin}/protocol?tab=ask&ask=anything")
        shown = page.locator(".answer-text")
        for kind, least in (("td", len(PAYLOADS)), ("li", len(PAYLOADS)), ("pre", 1), ("p", 1)):
            await expect(shown.locator(kind).filter(has_text=CALL).first).to_be_attached()
            assert await shown.locator(kind).count() >= least
        await opened_up(page, "/protocol")


async def opened_up(page: Page, path: str) -> None:
    """Open what can be opened; nothing fires and no text becomes an element."""
    await page.evaluate(
        "document.querySelectorAll('main details').forEach((box) => { box.open = true; })"
    )
    await expect(page.locator(".skeleton")).to_have_count(0)
    assert await page.evaluate("window.fired ?? window.top.fired ?? null") is None, path
    assert await page.locator(MADE_OF_TEXT).count() == 0, path
    assert "javascript:" not in await page.evaluate(
        "[...document.querySelectorAll('a[href]')].map((a) => a.protocol).join()"
    )
