"""S16: pages that are not as they were. Nothing wrong is ever pressed; what is right still works.

A short walk over the alterations of the demo page. All of them:
`python -m tests.e2e.support.altered`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.support.altered import Bench, as_expected, bench

from vectra_player.demo.alterations import alterations
from vectra_player.trading.hands import Pressed

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

SHORT = [
    *("words-exchanged", "amount-label-lies", "buy-text-elsewhere", "x-and-x2-exchanged"),
    *("step-lies", "shares-lie", "buy-in-chart", "short-looks-like-sell", "buy-twice-for-real"),
    *("amount-twice", "buy-copy-on-top", "share-resets", "page-covered", "dialog-on-top"),
    *("fieldset-disabled", "buy-flees", "buy-and-sell-swap-under-the-pointer"),
    *("sell-becomes-short-under-the-pointer", "amount-drifts", "hashes-changed"),
    *("names-changed", "side-game", "looks-logged-out", "renders-again-and-again", "zoomed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("altered")) as standing:
        yield standing


@pytest.mark.parametrize("name", SHORT)
async def test_an_altered_page_brings_about_nothing_that_was_not_asked(
    place: Bench, name: str
) -> None:
    tried = await place.walk(name)
    assert tried.wrong() == [], tried.line()
    assert as_expected(tried, alterations()[name].expect, name), tried.line()
    refusals = tried.refused(*tried.results)
    assert len(place.pictures) == len(refusals)
    assert all(picture.startswith(b"\x89PNG") for picture in place.pictures)


async def test_the_page_as_it_is_takes_everything(place: Bench) -> None:
    """The walk would prove nothing if nothing were ever pressed."""
    tried = await place.walk("")
    assert tried.worked, tried.line()
    money = [each.button for each in tried.presses if each.button in ("BUY", "SELL", "SIDEBET")]
    assert money == ["BUY", "SELL", "SIDEBET"]
    assert all(isinstance(each, Pressed) and each.proven for each in tried.presses)
    assert tried.clicks == [each.button.replace("CLEAR", "X") for each in tried.presses]
