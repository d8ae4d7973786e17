"""Profiles of the earlier system, read into ours: version 1 converted, version 2 taken as it is.

Pure: text in, profile and warnings out. Nothing is dropped in silence: what a conversion cannot
carry over is named. Used by `analysis.profiles`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from vectra_player.game.sidebet import BREAK_EVEN_CHANCE, FAIR_WIN_CHANCE
from vectra_player.strategy.profile import (
    SCHEMA_VERSION,
    Profile,
    ProfileError,
    parse_profile,
    remarks,
)


class Converted(NamedTuple):
    """A profile read from a file, and what its reader should know."""

    profile: Profile
    warnings: tuple[str, ...]


_MOVED = {
    "entry_tick": "execution.entry_tick",
    "num_bets": "execution.num_bets",
    "bet_sizes": "execution.bet_sizes",
    "kelly_fraction": "scaling.kelly_fraction",
    "reduce_on_drawdown": "risk_controls.reduce_on_drawdown",
    "max_drawdown_pct": "risk_controls.max_drawdown_pct",
    "take_profit_target": "risk_controls.take_profit_target",
}
_UNDERSTOOD = {
    *("use_kelly_sizing", "use_dynamic_sizing"),
    *("high_confidence_threshold", "high_confidence_multiplier"),
}


def convert(text: str | bytes, *, name: str) -> Converted:
    """Read a profile of version 1 or 2; `name` stands in for a name that cannot be used.

    Raises ProfileError.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProfileError((f"no JSON ({error})",), name=name) from None
    if not isinstance(found, dict):
        raise ProfileError(("profile: must be an object",), name=name)
    if "schema_version" in found:
        return _second(found, name)
    if isinstance(found.get("params"), dict):
        return _first(found, name)
    raise ProfileError(
        (f'neither "schema_version" ({SCHEMA_VERSION}) nor "params" (version 1) is in it',),
        name=name,
    )


def _second(found: dict[str, Any], name: str) -> Converted:
    warnings = list(_usable_name(found, name))
    scaling, metrics = found.get("scaling"), found.get("monte_carlo_metrics")
    if isinstance(scaling, dict) and isinstance(metrics, dict):
        assumed = metrics.get("win_rate_assumption")
        if assumed is not None and "win_rate_assumption" not in scaling:
            found["scaling"] = {**scaling, "win_rate_assumption": assumed}
            warnings.append(
                f"scaling.win_rate_assumption: taken from the simulation in it ({assumed}); the "
                f"rule of the game gives {FAIR_WIN_CHANCE:.4f}"
            )
    profile = parse_profile(json.dumps(found), name=str(found.get("name", name)))
    return Converted(profile, (*warnings, *remarks(profile)))


def _first(found: dict[str, Any], name: str) -> Converted:
    warnings = list(_usable_name(found, name))
    params: dict[str, Any] = found["params"]
    tree: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": found["name"],
        "source": "version 1",
        "execution": {},
        "scaling": {"mode": "kelly" if params.get("use_kelly_sizing") else "fixed"},
        "risk_controls": {},
    }
    if "created" in found:
        tree["created"] = found["created"]
    if "initial_balance" in found:
        tree["execution"]["initial_balance"] = found["initial_balance"]
    for key, path in _MOVED.items():
        if key in params:
            part, field = path.split(".")
            tree[part][field] = params[key]
    warnings += _not_carried(params)
    rest = {key: value for key, value in found.items() if key not in _READ}
    unread = {k: v for k, v in params.items() if k not in _MOVED and k not in _UNDERSTOOD}
    if unread:
        rest["params_of_version_1"] = unread
    profile = parse_profile(json.dumps({**tree, **rest}), name=str(found["name"]))
    return Converted(profile, (*warnings, *remarks(profile)))


_READ = {"name", "initial_balance", "params", "created"}


def _not_carried(params: dict[str, Any]) -> Iterator[str]:
    if params.get("use_dynamic_sizing"):
        threshold = params.get("high_confidence_threshold")
        multiplier = params.get("high_confidence_multiplier")
        yield (
            f"use_dynamic_sizing: not carried over. It multiplied stakes by {multiplier} where a "
            f"table claimed a confidence above {threshold}; a rug is as likely at every tick, so "
            "there is no such confidence"
        )
    if params.get("use_kelly_sizing"):
        yield (
            "use_kelly_sizing: carried over as scaling.mode kelly with the win rate of the rule, "
            f"{100 * FAIR_WIN_CHANCE:.2f} %. Below {100 * BREAK_EVEN_CHANCE:.0f} % Kelly stakes "
            "nothing, so this profile will not bet; set scaling.mode to fixed to bet its sizes"
        )


def _usable_name(found: dict[str, Any], fallback: str) -> Iterator[str]:
    """Give the profile a name that can be a file's; yield what was changed."""
    given = found.get("name", fallback)
    usable = re.sub(r"[^A-Za-z0-9_-]+", "_", str(given)).strip("_")[:64] or "profile"
    if usable != given:
        yield f"name: {json.dumps(given)} became {usable}"
    found["name"] = usable
