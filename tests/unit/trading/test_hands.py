"""An order on a page: pressed once and proved, or refused with a reason and a picture."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.hands_support import SELECTORS, FakeClock, FakePage, make_order

from vectra_player.errors import PressRefusedError
from vectra_player.model.press import PressSeen
from vectra_player.trading import hands as module
from vectra_player.trading.hands import Hands, Pressed
from vectra_player.trading.records import Refusal


class Leave:
    """A permit that counts, and refuses from the n-th press on."""

    def __init__(self, good_for: int = 99) -> None:
        self.spent: list[str] = []
        self._good_for = good_for

    def spend(self, button: str) -> None:
        if len(self.spent) >= self._good_for:
            raise PressRefusedError("permit_used_up", "No press is left.")
        self.spent.append(button)


class Rig:
    """Hands on a page, and what they told."""

    def __init__(self, page: FakePage | None, good_for: int = 99) -> None:
        self.page = page
        self.leave = Leave(good_for)
        self.pressed: list[Pressed] = []
        self.refused: list[tuple[str, Refusal, bytes]] = []
        self.hands = Hands(
            lambda: page,
            SELECTORS,
            FakeClock(),
            on_press=self.pressed.append,
            on_refusal=lambda *told: self.refused.append(told),
        )
        if page is not None:
            page.hands = self.hands

    async def press(self, kind: Any = "BUY", **order: Any) -> Pressed | Refusal:
        return await self.hands.press_order(make_order(kind, **order), self.leave)

    async def set_amount(self, **options: Any) -> tuple[Pressed, ...] | Refusal:
        return await self.hands.set_amount(make_order(), lambda button: self.leave, **options)

    async def choose(self, **order: Any) -> tuple[Pressed, ...] | Refusal:
        return await self.hands.choose_percentage(
            make_order("SELL", **order), lambda button: self.leave
        )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROOF_S", 0.01)
    monkeypatch.setattr(module, "POLL_S", 0.0)


def code(done: object) -> str:
    assert isinstance(done, Refusal), done
    return done.code


@pytest.mark.parametrize("kind", ["BUY", "SELL", "SIDEBET"])
async def test_an_order_is_pressed_once_and_proved(kind: str) -> None:
    page = FakePage("0.03", "50%")
    rig = Rig(page)
    done = await rig.press(kind)
    assert isinstance(done, Pressed)
    assert done.proven
    assert page.clicked == rig.leave.spent == [kind]
    assert rig.pressed == [done]
    assert done.proof_us is not None
    assert done.press_us < done.proof_us
    assert rig.refused == []


async def test_the_press_is_announced_in_the_look_it_rests_on() -> None:
    page = FakePage("0.03")
    await Rig(page).press()
    (asked,) = page.asked
    assert (asked["names"], asked["arm"]) == (("BUY",), "BUY")
    assert len(asked["token"]) == 16
    assert asked["hold_ms"] > 0


async def test_a_refusal_presses_nothing_and_brings_a_picture() -> None:
    page = FakePage("0.02")
    rig = Rig(page)
    assert code(await rig.press()) == "amount_mismatch"
    assert page.clicked == rig.leave.spent == []
    assert page.asked[-1]["arm"] == "", "the announcement is taken back"
    await rig.hands.pictured()
    ((action_id, refusal, picture),) = rig.refused
    assert (action_id, refusal.code, picture) == ("a1", "amount_mismatch", b"\x89PNG")


async def test_refusals_in_a_row_are_all_told_and_pictured_once_a_second() -> None:
    page = FakePage("0.02")
    rig = Rig(page)
    for _ in range(5):
        await rig.press()
    await rig.hands.pictured()
    assert [len(picture) for _, _, picture in rig.refused] == [4, 0, 0, 0, 0]
    assert page.pictures == 1


async def test_without_a_page_nothing_is_pressed() -> None:
    rig = Rig(None)
    assert code(await rig.press()) == "no_page"
    assert code(await rig.set_amount()) == "no_page"
    assert code(await rig.choose()) == "no_page"
    assert code(await rig.hands.look()) == "no_page"
    await rig.hands.pictured()
    assert [picture for _, _, picture in rig.refused] == [b"", b"", b""]


async def test_a_silent_page_and_one_that_goes_away_are_refused() -> None:
    page = FakePage("0.03")
    rig = Rig(page)
    page.faults = {"silent"}
    assert code(await rig.press()) == "page_silent"
    page.faults = {"gone"}
    assert code(await rig.press()) == "page_gone"
    assert page.clicked == []


async def test_a_gate_that_refuses_at_the_last_moment_is_obeyed() -> None:
    page = FakePage("0.03")
    rig = Rig(page, good_for=0)
    assert code(await rig.press()) == "permit_used_up"
    assert page.clicked == []
    assert page.asked[-1]["arm"] == ""


async def test_a_button_out_of_sight_is_scrolled_to_once() -> None:
    page = FakePage("0.03")
    page.scrolled = False
    done = await Rig(page).press()
    assert isinstance(done, Pressed)
    assert [asked["scroll_to"] for asked in page.asked] == ["", "BUY"]
    page.looks["BUY"] = {"aim": None}
    assert code(await Rig(page).press()) == "off_screen"


@pytest.mark.parametrize("faults", ["mute", "beside", "untrusted", "mute unanswered"])
async def test_a_press_in_doubt_is_told_and_never_repeated(faults: str) -> None:
    page = FakePage("0.03")
    rig = Rig(page)
    page.faults = set(faults.split())
    done = await rig.press()
    assert isinstance(done, Pressed)
    assert not done.proven
    assert done.doubt
    assert page.clicked == rig.leave.spent == ["BUY"]
    assert rig.pressed == [done]


async def test_the_pages_word_proves_a_press_that_chrome_did_not_answer() -> None:
    page = FakePage("0.03")
    page.faults = {"unanswered"}
    done = await Rig(page).press()
    assert isinstance(done, Pressed)
    assert done.proven


async def test_a_press_that_was_withheld_never_happened() -> None:
    page = FakePage("0.03")
    rig = Rig(page)
    page.faults = {"withheld"}
    assert code(await rig.press()) == "withheld"
    assert page.clicked == []
    assert rig.pressed == []


@pytest.mark.parametrize("fault", ["withheld", "beside", "mute", "gone"])
async def test_after_a_press_that_is_not_proved_the_page_is_a_persons_again(fault: str) -> None:
    page = FakePage("0.03")
    page.faults = {fault}
    await Rig(page).press()
    assert [asked["arm"] for asked in page.asked] == ["BUY", ""]


async def test_a_press_that_may_still_arrive_stays_announced() -> None:
    page = FakePage("0.03")
    page.faults = {"unanswered", "mute"}
    await Rig(page).press()
    assert [asked["arm"] for asked in page.asked] == ["BUY"]


async def test_the_word_for_somebody_elses_press_proves_nothing() -> None:
    page = FakePage("0.03")
    rig = Rig(page)
    other = PressSeen(button="BUY", at_ms=1.0, trusted=True)
    assert not rig.hands.heard(other)
    page.faults = {"mute"}
    page._tell = lambda name: rig.hands.heard(other)  # type: ignore[method-assign]
    done = await rig.press()
    assert isinstance(done, Pressed)
    assert not done.proven
    assert rig.hands.heard(PressSeen(button="BUY", at_ms=1.0, trusted=True, token="late"))


async def test_an_amount_is_set_press_by_press_and_read_back() -> None:
    page = FakePage("1")
    rig = Rig(page)
    done = await rig.set_amount()
    assert isinstance(done, tuple)
    assert page.clicked == ["CLEAR", "+0.01", "+0.01", "+0.01"]
    assert page.amount == "0.03"
    assert [each.button for each in rig.pressed] == page.clicked == rig.leave.spent
    assert await rig.set_amount() == ()


async def test_max_is_used_where_it_is_known() -> None:
    page = FakePage("0")
    rig = Rig(page)
    order = make_order(amount=Decimal(4))
    await rig.hands.set_amount(order, lambda button: rig.leave, maximum=order.amount)
    assert page.clicked == ["MAX"]


async def test_max_that_gave_something_else_is_not_pressed_again() -> None:
    page = FakePage("0")
    rig = Rig(page)
    order = make_order(amount=Decimal(3))
    for _ in range(2):
        done = await rig.hands.set_amount(order, lambda button: rig.leave, maximum=Decimal(3))
    assert page.clicked == ["MAX", "1/2", "+1"]
    assert isinstance(done, tuple)
    await rig.hands.pictured()
    assert [refusal.code for _, refusal, _ in rig.refused] == ["amount_mismatch"]


async def test_an_amount_that_does_not_follow_a_press_stops_everything() -> None:
    page = FakePage("1")
    rig = Rig(page)
    page.faults = {"deaf"}
    done = await rig.set_amount()
    assert code(done) == "amount_mismatch"
    assert page.clicked == ["CLEAR"]
    await rig.hands.pictured()
    assert "After CLEAR" in rig.refused[0][1].message


async def test_an_amount_somebody_else_changes_meanwhile_stops_everything() -> None:
    page = FakePage("0")
    rig = Rig(page)
    act = page._act

    def meddle(name: str) -> None:
        act(name)
        if len(page.clicked) == 2:
            page.amount = "5"

    page._act = meddle  # type: ignore[method-assign]
    assert code(await rig.set_amount()) == "amount_mismatch"
    assert page.clicked == ["+0.01", "+0.01"]


async def test_an_amount_press_without_proof_is_not_repeated() -> None:
    page = FakePage("0")
    rig = Rig(page)
    page.faults = {"mute"}
    assert code(await rig.set_amount()) == "press_unproven"
    assert page.clicked == ["+0.01"]


async def test_an_unclear_field_is_not_pressed_at() -> None:
    page = FakePage("0", amounts=["1", "2"])
    assert code(await Rig(page).set_amount()) == "amount_mismatch"
    assert page.clicked == []


async def test_a_share_is_chosen_once_and_read_back() -> None:
    page = FakePage(share="100%")
    rig = Rig(page)
    done = await rig.choose()
    assert isinstance(done, tuple)
    assert page.clicked == ["50%"]
    assert await rig.choose() == ()
    page.faults = {"deaf"}
    assert code(await rig.choose(percentage=25)) == "percentage_mismatch"
    assert code(await rig.choose(percentage=33)) == "percentage_impossible"
    assert page.clicked == ["50%", "25%"]


async def test_an_order_without_an_amount_has_none_to_set() -> None:
    rig = Rig(FakePage())
    done = await rig.hands.set_amount(make_order("SELL"), lambda button: rig.leave)
    assert code(done) == "amount_impossible"
