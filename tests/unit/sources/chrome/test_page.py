"""The game page as trading may use it: the only tab, the present document, and never a guess."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest
from tests.unit.sources.chrome.peer import GAME, PAGE, SESSION, Peer

from vectra_player.sources.chrome import page as module
from vectra_player.sources.chrome.cdp import METHODS, MOUSE
from vectra_player.sources.chrome.page import GamePage, PageError

_T = TypeVar("_T")
LOOK = "function () { return 1; }"
WORLD = {"executionContextId": 4}


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    peer.attaches()
    return peer


def page_of(peer: Peer) -> GamePage:
    page = peer.capture.page()
    assert page is not None
    return page


async def answering(peer: Peer, work: Awaitable[_T], *answers: tuple[str, dict[str, Any]]) -> _T:
    """Run `work`, and answer each command as it comes."""
    task = asyncio.ensure_future(work)  # noqa: TID251 - the test awaits it itself
    for method, answer in answers:
        await asyncio.sleep(0)
        peer.answers(method, **answer)
        await asyncio.sleep(0)
    return await task


def world() -> tuple[str, dict[str, Any]]:
    return ("Page.createIsolatedWorld", {"result": WORLD})


def value(told: Any) -> tuple[str, dict[str, Any]]:
    return ("Runtime.callFunctionOn", {"result": {"result": {"value": told}}})


async def test_a_function_is_called_in_a_world_apart_with_values(peer: Peer) -> None:
    page = page_of(peer)
    assert (page.origin, page.target_id) == (GAME, PAGE)
    told = await answering(peer, page.call(LOOK, {"a": 1}, "b"), world(), value([1]))
    assert told == [1]
    call = peer.asked[-1]["params"]
    assert call["executionContextId"] == 4
    assert call["functionDeclaration"] == LOOK
    assert call["arguments"] == [{"value": {"a": 1}}, {"value": "b"}]
    assert call["returnByValue"]
    assert set(peer.commands()) <= METHODS


async def test_the_world_is_kept_until_the_page_loads_anew(peer: Peer) -> None:
    page = page_of(peer)
    await answering(peer, page.call(LOOK), world(), value(1))
    await answering(peer, page.call(LOOK), value(2))
    assert peer.commands().count("Page.createIsolatedWorld") == 1
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": GAME + "/"})
    await answering(peer, page.call(LOOK), world(), value(3))
    assert peer.commands().count("Page.createIsolatedWorld") == 2
    assert peer.capture.page() is page


async def test_a_world_that_is_gone_is_made_again_once(peer: Peer) -> None:
    gone = ("Runtime.callFunctionOn", {"error": "Cannot find context with specified id"})
    page = page_of(peer)
    assert await answering(peer, page.call(LOOK), world(), gone, world(), value(2)) == 2
    with pytest.raises(PageError) as caught:
        await answering(peer, page.call(LOOK), gone, world(), gone)
    assert caught.value.code == "page_failed"


async def test_a_function_that_fails_is_an_error(peer: Peer) -> None:
    thrown = {"result": {}, "exceptionDetails": {"text": "Uncaught"}}
    failing = ("Runtime.callFunctionOn", {"result": thrown})
    with pytest.raises(PageError, match="Uncaught"):
        await answering(peer, page_of(peer).call(LOOK), world(), failing)


async def test_a_silent_page_is_an_error(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_S", 0.01)
    page = page_of(peer)
    with pytest.raises(PageError) as caught:
        await page.call(LOOK)
    assert caught.value.code == "page_silent"
    peer.answers("Page.createIsolatedWorld", WORLD)  # late: nobody waits, nothing breaks


async def test_two_game_tabs_are_refused_and_none_is_pressed(peer: Peer) -> None:
    page = page_of(peer)
    await answering(peer, page.call(LOOK), world(), value(1))
    peer.attaches(target="OTHER", session="s2", url=GAME + "/bearbullcrab")
    for work in (page.call(LOOK), page.screenshot(), page.send_mouse(1, 1)):
        with pytest.raises(PageError) as caught:
            await work
        assert (caught.value.code, caught.value.sent) == ("two_pages", False)
    peer.says("Target.detachedFromTarget", session="", sessionId="s2")
    assert await answering(peer, page.call(LOOK), value(1)) == 1


@pytest.mark.parametrize("how", ["closed", "left"])
async def test_a_page_that_is_gone_is_refused(peer: Peer, how: str) -> None:
    page = page_of(peer)
    await answering(peer, page.call(LOOK), world(), value(1))
    if how == "closed":
        peer.says("Target.detachedFromTarget", session="", sessionId=SESSION)
    else:
        peer.says("Page.frameNavigated", frame={"id": PAGE, "url": "https://wallet.example/"})
    peer.asked.clear()
    for work in (page.call(LOOK), page.send_mouse(1, 1)):
        with pytest.raises(PageError) as caught:
            await work
        assert (caught.value.code, caught.value.sent) == ("page_gone", False)
    assert peer.asked == []
    assert peer.capture.page() is None


async def test_a_press_is_three_events_back_to_back(peer: Peer) -> None:
    page = page_of(peer)
    await answering(peer, page.call(LOOK), world(), value(1))
    peer.asked.clear()
    task = asyncio.ensure_future(page.send_mouse(10.5, 20))  # noqa: TID251
    await asyncio.sleep(0)
    sent = [(item["method"], item["params"]["type"]) for item in peer.asked]
    assert sent == [(MOUSE, "mouseMoved"), (MOUSE, "mousePressed"), (MOUSE, "mouseReleased")]
    assert {(item["params"]["x"], item["params"]["y"]) for item in peer.asked} == {(10.5, 20)}
    assert not task.done(), "replies are waited for"
    for item in list(peer.asked):
        peer.raw(json.dumps({"id": item["id"], "result": {}}).encode())
    await task


async def test_nothing_is_pressed_in_a_document_nobody_looked_at(peer: Peer) -> None:
    page = page_of(peer)
    with pytest.raises(PageError, match="anew"):
        await page.send_mouse(1, 1)
    await answering(peer, page.call(LOOK), world(), value(1))
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": GAME + "/"})
    with pytest.raises(PageError) as caught:
        await page.send_mouse(1, 1)
    assert (caught.value.code, caught.value.sent) == ("page_reloaded", False)
    assert MOUSE not in peer.commands()


async def test_a_press_without_an_answer_may_have_happened(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOUSE_S", 0.01)
    page = page_of(peer)
    await answering(peer, page.call(LOOK), world(), value(1))
    with pytest.raises(PageError) as caught:
        await page.send_mouse(1, 1)
    assert (caught.value.code, caught.value.sent) == ("press_unanswered", True)
    assert peer.commands().count(MOUSE) == 3, "it is not tried again"


async def test_a_picture_is_png(peer: Peer) -> None:
    picture = base64.b64encode(b"\x89PNG").decode()
    answer = ("Page.captureScreenshot", {"result": {"data": picture}})
    assert await answering(peer, page_of(peer).screenshot(), answer) == b"\x89PNG"


def test_the_mouse_is_out_of_reach_of_what_sends_commands(peer: Peer) -> None:
    for method in (MOUSE, "Input.dispatchKeyEvent", "Runtime.evaluate", "Runtime.enable"):
        with pytest.raises(ValueError, match="allow-list"):
            peer.capture.cdp.send(method)


async def test_a_tab_that_left_the_game_and_came_back_is_a_page_anew(peer: Peer) -> None:
    before = page_of(peer)
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": "https://elsewhere.example/"})
    assert peer.capture.page() is None
    assert not before.there
    peer.attaches(session="again")
    after = page_of(peer)
    assert after is not before
    assert (after.there, after.target_id) == (True, PAGE)
