"""How the price moves: volatility, and signals that look back at prices.

Used by `alerts.watchers` only. None of these can tell what comes: steps of the price are drawn anew
at each tick. Their odds are told with them (`alerts.odds`).
"""

from __future__ import annotations

import math

from vectra_player.alerts.course import Course, change, highest, volatility
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Edge, Found, Watcher
from vectra_player.alerts.words import multiplier, percent, signed_percent
from vectra_player.game.expectation import typical_step

_USUAL = typical_step()


class OnEdge(Watcher):
    """Tells of something once, when it begins."""

    triggers = (Trigger.TICK,)

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._edge = Edge()

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of it at the tick at which it begins."""
        found = self.look(moment, course)
        return found if self._edge.rises(moment.after.game_id, found is not None) else None

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Return what holds at this tick."""
        raise NotImplementedError


class _Volatility(OnEdge):
    high: bool

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Measure the last steps beside the published law."""
        ticks = self.params["window_ticks"]
        found = volatility(moment.after, ticks)
        if found is None or not math.isfinite(found):
            return None
        factor = found / _USUAL
        beyond = factor >= self.params["factor"] if self.high else factor <= self.params["factor"]
        if not beyond:
            return None
        return Found(
            {"volatility": percent(found), "factor": f"{factor:.2f}", "window_ticks": f"{ticks}"}
        )


class VolatilitySpike(_Volatility):
    """The price has moved much more than usual."""

    high = True


class VolatilityCalm(_Volatility):
    """The price has moved much less than usual."""

    high = False


class SidebetZone(OnEdge):
    """The game is between two ticks."""

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Tell whether the tick lies in the zone."""
        first, last = self.params["first_tick"], self.params["last_tick"]
        if not first <= course.tick <= last:
            return None
        return Found({"first_tick": f"{first}", "last_tick": f"{last}"})


class Pullback(OnEdge):
    """The price has pulled back from a high of the last ticks."""

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Compare with the highest of the ticks looked at."""
        high, price = highest(moment.after, self.params["lookback_ticks"]), moment.after.price
        if not high or price is None or course.tick < self.params["lookback_ticks"]:
            return None
        fallen = 1.0 - price / high
        if 100 * fallen < self.params["pullback_percent"]:
            return None
        return Found({"pullback": percent(fallen), "high": multiplier(high)})


class OffPeak(OnEdge):
    """The price has fallen off the game's peak."""

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Compare with the peak."""
        price = moment.after.price
        if price is None or course.peak < self.params["min_peak"]:
            return None
        fallen = 1.0 - price / course.peak
        if 100 * fallen < self.params["drop_percent"]:
            return None
        return Found({"drop": percent(fallen), "peak": multiplier(course.peak)})


class FastRise(OnEdge):
    """The price has risen fast."""

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Compare with the price of some ticks ago."""
        risen = change(moment.after, self.params["lookback_ticks"])
        if risen is None or 100 * risen < self.params["rise_percent"]:
            return None
        return Found({"rise": signed_percent(risen)})
