"""Thresholds of alert rules: what each takes, in which range, and how a wrong one is told.

Pure. `catalogue` names the parameters of each type; `rules` checks files with them, and pages make
their forms of them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from vectra_player.alerts.conditions import ConditionError, parse

ParamKind = Literal["whole", "number", "wholes", "numbers", "words", "flag", "condition"]
ParamValue = float | int | bool | str | tuple[float, ...] | tuple[int, ...] | tuple[str, ...]

MOST_VALUES = 32
LONGEST_WORD = 128


class ParamError(ValueError):
    """A value a parameter does not take; the message begins with "must be"."""


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold: numbers lie from `low` to `high`, lists rise and hold up to MOST_VALUES."""

    name: str
    kind: ParamKind
    text: str
    unit: str = ""
    low: float = 0
    high: float = 0

    @property
    def takes(self) -> str:
        """Say what it takes."""
        unit = f" {self.unit}" if self.unit else ""
        between = f"from {self.low:g} to {self.high:g}{unit}"
        return {
            "whole": f"a whole number {between}",
            "number": f"a number {between}",
            "wholes": f"a rising list of whole numbers {between}",
            "numbers": f"a rising list of numbers {between}",
            "words": f"a list of at most {MOST_VALUES} texts",
            "flag": "true or false",
            "condition": 'a condition such as "price < 0.8 and tick >= 50", or ""',
        }[self.kind]

    def check(self, value: Any) -> ParamValue:
        """Return the value as rules keep it. Raises ParamError."""
        if self.kind == "flag":
            self._require(isinstance(value, bool), value)
            return bool(value)
        if self.kind == "condition":
            return self._condition(value)
        if self.kind in ("whole", "number"):
            return self._number(value)
        self._require(isinstance(value, list) and len(value) <= MOST_VALUES, value)
        if self.kind == "words":
            good = all(isinstance(word, str) and 0 < len(word) <= LONGEST_WORD for word in value)
            self._require(good, value)
            return tuple(dict.fromkeys(value))
        numbers = tuple(self._number(each) for each in value)
        self._require(len(numbers) > 0 and list(numbers) == sorted(set(numbers)), value)
        return numbers

    def _number(self, value: Any) -> float:
        whole = self.kind in ("whole", "wholes")
        good = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        self._require(good and self.low <= value <= self.high, value)  # NaN lies nowhere
        return int(value) if whole else float(value)

    def _condition(self, value: Any) -> str:
        self._require(isinstance(value, str), value)
        text = str(value).strip()
        if text:
            try:
                parse(text)
            except ConditionError as error:
                raise ParamError(f"must be {self.takes}: it {error}") from None
        return text

    def _require(self, good: bool, value: Any) -> None:
        if not good:
            raise ParamError(f"must be {self.takes}, is {shown(value)}")


def shown(value: Any) -> str:
    """Write a wrong value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
