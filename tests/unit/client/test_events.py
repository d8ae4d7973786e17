"""Messages of the feed become typed events; what is malformed is None, and the payload is kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectra_player.client import (
    ConnectionChange,
    FeedEvent,
    GameTick,
    Gap,
    Origin,
    PlayerState,
    RawMessage,
    SidebetResult,
    Snapshot,
    Trade,
)
from vectra_player.client.decode import EVENT_TYPES, event_of
from vectra_player.client.subscriber import HANDLERS, BaseSubscriber
from vectra_player.errors import DecodeError
from vectra_player.foundation.normaliser import OURS, TYPES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def make(kind: str, data: dict[str, Any], **more: Any) -> FeedEvent:
    """Read a message as the feed would send it."""
    envelope = {"type": kind, "ts": 1_737_830_112_000, "gameId": "g1", "seq": 7, "src": None}
    return event_of(json.dumps({**envelope, "data": data, **more}))


def test_a_tick_tells_moment_price_and_origin() -> None:
    data = {"phase": "LIVE", "tick": 41, "price": 1.25, "active": True, "connectedPlayers": 190}
    source = {"session_id": "s", "seq": 3, "sub": 1}
    event = make("game.tick", data, src=source, merged=[[39, 1.1], [40, 1.2]])
    assert isinstance(event, GameTick)
    assert (event.tick, event.price, event.phase, event.players) == (41, 1.25, "LIVE", 190)
    assert event.merged == ((39, 1.1), (40, 1.2))
    assert event.src == Origin("s", 3, 1)
    assert event.data == data


def test_amounts_are_exact() -> None:
    event = make("player.trade", {"type": "buy", "amount": 0.1, "qty": 0.123456789, "own": True})
    assert isinstance(event, Trade)
    assert (event.side, event.amount, event.qty) == ("buy", Decimal("0.1"), Decimal("0.123456789"))
    assert event.own is True


@pytest.mark.parametrize(("payout", "won"), [(0.5, True), (0, False), (None, None)])
def test_a_result_says_whether_it_paid_only_when_it_was_told(
    payout: float | None, won: bool | None
) -> None:
    event = make("sidebet.result", {"payout": payout})
    assert isinstance(event, SidebetResult)
    assert event.won is won


def test_a_field_of_another_type_is_unknown_and_stays_in_the_payload() -> None:
    event = make("player.state", {"id": 5, "cash": "much", "positionQty": True, "avgCost": None})
    assert isinstance(event, PlayerState)
    assert (event.player_id, event.balance, event.position_qty, event.avg_cost) == (None,) * 4
    assert event.data["cash"] == "much"


def test_events_the_feed_does_not_know_travel_raw_and_unknown_types_are_plain() -> None:
    raw = make("raw.newChatMessage", {"message": "hi", "direction": "sent"})
    assert isinstance(raw, RawMessage)
    assert (raw.name, raw.direction) == ("newChatMessage", "sent")
    assert type(make("of.tomorrow", {"x": 1})) is FeedEvent


def test_a_gap_without_a_scope_is_one_of_the_feed() -> None:
    feed, capture = make("gap", {"from": 3, "reason": "x"}), make("gap", {"scope": "capture"})
    assert isinstance(feed, Gap)
    assert isinstance(capture, Gap)
    assert (feed.scope, capture.scope) == ("feed", "capture")


def test_a_connection_message_is_about_the_source() -> None:
    event = make("connection", {"kind": "silence", "connected": True})
    assert isinstance(event, ConnectionChange)
    assert (event.scope, event.state, event.connected) == ("source", "silence", True)


def test_a_snapshot_keeps_what_no_tick_told_as_none() -> None:
    event = make("snapshot", {"prices": [1, None, 1.5], "feed_id": "f"})
    assert isinstance(event, Snapshot)
    assert event.prices == (1.0, None, 1.5)


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        make("game.tick", {}).seq = 1  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"type":1}', '{"type":"a","ts":1}', "7"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        event_of(text)


@given(st.sampled_from([*EVENT_TYPES, "raw.x"]), st.data())
def test_no_payload_whatsoever_fails(kind: str, data: st.DataObject) -> None:
    made = EVENT_TYPES.get(kind, RawMessage)
    keys = [key for key, _ in made.reads.values()]
    payload = data.draw(st.dictionaries(st.sampled_from(keys), JSON))
    text = msgspec.json.encode({"type": kind, "ts": 1, "gameId": None, "seq": 1, "data": payload})
    assert event_of(text).data.keys() == payload.keys()


def test_every_type_the_feed_sends_has_a_class_and_every_class_a_handler() -> None:
    assert set(EVENT_TYPES) == {*TYPES.values(), *OURS}
    assert {*EVENT_TYPES.values(), RawMessage} == set(HANDLERS)
    assert all(hasattr(BaseSubscriber, name) for name in HANDLERS.values())
