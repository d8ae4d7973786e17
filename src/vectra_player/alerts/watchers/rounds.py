"""Bull/Bear/Crab and Candleflip: modes nobody ever captured, read as the store's columns name them.

Used by `alerts.watchers` only. An event counts whose name begins with `bbc` or `candleflip` and
whose payload is an object with the columns of docs/reference/schema.md, in either spelling.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import msgspec

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Found, Watcher
from vectra_player.alerts.words import clean

RESULTS_KEPT = 1000
LONGEST_EVENT = 20_000
_RESULTS = ("BULL", "BEAR", "CRAB")


class _Told(msgspec.Struct):
    """A round as an event tells it; any type, as nobody has seen one."""

    round_id: Any = None
    roundId: Any = None  # noqa: N815 - the other spelling
    actual_result: Any = None
    actualResult: Any = None  # noqa: N815
    result: Any = None
    current_streak: Any = None
    currentStreak: Any = None  # noqa: N815
    streak_direction: Any = None
    streakDirection: Any = None  # noqa: N815

    @property
    def round(self) -> str | None:
        """Return the id of the round."""
        found = self.round_id if self.round_id is not None else self.roundId
        return clean(found) if isinstance(found, str) else _whole(found)

    @property
    def outcome(self) -> str | None:
        """Return how the round ended; None while it runs."""
        told = (self.actual_result, self.actualResult, self.result)
        return next((one.upper()[:8] for one in told if isinstance(one, str) and one), None)


def _whole(value: Any) -> str | None:
    short = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
    return f"{value}" if short else None


_decode = msgspec.json.Decoder(_Told).decode


def _round(moment: Moment, mode: str) -> _Told | None:
    event = moment.event
    if not event.name.lower().startswith(mode) or len(event.data) > LONGEST_EVENT:
        return None
    try:
        told = _decode(event.data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return told if told.round is not None else None


class _RoundStart(Watcher):
    triggers = (Trigger.ROUND,)
    mode: str

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._last: str | None = None

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of a round that was not known and has no result yet."""
        told = _round(moment, self.mode)
        if told is None or told.round == self._last:
            return None
        self._last = told.round
        return None if told.outcome is not None else Found({"round": told.round or ""})


class BbcStart(_RoundStart):
    """A Bull/Bear/Crab round has begun."""

    mode = "bbc"


class CandleflipStart(_RoundStart):
    """A Candleflip round has begun."""

    mode = "candleflip"


class BbcPrediction(Watcher):
    """Counts how rounds ended, and tells the commonest end when the next begins."""

    triggers = (Trigger.ROUND,)

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._ended: deque[tuple[str, str]] = deque(maxlen=RESULTS_KEPT)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Take in a result, or tell what is known at a start."""
        told = _round(moment, "bbc")
        if told is None or told.round is None:
            return None
        if told.outcome is not None:
            new = not self._ended or self._ended[-1][0] != told.round
            if new and told.outcome in _RESULTS:
                self._ended.append((told.round, told.outcome))
            return None
        if len(self._ended) < self.params["min_rounds"]:
            return None
        word, count = Counter(result for _, result in self._ended).most_common(1)[0]
        values = {"prediction": word, "count": f"{count}", "rounds": f"{len(self._ended)}"}
        return Found({"round": told.round, **values})


class CandleflipStreak(Watcher):
    """One colour came several times in a row."""

    triggers = (Trigger.ROUND,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of a streak that is long enough."""
        told = _round(moment, "candleflip")
        if told is None:
            return None
        streak = told.current_streak if told.current_streak is not None else told.currentStreak
        if not isinstance(streak, int) or streak < self.params["length"]:
            return None
        colour = told.streak_direction or told.streakDirection
        values = {"streak": f"{min(streak, 10**6)}", "colour": clean(colour)}
        return Found({"round": told.round or "", **values})
