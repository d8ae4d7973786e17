"""Which targets are listened to, in which order, and what foreign ones get to see."""

from __future__ import annotations

import pytest
from tests.unit.sources.chrome.peer import GAME, PAGE, SESSION, Peer

from vectra_player.sources.chrome.attach import origin_of
from vectra_player.sources.chrome.cdp import METHODS, Cdp

SET_UP = [
    "Network.enable",
    "Target.setAutoAttach",
    "Page.enable",
    "Runtime.runIfWaitingForDebugger",
]
MANNERS = ["Runtime.runIfWaitingForDebugger", "Target.detachFromTarget"]


def test_a_game_page_is_set_up_without_waiting_for_answers() -> None:
    peer = Peer()
    peer.attaches()
    assert peer.commands(SESSION) == SET_UP


def test_network_enable_that_is_refused_is_asked_for_plainly() -> None:
    peer = Peer()
    peer.attaches()
    peer.answers("Network.enable", error="maxTotalBufferSize is required")
    assert peer.asked[-1]["method"] == "Network.enable"
    assert peer.asked[-1]["params"] == {}


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("page", "https://other.example/"),
        ("page", "https://game.example.evil.example/"),
        ("page", "http://game.example/"),
        ("page", "https://game.example:8443/"),
        ("page", "chrome-extension://abcdef/page.html"),
        ("page", "chrome://newtab/"),
        ("page", "file:///etc/hosts"),
        ("shared_worker", "https://other.example/worker.js"),
        ("browser_ui", "chrome://omnibox-popup/"),
    ],
)
def test_foreign_targets_see_only_resume_and_detach(kind: str, url: str) -> None:
    peer = Peer()
    peer.attaches(kind=kind, url=url)
    assert peer.commands() == MANNERS
    peer.opens_socket()
    peer.frame("42[1]")
    assert peer.frames() == []


@pytest.mark.parametrize("kind", ["iframe", "worker", "service_worker", "shared_worker"])
def test_frames_and_workers_of_the_game_are_listened_to_wherever_they_come_from(kind: str) -> None:
    peer = Peer()
    peer.attaches()
    peer.attaches(
        target="child", session="s2", kind=kind, url="https://cdn.example/", parent=SESSION
    )
    assert peer.commands("s2")[0] == "Network.enable"
    assert peer.commands("s2")[-1] == "Runtime.runIfWaitingForDebugger"


def test_children_of_foreign_pages_are_let_go() -> None:
    peer = Peer()
    peer.attaches(url="https://other.example/", session="foreign")
    peer.asked.clear()
    peer.attaches(target="child", session="s2", kind="worker", url=GAME, parent="foreign")
    assert peer.commands() == MANNERS


def test_a_target_announced_twice_is_listened_to_once() -> None:
    peer = Peer()
    peer.attaches()
    for session in ("s2", "s3"):
        peer.attaches(target="sw", session=session, kind="service_worker", parent=SESSION)
    assert "Network.enable" in peer.commands("s2")
    assert peer.commands("s3") == ["Runtime.runIfWaitingForDebugger"]
    order = [(item.get("sessionId"), item["method"]) for item in peer.asked]
    assert order.index(("s2", "Network.enable")) < order.index(
        ("s3", "Runtime.runIfWaitingForDebugger")
    )
    peer.says("Target.detachedFromTarget", session=SESSION, sessionId="s2")
    assert "Network.enable" in peer.commands("s3"), "the second session takes over"


def test_a_page_that_leaves_the_game_is_let_go_and_taken_back() -> None:
    peer = Peer()
    peer.attaches()
    peer.asked.clear()
    peer.says("Page.frameNavigated", frame={"id": PAGE, "url": "https://wallet.example/"})
    assert peer.commands() == ["Target.detachFromTarget"]
    info = {"targetId": PAGE, "type": "page", "url": GAME + "/again"}
    peer.says("Target.targetInfoChanged", session="", targetInfo=info)
    assert peer.commands()[-1] == "Target.attachToTarget"
    peer.attaches(session="s9", waiting=False)
    assert peer.commands("s9") == SET_UP
    assert [kind for kind, _ in peer.facts()] == ["late_attach"]


def test_an_error_page_of_the_game_stays_the_games() -> None:
    peer = Peer()
    peer.attaches()
    frame = {"id": PAGE, "url": "chrome-error://chromewebdata/", "unreachableUrl": GAME + "/"}
    peer.says("Page.frameNavigated", frame=frame)
    assert "Target.detachFromTarget" not in peer.commands()


def test_the_game_is_opened_only_once_the_blank_page_is_watched() -> None:
    peer = Peer()
    peer.capture.begin(open_page=True, use_blank=True)
    peer.attaches(url="about:blank")
    peer.answers("Target.getTargets", {"targetInfos": []})
    assert "Page.navigate" not in peer.commands()
    peer.answers("Network.enable")
    assert peer.asked[-1]["method"] == "Page.navigate"
    assert peer.asked[-1]["params"] == {"url": GAME}


def test_a_game_page_that_is_there_is_not_opened_again() -> None:
    peer = Peer()
    peer.capture.begin(open_page=True, use_blank=False)
    peer.attaches(waiting=False)
    peer.answers("Target.getTargets", {"targetInfos": []})
    peer.answers("Network.enable")
    assert not {"Page.navigate", "Target.createTarget"} & set(peer.commands())


def test_a_page_that_does_not_load_is_tried_again_later() -> None:
    peer = Peer()
    peer.capture.begin(open_page=True, use_blank=True)
    peer.attaches(url="about:blank")
    peer.answers("Target.getTargets", {"targetInfos": []})
    peer.answers("Network.enable")
    peer.answers("Page.navigate", {"errorText": "net::ERR_CONNECTION_REFUSED"})
    assert [kind for kind, _ in peer.facts()] == ["target_unreachable"]
    assert peer.commands().count("Page.navigate") == 1
    peer.clock.now += 2
    peer.capture.tick()
    assert peer.commands().count("Page.navigate") == 2


def test_a_crashed_tab_is_reloaded() -> None:
    peer = Peer()
    peer.attaches()
    peer.says("Target.targetCrashed", session="", targetId=PAGE)
    assert peer.commands(SESSION)[-1] == "Page.reload"


def test_only_methods_of_the_list_can_be_sent() -> None:
    cdp = Cdp(lambda data: None)
    with pytest.raises(ValueError, match="allow-list"):
        cdp.send("Network.getAllCookies")
    for word in ("Cookie", "Storage", "evaluate", "Fetch", "Input"):
        assert not [method for method in METHODS if word in method]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Game.example/a?b", "https://game.example"),
        ("blob:https://game.example/uuid", "https://game.example"),
        ("about:blank", ""),
        ("data:text/html,x", ""),
    ],
)
def test_origins_are_scheme_and_host(url: str, origin: str) -> None:
    assert origin_of(url) == origin
