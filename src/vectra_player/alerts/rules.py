"""Rules: what is told of each type, when, how often and how loud; read from TOML and checked.

Pure: text in, frozen records and faults out; files are the business of `book`. A table that is
wrong falls back to the built-in one and is reported, so that no slip of the pen silences alerts.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from vectra_player.alerts.catalogue import KINDS, Kind
from vectra_player.alerts.params import ParamError, ParamValue, shown
from vectra_player.alerts.words import placeholders

Severity = Literal["info", "success", "warning", "danger"]
CooldownKind = Literal["none", "seconds", "ticks", "game"]

LONGEST_FILE = 65_536
LONGEST_TITLE, LONGEST_MESSAGE, LONGEST_KEY = 80, 400, 120
LONGEST_EXPIRY_S = 3600
MOST_PRIORITY = 100
ADVICE = "Mend it, or take it out to have the built-in value; `vectra-player alerts list` checks."


class Cooldown(msgspec.Struct, frozen=True):
    """How long a rule keeps silent after it has told something: seconds, ticks, or a game."""

    kind: CooldownKind = "none"
    amount: float = 0

    @property
    def text(self) -> str:
        """Return it as the file has it."""
        if self.kind in ("none", "game"):
            return "none" if self.kind == "none" else "once a game"
        return f"{self.amount:g} {'s' if self.kind == 'seconds' else 'ticks'}"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. params: the thresholds `catalogue` names; dedupe: a text told once only."""

    type: str
    enabled: bool
    params: Mapping[str, ParamValue]
    cooldown: Cooldown
    dedupe: str
    severity: Severity
    expires_s: float
    priority: int
    title: str
    message: str
    sound: bool
    desktop: bool

    @property
    def kind(self) -> Kind:
        """Return its type."""
        return KINDS[self.type]

    def table(self) -> dict[str, Any]:
        """Return the rule as its table in the file has it."""
        return {
            "enabled": self.enabled,
            **{name: _listed(value) for name, value in self.params.items()},
            "cooldown": self.cooldown.text,
            **{key: getattr(self, key) for key in _AFTER_COOLDOWN},
        }


class RuleFault(msgspec.Struct, frozen=True):
    """What is wrong with a file of rules: where, what, and what to do."""

    file: str
    table: str
    key: str
    problem: str
    advice: str = ADVICE

    def __str__(self) -> str:
        place = " ".join(
            part for part in (f"[{self.table}]" if self.table else "", self.key) if part
        )
        return (
            ": ".join(part for part in (self.file, place, self.problem) if part)
            + ". "
            + self.advice
        )


class Read(NamedTuple):
    """Rules by type, which of them the user's file changed, and what was wrong with it."""

    rules: Mapping[str, Rule]
    changed: frozenset[str] = frozenset()
    faults: tuple[RuleFault, ...] = ()


def read_rules(text: str, name: str) -> Read:
    """Lay a user's file over the built-in rules; `name` says in faults which file it is."""
    try:
        tables = _parsed(text)
    except _WrongError as error:
        return Read(default_rules(), faults=(RuleFault(name, "", "", str(error)),))
    rules, changed, faults = dict(default_rules()), set[str](), list[RuleFault]()
    for table, keys in tables.items():
        found, wrong = _read_table(table, keys)
        faults += [RuleFault(name, table, key, problem) for key, problem in wrong]
        if found is not None:
            rules[table] = found
            changed.add(table)
    return Read(rules, frozenset(changed), tuple(faults))


def checked_rule(name: str, keys: Mapping[str, Any]) -> tuple[Rule | None, list[tuple[str, str]]]:
    """Lay keys over a built-in rule; return the rule, or None and what is wrong, by key."""
    return _read_table(name, dict(keys))


@cache
def default_rules() -> Mapping[str, Rule]:
    """Return the built-in rules, one for each type."""
    tables = tomllib.loads(default_text())
    rules = {}
    for name in KINDS:
        found, wrong = _checked(KINDS[name], tables[name])
        if found is None or wrong:
            raise ValueError(f"built-in rule {name}: {wrong}")
        rules[name] = found
    return rules


def default_text() -> str:
    """Return the built-in file."""
    return files("vectra_player.alerts").joinpath("rules.toml").read_text("utf-8")


class _WrongError(ValueError):
    """A value that is not what its key takes."""


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_FILE:
        raise _WrongError(f"is longer than {LONGEST_FILE:,} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _WrongError("nests lists too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and numbers Python refuses to read
        raise _WrongError(f"is no TOML: {error}") from None


def _read_table(table: str, keys: Any) -> tuple[Rule | None, list[tuple[str, str]]]:
    if table not in KINDS:
        near = difflib.get_close_matches(table, KINDS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return None, [("", f"is no type of alert{hint}")]
    if not isinstance(keys, dict):
        return None, [("", f"must be a table of keys, is {shown(keys)}")]
    return _checked(KINDS[table], keys, default_rules()[table].table())


def _checked(
    kind: Kind, keys: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> tuple[Rule | None, list[tuple[str, str]]]:
    """Check a table over a base; without one every key must be there."""
    wrong: list[tuple[str, str]] = []
    known = {**{param.name: param.check for param in kind.params}, **_checks(kind)}
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            wrong.append((key, f"is no key of this rule{hint}"))
    told = {**(base or {}), **keys}
    values: dict[str, Any] = {}
    for key, check in known.items():
        try:
            values[key] = check(told[key])
        except KeyError:
            wrong.append((key, "is missing"))
        except (ParamError, _WrongError) as error:
            wrong.append((key, str(error)))
    if wrong:
        return None, wrong
    wrong += _together(kind, values)
    if wrong:
        return None, wrong
    params = {param.name: values.pop(param.name) for param in kind.params}
    return Rule(type=kind.name, params=params, **values), []


def _together(kind: Kind, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find what no key shows alone."""
    if "first_tick" in values and values["last_tick"] < values["first_tick"]:
        yield "last_tick", f"must be at least first_tick, {values['first_tick']}"
    if "when" in values and values["enabled"] and not values["when"]:
        yield "when", 'must be a condition for a signal that is enabled, is ""'


def _checks(kind: Kind) -> dict[str, Callable[[Any], Any]]:
    """Return what every rule has beside its thresholds, in the order of the file."""
    return {
        "enabled": _flag,
        "cooldown": _cooldown,
        "dedupe": lambda value: _template(value, kind, 0, LONGEST_KEY),
        "severity": lambda value: _one_of(value, get_args(Severity)),
        "expires_s": lambda value: _between(value, 1, LONGEST_EXPIRY_S, "seconds"),
        "priority": _priority,
        "title": lambda value: _template(value, kind, 1, LONGEST_TITLE),
        "message": lambda value: _template(value, kind, 1, LONGEST_MESSAGE),
        "sound": _flag,
        "desktop": _flag,
    }


_AFTER_COOLDOWN = (
    "dedupe", "severity", "expires_s", "priority", "title", "message", "sound", "desktop"
)  # fmt: skip
_COOLDOWN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) *(s|ticks?)", re.ASCII)


def _cooldown(value: Any) -> Cooldown:
    wanted = 'must be "none", "once a game", or a time such as "30 s" or "40 ticks"'
    if value in ("none", "once a game"):
        return Cooldown("none" if value == "none" else "game")
    found = _COOLDOWN.fullmatch(value) if isinstance(value, str) else None
    if found is None or float(found[1]) == 0:
        raise _WrongError(f"{wanted}, is {shown(value)}")
    return Cooldown("seconds" if found[2] == "s" else "ticks", float(found[1]))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(f"must be true or false, is {shown(value)}")
    return value


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    if value not in words:
        raise _WrongError(f"must be one of {', '.join(words)}, is {shown(value)}")
    return str(value)


def _between(value: Any, low: float, high: float, unit: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and low <= value <= high):
        raise _WrongError(f"must be a number from {low:g} to {high:g} {unit}, is {shown(value)}")
    return float(value)


def _priority(value: Any) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and 0 <= value <= MOST_PRIORITY):
        raise _WrongError(f"must be a whole number from 0 to {MOST_PRIORITY}, is {shown(value)}")
    return int(value)


def _template(value: Any, kind: Kind, least: int, most: int) -> str:
    if not isinstance(value, str) or not least <= len(value) <= most or not _plain(value):
        lengths = f"{least} to {most}"
        raise _WrongError(f"must be one line of {lengths} characters, is {shown(value)}")
    for name in placeholders(value):
        if name not in kind.placeholders:
            known = ", ".join(f"{{{each}}}" for each in sorted(kind.placeholders))
            raise _WrongError(f"names {{{name}}}, which this type does not know; it knows {known}")
    return value


def _plain(text: str) -> bool:
    return all(character.isprintable() for character in text)


def _listed(value: ParamValue) -> Any:
    return list(value) if isinstance(value, tuple) else value
