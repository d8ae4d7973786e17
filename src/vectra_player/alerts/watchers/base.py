"""What a watcher is: one rule's eye on the moments its triggers name. Used by `alerts` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule

NOTHING_TO_FILL: Mapping[str, str] = {}


class Found(NamedTuple):
    """Something worth telling. values: what its text may name; the player it speaks of, if any."""

    values: Mapping[str, str] = NOTHING_TO_FILL
    player_id: str | None = None
    username: str | None = None


class Watcher:
    """Looks at moments for one rule; remembers little, and nothing that grows."""

    triggers: ClassVar[tuple[Trigger, ...]] = ()

    def __init__(self, rule: Rule, measured: Measured) -> None:
        self.params: Mapping[str, Any] = rule.params
        self.measured = measured

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Return what is worth telling of a moment."""
        raise NotImplementedError


class Edge:
    """Tells when something has become true, once, until it was false or another game came."""

    def __init__(self) -> None:
        self._game: str | None = None
        self._held = False

    def rises(self, game_id: str | None, holds: bool) -> bool:
        """Return whether it holds now and did not before."""
        before = self._held and game_id == self._game
        self._game, self._held = game_id, holds
        return holds and not before
