"""Figures as people read them: percent, multipliers, intervals.

Pure. Used by the pages of `analysis`, which terminal and report share, so a figure reads alike
wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable

from vectra_player.analysis.intervals import Estimate

UNKNOWN = "unknown"
ESTIMATE_COLUMNS = ("estimate", "95 % interval", "n", "fair")
"""Headings of the four cells of an estimate."""

Format = Callable[[float], str]


def percent(share: float) -> str:
    """Write a share in percent with two decimals."""
    return f"{100 * share:.2f} %"


def fine_percent(share: float) -> str:
    """Write a small share, such as a hazard a tick, in percent with three decimals."""
    return f"{100 * share:.3f} %"


def signed_percent(share: float) -> str:
    """Write a gain or loss in percent with two decimals and its sign."""
    return f"{100 * share:+.2f} %"


def multiplier(price: float) -> str:
    """Write a price: four decimals below 10x, two above."""
    return f"{price:.4f}x" if price < 10 else f"{price:,.2f}x"


def plain(value: float) -> str:
    """Write a number with four decimals."""
    return f"{value:.4f}"


def counted(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def known(value: float | None, form: Format) -> str:
    """Write a value, or that it is not known."""
    return UNKNOWN if value is None else form(value)


def interval(found: Estimate, form: Format) -> str:
    """Write an interval as two limits with one unit; a limit not known is written as "?"."""
    if found.value is None or (found.low is None and found.high is None):
        return UNKNOWN
    low = "?" if found.low is None else form(found.low)
    high = "?" if found.high is None else form(found.high)
    for unit in (" %", "x"):
        if low.endswith(unit) and high.endswith(unit):
            low = low.removesuffix(unit)
    return f"{low} to {high}"


def cells(found: Estimate, form: Format) -> tuple[str, str, str, str]:
    """Write the four cells of an estimate: value, interval, n, fair baseline."""
    return (
        known(found.value, form),
        interval(found, form),
        f"{found.n:,}",
        "" if found.fair is None else form(found.fair),
    )


def verdict(found: Estimate) -> str:
    """Say in a sentence whether the interval holds the fair value."""
    inside = found.fair_is_inside
    if inside is None:
        return "That is too little to judge by."
    if inside:
        return "The fair value lies in the interval: no sign against a fair game, and no proof."
    return (
        "The fair value lies outside the interval, which happens to one fair sample in twenty; "
        "'vectra-player audit' weighs all tests together."
    )
