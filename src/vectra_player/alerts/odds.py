"""Odds told with signals that sound like advice: the fair baseline, and what was measured here.

Pure. The baseline is the published law (`game`); what was measured is what `alerts test --save`
kept of the recordings, for the very thresholds in force. No signal over prices can beat a hazard
that is the same at every tick, and the sentences say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from vectra_player.alerts.rules import Rule
from vectra_player.alerts.words import fine_percent, percent, signed_percent
from vectra_player.game.expectation import holding
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import (
    BREAK_EVEN_CHANCE,
    FAIR_EXPECTED_VALUE,
    FAIR_WIN_CHANCE,
    WINDOW_TICKS,
    win_chance,
)

NO_TRAFFIC = "The odds of this mode are not known: none of its traffic was ever captured."


class SignalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How often a signal came true over recorded games. params: thresholds it was tried with.

    low, high: 95 % interval by game; null where too few games tell it. fair: the same share in a
    fair game.
    """

    params: dict[str, object]
    signals: int
    came_true: int
    low: float | None
    high: float | None
    fair: float


class PlayerNote(msgspec.Struct, frozen=True, kw_only=True):
    """A player whose sampled record is exceptional: more than luck among all who were tested.

    adjusted: bound on the chance that any player tested looks so good by luck.
    """

    player_id: str
    username: str | None
    what: str
    successes: int
    tries: int
    fair: float
    adjusted: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What `alerts test --save` found. games: how many, of `origin`; made_at: ISO 8601, UTC."""

    made_at: str = ""
    games: int = 0
    origin: str = ""
    signals: Mapping[str, SignalRecord] = {}
    players: tuple[PlayerNote, ...] = ()


NOTHING = Measured()


def odds_of(rule: Rule, measured: Measured = NOTHING) -> str:
    """Return the sentence a signal must carry; empty for an alert that only states a fact."""
    if not rule.kind.advice:
        return ""
    return " ".join(filter(None, (_FAIR[rule.type](rule), _found(rule, measured))))


def window_of(rule: Rule) -> int:
    """Return the ticks after which a signal is judged; a sidebet has its own."""
    ticks = rule.params.get("window_ticks", WINDOW_TICKS)
    assert isinstance(ticks, int)
    return ticks


def _found(rule: Rule, measured: Measured) -> str:
    found = measured.signals.get(rule.type)
    if found is None or found.params != params_as_kept(rule):
        return ""
    if not found.signals:
        return f"Not raised once in {measured.games:,} games here."
    doubt = ""
    if found.low is not None and found.high is not None:
        doubt = f" ({percent(found.low)[:-2]} to {percent(found.high)})"
    share = percent(found.came_true / found.signals)
    return (
        f"Measured here: came true {found.came_true:,} of {found.signals:,} times, {share}{doubt}, "
        f"fair {percent(found.fair)}."
    )


def params_as_kept(rule: Rule) -> dict[str, object]:
    """Return a rule's thresholds as the file of measurements holds them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in rule.params.items()
    }


def _rug(rule: Rule) -> str:
    ticks = window_of(rule)
    return (
        f"The chance of a rug within {ticks} ticks is {percent(win_chance(window_ticks=ticks))}, "
        "the same at every tick: this warning cannot beat it."
    )


def _zone(_: Rule) -> str:
    return (
        f"A sidebet wins {percent(FAIR_WIN_CHANCE)} of the time at every tick, "
        f"{percent(BREAK_EVEN_CHANCE)} would break even: {signed_percent(FAIR_EXPECTED_VALUE)} of "
        "the stake on average, in this zone as anywhere."
    )


def _entry(rule: Rule) -> str:
    ticks = window_of(rule)
    return (
        f"A stake held {ticks} ticks from any tick brings {signed_percent(holding(ticks))} on "
        "average, whatever the price did before."
    )


def _exit(_: Rule) -> str:
    return (
        f"Each tick held costs {fine_percent(-holding(1))} on average, whatever the price did "
        "before: the fall tells nothing of what comes."
    )


def _short(rule: Rule) -> str:
    ticks = window_of(rule)
    return (
        f"The chance of a rug within {ticks} ticks is {percent(win_chance(window_ticks=ticks))} at "
        "any price; what a short pays is not settled by any data."
    )


def _short_exit(_: Rule) -> str:
    return (
        f"The next tick rugs with {percent(V3.rug_chance)}, as every tick; what a short pays is "
        "not settled by any data."
    )


def _unknown(_: Rule) -> str:
    return NO_TRAFFIC


_FAIR: Mapping[str, Callable[[Rule], str]] = {
    "rug_warning": _rug,
    "sidebet_optimal_zone": _zone,
    "high_potential_entry": _entry,
    "high_potential_exit": _exit,
    "short_entry_signal": _short,
    "short_exit_signal": _short_exit,
    "bbc_optimal_pred": _unknown,
    "candleflip_streak": _unknown,
}
