"""Text of alerts: figures as people read them, and strangers' text made harmless.

Used by `alerts` only. What a player typed is data: it is put into a message once, never read as a
template, and cannot break a line or turn the direction of what follows.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from vectra_player.analysis.wording import fine_percent, multiplier, percent, signed_percent

__all__ = [
    "amount", "clean", "fill", "fine_percent", "milliseconds", "multiplier", "number", "percent",
    "placeholders", "signed_percent", "sol",
]  # fmt: skip

UNKNOWN = "unknown"
LONGEST_NAME = 48
LONGEST_TEXT = 1000

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that break lines, hide, or turn the direction of text."""


def placeholders(template: str) -> list[str]:
    """Return the names a template asks for, in order."""
    return _PLACEHOLDER.findall(template)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template, once: what a value holds is never looked at again."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], UNKNOWN), template)


def clean(text: object, longest: int = LONGEST_NAME) -> str:
    """Return a stranger's text without what could harm a line; `longest` characters at most."""
    if not isinstance(text, str):
        return UNKNOWN
    kept = text[: longest + 1]
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join("\ufffd" if unicodedata.category(c) in _HARMFUL else c for c in kept)
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def sol(value: Decimal | float | None) -> str:
    """Write an amount of SOL with three decimals, or as many as it takes to tell it from zero."""
    told = None if value is None else float(value)
    if told is None or not math.isfinite(told):
        return UNKNOWN
    text = f"{told:,.3f}"
    return text if told == 0 or text.strip("-0.") else f"{told:.9f}".rstrip("0")


def amount(value: object) -> str:
    """Write an amount somebody else told: a number or a number's text, else unknown."""
    return sol(number(value))


def number(value: object) -> float | None:
    """Take a number somebody else told, or a number's text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def milliseconds(value: float | None) -> str:
    """Write a time in whole milliseconds."""
    return UNKNOWN if value is None else f"{value:,.0f} ms"
