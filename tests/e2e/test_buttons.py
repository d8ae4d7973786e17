"""Every button of the demo page and of altered ones (S16), in a real Chromium and our source."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.e2e.support.altered import PATIENCE_S, Bench, Leave, as_expected, bench
from tests.e2e.support.browser import users_chrome
from tests.e2e.support.proxy import proxy_to
from tests.e2e.support.recording import Recording, recording

from vectra_player.demo.alterations import alterations
from vectra_player.errors import PressRefusedError
from vectra_player.model.press import PressSeen
from vectra_player.sources.chrome.pipe import PipeRun
from vectra_player.sources.chrome.presses import BINDING
from vectra_player.trading import selectors
from vectra_player.trading.amounts import all_of
from vectra_player.trading.hands import Pressed
from vectra_player.trading.records import Refusal
from vectra_player.trading.selectors import KINDS
from vectra_player.trading.survey import Asked, Survey, look, self_test

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]

BALANCE = Decimal("4.000987654")
SHORT = [
    *("words-exchanged", "amount-label-lies", "x-and-x2-exchanged", "short-looks-like-sell"),
    *("buy-twice-for-real", "amount-twice", "buy-copy-on-top", "share-resets", "page-covered"),
    *("buy-and-sell-swap-under-the-pointer", "amount-drifts", "hashes-changed", "side-game"),
]
"""Altered pages of the short walk; all of them: `python -m tests.e2e.support.altered`."""
SELECTORS = selectors.load()
OWN_SCRIPT = "document.querySelector(\"button[class*='_buy_']\").click()"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("buttons"), balance=BALANCE) as standing:
        yield standing


class Listener:
    """Keeps the presses a source tells of."""

    def __init__(self, run: Recording) -> None:
        self.heard: list[PressSeen] = []
        self.run = run
        run.source.on_press(self.heard.append)

    async def next(self) -> PressSeen:
        """Wait for one press, and a moment longer: exactly one may come."""
        await self.run.until(lambda: bool(self.heard), "a press")
        await asyncio.sleep(0.1)
        (press,) = self.heard
        self.heard.clear()
        return press


async def click_of_a_person(place: Bench, button: str) -> None:
    """Scroll to a button and press it as a person does: a second client moves the mouse."""
    seen = await in_sight(place, button)
    found = seen.named(button)
    assert found is not None
    assert found.aim is not None
    page = place.run.source.page()
    assert page is not None
    await press_at(place.user, page.target_id, found.aim.x, found.aim.y)


async def whole(place: Bench) -> None:
    """Wait until the page shows every button and is listened to."""
    async with asyncio.timeout(PATIENCE_S):
        while isinstance(seen := await place.hands.look(), Refusal) or self_test(seen, SELECTORS):
            await asyncio.sleep(0.05)


async def press_at(user: Any, target_id: str, x: float, y: float) -> None:
    for kind in ("mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        await user.ask_page(target_id, "Input.dispatchMouseEvent", **event)


async def in_sight(place: Bench, button: str) -> Survey:
    page = place.run.source.page()
    assert page is not None
    return await look(page, SELECTORS, Asked(scroll_to=button))


async def test_every_button_is_found_and_does_what_it_says(place: Bench) -> None:
    await place.visit()
    await whole(place)
    seen = await place.hands.look()
    assert isinstance(seen, Survey)
    assert {each.name for each in seen.buttons} == set(KINDS)
    leave = Leave()
    order = place.order("BUY")
    for amount in ("1.111", "4", "2", "0.02", "0.04", "0.03"):
        wanted = replace(order, amount=Decimal(amount))
        done = await place.hands.set_amount(wanted, lambda button: leave, maximum=all_of(BALANCE))
        assert isinstance(done, tuple), done
        seen = await place.hands.look()
        assert isinstance(seen, Survey)
        assert seen.amount == wanted.amount
    assert isinstance(await place.hands.press_order(order, leave), Pressed)
    await place.settle("BUY", 0)
    for share in (10, 25, 100, 50):
        sale = replace(place.order("SELL"), percentage=share)
        assert isinstance(await place.hands.choose_percentage(sale, lambda button: leave), tuple)
    assert isinstance(await place.hands.press_order(place.order("SELL"), leave), Pressed)
    assert isinstance(await place.hands.press_order(place.order("SIDEBET"), leave), Pressed)
    assert all(press.proven for press in place.presses)
    assert {press.button for press in place.presses} == set(KINDS)
    assert leave.spent == [press.button for press in place.presses]
    assert await place.sent() == [
        ("buyOrder", {"amount": 0.03}),
        ("sellOrder", {"percentage": 50}),
        ("requestSidebet", {"amount": 0.03}),
    ]
    clicks = await place.evaluate("window.__demo.presses.map((press) => press.what)")
    assert clicks == [name.replace("CLEAR", "X") for name in leave.spent]


async def test_max_that_does_not_give_the_balance_is_noticed_and_let_alone(
    place: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.hands, "_max_failed", False)  # and so again for the tests after it
    await place.visit("max-lies")
    leave, wanted = Leave(), replace(place.order("BUY"), amount=Decimal(4))
    done = await place.hands.set_amount(wanted, lambda button: leave, maximum=Decimal(4))
    assert isinstance(done, Refusal)
    assert (done.code, leave.spent) == ("amount_mismatch", ["MAX"])
    done = await place.hands.set_amount(wanted, lambda button: leave, maximum=Decimal(4))
    assert isinstance(done, tuple)
    assert leave.spent == ["MAX", "CLEAR", "+1", "+1", "X2"]
    assert await place.sent() == []


@pytest.mark.parametrize("name", SHORT)
async def test_an_altered_page_brings_about_nothing_that_was_not_asked(
    place: Bench, name: str
) -> None:
    tried = await place.walk(name)
    assert tried.wrong() == [], tried.line()
    assert as_expected(tried, alterations()[name].expect, name), tried.line()
    refusals = tried.refused(*tried.results)
    await place.hands.pictured()
    assert len(place.pictures) == len(refusals)
    assert not refusals or any(each.startswith(b"\x89PNG") for each in place.pictures)


async def test_the_page_as_it_is_takes_everything(place: Bench) -> None:
    """The walk would prove nothing if nothing were ever pressed."""
    tried = await place.walk("")
    assert tried.worked, tried.line()
    money = [each.button for each in tried.presses if each.button in ("BUY", "SELL", "SIDEBET")]
    assert money == ["BUY", "SELL", "SIDEBET"]
    assert all(isinstance(each, Pressed) and each.proven for each in tried.presses)
    assert tried.clicks == [each.button.replace("CLEAR", "X") for each in tried.presses]


async def test_a_persons_press_is_told_with_what_stands_there_after_it(place: Bench) -> None:
    await place.visit()
    listener = Listener(place.run)
    await click_of_a_person(place, "+0.01")
    press = await listener.next()
    assert (press.button, press.amount, press.percentage) == ("+0.01", "0.01", "100")
    assert (press.trusted, press.token, press.withheld) == (True, "", False)
    pressed_at = await place.evaluate("window.__demo.presses.at(-1).at")
    assert abs(press.at_ms - pressed_at) < 50
    await click_of_a_person(place, "25%")
    assert (await listener.next()).percentage == "25"


async def test_a_script_of_the_page_cannot_pass_for_a_person(place: Bench) -> None:
    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    listener = Listener(place.run)
    await place.evaluate(OWN_SCRIPT)
    press = await listener.next()
    assert (press.button, press.trusted, press.token) == ("BUY", False, "")
    await place.evaluate(f"for (let n = 0; n < 500; n += 1) {OWN_SCRIPT}")
    await place.run.until(lambda: bool(listener.heard), "a press of the flood")
    await asyncio.sleep(0.3)
    assert 0 < len(listener.heard) <= 60, "a flood is told in part"


async def test_the_page_neither_sees_the_listener_nor_speaks_for_it(place: Bench) -> None:
    await place.visit()
    listener = Listener(place.run)
    names = f"[typeof vectraPresses, typeof {BINDING}, '{BINDING}' in window].join()"
    assert await place.evaluate(names) == "undefined,undefined,false"
    everything = "Object.getOwnPropertyNames(window).filter((n) => /vectra/i.test(n)).length"
    assert await place.evaluate(everything) == 0
    await place.evaluate(
        f"const frame = document.body.appendChild(document.createElement('iframe'));"
        f"frame.id = 'vectraPresses'; window.{BINDING} = () => 1;"
        f"frame.contentWindow.{BINDING}?.('{{}}'); window.{BINDING}('{{}}')"
    )
    await click_of_a_person(place, "+0.01")
    assert (await listener.next()).button == "+0.01"
    seen = await place.hands.look()
    assert isinstance(seen, Survey)
    assert seen.listening


async def test_a_press_of_ours_that_would_hit_something_else_never_reaches_the_page(
    place: Bench,
) -> None:
    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    page = place.run.source.page()
    assert page is not None
    listener = Listener(place.run)
    await in_sight(place, "X2")
    clicks = await place.evaluate("window.__demo.presses.length")
    announced = Asked(names=("BUY", "X2"), arm="BUY", token="t", hold_ms=4000)
    seen = await look(page, SELECTORS, announced)
    other = seen.named("X2")
    assert other is not None
    assert other.aim is not None
    await press_at(place.user, page.target_id, other.aim.x, other.aim.y)
    press = await listener.next()
    assert (press.token, press.withheld, press.button) == ("t", True, "")
    meant = seen.named("BUY")
    assert meant is not None
    assert meant.aim is not None
    await press_at(place.user, page.target_id, meant.aim.x, meant.aim.y)
    assert await place.evaluate("window.__demo.presses.length") == clicks, "a person's was first"
    assert listener.heard == []
    await look(page, SELECTORS)
    await press_at(place.user, page.target_id, other.aim.x, other.aim.y)
    assert (await listener.next()).button == "X2", "after a look the page is anybody's again"


async def test_a_press_that_a_busy_page_gets_late_is_judged_all_the_same(place: Bench) -> None:
    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    page = place.run.source.page()
    assert page is not None
    listener = Listener(place.run)
    await in_sight(place, "X2")
    announced = Asked(names=("BUY", "X2"), arm="BUY", token="t", hold_ms=300)
    seen = await look(page, SELECTORS, announced)
    other = seen.named("X2")
    assert other is not None
    assert other.aim is not None
    busy = "setTimeout(() => { const e = performance.now() + 700; while (performance.now() < e); })"
    await place.evaluate(busy)
    await page.send_mouse(other.aim.x, other.aim.y)
    press = await listener.next()
    assert (press.token, press.withheld) == ("t", True)
    await look(page, SELECTORS)


async def test_after_a_refusal_at_the_last_moment_a_person_presses_as_ever(place: Bench) -> None:
    class Shut:
        def spend(self, button: str) -> None:
            raise PressRefusedError("killed", "The kill switch is pressed.")

    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    done = await place.hands.press_order(place.order("BUY"), Shut())
    assert isinstance(done, Refusal)
    assert done.code == "killed"
    listener = Listener(place.run)
    await click_of_a_person(place, "X2")
    press = await listener.next()
    assert (press.button, press.withheld) == ("X2", False)


async def test_two_tabs_of_the_game_are_refused_and_one_is_not(place: Bench) -> None:
    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    opened = await place.user.ask("Target.createTarget", url=f"{place.server.url}/?login=1")
    page = place.run.source.page()
    assert page is not None
    await place.run.until(lambda: len(page._attacher.game_pages()) == 2, "a second tab")
    done = await place.hands.press_order(place.order("BUY"), Leave())
    assert isinstance(done, Refusal)
    assert done.code == "two_pages"
    assert await place.sent() == []
    await place.user.ask("Target.closeTarget", targetId=opened["targetId"])
    await place.run.until(lambda: len(page._attacher.game_pages()) == 1, "one tab")


async def test_a_page_that_loads_anew_under_the_hand_is_not_pressed(place: Bench) -> None:
    await place.visit()
    await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
    page = place.run.source.page()
    assert page is not None
    await look(page, SELECTORS)
    loads = page._session.loads
    await place.evaluate("location.reload()")
    await place.run.until(lambda: page._session.loads > loads, "a reload")
    done = await place.hands.press_order(place.order("BUY"), Leave())
    assert isinstance(done, Refusal), "the amount went with the old document"


@contextlib.asynccontextmanager
async def handed_over(place: Bench) -> AsyncIterator[Recording]:
    """Let another recorder go on with the bench's browser, as after a kill."""
    old = place.run
    assert old.task is not None
    old.task.cancel()
    await asyncio.gather(old.task, return_exceptions=True)
    dead = old.source._run
    assert isinstance(dead, PipeRun)
    link, dead._link = dead._link, None
    assert link is not None
    await link.close()
    place.run = Recording(old.source._settings)
    place.run.source.on_press(place.hands.heard)
    place.hands._page = place.run.source.page
    place.run.start()
    await place.run.until(lambda: place.run.source.page() is not None, "an adopted page")
    try:
        yield place.run
    finally:
        assert place.run.task is not None
        place.run.task.cancel()
        await asyncio.gather(place.run.task, return_exceptions=True)
        await place.run.source.close()


async def test_a_recorder_that_comes_back_listens_once(place: Bench) -> None:
    """After this test the bench's browser is closed; the next one brings its own."""
    await place.visit()
    async with handed_over(place) as run:
        listener = Listener(run)
        await click_of_a_person(place, "+0.01")
        assert (await listener.next()).button == "+0.01"
        await place.visit()
        await click_of_a_person(place, "+0.1")
        assert (await listener.next()).button == "+0.1"
        done = await place.hands.set_amount(place.order("BUY"), lambda button: Leave())
        assert isinstance(done, tuple)
        assert isinstance(await place.hands.press_order(place.order("BUY"), Leave()), Pressed)
        assert all(press.proven for press in place.presses)


async def test_a_page_that_was_open_before_is_listened_to_through_a_lost_connection(
    tmp_path: Path, place: Bench
) -> None:
    url = f"{place.server.url}/?login=1&user=late"
    async with (
        users_chrome(tmp_path / "profile", url) as port,
        proxy_to(port) as proxy,
        recording(url, tmp_path / "none", cdp_port=proxy.port, selectors=SELECTORS) as run,
    ):
        listener = Listener(run)
        place.run, place.user._port = run, port
        place.hands._page = run.source.page
        run.source.on_press(place.hands.heard)
        await run.until(lambda: run.source.page() is not None, "a page")
        for button in ("+0.01", "X2"):
            await whole(place)
            await click_of_a_person(place, button)
            assert (await listener.next()).button == button
            for line in reversed(range(len(proxy.lines))):
                proxy.cut(line)
            await run.until(lambda: run.source.page() is None, "lost")
            await run.until(lambda: run.source.page() is not None, "back")
