"""How the game is heard: lost, restored, late. Used by `alerts.watchers` only."""

from __future__ import annotations

from typing import Any

import msgspec

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Edge, Found, Watcher
from vectra_player.alerts.watchers.own import outcome_of
from vectra_player.alerts.words import clean, milliseconds, number
from vectra_player.live.live_state import LiveState
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.model.units import Micros

DISCONNECTED = f"{FACT_PREFIX}disconnected"
SILENCE = f"{FACT_PREFIX}silence"
OURS = "cancelled"
"""Reason of a disconnect we made ourselves: the service ends."""


class _Ended(msgspec.Struct):
    reason: Any = None


_decode = msgspec.json.Decoder(_Ended).decode


def is_lost(moment: Moment) -> str | None:
    """Say how the game was lost from hearing at this moment; the end of a recording is no loss."""
    name, health = moment.event.name, moment.after.connection
    if moment.event.kind != "fact":
        return None
    if name == DISCONNECTED and health.connected is False:
        reason = _reason(moment.event.data)
        return None if reason == OURS else f"The game's socket was closed ({reason})"
    return "The game has fallen silent" if name == SILENCE else None


def _reason(detail: bytes) -> str:
    try:
        return clean(_decode(detail).reason, 120)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return clean(None)


def is_heard(state: LiveState) -> bool:
    """Tell whether the game is heard."""
    return state.connection.connected is True and not state.connection.silent


class ConnectionLost(Watcher):
    """The game is not heard any more."""

    triggers = (Trigger.LINK,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of the loss, once."""
        why = is_lost(moment) if is_heard(moment.before) else None
        return None if why is None else Found({"why": why})


class ConnectionRestored(Watcher):
    """The game is heard again."""

    triggers = (Trigger.LINK,)

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._lost_at: Micros | None = None

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell that a loss is over."""
        if is_heard(moment.before) and is_lost(moment) is not None:
            self._lost_at = moment.event.ts
        if self._lost_at is None or not is_heard(moment.after):
            return None
        seconds = max(0, moment.event.ts - self._lost_at) / 1e6
        self._lost_at = None
        return Found({"seconds": f"{seconds:.0f}"})


class Latency(Watcher):
    """Events or confirmations come late."""

    triggers = (Trigger.LINK, Trigger.OUTCOME)

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._edge = Edge()

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of a delay when it begins, and of every late confirmation."""
        if trigger is Trigger.OUTCOME:
            told = outcome_of(moment.event.data)
            late = number(told.total_latency_ms) if told else None
            slow = late is not None and late >= self.params["action_ms"]
            return _late("A confirmation", late) if slow else None
        delay = moment.after.connection.delay_ms
        late_now = delay is not None and delay >= self.params["delay_ms"]
        if delay is None or not self._edge.rises(None, late_now):
            return None
        return _late("An event", delay)


def _late(what: str, delay_ms: float | None) -> Found:
    return Found({"what": what, "delay": milliseconds(delay_ms)})
