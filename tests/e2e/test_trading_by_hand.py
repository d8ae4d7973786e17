"""A person's presses in a Chrome of their own, tabs that are none of ours, kills of the service.

One Chrome, attached to by port, for all tests, in the order they stand.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page
from tests.command_support import wait_until
from tests.e2e.support import demo_page
from tests.e2e.support.by_hand import ByHand, by_hand
from tests.e2e.support.demo_page import press

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

LOST = "the service ended before its outcome was known"
LOOKALIKE = """<div class="_buySection_1"><input type=number value=0.002></div>
<button class="_actionButton_1 _buy_1"><div>BUY</div><div>+0.002 SOL</div></button>
<script>touched = 0; for (const kind of ["pointerdown", "mousedown", "click", "keydown"])
  addEventListener(kind, () => touched++, true)</script>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ByHand]:
    async with by_hand(tmp_path_factory.mktemp("by_hand")) as standing:
        yield standing


async def click(page: Page, selector: str) -> None:
    """Press as a person does, when nothing lies over the button."""
    await page.locator(selector).first.click()


async def test_what_a_person_presses_is_followed_to_its_end(place: ByHand) -> None:
    before = place.orders()
    await press(place.page, "X", "+0.001", "+0.001")
    await click(place.page, demo_page.BUY)
    note = await asyncio.to_thread(by_person, place, "BUY")
    assert (note["outcome"], note["amount"]) == ("CONFIRMED", 0.002)
    await press(place.page, "50%")
    await click(place.page, demo_page.SELL)
    note = await asyncio.to_thread(by_person, place, "SELL")
    assert (note["outcome"], note["percentage"]) == ("CONFIRMED", 50)
    assert [order["order"] for order in place.orders()[len(before) :]] == ["buy", "sell"]
    assert place.practice.gate()["state"] == "ACTIVE"


def by_person(place: ByHand, kind: str) -> dict[str, object]:
    """Wait for what became of a person's press."""

    def found() -> dict[str, object] | None:
        notes = place.practice.account()["actions"]
        mine = (n for n in notes if (n["actor"], n["action_type"]) == ("human", kind))
        return next((note for note in mine if note["outcome"]), None)

    note: dict[str, object] = wait_until(found, f"a person's {kind}")
    return note


async def test_with_two_game_tabs_nothing_is_pressed(place: ByHand) -> None:
    before = place.orders()
    second = await place.context.new_page()
    await second.goto(place.game.url)
    note = await asyncio.to_thread(place.practice.try_order, "buy", amount=0.002)
    assert note["outcome"] == "BLOCKED"
    assert place.orders() == before
    await second.close()
    await place.page.bring_to_front()
    note = await asyncio.to_thread(place.practice.order_when_back, "buy", amount=0.002)
    assert (note["outcome"], note["error"]) == ("CONFIRMED", None)


async def test_a_page_of_another_origin_is_never_touched(place: ByHand) -> None:
    foreign = await place.context.new_page()
    await foreign.goto("about:blank")
    await foreign.set_content(LOOKALIKE)
    await asyncio.to_thread(place.practice.try_order, "buy", amount=0.002)
    before = place.orders()
    await place.page.goto("data:text/html," + LOOKALIKE.replace("#", ""))
    note = await asyncio.to_thread(place.practice.try_order, "buy", amount=0.002)
    assert note["outcome"] == "BLOCKED"
    assert await place.page.evaluate("touched") == 0
    assert await foreign.evaluate("touched") == 0
    assert place.orders() == before
    await foreign.close()
    await place.page.goto(f"{place.game.url}/?login=1")
    note = await asyncio.to_thread(place.practice.order_when_back, "sell", percentage=50)
    assert (note["outcome"], note["error"]) == ("CONFIRMED", None)


async def test_a_page_that_reloads_while_it_is_pressed_gets_an_order_once_or_never(
    place: ByHand,
) -> None:
    chosen = random.Random(3)
    for _ in range(3):
        before = len(place.orders())
        note = await asyncio.to_thread(place.practice.give, "buy", amount=0.001)
        await asyncio.sleep(chosen.uniform(0.0, 0.1))
        await place.page.reload()
        if note["outcome"] is None:
            note = await asyncio.to_thread(place.practice.outcome, note["action_id"])
        got = len(place.orders()) - before
        possible = {"CONFIRMED": (1,), "BLOCKED": (0,), "REJECTED": (1,), "UNKNOWN": (0, 1)}
        assert got in possible[note["outcome"]], note
        if place.practice.gate()["state"] == "HALTED":
            place.practice.go_on()


async def test_a_service_that_is_killed_with_an_order_out_halts_and_repeats_nothing(
    place: ByHand,
) -> None:
    for wait_s in (0.0, 0.06):
        sent = await asyncio.to_thread(place.ordered, "buy", amount=0.001)
        await asyncio.sleep(wait_s)
        place.kill()
        practice = await asyncio.to_thread(place.start)
        assert "the service ended before" in practice.halted()
        note = practice.try_order("buy", amount=0.001)
        assert (note["outcome"], note["error"].partition(":")[0]) == ("BLOCKED", "halted")
        assert place.orders() == sent
        practice.go_on()
        await place.page.reload()


async def test_every_press_is_in_the_store_with_its_times(place: ByHand) -> None:
    """The last test: it ends the service."""
    sent = place.orders()
    place.practice.up.stop()
    rows = place.practice.rows()
    hand = [row for row in rows if row["actor"] == "human" and row["press_ts"]]
    bought = next(row for row in hand if row["action_type"] == "BUY")
    times = [bought[name] for name in ("press_ts", "client_ts")]
    assert times == sorted(times)
    assert bought["total_latency_ms"] >= bought["send_latency_ms"] > 0
    assert bought["confirmed_ts"] >= bought["server_ts"]
    steps = [row["button"] for row in hand if row["sequence"] == bought["sequence"]]
    assert steps == ["CLEAR", "+0.001", "+0.001", "BUY"]
    share = next(row for row in hand if row["action_type"] == "PERCENTAGE")
    assert (share["button"], share["percentage"]) == ("50%", 50)
    traces = {row["trace_id"] for row in rows if row["trace_id"]}
    lost = [row for row in rows if row["outcome"] == "UNKNOWN" and row["error"] == LOST]
    assert len(lost) == 2
    unmatched = [order for order in sent if order["trace"] not in str(sorted(traces))]
    assert len(unmatched) <= len(lost)
