"""The form of a profile: its fields with their limits, made of the record, and words for them.

Pure. The page is drawn from this, so a field that a profile gains cannot be missing from the form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from vectra_player.game.sidebet import FAIR_WIN_CHANCE
from vectra_player.strategy.profile import (
    Execution,
    RiskControls,
    Scaling,
    ScalingMode,
    limits_of,
)

Kind = Literal["number", "list", "choice", "check"]


class FormField(NamedTuple):
    """One field. `modes`: the scaling modes that read it, all where empty; `optional`: may be null.

    limits: which numbers it takes, in words. default: as JSON has it.
    """

    path: str
    label: str
    hint: str
    kind: Kind
    limits: str
    optional: bool
    default: Any
    options: tuple[str, ...] = ()
    modes: tuple[ScalingMode, ...] = ()


class FormPart(NamedTuple):
    """Fields that belong together."""

    name: str
    title: str
    fields: tuple[FormField, ...]


_PARTS: dict[str, tuple[str, type[pydantic.BaseModel]]] = {
    "execution": ("Bets", Execution),
    "scaling": ("Sizing", Scaling),
    "risk_controls": ("Limits", RiskControls),
}

WORDS: dict[str, tuple[str, str]] = {
    "execution.entry_tick": (
        "Entry tick",
        "where the first bet begins; 0 is the presale or the first tick",
    ),
    "execution.num_bets": ("Bets a game", "at most; the next one is placed when the last is lost"),
    "execution.bet_sizes": ("Sizes, SOL", "one for all bets, or one each with commas"),
    "execution.initial_balance": ("Balance, SOL", "what a run begins with"),
    "scaling.mode": ("Mode", "how stakes follow results"),
    "scaling.kelly_fraction": ("Kelly fraction", "share of the full Kelly stake"),
    "scaling.win_rate_assumption": (
        "Assumed win rate",
        f"what Kelly is told; the rule of the game gives {FAIR_WIN_CHANCE:.4f}",
    ),
    "scaling.win_streak_multiplier": ("Factor a win", "for each win in a row"),
    "scaling.loss_streak_multiplier": ("Factor a loss", "for each loss in a row"),
    "scaling.max_streak_multiplier": ("Largest factor", "where streaks stop to count"),
    "scaling.theta_base": ("Theta, base", "factor while results give no reason to believe"),
    "scaling.theta_max": ("Theta, largest", "factor when they seem to"),
    "scaling.use_volatility_scaling": (
        "Shrink stakes while results swing more than planned",
        "in any mode",
    ),
    "risk_controls.max_drawdown_pct": (
        "Drawdown that ends a run",
        "below the highest balance; 0.15 is 15 %",
    ),
    "risk_controls.take_profit_target": (
        "Balance that ends a run",
        "as a multiple of the initial one",
    ),
    "risk_controls.reduce_on_drawdown": ("Shrink stakes with the drawdown", "in any mode"),
    "risk_controls.daily_loss_limit": (
        "Loss that ends a day, SOL",
        "the next day goes on",
    ),
}
"""Label and hint of each field. docs/how-to/profiles.md says more."""

_KELLY: tuple[ScalingMode, ...] = ("kelly", "theta_bayesian")
READ_BY: dict[str, tuple[ScalingMode, ...]] = {
    "scaling.kelly_fraction": _KELLY,
    "scaling.win_rate_assumption": _KELLY,
    "scaling.win_streak_multiplier": ("anti_martingale", "theta_bayesian"),
    "scaling.loss_streak_multiplier": ("progressive",),
    "scaling.max_streak_multiplier": ("progressive", "anti_martingale", "theta_bayesian"),
    "scaling.theta_base": ("theta_bayesian",),
    "scaling.theta_max": ("theta_bayesian",),
}
"""Modes that read a field, as `strategy.sizing` does; other fields are read in every mode."""


def form() -> tuple[FormPart, ...]:
    """Return every field of a profile's parts, in their order."""
    return tuple(
        FormPart(name, title, tuple(_fields(name, kind))) for name, (title, kind) in _PARTS.items()
    )


def _fields(part: str, kind: type[pydantic.BaseModel]) -> Iterator[FormField]:
    defaults = kind().model_dump(mode="json")
    for name, info in kind.model_fields.items():
        path = f"{part}.{name}"
        label, hint = WORDS[path]
        options = _options(info)
        yield FormField(
            path=path,
            label=label,
            hint=hint,
            kind=_kind(info, options),
            limits=limits_of((part, name)),
            optional=type(None) in get_args(info.annotation),
            default=defaults[name],
            options=options,
            modes=READ_BY.get(path, ()),
        )


def _kind(info: FieldInfo, options: tuple[str, ...]) -> Kind:
    if options:
        return "choice"
    if info.annotation is bool:
        return "check"
    return "list" if get_origin(info.annotation) is tuple else "number"


def _options(info: FieldInfo) -> tuple[str, ...]:
    found = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    return tuple(str(option) for option in found)
