"""The listener for presses: where it is installed, in which order, and what may come of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sources.chrome.peer import GAME, PAGE, SESSION, Peer

from vectra_player.model.press import PressSeen
from vectra_player.sources.chrome.cdp import METHODS
from vectra_player.sources.chrome.presses import BINDING, LONGEST, WORLD
from vectra_player.trading import selectors

SELECTORS = selectors.load()
MANNERS = ["Runtime.runIfWaitingForDebugger", "Target.detachFromTarget"]


class Listening(Peer):
    """A Chrome whose pages are listened to; `heard` keeps the presses."""

    def __init__(self, **options: Any) -> None:
        self.heard: list[PressSeen] = []
        super().__init__(selectors=SELECTORS, on_press=self.heard.append, **options)

    def tells(self, payload: object, session: str = SESSION, name: str = BINDING) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.says("Runtime.bindingCalled", session, name=name, payload=text, executionContextId=5)


def press(**values: Any) -> dict[str, Any]:
    return {"button": "BUY", "label": "BUY +0.030 SOL", "at_ms": 12.5, "trusted": True, **values}


def test_the_listener_is_there_before_a_page_runs() -> None:
    peer = Listening()
    peer.attaches()
    commands = peer.commands(SESSION)
    assert commands[0] == "Network.enable", "frames come first"
    assert commands[-2:] == [
        "Page.addScriptToEvaluateOnNewDocument",
        "Runtime.runIfWaitingForDebugger",
    ]
    assert peer.asked[-2]["params"]["worldName"] == WORLD
    assert set(commands) <= METHODS


def test_each_new_document_of_the_game_gets_its_way_to_speak() -> None:
    peer = Listening()
    peer.attaches()
    for count in (1, 2):
        peer.says("Page.frameNavigated", frame={"id": PAGE, "url": f"{GAME}/{count}"})
        assert peer.commands().count("Runtime.addBinding") == count
    binding = {"name": BINDING, "executionContextName": WORLD}
    assert peer.asked[-1]["params"] == binding


def test_frames_inside_a_page_and_workers_get_no_listener() -> None:
    peer = Listening()
    peer.attaches()
    peer.asked.clear()
    for kind in ("iframe", "worker", "service_worker"):
        peer.attaches(target=kind, session=kind, kind=kind, parent=SESSION)
    peer.says("Page.frameNavigated", frame={"id": "child", "url": f"{GAME}/inner"})
    assert not {"Page.addScriptToEvaluateOnNewDocument", "Runtime.addBinding"} & set(
        peer.commands()
    )


def test_foreign_pages_still_see_only_resume_and_detach() -> None:
    peer = Listening()
    peer.attaches(url="https://other.example/")
    assert peer.commands() == MANNERS


def test_a_page_that_leaves_the_game_gets_nothing_more() -> None:
    peer = Listening()
    peer.attaches()
    peer.asked.clear()
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": "https://wallet.example/"})
    assert peer.commands() == ["Target.detachFromTarget"]


def test_a_page_that_was_open_before_is_listened_to_as_well() -> None:
    peer = Listening()
    peer.attaches(waiting=False)
    peer.answers("Page.createIsolatedWorld", {"executionContextId": 9})
    call = peer.asked[-1]
    assert call["method"] == "Runtime.callFunctionOn"
    assert call["params"]["executionContextId"] == 9
    peer.answers("Runtime.callFunctionOn", {"result": {"value": "new"}})
    assert peer.commands()[-1] == "Runtime.addBinding"


@pytest.mark.parametrize(("known", "scripts"), [("same", 0), ("changed", 1), ("new", 1)])
def test_a_page_of_a_recorder_before_is_not_given_a_second_listener(
    known: str, scripts: int
) -> None:
    peer = Listening()
    info = {"targetId": PAGE, "type": "page", "url": GAME + "/", "attached": True}
    attached = {"sessionId": SESSION, "targetInfo": info, "waitingForDebugger": True}
    peer.capture.adopt(
        json.dumps({"method": "Target.attachedToTarget", "params": attached}).encode()
    )
    assert peer.commands() == [], "nothing is sent before it is known where the page is now"
    peer.capture.begin(open_page=False, use_blank=False)
    peer.answers("Target.getTargets", {"targetInfos": [info]})
    peer.answers("Page.createIsolatedWorld", {"executionContextId": 9})
    peer.answers("Runtime.callFunctionOn", {"result": {"value": known}})
    assert peer.commands().count("Page.addScriptToEvaluateOnNewDocument") == scripts
    assert peer.commands()[-1] == "Runtime.addBinding"


def test_an_adopted_page_that_left_the_game_meanwhile_gets_nothing() -> None:
    peer = Listening()
    info = {"targetId": PAGE, "type": "page", "url": GAME + "/", "attached": True}
    attached = {"sessionId": SESSION, "targetInfo": info, "waitingForDebugger": True}
    peer.capture.adopt(
        json.dumps({"method": "Target.attachedToTarget", "params": attached}).encode()
    )
    peer.capture.begin(open_page=False, use_blank=False)
    gone = info | {"url": "https://wallet.example/"}
    peer.answers("Target.getTargets", {"targetInfos": [gone]})
    assert peer.commands(SESSION) == []


def test_a_second_connection_installs_nothing_and_hears_nothing() -> None:
    peer = Listening(acts=False)
    peer.attaches(waiting=False)
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": f"{GAME}/next"})
    peer.tells(press())
    assert not {name for name in peer.commands() if "Binding" in name or "Isolated" in name}
    assert peer.heard == []


def test_without_selectors_nobody_listens() -> None:
    peer = Peer()
    peer.attaches(waiting=False)
    assert not {name for name in peer.commands() if "Binding" in name or "Isolated" in name}


def test_a_press_is_passed_on_with_its_tab() -> None:
    peer = Listening()
    peer.attaches()
    peer.tells(press(amount="0.03", percentage="100", token="t", withheld=False))
    (heard,) = peer.heard
    assert (heard.button, heard.amount, heard.target_id, heard.token) == ("BUY", "0.03", PAGE, "t")


def test_a_press_told_by_two_listeners_of_one_page_is_passed_on_once() -> None:
    peer = Listening()
    peer.attaches()
    for _ in range(2):
        peer.tells(press())
    peer.tells(press(at_ms=13.0))
    assert [each.at_ms for each in peer.heard] == [12.5, 13.0]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "{",
        "null",
        "[1]",
        "{}",
        press(button="WITHDRAW"),
        press(button=1),
        press(at_ms="now"),
        press(at_ms=None),
        press(trusted="yes"),
        json.dumps(press()).replace("12.5", "1e999"),
        press(label="x" * LONGEST),
        press(amount={"deep": [1] * 9}),
        "[" * 4000,
    ],
)
def test_what_is_malformed_or_too_long_is_dropped_and_nothing_breaks(payload: object) -> None:
    peer = Listening()
    peer.attaches()
    peer.tells(payload)
    peer.tells(press())
    assert [each.button for each in peer.heard] == ["BUY"]
    assert peer.facts() == []


def test_other_bindings_and_unknown_sessions_are_not_heard() -> None:
    peer = Listening()
    peer.attaches()
    peer.tells(press(), name="other")
    peer.tells(press(), session="stranger")
    assert peer.heard == []


def test_the_tab_is_not_the_pages_to_name() -> None:
    peer = Listening()
    peer.attaches()
    peer.tells(press(target_id="another"))
    assert peer.heard[0].target_id == PAGE


def test_what_goes_into_the_page_is_constant_but_for_json_values() -> None:
    peer = Listening()
    peer.attaches()
    source = next(
        item["params"]["source"]
        for item in peer.asked
        if item["method"] == "Page.addScriptToEvaluateOnNewDocument"
    )
    values = json.loads(f"[{source[source.rindex('})(') + 3 : -2]}]")
    assert values[1:] == [GAME, BINDING]
    assert values[0]["version"] == SELECTORS.version
    assert not re.search(r"\beval\b|new Function|cookie|localStorage|fetch\(|XMLHttp", source)


words = st.text(max_size=12) | st.sampled_from(["BUY", "SELL", "", "\ud800", "\x00"])
anything = st.none() | st.booleans() | st.floats() | st.integers() | words
reports = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("button", "label", "at_ms", "trusted", "amount", "percentage", "withheld"), anything
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(reports | anything, max_size=6))
def test_nothing_a_binding_says_breaks_the_recorder(script: list[object]) -> None:
    peer = Listening()
    peer.attaches()
    for payload in script:
        peer.tells(json.dumps(payload))
    assert peer.facts() == []
    assert {each.button for each in peer.heard} <= {b.name for b in SELECTORS.button} | {""}
