"""The rules of alerts as the page edits them: forms, checks, and the user's file.

Rules are read, checked and kept by `alerts`, as the command reads and checks them. Saving writes
the file anew; one that a person wrote is kept beside it as `alerts.toml.bak` first. Used by the
routes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from vectra_player.alerts import conditions
from vectra_player.alerts.book import FILE, Book, RuleFiles, save_rules
from vectra_player.alerts.catalogue import KINDS, Kind
from vectra_player.alerts.params import Param
from vectra_player.alerts.rules import Rule, RuleFault, checked_rule, default_rules
from vectra_player.alerts.writing import differing, rules_text
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir

BACKUP = FILE + ".bak"

GROUPS: dict[str, tuple[str, ...]] = {
    "Your trades": ("trade_success", "trade_failed", "position_profit", "position_loss",
                    "sidebet_won", "sidebet_lost"),
    "The game": ("game_start", "game_rug", "multiplier_milestone", "survival_milestone",
                 "volatility_spike", "volatility_calm"),
    "Signals": ("sidebet_optimal_zone", "high_potential_entry", "high_potential_exit",
                "rug_warning"),
    "Players": ("exceptional_entry", "exceptional_exit"),
    "Your own signals": ("custom_signal_1", "custom_signal_2", "custom_signal_3"),
    "Shorts": ("short_entry_signal", "short_exit_signal", "short_liquidation"),
    "Other modes": ("bbc_round_start", "bbc_optimal_pred", "candleflip_start",
                    "candleflip_streak"),
    "Connection": ("connection_lost", "connection_restored", "latency_warning"),
}  # fmt: skip
"""Every type, in the order of the page."""


class FormParam(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold of a form."""

    name: str
    kind: str
    text: str
    unit: str
    low: float
    high: float
    takes: str


class RuleForm(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with its form. values, usual: as tables of the file; changed: keys that differ.

    state: on, off, or faulty, when the built-in rule stands in. terms: of the condition of a custom
    signal, null where brackets make it more than a list.
    """

    type: str
    group: str
    text: str
    seen: str
    advice: bool
    judged: bool
    state: str
    origin: str
    values: dict[str, Any]
    usual: dict[str, Any]
    changed: list[str]
    params: list[FormParam]
    placeholders: list[str]
    faults: dict[str, str]
    terms: list[Term] | None = None


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison; `join`: how it is joined to the one before it."""

    join: str
    field: str
    sign: str
    value: float | str


class RuleBook(msgspec.Struct, frozen=True, kw_only=True):
    """All rules and their file. version: to tell later whether the file was changed by others.

    lossy: saving would lose comments or what is faulty, and keeps the file as it was as `backup`.
    faults: what belongs to no rule of ours. fields: what a condition may ask about.
    """

    rules: list[RuleForm]
    file: str
    backup: str
    version: str
    lossy: bool
    faults: list[str]
    measured_at: str | None
    fields: dict[str, str]
    signs: list[str]
    phases: list[str]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with values, by key; empty: nothing. `terms` as in a form."""

    fields: dict[str, str]
    terms: list[Term] | None


class _Kept(NamedTuple):
    """The user's file as it is."""

    text: bytes | None
    book: Book

    @property
    def version(self) -> str:
        return "" if self.text is None else hashlib.sha256(self.text).hexdigest()[:16]

    @property
    def lossy(self) -> bool:
        """Tell whether the text says more than the rules in it."""
        return self.text is not None and self.text != rules_text(self.book.rules).encode()


class AlertRules:
    """The rules of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = DataDir(data_dir).root / "rules"

    def read(self) -> RuleBook:
        """Return every rule with its form."""
        kept = self._kept()
        faults = kept.book.faults
        return RuleBook(
            rules=[
                _form(group, kept.book, name, [one for one in faults if one.table == name])
                for group, names in GROUPS.items()
                for name in names
            ],
            file=str(self._folder / FILE),
            backup=BACKUP,
            version=kept.version,
            lossy=kept.lossy,
            faults=[str(one) for one in faults if one.table not in KINDS],
            measured_at=kept.book.measured.made_at or None,
            fields=dict(conditions.FIELDS),
            signs=list(conditions.COMPARISONS),
            phases=list(conditions.PHASES),
        )

    def check(self, name: str, values: dict[str, Any]) -> Checked:
        """Say what is wrong with values of a rule. Raises MissingError."""
        _known(name)
        _, wrong = checked_rule(name, values)
        when = values.get("when")
        return Checked(
            fields=_by_key(wrong), terms=terms_of(when) if isinstance(when, str) else None
        )

    def save(self, name: str, values: dict[str, Any] | None, version: str) -> RuleBook:
        """Keep a rule; None takes it back to how it is built in.

        Raises:
            MissingError: there is no such type.
            WrongParametersError: values are not what their keys take.
            UsageError: the file is no more the one of `version`.
        """
        _known(name)
        rule = default_rules()[name]
        if values is not None:
            found, wrong = checked_rule(name, values)
            if found is None:
                raise WrongParametersError(_by_key(wrong))
            rule = found
        kept = self._kept()
        if kept.version != version:
            raise UsageError(
                f"{FILE} was changed meanwhile.",
                advice="The page shows it as it is now; make your change again.",
            )
        if kept.lossy and kept.text is not None:
            replace_file(FileOps(), self._folder / BACKUP, kept.text)
        save_rules(self._folder, rules_text({**kept.book.rules, name: rule}))
        return self.read()

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the rules of the files as tables, by type."""
        return {name: rule.table() for name, rule in RuleFiles(self._folder).read().rules.items()}

    def _kept(self) -> _Kept:
        try:
            text = (self._folder / FILE).read_bytes()
        except FileNotFoundError:
            text = None
        except OSError as error:
            raise UsageError(
                f"{self._folder / FILE} cannot be read: {error.strerror}.", advice="Mend that."
            ) from None
        return _Kept(text, RuleFiles(self._folder).read())


def terms_of(text: str) -> list[Term] | None:
    """Return a condition as a list of comparisons; None: it is none, or has needed brackets."""
    if not text.strip():
        return []
    try:
        found = conditions.parse(text)
    except conditions.ConditionError:
        return None
    terms: list[Term] = []
    for part in _parts(found, "or"):
        for at, one in enumerate(_parts(part, "and")):
            if isinstance(one, conditions.Joined):
                return None
            terms.append(_term("and" if at else "or" if terms else "", one))
    return terms


def _parts(found: conditions.Condition, how: str) -> tuple[conditions.Condition, ...]:
    joined = isinstance(found, conditions.Joined) and found.how == how
    return found.parts if joined else (found,)  # type: ignore[union-attr]


def _term(join: str, one: conditions.Comparison) -> Term:
    return Term(join=join, field=one.field, sign=one.sign, value=one.value)


def _known(name: str) -> None:
    if name not in KINDS:
        raise MissingError(
            f"{name} is no type of alert.", advice="`vectra-player alerts list` names them."
        )


def _by_key(wrong: list[tuple[str, str]]) -> dict[str, str]:
    """Return problems by key, as sentences."""
    return {key or "rule": f"It {problem}." for key, problem in reversed(wrong)}


def _form(group: str, book: Book, name: str, faults: list[RuleFault]) -> RuleForm:
    rule, kind = book.rules[name], KINDS[name]
    return RuleForm(
        type=name,
        group=group,
        text=kind.text,
        seen=kind.seen,
        advice=kind.advice,
        judged=kind.outcome is not None,
        state="faulty" if faults else "on" if rule.enabled else "off",
        origin=book.origin(name),
        values=rule.table(),
        usual=default_rules()[name].table(),
        changed=list(differing(rule)),
        params=[_param(param) for param in kind.params],
        placeholders=sorted(kind.placeholders),
        faults={one.key or "rule": f"It {one.problem}." for one in faults},
        terms=_terms(kind, rule),
    )


def _terms(kind: Kind, rule: Rule) -> list[Term] | None:
    when = rule.params.get("when")
    return terms_of(when) if isinstance(when, str) else None


def _param(param: Param) -> FormParam:
    return FormParam(
        name=param.name,
        kind=param.kind,
        text=param.text,
        unit=param.unit,
        low=param.low,
        high=param.high,
        takes=param.takes,
    )
