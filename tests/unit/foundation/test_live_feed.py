from __future__ import annotations

import json
from typing import Any

import pytest
from tests.live_support import GAME, T0, event, fact_event, packet, tick

from vectra_player.bus import EventBus, Events
from vectra_player.foundation.live_feed import LiveFeed
from vectra_player.foundation.snapshot import snapshot_data
from vectra_player.live.live_state import LiveState
from vectra_player.live.provider import LiveStateProvider
from vectra_player.live.reducer import reduce
from vectra_player.model.frame import StoredFrame
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import decode

PRICES = [1.0, 1.1, 1.2]


class Line:
    """A client's connection that keeps what it is given."""

    def __init__(self) -> None:
        self.frames = b""
        self.closed: tuple[int, str] | None = None

    def send(self, frames: bytes) -> None:
        self.frames += frames

    def unsent(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def on_drain(self, call: Any) -> None:
        pass

    def messages(self) -> list[dict[str, Any]]:
        """Take the frames apart (RFC 6455 section 5.2, unmasked)."""
        found, rest = [], self.frames
        while rest:
            size, head = rest[1], 2
            if size == 126:
                size, head = int.from_bytes(rest[2:4]), 4
            elif size == 127:
                size, head = int.from_bytes(rest[2:10]), 10
            found.append(json.loads(rest[head : head + size]))
            rest = rest[head + size :]
        return found


class Wired:
    """A bus with live state and feed, as `app` joins them."""

    def __init__(self, *, demo: bool = False) -> None:
        self.bus = EventBus()
        self.live = LiveStateProvider(self.bus)
        self.session: str | None = "session"
        self.feed = LiveFeed(self.bus, self.live, demo=demo, recording=lambda: self.session)
        self.line = Line()

    def heard(self) -> list[dict[str, Any]]:
        self.feed.hub.flush()
        return self.line.messages()


async def test_a_message_tells_the_state_its_own_event_made() -> None:
    wired = Wired()
    wired.feed.hub.join(wired.line)
    for number in range(3):
        wired.bus.publish(Events.EVENT, event("gameStateUpdate", tick(number, PRICES)))
    ticks = [m for m in wired.heard() if m["type"] == "game.tick"]
    assert [m["data"]["tick"] for m in ticks] == [0, 1, 2]
    assert {m["data"]["phase"] for m in ticks} == {"LIVE"}


async def test_a_snapshot_comes_first_and_holds_what_is_known() -> None:
    wired = Wired()
    wired.bus.publish(Events.EVENT, event("gameStateUpdate", tick(2, PRICES)))
    wired.bus.publish(Events.EVENT, event("newTrade", {"type": "buy", "qty": 1}))
    wired.feed.hub.join(wired.line)
    (snapshot,) = wired.heard()
    told = snapshot["data"]
    assert (snapshot["type"], snapshot["gameId"], told["tick"]) == ("snapshot", GAME, 2)
    assert told["prices"] == PRICES
    assert [trade["qty"] for trade in told["trades"]] == [1]
    assert (told["mode"], told["trading"], told["recording"]) == ("LIVE", "PAPER", True)
    assert told["last_seq"] == snapshot["seq"]


async def test_a_local_game_page_is_shown_as_demo() -> None:
    wired = Wired()
    assert wired.feed.mode == "LIVE"
    frame = packet("gameStateUpdate", tick(1, PRICES))
    ws = describe(StoredFrame("s", 1, frame))
    told = decode(ws)
    assert told is not None
    wired.bus.publish(Events.EVENT, told)
    assert wired.feed.mode == "LIVE"
    local = StoredFrame("s", 2, type(frame)(ts=T0, raw=frame.raw, origin="127.0.0.1:8765"))
    wired.bus.publish(Events.EVENT, decode(describe(local)))
    assert wired.feed.mode == "DEMO"
    assert Wired(demo=True).feed.mode == "DEMO"


async def test_gaps_are_kept_for_the_page() -> None:
    wired = Wired()
    for number in range(25):
        wired.bus.publish(Events.EVENT, fact_event("gap", {"from": number, "to": number + 1}))
    kept = [json.loads(bytes(gap["data"]))["from"] for gap in wired.feed.gaps]
    assert kept == list(range(5, 25))


async def test_a_halt_is_told() -> None:
    wired = Wired()
    wired.feed.hub.join(wired.line)
    wired.feed.halted("the disk is full")
    wired.feed.halted(None)
    halted, resumed = wired.heard()[1:]
    assert (halted["type"], halted["data"]["recording"]) == ("recording", False)
    assert halted["data"]["detail"] == {"reason": "the disk is full"}
    assert (resumed["data"]["kind"], resumed["data"]["recording"]) == ("resumed", True)


async def test_a_feed_that_fails_leaves_the_publisher_and_the_state_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wired = Wired()

    def fail(message: object) -> int:
        raise RuntimeError("no")

    monkeypatch.setattr(wired.feed.hub, "publish", fail)
    wired.bus.publish(Events.EVENT, event("gameStateUpdate", tick(1, PRICES)))
    assert wired.live.tick == 1
    failures = [(h.name, h.topic, h.failed) for h in wired.bus.stats().handlers if h.failed]
    assert failures == [("feed", "event", 1)]


async def test_a_closed_feed_hears_nothing_more() -> None:
    wired = Wired()
    wired.feed.close()
    wired.bus.publish(Events.EVENT, event("gameStateUpdate", tick(1, PRICES)))
    assert wired.feed.hub.last_seq == 0


def test_a_snapshot_of_nothing_says_unknown_everywhere() -> None:
    told = snapshot_data(LiveState())
    assert told["phase"] == "UNKNOWN"
    unknown = ("game_id", "tick", "price", "cooldown_ms", "leaderboard", "rugpool", "sidebet")
    assert {told[key] for key in unknown} == {None}
    assert set(told["position"].values()) == set(told["player"].values()) == {None}


def test_a_snapshot_is_plain_json() -> None:
    state = LiveState()
    for told in (
        event("gameStateUpdate", tick(1, PRICES, leaderboard=[{"id": "a", "positionQty": 1.5}])),
        event("playerUpdate", {"id": "me", "cash": 1.5, "positionQty": 0.25, "avgCost": 1.1}),
        event("currentSidebet", {"startTick": 1, "betAmount": 0.01, "gameId": GAME}),
        event("currentSidebetResult", {"startTick": 1, "payout": 0.05, "profit": 0.04}),
    ):
        state = reduce(state, told)
    told_ = json.loads(json.dumps(snapshot_data(state)))
    assert told_["player"]["balance"] == 1.5
    assert told_["position"]["qty"] == 0.25
    assert told_["leaderboard"][0]["positionQty"] == 1.5
    assert told_["last_sidebet_result"]["payout"] == 0.05
