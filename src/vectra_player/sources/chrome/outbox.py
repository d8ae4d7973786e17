"""Frames on their way out, in the order Chrome's messages came, with their receipts.

A polling body has to be fetched first; what came after it waits here, so that order holds and a
receipt never covers a message whose frames are not out yet.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec

from vectra_player.model.frame import Frame


class Item(NamedTuple):
    """A frame, and what tells it apart from the copy a second connection sees.

    `stream` is its socket, `unique` a name that occurs once in it; empty for the frames of a
    WebSocket, which only their order and content tell apart.
    """

    frame: Frame
    stream: str
    unique: str = ""


class Slot(msgspec.Struct):
    """The frames of one message of Chrome; open until they are all known."""

    number: int
    items: list[Item]
    deadline: float | None = None


class Outbox:
    """An ordered queue of slots; those behind an open one wait."""

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque()
        self._current = Slot(0, [])

    def begin(self, number: int) -> None:
        """Start the slot of message `number`."""
        self._current = Slot(number, [])
        self._slots.append(self._current)

    def put(self, item: Item) -> None:
        """Add a frame to the current slot."""
        self._current.items.append(item)

    def keep_facts_only(self) -> None:
        """Strip the current slot of packets and close it: they went out before."""
        kept = [item for item in self._current.items if item.frame.raw_format == "fact"]
        self._current.items = kept
        self._current.deadline = None

    def hold(self, deadline: float) -> Slot:
        """Keep the current slot open, at most until `deadline` (monotonic seconds)."""
        self._current.deadline = deadline
        return self._current

    def fill(self, slot: Slot, items: list[Item]) -> None:
        """Complete an open slot; once only, the second time nothing happens."""
        if slot.deadline is not None:
            slot.items += items
            slot.deadline = None

    def overdue(self, now: float) -> list[Slot]:
        """Return open slots past their deadline."""
        return [slot for slot in self._slots if slot.deadline is not None and slot.deadline < now]

    def ready(self) -> Slot | None:
        """Return the first slot when it is complete."""
        slots = self._slots
        return slots[0] if slots and slots[0].deadline is None else None

    def done(self) -> None:
        """Forget the first slot: its frames are out."""
        self._slots.popleft()

    @property
    def idle(self) -> bool:
        """True when nothing waits."""
        return not self._slots


class Receipts:
    """Which message numbers may be acknowledged to the host."""

    def __init__(self) -> None:
        self.durable = 0
        self._emitted = 0
        self._settled = 0
        self._told = 0

    @property
    def settled(self) -> int:
        """Highest message number whose frames, if any, are all out."""
        return self._settled

    @property
    def all_durable(self) -> bool:
        """True when every frame emitted so far is on disk."""
        return self.durable >= self._emitted

    def settle(self, number: int, *, emitted: bool) -> None:
        """Note that everything made from message `number` is out."""
        if number:
            self._settled = number
            if emitted:
                self._emitted = number

    def news(self) -> int:
        """Return a number to acknowledge now, 0 when there is none."""
        number = self._settled if self.durable >= self._emitted else self.durable
        if number <= self._told:
            return 0
        self._told = number
        return number

    def renew(self) -> None:
        """Forget what was told: another host listens now."""
        self._told = 0
