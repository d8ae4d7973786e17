"""Trading, alerts and drift from the pages in a real Chromium.

One practice service, in the order the tests stand: seed 288 begins with a game of 1,011 ticks.
"""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Locator, Page, Route, WebSocketRoute, expect
from tests.command_support import run_warm as command
from tests.e2e.support.dashboards import opened
from tests.e2e.support.pages import PATIENCE_MS, visiting
from tests.foundation_support import Site, site
from tests.live_support import T0
from tests.replay_support import game_frames, lines

from vectra_player.store.importers import import_paths

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

LONG_GAME = ("--source", "practice", "--speed", "1", "--seed", "288")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A practice service with a dashboard, in its long game, logged in."""
    settings = {
        "FOUNDATION_HEADLESS": "1",
        "HOME": str(tmp_path_factory.mktemp("home")),
        "CHROME_PROFILE": "dashboard-trading",
        "VECTRA_FILE_INTERVAL_S": "1",
    }
    root = tmp_path_factory.mktemp("trading")
    capture = tmp_path_factory.mktemp("capture") / "game.jsonl"
    records = [
        {"seq": n, "ts": T0 / 1e6 + n / 4, "event": "gameStateUpdate", "data": frame}
        for n, frame in enumerate(game_frames(), 1)
    ]
    capture.write_text(lines(*records))
    import_paths([capture], root)
    with site(root, *LONG_GAME, dashboard=True, **settings) as running:
        running.until(
            lambda told: told["state"]["phase"] == "LIVE" and told["state"]["player"]["id"],
            "the long game runs and the page is logged in",
        )
        yield running
        running.stop()  # and its Chrome with it


def origin_of(up: Site) -> str:
    return f"http://127.0.0.1:{up.instance.dashboard}"


async def buy(page: Page) -> None:
    """Buy by click, again while a toast of the page lies over its buttons."""
    note = page.locator("#trade-note")
    for _ in range(20):
        await page.locator("#trade-buy").click()
        await expect(note).to_have_text(re.compile(r"Bought|not done"))
        if "Bought" in await note.inner_text():
            return
        await page.wait_for_timeout(500)
    raise AssertionError(await note.inner_text())


async def test_the_monitors_panel_presses_and_the_kill_switch_stops_it(
    browser: Browser, up: Site
) -> None:
    async with visiting(browser, up) as page:
        await page.locator("#trade-mode").select_option("PRACTICE")
        await expect(page.locator("#trade-title")).to_have_text("Practice")
        gate = page.locator("#trade-gate")
        await expect(gate).to_contain_text("ACTIVE")
        await expect(gate).to_contain_text("stake up to 0.010")
        await expect(page.locator("#trade-buy")).to_be_enabled()
        await page.locator("#trade-amount").fill("0.002")
        await buy(page)
        await expect(page.locator("#trade-holding")).to_contain_text("Holds")
        await expect(page.locator("#trade-log [data-kind='submitted']")).to_have_count(0)
        await page.locator("#trade-amount").blur()
        await page.keyboard.press("Shift+K")
        note = page.locator(".shell-note")
        await expect(note).to_contain_text("Trading is halted")
        await expect(gate).to_contain_text("HALTED")
        await page.locator("#trade-buy").click()
        await expect(page.locator("#trade-note")).to_contain_text("halted")
        await page.get_by_role("button", name="I looked, go on").click()
        await expect(gate).to_contain_text("ACTIVE")


async def test_the_kill_stays_in_reach_while_a_dialog_is_open(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        kill = page.get_by_role("button", name="Kill", exact=True)
        gate = page.locator("#trade-gate")
        await page.locator("#trade-mode").select_option("PRACTICE")
        await page.locator("#trade-mode").blur()
        await expect(gate).to_contain_text("ACTIVE")
        for opens, press in (
            ("?", lambda: page.keyboard.press("Shift+K")),
            ("?", kill.click),
            ("o", kill.click),
            ("o", lambda: page.keyboard.press("Alt+K")),
        ):
            await page.keyboard.press(opens)
            await expect(page.locator("dialog:modal")).to_be_visible()
            await press()
            await expect(gate).to_contain_text("HALTED")
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog:modal")).to_have_count(0)
            await expect(page.locator(".status-line > .kill")).to_be_visible()
            await page.get_by_role("button", name="I looked, go on").click()
            await expect(gate).to_contain_text("ACTIVE")
        await page.keyboard.press("o")
        await page.locator("#pick-search").press_sequentially("K")
        await expect(page.locator("#pick-search")).to_have_value("K")
        await expect(gate).to_contain_text("ACTIVE")


async def test_an_answer_from_before_a_kill_does_not_say_active_after_it(
    browser: Browser, up: Site
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        if not asked.is_set():
            asked.set()
            await released.wait()
        await route.fulfill(response=answer)

    async with visiting(browser, up) as page:
        gate = page.locator("#trade-gate")
        await page.locator("#trade-mode").select_option("PRACTICE")
        await page.locator("#trade-mode").blur()
        await page.keyboard.press("Shift+K")
        await expect(gate).to_contain_text("HALTED")
        await page.route("**/api/trade/gate", late)
        await page.get_by_role("button", name="I looked, go on").click()
        async with asyncio.timeout(PATIENCE_MS / 1000):
            await asked.wait()
        async with page.expect_response("**/api/trade/gate"):  # of the kill
            await page.keyboard.press("Shift+K")
        await expect(gate).to_contain_text("HALTED")
        async with page.expect_response("**/api/trade/gate"):
            released.set()
        await page.wait_for_timeout(200)
        await expect(gate).to_contain_text("HALTED")
        await page.get_by_role("button", name="I looked, go on").click()
        await expect(gate).to_contain_text("ACTIVE")


async def test_a_kill_before_the_feed_was_there_is_told_when_it_comes(
    browser: Browser, up: Site
) -> None:
    released = asyncio.Event()

    async def late(feed: WebSocketRoute) -> None:
        await released.wait()
        feed.connect_to_server()

    async with visiting(browser, up) as page:
        gate = page.locator("#trade-gate")
        await page.route_web_socket("**/feed**", late)
        await page.reload()
        await page.locator("#trade-mode").select_option("PRACTICE")
        await page.locator("#trade-mode").blur()
        await expect(gate).to_contain_text("ACTIVE")
        await page.keyboard.press("Shift+K")
        await expect(page.locator(".shell-note")).to_contain_text("Nothing is pressed any more")
        released.set()
        await expect(gate).to_contain_text("HALTED")
        await page.get_by_role("button", name="I looked, go on").click()
        await expect(gate).to_contain_text("ACTIVE")


async def test_toasts_leave_the_trade_panel_free(browser: Browser, up: Site) -> None:
    async with visiting(browser, up) as page:
        await expect(page.locator("#trade-buy")).to_be_visible()
        for width in (1280, 2560):
            await page.set_viewport_size({"width": width, "height": 900})
            free = await page.evaluate("""() => {
                const toasts = document.querySelector(".toasts").getBoundingClientRect();
                return toasts.right < document.querySelector("#trade").getBoundingClientRect().left;
            }""")
            assert free, width


async def test_the_arm_dialog_says_what_is_missing_and_cannot_arm(
    browser: Browser, up: Site
) -> None:
    """Practice has nothing to arm: the page is shown the gate of a live service."""
    state = up.get("/api/trade/gate").json
    live = {
        **state,
        "mode": "live",
        "armed_until": None,
        "phrase": "trade real SOL",
        "missing": ["trade.live_enabled is false.", "Arming: nobody armed."],
    }
    place, allowed = "/backtest/paper", ("409",)  # the account of a live page, which is not there
    async with opened(browser, origin_of(up), up.instance.token, place, allowed=allowed) as page:
        await page.route("**/api/trade/gate", lambda route: route.fulfill(json=live))
        await page.reload()
        await page.locator("#trade-mode").select_option("LIVE")
        await page.get_by_role("button", name="Arm…").click()
        dialog = page.get_by_role("dialog", name="Arm live trading")
        await expect(dialog).to_contain_text("Missing: trade.live_enabled is false.")
        await expect(dialog.get_by_role("button", name="Arm", exact=True)).to_be_disabled()
        await dialog.get_by_role("button", name="Leave it off").click()
        await expect(dialog).to_have_count(0)
    answer = up.post("/api/trade/arm", {"phrase": "trade real SOL", "minutes": 5})
    assert answer.status >= 400


def status(form: Locator) -> Locator:
    return form.locator(".rule-bar [role='status']")


async def test_a_rule_is_edited_tried_saved_and_undone(browser: Browser, up: Site) -> None:
    file = up.root / "rules" / "alerts.toml"
    async with opened(
        browser, origin_of(up), up.instance.token, "/alerts?rule=rug_warning"
    ) as page:
        form = page.locator("#rule-rug_warning")
        ages = form.get_by_label("At, ticks")
        await ages.fill("300, 100")
        await expect(status(form)).to_contain_text("1 field needs mending")
        await expect(ages).to_have_attribute("aria-invalid", "true")
        await expect(form.get_by_role("button", name="Save")).to_be_disabled()
        await ages.fill("3, 5")
        await form.get_by_label("On", exact=True).check()
        await expect(status(form)).to_contain_text("Valid, not saved yet")
        await form.get_by_role("button", name="Try it").click()
        await expect(form.locator(".job")).to_contain_text(
            re.compile(r"\d+ alerts? in \d+ of \d+ ga")
        )
        await expect(form.locator(".examples a").first).to_have_attribute(
            "href", re.compile("/games/")
        )
        await form.get_by_role("button", name="Save").click()
        await expect(status(form)).to_contain_text("Saved.")
        assert tomllib.loads(file.read_text()) == {
            "rug_warning": {"enabled": True, "at_ticks": [3, 5]}
        }
        await expect(page.locator("#in-force")).to_contain_text("took them in at")
        await form.get_by_role("button", name="Undo").click()
        await expect(form.locator("[data-state='off']")).to_be_visible()
        assert tomllib.loads(file.read_text()) == {}
        await page.locator("#rule-custom_signal_1 > summary").click()
        custom = page.locator("#rule-custom_signal_1")
        await expect(form.locator(".rule-form")).to_be_hidden()
        await custom.get_by_role("button", name="Add a comparison").click()
        await custom.get_by_role("button", name="Add a comparison").click()
        await custom.get_by_label("Field of comparison 2").select_option("phase")
        await custom.get_by_label("Joined of comparison 2").select_option("or")
        text = custom.get_by_label("Told when")
        await expect(text).to_have_value('price > 2 or phase == "LIVE"')
        await text.fill("tick > 7 and (price < 1 or price > 3)")
        await expect(custom.locator(".term")).to_have_count(0)
        await text.fill("tick > 7")
        await expect(custom.locator(".term")).to_have_count(1)
        await custom.get_by_role("button", name="Revert").click()


async def test_the_log_shows_what_was_told(browser: Browser, up: Site) -> None:
    async with opened(
        browser, origin_of(up), up.instance.token, "/alerts/log?type=game_start"
    ) as page:
        await expect(page.locator("#rows tbody tr").first).to_contain_text("game_start")
        await page.locator("#severity").select_option("danger")
        await expect(page.locator("#rows")).to_contain_text("No alert fits")
        await page.get_by_role("button", name="Show all alerts").click()
        await expect(page.locator("#rows tbody tr").first).to_be_visible()


async def test_a_run_in_practice_is_compared_with_its_backtest(browser: Browser, up: Site) -> None:
    place = "/backtest/paper?name=momentum&mode=practice&max_stake=0.01"
    async with opened(browser, origin_of(up), up.instance.token, place) as page:
        await expect(page.locator("#mode")).to_have_value("practice")
        await expect(page.locator("#cash")).to_be_hidden()
        await page.locator("#start").click()
        await expect(page.locator("#run-log")).to_contain_text("in practice")
        await expect(page.locator("#run-log")).to_contain_text("from tick")
        await page.locator("#stop").click()
        await page.get_by_role("link", name="Compare it with its backtest").click()
        await page.get_by_role("button", name="Compare with its backtest").click()
        head = page.locator(".drift-head")
        await expect(head).to_contain_text("momentum on practice")
        run_id = re.search(r"run=([\w-]+)", page.url)
        assert run_id is not None
        said = command("--data-dir", up.root, "--json", "drift", run_id[1]).json
        figures = page.locator("#report .figure dd")
        await expect(figures.nth(5)).to_have_text(str(said["unexplained"]))
        assert said["unexplained"] == 0
        await expect(figures.nth(3)).to_have_text(f"{said['alike']} of {len(said['trades'])}")
        await page.locator("#mode").select_option("live")
        await expect(page.locator("#rows")).to_contain_text("No run in this mode")
