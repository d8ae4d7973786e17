"""Script and layout of each frame of a page, from a Chromium trace. Used by `bench_dashboard`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

WORK = frozenset({
    "EvaluateScript", "EventDispatch", "FireAnimationFrame", "FireIdleCallback", "FunctionCall",
    "HandlePostMessage", "Layout", "MajorGC", "MinorGC", "ParseHTML", "PrePaint", "RunMicrotasks",
    "TimerFire", "UpdateLayoutTree", "WebSocketReceive", "XHRReadyStateChange",
})  # fmt: skip
"""Events of the main thread that are script, style or layout; they may nest."""

_BEGIN = "BeginMainThreadFrame"


def frames_of(events: Iterable[dict[str, Any]]) -> list[float]:
    """Return the milliseconds of script and layout of each frame of the busiest page.

    A frame lasts from its begin to the begin of the next one: what a message from the feed costs
    between two frames counts to the first.
    """
    told = [event for event in events if event["name"] in WORK or event["name"] == _BEGIN]
    threads = Counter(
        (event["pid"], event["tid"]) for event in told if event["name"] == "FunctionCall"
    )
    if not threads:
        return []
    page = threads.most_common(1)[0][0]
    here = [event for event in told if (event["pid"], event["tid"]) == page]
    begins = sorted(event["ts"] for event in here if event["name"] == _BEGIN)
    work = sorted((e["ts"], e["ts"] + e["dur"]) for e in here if e.get("dur"))
    return _between(begins, _outermost(work))


def _outermost(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out spans that lie within others."""
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if not kept or end > kept[-1][1]:
            kept.append((max(start, kept[-1][1]) if kept else start, end))
    return kept


def _between(begins: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[float]:
    """Sum the spans of each frame, in ms; each span counts where it began."""
    spent: list[float] = []
    at = 0
    for begin, after in pairwise(begins):
        total = 0
        while at < len(spans) and spans[at][0] < after:
            if spans[at][0] >= begin:
                total += spans[at][1] - spans[at][0]
            at += 1
        spent.append(total / 1000)
    return spent
