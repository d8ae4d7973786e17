"""Which seqs of a session the collector has. Pure; used by `collector`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Seqs:
    """A set of seqs as ranges: one range for a session that came whole, however long it is."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Take ranges (first, last), ascending and apart from each other."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self._firsts.append(first)
            self._lasts.append(last)

    @property
    def last(self) -> int:
        """The highest seq; 0 for none."""
        return self._lasts[-1] if self._lasts else 0

    def __contains__(self, seq: int) -> bool:
        place = bisect_right(self._firsts, seq) - 1
        return place >= 0 and seq <= self._lasts[place]

    def ranges(self) -> list[tuple[int, int]]:
        """Return the ranges (first, last), ascending."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def add(self, seq: int) -> None:
        """Add a seq that is not in it."""
        place = bisect_right(self._firsts, seq)
        joins_before = place > 0 and self._lasts[place - 1] == seq - 1
        joins_behind = place < len(self._firsts) and self._firsts[place] == seq + 1
        if joins_before and joins_behind:
            self._lasts[place - 1] = self._lasts.pop(place)
            del self._firsts[place]
        elif joins_before:
            self._lasts[place - 1] = seq
        elif joins_behind:
            self._firsts[place] = seq
        else:
            self._firsts.insert(place, seq)
            self._lasts.insert(place, seq)
