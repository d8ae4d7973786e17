"""Conditions of custom signals: comparisons joined by `and` and `or`, read from text, never run.

`price < 0.8 and (tick >= 50 or phase == "BETTING")`: a name of FIELDS, one of five comparisons, a
number or a word. `and` binds closer than `or`. A comparison with a value that is not known is
false. Pure; used by `rules` to check and by the watcher of custom signals.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from vectra_player.protocol.phases import GamePhase

Value = float | str | None

LONGEST = 500
DEEPEST = 8

NUMBERS: Mapping[str, str] = {
    "price": "price of the newest tick",
    "tick": "tick of the game",
    "peak": "highest price of the game so far",
    "drop_percent": "how far the price is below that, in percent",
    "change_percent": "change of the price over 20 ticks, in percent",
    "volatility_percent": "root mean square of the steps of 20 ticks, in percent a tick",
    "players": "players connected",
    "trades": "trades of the game so far, where the frame tells",
    "countdown_ms": "what the countdown shows",
    "balance": "your SOL",
    "position": "quantity you hold",
    "entry_price": "your average entry price",
    "pnl": "what your position has gained, in SOL, at the newest price",
    "pnl_percent": "the same in percent of the entry price",
    "held_ticks": "for how many ticks you hold it",
    "sidebet_ticks_left": "ticks left of your running sidebet",
    "delay_ms": "delay of the last stamped event beyond the least one seen",
}
FIELDS: Mapping[str, str] = {"phase": "phase: COOLDOWN, BETTING, LIVE or RUGGED", **NUMBERS}
"""What a condition may ask about, with its meaning."""

PHASES = tuple(phase.value for phase in GamePhase)

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


class ConditionError(ValueError):
    """A text that is no condition; the message says where and what is expected."""


class Comparison(NamedTuple):
    """One field beside one value."""

    field: str
    sign: str
    value: float | str

    def holds(self, ask: Callable[[str], Value]) -> bool:
        """Compare what is known; unknown is false."""
        known = ask(self.field)
        if known is None:
            return False
        if isinstance(known, str) or isinstance(self.value, str):
            return known == self.value
        return COMPARISONS[self.sign](known, self.value)


class Joined(NamedTuple):
    """Several conditions, of which all or any must hold."""

    how: Literal["and", "or"]
    parts: tuple[Condition, ...]

    def holds(self, ask: Callable[[str], Value]) -> bool:
        """Tell whether they hold together."""
        held = (part.holds(ask) for part in self.parts)
        return all(held) if self.how == "and" else any(held)


Condition = Comparison | Joined

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|<|>)"
    r"|(?P<name>[A-Za-z_]+)|(?P<bracket>[()]))"
)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str) -> Condition:
    """Read a condition. Raises ConditionError with the place and what is expected there."""
    if len(text) > LONGEST:
        raise ConditionError(f"is longer than {LONGEST} characters")
    tokens = [*_tokens(text)]
    if not tokens:
        raise ConditionError('is empty; write one such as "price < 0.8 and tick >= 50"')
    reader = _Reader(tokens, len(text))
    found = reader.any_of(0)
    if reader.next is not None:
        raise reader.wrong("and, or, or the end")
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            raise ConditionError(f"cannot be read at character {place + 1}: {text[place]!r}")
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        at = match.end()


class _Reader:
    """Takes tokens one by one; recursion is as deep as brackets are."""

    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens = tokens
        self._length = length
        self._at = 0

    @property
    def next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self, depth: int) -> Condition:
        return self._joined("or", lambda: self._joined("and", lambda: self._one(depth)))

    def wrong(self, expected: str) -> ConditionError:
        token = self.next
        where = "ends" if token is None else f"has {token.text!r} at character {token.at + 1}"
        return ConditionError(f"{where} where {expected} is expected")

    def _joined(self, how: Literal["and", "or"], part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.next is not None and self.next.text.lower() == how:
            self._at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(how, tuple(parts))

    def _one(self, depth: int) -> Condition:
        if self.next is not None and self.next.text == "(":
            if depth >= DEEPEST:
                raise ConditionError(f"has more than {DEEPEST} brackets inside each other")
            self._at += 1
            found = self.any_of(depth + 1)
            self._take("bracket", ")", ")")
            return found
        return self._comparison()

    def _comparison(self) -> Comparison:
        name = self._take("name", None, "a field").text
        if name not in FIELDS:
            raise ConditionError(f"asks about {name!r}; known are {', '.join(FIELDS)}")
        sign = self._take("sign", None, "<, <=, ==, >= or >").text
        if name == "phase":
            return Comparison(name, sign, self._phase(sign))
        number = float(self._take("number", None, "a number").text)
        if not math.isfinite(number):
            raise ConditionError("has a number beyond any")
        return Comparison(name, sign, number)

    def _phase(self, sign: str) -> str:
        token = self.next
        if token is None or token.kind not in ("text", "name"):
            raise self.wrong("a phase")
        self._at += 1
        word = token.text.strip("\"'").upper()
        if sign != "==" or word not in PHASES:
            raise ConditionError(f"compares a phase by == with one of {', '.join(PHASES)}")
        return word

    def _take(self, kind: str, text: str | None, expected: str) -> _Token:
        token = self.next
        if token is None or token.kind != kind or (text is not None and token.text != text):
            raise self.wrong(expected)
        self._at += 1
        return token
