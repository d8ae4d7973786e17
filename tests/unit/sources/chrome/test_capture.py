"""What one connection to Chrome makes of sockets, polls and odd messages."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sources.chrome.peer import PAGE, POLL_URL, SESSION, Peer

from vectra_player.sources.chrome.cdp import METHODS
from vectra_player.sources.chrome.polling import BODY_S

SEPARATOR = "\x1e"


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    peer.attaches()
    return peer


def test_frames_keep_payload_direction_opcode_and_time(peer: Peer) -> None:
    peer.opens_socket()
    peer.frame('42["x",{"π":1}]', at=101.25)
    peer.frame("AAH/", opcode=2, sent=True)
    peer.says("Network.webSocketClosed", requestId="7.1", timestamp=102.0)
    connected, text, binary, closed = peer.frames()
    assert (text.raw, text.direction, text.opcode) == ('42["x",{"π":1}]', "received", 1)
    assert (binary.raw, binary.direction, binary.opcode) == ("AAH/", "sent", 2)
    assert text.ts == 2_000_000_001_250_000
    assert text.origin == "backend.example"
    assert text.transport == "websocket"
    assert text.socket_id == binary.socket_id != ""
    assert json.loads(connected.raw)["socket_id"] == text.socket_id
    assert closed.event_name == "vectra.disconnected"


def test_sockets_that_are_not_engineio_are_left_out(peer: Peer) -> None:
    peer.opens_socket(url="wss://other.example/live")
    peer.frame('42["looks like it"]')
    assert peer.frames() == []


def test_frames_of_sessions_nobody_attached_are_left_out(peer: Peer) -> None:
    peer.opens_socket()
    peer.frames()
    peer.says(
        "Network.webSocketFrameReceived",
        session="unknown",
        requestId="7.1",
        response={"opcode": 1, "payloadData": "42[1]"},
    )
    assert peer.frames() == []


def test_a_socket_met_late_is_told_by_its_first_packet(peer: Peer) -> None:
    peer.frame('42["tick"]', request="9.1")
    peer.frame("hello", request="9.2")
    peer.frame('42["later"]', request="9.2")
    late, packet = peer.frames()
    assert late.event_name == "vectra.late_attach"
    assert packet.origin == late.origin == "game.example"
    assert packet.raw == '42["tick"]'


@pytest.mark.parametrize("how", ["navigated", "detached", "crashed"])
def test_the_end_of_a_page_ends_its_sockets(peer: Peer, how: str) -> None:
    peer.opens_socket()
    peer.frames()
    if how == "navigated":
        peer.says("Page.frameNavigated", frame={"id": PAGE, "url": "https://game.example/next"})
    elif how == "detached":
        peer.says("Target.detachedFromTarget", session="", sessionId=SESSION)
    else:
        peer.says("Target.targetCrashed", session="", targetId=PAGE)
    assert "disconnected" in [kind for kind, _ in peer.facts()]


def test_a_child_frame_that_navigates_ends_nothing(peer: Peer) -> None:
    peer.opens_socket()
    peer.frames()
    peer.says("Page.frameNavigated", frame={"id": "child", "url": "https://ads.example/"})
    assert peer.frames() == []


def test_a_polling_body_is_split_and_frames_behind_it_wait(peer: Peer) -> None:
    peer.polls("1.1")
    peer.finishes("1.1")
    peer.opens_socket()
    peer.frame("42[2]")
    assert peer.frames() == [], "the body has not come"
    body = SEPARATOR.join(['0{"sid":"S"}', "40", "bAAE=", "42[1]"])
    peer.answers("Network.getResponseBody", {"body": body, "base64Encoded": False})
    frames = [frame for frame in peer.frames() if frame.raw_format == "engineio"]
    assert [frame.raw for frame in frames] == ['0{"sid":"S"}', "40", "AAE=", "42[1]", "42[2]"]
    assert [frame.opcode for frame in frames] == [1, 1, 2, 1, 1]
    assert {frame.transport for frame in frames[:4]} == {"polling"}


def test_the_connection_keeps_its_name_from_poll_to_upgrade(peer: Peer) -> None:
    peer.polls("1.1")
    peer.finishes("1.1")
    peer.answers("Network.getResponseBody", {"body": '0{"sid":"S"}', "base64Encoded": False})
    peer.polls("1.2", sid="S", method="POST", postData="40")
    peer.opens_socket(
        url=POLL_URL.replace("https", "wss").replace("polling", "websocket") + "&sid=S"
    )
    peer.frame("2probe", sent=True)
    packets = [frame for frame in peer.frames() if frame.raw_format == "engineio"]
    assert [frame.raw for frame in packets] == ['0{"sid":"S"}', "40", "2probe"]
    assert len({frame.socket_id for frame in packets}) == 1
    assert "S" not in packets[0].socket_id.split("."), "a sid is a credential"


def test_base64_bodies_and_answers_to_posts_are_understood(peer: Peer) -> None:
    peer.polls("1.2", sid="S", method="POST", postData=SEPARATOR.join(["42[1]", "42[2]"]))
    peer.finishes("1.2")
    peer.polls("1.3", sid="S")
    peer.finishes("1.3")
    body = base64.b64encode('42["é"]'.encode()).decode()
    peer.answers("Network.getResponseBody", {"body": body, "base64Encoded": True})
    assert peer.packets() == ["42[1]", "42[2]", '42["é"]']
    assert peer.commands().count("Network.getResponseBody") == 1


def test_post_data_that_chrome_withholds_is_asked_for(peer: Peer) -> None:
    peer.polls("1.2", sid="S", method="POST", hasPostData=True)
    peer.answers("Network.getRequestPostData", {"postData": "42[9]"})
    assert peer.packets() == ["42[9]"]


@pytest.mark.parametrize("silent", [False, True])
def test_a_body_that_cannot_be_had_is_a_gap(peer: Peer, silent: bool) -> None:
    peer.polls("1.3", sid="S")
    peer.finishes("1.3")
    if silent:
        peer.clock.now += BODY_S + 1
        peer.capture.tick()
    else:
        peer.answers("Network.getResponseBody", error="No resource with given identifier found")
    assert [kind for kind, _ in peer.facts()] == ["late_attach", "gap"]


def test_a_refused_poll_ends_the_connection(peer: Peer) -> None:
    peer.polls("1.3", sid="S")
    peer.finishes("1.3", status=400)
    assert [kind for kind, _ in peer.facts()] == ["late_attach", "socket_error", "disconnected"]


def test_a_connection_that_only_polls_ends_with_its_goodbye(peer: Peer) -> None:
    peer.polls("1.3", sid="S")
    peer.finishes("1.3")
    peer.answers("Network.getResponseBody", {"body": SEPARATOR.join(["42[1]", "1"])})
    frames = peer.frames()
    assert [frame.raw for frame in frames if frame.raw_format == "engineio"] == ["42[1]", "1"]
    assert frames[-1].event_name == "vectra.disconnected"
    peer.polls("1.4", sid="T", method="POST", postData="1")
    assert [frame.event_name for frame in peer.frames()][-1] == "vectra.disconnected"


def test_webtransport_is_an_alarm(peer: Peer) -> None:
    url = "https://backend.example/socket.io/?EIO=4&transport=webtransport"
    peer.says("Network.webTransportCreated", transportId="1", url=url)
    ((kind, detail),) = peer.facts()
    assert kind == "gap"
    assert "WebTransport" in detail["missing"]


def test_an_adopted_state_repeats_no_packet(peer: Peer) -> None:
    heir = Peer()
    for message in (
        {
            "method": "Target.attachedToTarget",
            "params": {
                "sessionId": SESSION,
                "targetInfo": {"targetId": PAGE, "type": "page", "url": "https://game.example/"},
                "waitingForDebugger": True,
            },
        },
        {
            "method": "Network.requestWillBeSent",
            "sessionId": SESSION,
            "params": {
                "requestId": "1.1",
                "request": {"url": POLL_URL + "&sid=S", "method": "POST", "postData": "42[1]"},
            },
        },
    ):
        heir.capture.adopt(json.dumps(message).encode())
    assert heir.packets() == []
    assert heir.asked == [], "an earlier recorder has set it up"
    heir.polls("1.2", sid="S")
    heir.finishes("1.2")
    heir.answers("Network.getResponseBody", {"body": "42[2]", "base64Encoded": False})
    assert heir.packets() == ["42[2]"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"method":1}',
        b"\xff\xfe",
        b'{"method":"Network.webSocketFrameReceived","sessionId":"session-1","params":{}}',
        b'{"method":"Network.webSocketCreated","sessionId":"session-1","params":{"requestId":4}}',
        b'{"method":"Target.attachedToTarget","params":{"sessionId":"x"}}',
        b'{"method":"Page.frameNavigated","sessionId":"session-1","params":[]}',
    ],
)
def test_a_malformed_message_is_told_and_the_rest_goes_on(peer: Peer, data: bytes) -> None:
    peer.opens_socket()
    peer.frames()
    peer.raw(data)
    peer.frame("42[1]")
    frames = peer.frames()
    assert frames[-1].raw == "42[1]"
    assert [frame.event_name for frame in frames[:-1]] == ["vectra.gap"]


names = st.sampled_from(
    [
        "Network.webSocketCreated",
        "Network.webSocketFrameReceived",
        "Network.webSocketClosed",
        "Network.requestWillBeSent",
        "Network.loadingFinished",
        "Target.attachedToTarget",
        "Target.detachedFromTarget",
        "Target.targetInfoChanged",
        "Page.frameNavigated",
        "Runtime.bindingCalled",
    ]
)
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.sampled_from([SESSION, PAGE, POLL_URL]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["requestId", "url", "frame", "id", "targetInfo", "sessionId", "request"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.tuples(names, values), max_size=12))
def test_nothing_chrome_says_makes_it_raise(script: list[tuple[str, object]]) -> None:
    peer = Peer()
    peer.attaches()
    for method, params in script:
        message = {"method": method, "sessionId": SESSION, "params": params}
        peer.raw(json.dumps(message).encode())
    assert set(peer.commands()) <= METHODS
