"""Join what two connections to one Chrome hear into one stream, each frame once.

The copies never carry the same timestamp, so they are matched by socket, direction, order and
content (capture.md, loss modes); time only aligns a connection that joins late.
"""

from __future__ import annotations

from collections import deque

import msgspec

from vectra_player.sources.chrome.outbox import Item

SAME_US = 250_000
"""Copies of one frame lie within 6 ms at p99; a late joiner looks this far around."""
FACT_US = 10_000_000
RECENT = 512
"""Frames kept for a connection that will join."""
MAX_ENTRIES = 200_000
MAX_STREAMS = 2_000


class _Log(msgspec.Struct):
    """The frames of one socket as emitted: (content, time); `base` numbers the first."""

    entries: deque[tuple[int, int]]
    base: int = 0
    places: dict[int, int] = {}

    @property
    def end(self) -> int:
        return self.base + len(self.entries)


class Merge:
    """Tells of each item whether it is new or the copy of one that was emitted."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}

    def is_new(self, tap: int, item: Item) -> bool:
        """Return True for an item to emit; `tap` numbers the connection it came over."""
        return self._is_new_named(tap, item) if item.unique else self._is_new_frame(tap, item)

    def knows(self, stream: str) -> bool:
        """Tell whether frames of this socket were emitted."""
        return stream in self._logs

    def left(self, tap: int) -> None:
        """Forget where a lost connection was: it will join again."""
        for log in self._logs.values():
            log.places.pop(tap, None)

    def _is_new_named(self, tap: int, item: Item) -> bool:
        key, ts = (item.stream, item.unique), item.frame.ts
        before = self._seen.get(key)
        if before is not None and before[0] != tap and abs(ts - before[1]) < FACT_US:
            return False
        self._seen[key] = (tap, ts)
        if len(self._seen) > MAX_ENTRIES:
            del self._seen[next(iter(self._seen))]
        return True

    def _is_new_frame(self, tap: int, item: Item) -> bool:
        log = self._log(item.stream)
        frame = item.frame
        content = hash((frame.direction, frame.opcode, frame.raw))
        at = self._find(log, tap, content, frame.ts)
        if at is None:
            log.entries.append((content, frame.ts))
            at = log.end - 1
            new = True
        else:
            new = False
        log.places[tap] = at + 1
        _trim(log)
        return new

    def _find(self, log: _Log, tap: int, content: int, ts: int) -> int | None:
        """Return where this frame already is in the log."""
        place = log.places.get(tap)
        if place is None:
            return _nearest(log, log.base, content, ts)
        if place >= log.end:
            return None
        if log.entries[place - log.base][0] == content:
            return place
        return _nearest(log, place, content, ts)

    def _log(self, stream: str) -> _Log:
        log = self._logs.get(stream)
        if log is None:
            if len(self._logs) >= MAX_STREAMS:
                del self._logs[next(iter(self._logs))]
            log = self._logs[stream] = _Log(deque(), places={})
        return log


def _nearest(log: _Log, start: int, content: int, ts: int) -> int | None:
    """Return the entry with this content closest in time, if one is close enough."""
    best, best_distance = None, SAME_US
    for index in range(max(start, log.base), log.end):
        found, when = log.entries[index - log.base]
        if found == content and abs(when - ts) < best_distance:
            best, best_distance = index, abs(when - ts)
    return best


def _trim(log: _Log) -> None:
    """Drop what every connection has passed, but for the last few."""
    passed = min(log.places.values())
    while len(log.entries) > RECENT and (
        log.base < passed - RECENT or len(log.entries) > MAX_ENTRIES
    ):
        log.entries.popleft()
        log.base += 1
