"""Order and receipts: nothing is acknowledged before it, and all before it, is on disk."""

from __future__ import annotations

import pytest

from vectra_player.errors import DiskError
from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.delivery import Delivery
from vectra_player.sources.chrome.outbox import Item, Outbox


def item(raw: str) -> Item:
    return Item(Frame(ts=1, raw=raw), "s")


def test_only_the_last_frame_of_a_message_carries_its_receipt() -> None:
    outbox, delivery, out = Outbox(), Delivery(), []
    outbox.begin(7)
    for raw in ("a", "b"):
        outbox.put(item(raw))
    outbox.begin(8)
    delivery.drain(outbox, out.append)
    assert [(frame.raw, frame.receipt) for frame in out] == [("a", 0), ("b", 7)]
    assert delivery.receipts.settled == 8


def test_messages_without_frames_are_acknowledged_once_the_frames_before_are_durable() -> None:
    outbox, delivery = Outbox(), Delivery()
    outbox.begin(7)
    outbox.put(item("a"))
    for number in (8, 9):
        outbox.begin(number)
    delivery.drain(outbox, lambda frame: None)
    assert delivery.receipts.news() == 0
    delivery.receipts.durable = 7
    assert delivery.receipts.news() == 9
    assert delivery.receipts.news() == 0


def test_an_open_slot_holds_back_frames_and_receipts() -> None:
    outbox, delivery, out = Outbox(), Delivery(), []
    outbox.begin(1)
    slot = outbox.hold(10.0)
    outbox.begin(2)
    outbox.put(item("later"))
    delivery.drain(outbox, out.append)
    assert (out, delivery.receipts.news()) == ([], 0)
    outbox.fill(slot, [item("first")])
    outbox.fill(slot, [item("twice")])
    delivery.drain(outbox, out.append)
    assert [(frame.raw, frame.receipt) for frame in out] == [("first", 1), ("later", 2)]


def test_what_the_store_refuses_is_offered_again() -> None:
    outbox, delivery, out = Outbox(), Delivery(), []
    outbox.begin(1)
    for raw in ("a", "b", "c"):
        outbox.put(item(raw))

    def full_after_one(frame: Frame) -> None:
        if out:
            raise DiskError("full")
        out.append(frame)

    with pytest.raises(DiskError):
        delivery.drain(outbox, full_after_one)
    delivery.drain(outbox, out.append)
    assert [(frame.raw, frame.receipt) for frame in out] == [("a", 0), ("b", 0), ("c", 1)]


def test_an_interruption_is_told_before_the_next_packet() -> None:
    delivery, out = Delivery(), []
    delivery.interrupted("nothing was heard yet")
    delivery.hand_over(Frame(ts=10, raw="a"), out.append)
    delivery.interrupted("Chrome ended")
    delivery.hand_over(Frame(ts=30, raw="b"), out.append)
    assert [frame.event_name for frame in out] == ["", "vectra.gap", ""]
    assert '00.000010Z","to":"1970-01-01T00:00:00.000030Z"' in out[1].raw
