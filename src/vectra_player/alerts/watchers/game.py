"""Turns, levels and ages of a game. Used by `alerts.watchers` only."""

from __future__ import annotations

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.watchers.base import Found, Watcher
from vectra_player.alerts.words import multiplier, percent
from vectra_player.game.sidebet import win_chance


class GameStart(Watcher):
    """A game has begun."""

    triggers = (Trigger.START,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of it."""
        return Found()


class GameRug(Watcher):
    """A game was rugged."""

    triggers = (Trigger.RUG,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of it, with the peak."""
        known = [price for price in moment.after.prices if price is not None]
        return Found({"peak": multiplier(max(known)) if known else "unknown"})


class Milestone(Watcher):
    """The price has reached a level."""

    triggers = (Trigger.TICK,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell the highest level reached at this tick."""
        level = course.reached(self.params["levels"])
        return None if level is None else Found({"level": f"{level:g}x"})


class Survival(Watcher):
    """The game has lived to a tick; also the age of a rug warning."""

    triggers = (Trigger.TICK,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell the last age reached."""
        age = course.passed(self.params["at_ticks"])
        if age is None:
            return None
        share = percent(1.0 - win_chance(window_ticks=age))
        window = str(self.params.get("window_ticks", ""))
        return Found({"age": f"{age}", "share": share, "window_ticks": window})
