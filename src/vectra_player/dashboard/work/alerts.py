"""A rule of alerts tried over recorded games, as `vectra-player alerts test` tries it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.alerts.recorded import plan_trial, stretches
from vectra_player.alerts.rules import checked_rule
from vectra_player.alerts.trial import TypeResult, run_trial
from vectra_player.analysis.wording import interval, percent
from vectra_player.errors import UsageError
from vectra_player.store.reads import GameFilter, StoreReader

Tell = Callable[[int, int, str], None]


def try_rule(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Run one rule over the newest games. `type`, `values`: the rule; `games`, `origin`: which.

    Raises UsageError: there is no recorded game, or the rule is none.
    """
    rule, wrong = checked_rule(request["type"], request["values"])
    if rule is None:
        raise UsageError("; ".join(f"{key}: {problem}" for key, problem in wrong))
    events = 0

    def count() -> None:
        nonlocal events
        events += 1
        if events % 1000 == 0:
            tell(events, 0, "events")

    with StoreReader(data_dir) as reader:
        plan = plan_trial(reader, GameFilter(origins=request["origin"], limit=request["games"]))
        found = run_trial(stretches(reader, plan, count), {rule.type: rule})
    return {
        "type": rule.type,
        "games": found.games,
        "ticks": found.ticks,
        "without_frames": plan.unseen,
        "origin": request["origin"],
        "told": msgspec.to_builtins(found.of(rule.type)),
        "words": _words(found.of(rule.type)),
    }


def _words(one: TypeResult) -> dict[str, str | None]:
    """Write the figures as the command prints them; null is what there is nothing of."""
    rate = None if one.a_game is None else f"{one.a_game:.2f}"
    told = one.came_true
    if told is None or not told.judged:
        return {"a_game": rate, "came_true": None, "share": None, "interval": None, "fair": None}
    share = told.share
    return {
        "a_game": rate,
        "came_true": f"{told.came_true:,} of {told.judged:,}",
        "share": None if share.value is None else percent(share.value),
        "interval": interval(share, percent),
        "fair": None if share.fair is None else percent(share.fair),
    }
