"""What is judged of a look at the page: which button it is, and why it may not be pressed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.hands_support import PLACES, SELECTORS, FakePage, make_order

from vectra_player.sources.chrome.page import PageError
from vectra_player.trading.records import Refusal
from vectra_player.trading.survey import Asked, Target, agrees, look, number, self_test, target

COVERED = {"x": 1, "y": 1, "left": 0, "top": 0, "width": 9, "height": 9, "on_screen": True}


async def judged(page: FakePage, kind: Any = "BUY", **order: Any) -> str:
    """Return "" where the button may be pressed, else the refusal's code."""
    seen = await look(page, SELECTORS)
    found = target(seen, SELECTORS, kind, make_order(kind, **order))
    assert found.message if isinstance(found, Refusal) else found.text
    return found.code if isinstance(found, Refusal) else ""


async def test_a_button_that_is_as_it_should_be_is_a_target() -> None:
    seen = await look(FakePage("0.03"), SELECTORS)
    found = target(seen, SELECTORS, "BUY", make_order())
    x, y = PLACES["BUY"]
    assert found == Target(button="BUY", x=x, y=y, text="BUY 0.030")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"origin": "https://rugs.fun.evil.example"}, "wrong_origin"),
        ({"origin": "http://127.0.0.1:4001"}, "wrong_origin"),
        ({"path": "/candleflip"}, "wrong_path"),
        ({"visibility": "hidden"}, "hidden_tab"),
        ({"scale": 1.5}, "pinched"),
        ({"listening": False}, "no_listener"),
        ({"signs": ["logged out"]}, "sign"),
        ({"dialogs": ["dialog Really?"]}, "dialog"),
    ],
)
async def test_a_page_that_is_not_the_game_at_rest_is_refused(
    changes: dict[str, Any], code: str
) -> None:
    page = FakePage("0.03", **changes)
    assert await judged(page) == code
    seen = await look(page, SELECTORS)
    assert [each.code for each in self_test(seen, SELECTORS)] == [code]


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ({"found": 0, "placed": 0, "worded": 0}, "not_found"),
        ({"found": 0, "placed": 1, "worded": 0, "text": "BUY NOW"}, "wrong_word"),
        ({"found": 0, "placed": 0, "worded": 1}, "wrong_section"),
        ({"found": 2, "placed": 2, "worded": 2}, "ambiguous"),
        ({"worded": 2}, "ambiguous"),
        ({"obstacles": ["disabled attribute"]}, "disabled"),
        ({"moving": True}, "moving"),
        ({"aim": COVERED | {"on_screen": False, "covered_by": ""}}, "off_screen"),
        ({"aim": COVERED | {"covered_by": "div.toast Failed"}}, "covered"),
    ],
)
async def test_a_button_in_doubt_is_refused(seen: dict[str, Any], code: str) -> None:
    page = FakePage("0.03")
    page.looks["BUY"] = seen
    assert await judged(page) == code
    assert await judged(page, "SIDEBET") == "", "one button's fault is not another's"


async def test_an_amount_button_may_have_a_namesake_elsewhere() -> None:
    page = FakePage()
    page.looks["CLEAR"] = {"worded": 2}  # a dialog's X
    seen = await look(page, SELECTORS)
    assert isinstance(target(seen, SELECTORS, "CLEAR"), Target)


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("0.03", ""),
        ("0.030", ""),
        ("0.031", "amount_mismatch"),
        ("0", "amount_mismatch"),
        ("", "amount_mismatch"),
        ("0,03", "amount_mismatch"),
        ("3e-2", "amount_mismatch"),
        ("0.03 SOL", "amount_mismatch"),
        ("-0.03", "amount_mismatch"),
        ("0.0300000001", "amount_mismatch"),
        ("NaN", "amount_mismatch"),
    ],
)
async def test_the_amount_read_back_must_be_the_orders(shown: str, code: str) -> None:
    page = FakePage("0.03", amounts=[shown])
    assert await judged(page) == code
    assert await judged(page, "SIDEBET") == code


async def test_no_field_or_two_are_no_amount() -> None:
    for amounts in ([], ["0.03", "0.03"]):
        page = FakePage("0.03", amounts=amounts)
        assert await judged(page) == "amount_mismatch"
        found = self_test(await look(page, SELECTORS), SELECTORS)
        assert [each.code for each in found] == ["amount_unclear"]
        said = "'0.03' and '0.03'" if amounts else "not shown"
        assert found[0].message == f"The amount field is not clear: {said}."


async def test_a_label_that_states_another_amount_is_refused() -> None:
    page = FakePage("0.03")
    page.looks["BUY"] = {"stated": "0.001"}
    assert await judged(page) == "label_mismatch"
    page.looks["BUY"] = {"stated": ""}
    assert await judged(page) == "", "a label may state none"


async def test_what_sell_would_bring_is_not_compared() -> None:
    page = FakePage(share="50%")
    page.looks["SELL"] = {"stated": "0.047"}
    assert await judged(page, "SELL") == ""


@pytest.mark.parametrize(
    ("chosen", "shares"),
    [
        (["100%"], ["100"]),
        ([], ["50"]),
        (["50%", "100%"], ["50"]),
        (["50%"], ["0.5"]),
        (["50%"], ["x"]),
    ],
)
async def test_the_share_must_be_clear_and_the_orders(chosen: list[str], shares: list[str]) -> None:
    page = FakePage(chosen=chosen, shares=shares)
    assert await judged(page, "SELL") == "percentage_mismatch"


async def test_the_share_may_stand_on_its_buttons_only() -> None:
    assert await judged(FakePage(chosen=["50%"], shares=[]), "SELL") == ""


async def test_the_self_test_names_every_button_that_is_not_right() -> None:
    page = FakePage()
    page.looks |= {"SELL": {"found": 0, "text": "SHORT"}, "X2": {"found": 2}}
    found = self_test(await look(page, SELECTORS), SELECTORS)
    assert [(each.button, each.code) for each in found] == [
        ("SELL", "wrong_word"),
        ("X2", "ambiguous"),
    ]
    assert "'SHORT'" in found[0].message
    assert self_test(await look(FakePage(), SELECTORS), SELECTORS) == []


async def test_buttons_that_were_not_looked_at_are_not_found() -> None:
    seen = await look(FakePage("0.03"), SELECTORS, Asked(names=("SELL",)))
    found = target(seen, SELECTORS, "BUY", make_order())
    assert isinstance(found, Refusal)
    assert found.code == "not_found"


@pytest.mark.parametrize("changes", [{"buttons": None}, {"amounts": [1]}, {"scale": "x"}])
async def test_a_look_that_answers_nonsense_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(PageError) as caught:
        await look(FakePage(**changes), SELECTORS)
    assert caught.value.code == "page_failed"


@pytest.mark.parametrize(
    ("stated", "amount", "fits"),
    [
        ("0.030", "0.03", True),
        ("0.03", "0.03", True),
        ("0", "0.4", True),
        ("0.03", "0.036", False),
        ("0.001", "0.0014", True),
        ("0.001", "0.0016", False),
    ],
)
def test_a_label_agrees_to_the_decimals_it_shows(stated: str, amount: str, fits: bool) -> None:
    assert agrees(stated, Decimal(amount)) is fits


def test_an_empty_field_is_zero_and_words_are_no_number() -> None:
    assert number("") == 0
    assert number(".5") == Decimal("0.5")
    assert [number(text) for text in ("x", "1 SOL", "１", "1_0", "+1", "1e3", "0x1")] == [None] * 7
