"""How long actions take: percentiles and a histogram of each part of the way. Pure.

Parts, in ms, all measured by this machine's clock: `send` from the frame sent to the first reply,
`confirm` from there to the account that shows it, `total` both together, `press` from the press
to the frame. Used by the pages, the monitor and the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

Part = Literal["press", "send", "confirm", "total"]
PARTS: tuple[Part, ...] = get_args(Part)

EDGES_MS = (0, 5, 10, 20, 35, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1_000, 2_000, 5_000)
"""Bins: from each edge up to the next, the last one open."""


class PartFigures(Struct, frozen=True, kw_only=True):
    """One part. `counts`: by the bins of `EDGES_MS`; a value below 0 counts in the first."""

    part: Part
    n: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    most_ms: float | None
    counts: list[int]


def figures(values: Mapping[Part, Iterable[float | None]]) -> list[PartFigures]:
    """Return the figures of every part, in the order of `PARTS`."""
    return [_figures(part, values.get(part, ())) for part in PARTS]


def _figures(part: Part, given: Iterable[float | None]) -> PartFigures:
    values = sorted(value for value in given if value is not None)
    counts = [0] * len(EDGES_MS)
    for value in values:
        counts[max(0, sum(value >= edge for edge in EDGES_MS) - 1)] += 1
    return PartFigures(
        part=part,
        n=len(values),
        p50_ms=percentile(values, 50),
        p95_ms=percentile(values, 95),
        p99_ms=percentile(values, 99),
        most_ms=values[-1] if values else None,
        counts=counts,
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return a percentile of ordered values, by the nearest rank; None of nothing."""
    if not ordered:
        return None
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(0, int(rank) - 1)]
