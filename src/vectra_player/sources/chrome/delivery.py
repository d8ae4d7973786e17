"""Hand frames to the recorder: gaps announced, receipts kept. Used by `pipe` and `port`."""

from __future__ import annotations

import msgspec

from vectra_player.model.frame import Frame, fact
from vectra_player.model.frame import gap as gap_detail
from vectra_player.sources.base import Emit
from vectra_player.sources.chrome.outbox import Outbox, Receipts


class Gap(msgspec.Struct):
    """Frames were missed since `since` (wall microseconds)."""

    since: int
    reason: str


class Delivery:
    """The way from an outbox to the recorder; survives a change of connection."""

    def __init__(self) -> None:
        self.receipts = Receipts()
        self.last_us = 0
        self._gap: Gap | None = None

    def interrupted(self, reason: str) -> None:
        """Announce a gap before the next frame, if there was a frame before."""
        if self.last_us and self._gap is None:
            self._gap = Gap(self.last_us, reason)

    def drain(self, outbox: Outbox, emit: Emit) -> None:
        """Emit everything that is ready; what `emit` refuses stays for the next call.

        Raises:
            CaptureHaltedError: from `emit`.
        """
        while (slot := outbox.ready()) is not None:
            emitted = bool(slot.items)
            while slot.items:
                last = len(slot.items) == 1
                frame = slot.items[0].frame
                if last and slot.number:
                    frame = msgspec.structs.replace(frame, receipt=slot.number)
                self.hand_over(frame, emit)
                del slot.items[0]
            outbox.done()
            self.receipts.settle(slot.number, emitted=emitted)

    def hand_over(self, frame: Frame, emit: Emit) -> None:
        """Emit one frame, and before it the gap it ends."""
        if frame.raw_format == "engineio":
            if self._gap is not None:
                emit(self._gap_fact(self._gap, frame))
                self._gap = None
            self.last_us = max(self.last_us, frame.ts)
        emit(frame)

    def _gap_fact(self, gap: Gap, frame: Frame) -> Frame:
        missing = "every packet of the game page in between"
        detail = gap_detail(missing, gap.reason, times=(gap.since, frame.ts))
        return fact("gap", detail, ts=frame.ts, source="cdp", origin=frame.origin)
