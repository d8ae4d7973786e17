"""Apply the rules to moments: `Engine(rules).step(moment) -> alerts`. Pure and deterministic.

Runs in the capture process, so a frame costs microseconds (benchmarks/bench_alerts.py), and in
trials over recordings, where the same events give the same alerts. It has no clock: time is what
the events say, and one that is set back holds nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vectra_player.alerts.alert import Alert, alert_id
from vectra_player.alerts.course import Course
from vectra_player.alerts.gate import Gate
from vectra_player.alerts.moment import Moment, Trigger, triggers_of
from vectra_player.alerts.odds import NOTHING, Measured, odds_of
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers import WATCHERS, Found, Watcher
from vectra_player.alerts.words import UNKNOWN, fill, multiplier
from vectra_player.model.units import Micros

LONGEST_STEP_US = 3_600_000_000
"""Of a silence, no more than an hour counts for cool-downs: a clock may have been set."""


class _Ward(NamedTuple):
    """A rule at work: its eye and its memory."""

    rule: Rule
    watcher: Watcher
    gate: Gate
    odds: str


class Engine:
    """Rules at work on one stream of moments, live or recorded."""

    def __init__(self, rules: Mapping[str, Rule], measured: Measured = NOTHING) -> None:
        self._course = Course()
        self._now: Micros = 0
        self._last_ts: Micros | None = None
        self._wards: dict[str, _Ward] = {}
        self._measured = measured
        self._by_trigger: dict[Trigger, tuple[_Ward, ...]] = {}
        self.replace(rules, measured)

    def replace(self, rules: Mapping[str, Rule], measured: Measured = NOTHING) -> None:
        """Take other rules; those that are as before go on with what they remember."""
        before, same = self._wards, measured == self._measured
        self._measured = measured
        self._wards = {
            name: before[name]
            if same and name in before and before[name].rule == rule
            else _ward(rule, measured)
            for name, rule in rules.items()
            if rule.enabled
        }
        self._by_trigger = {
            trigger: tuple(one for one in self._wards.values() if trigger in one.watcher.triggers)
            for trigger in Trigger
        }

    def step(self, moment: Moment) -> list[Alert]:
        """Return what a moment is worth telling, in the order of the types."""
        self._time(moment.event.ts)
        alerts: list[Alert] = []
        for trigger in triggers_of(moment):
            if trigger is Trigger.TICK and not self._course.see(moment.after):
                continue
            for ward in self._by_trigger[trigger]:
                found = ward.watcher.see(trigger, moment, self._course)
                if found is not None:
                    alerts += self._told(ward, found, moment)
        return alerts

    def _time(self, ts: Micros) -> None:
        if self._last_ts is not None:
            self._now += min(max(0, ts - self._last_ts), LONGEST_STEP_US)
        self._last_ts = ts

    def _told(self, ward: _Ward, found: Found, moment: Moment) -> list[Alert]:
        rule, state, event = ward.rule, moment.after, moment.event
        values = {
            "game": state.game_id or UNKNOWN,
            "tick": UNKNOWN if state.tick is None else f"{state.tick}",
            "price": UNKNOWN if state.price is None else multiplier(state.price),
            **found.values,
        }
        key = fill(rule.dedupe, values)
        if not ward.gate.lets(rule.cooldown, key, self._now, state.game_id, state.tick):
            return []
        alert = Alert(
            alert_id=alert_id(event.session_id, event.seq, event.ts, rule.type),
            alert_type=rule.type,
            severity=rule.severity,
            title=fill(rule.title, values),
            message=" ".join(filter(None, (fill(rule.message, values), ward.odds))),
            ts=event.ts,
            expires_at=event.ts // 1000 + round(rule.expires_s * 1000),
            source_seq=event.seq if event.session_id else None,
            priority=rule.priority,
            sound=rule.sound,
            desktop=rule.desktop,
            game_id=state.game_id,
            tick=state.tick,
            price=state.price,
            player_id=found.player_id,
            username=found.username,
        )
        return [alert]


def _ward(rule: Rule, measured: Measured) -> _Ward:
    return _Ward(rule, WATCHERS[rule.type](rule, measured), Gate(), odds_of(rule, measured))
