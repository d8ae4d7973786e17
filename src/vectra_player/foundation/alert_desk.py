"""Alerts on the live feed: the engine beside the bus, what it says stored and told.

A consumer of the bus like the feed: what fails here is counted and never reaches the capture. An
alert becomes a `vectra.alert` fact, which the recorder stores and publishes like any other event,
so that the feed tells it with the row it came from; where nothing is recorded it is told all the
same. Built by `app`; asked by the monitor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from vectra_player.alerts.alert import FACT, Alert
from vectra_player.alerts.book import FILE, Book, RuleFiles
from vectra_player.alerts.engine import Engine
from vectra_player.alerts.moment import Moment
from vectra_player.bus import EventBus, Events
from vectra_player.errors import CaptureHaltedError
from vectra_player.foundation.messages import Message
from vectra_player.foundation.monitor.answers import AlertLog, AlertRule
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.frame import FACT_PREFIX
from vectra_player.model.units import Micros
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event

log = structlog.get_logger(__name__)

ALERT = "alert"
ALERT_EVENT = FACT_PREFIX + FACT
KEPT = 200
LOOK_EVERY_US = 3_000_000
"""How often the files of the rules are looked at, by the time of the events."""


class AlertDesk:
    """Runs the rules over the live feed and keeps the last alerts."""

    def __init__(
        self,
        bus: EventBus,
        live: LiveStateProvider,
        note: Callable[[str, object], int],
        publish: Callable[[Message], object],
        rules: Path,
    ) -> None:
        """Begin to listen.

        `note` stores a fact and publishes it after the event at hand; 0: nothing is recorded.
        `publish` tells what was not stored. `rules`: the rules folder of a data directory.
        """
        self._live = live
        self._last = live.snapshot()
        self._note = note
        self._publish = publish
        self._files = RuleFiles(rules)
        self._book = self._files.read()
        self._engine = Engine(self._book.rules, self._book.measured)
        self._looked_at: Micros | None = None
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._told = 0
        self._warn()
        self._detach = bus.attach(Events.EVENT, self._on_event, name="alerts")

    @property
    def book(self) -> Book:
        """Return the rules in force."""
        return self._book

    def report(self, limit: int = KEPT) -> AlertLog:
        """Return the last alerts, newest first, and the rules with where they are from."""
        return AlertLog(
            alerts=list(self._log)[::-1][:limit],
            told=self._told,
            rules=[
                AlertRule(
                    type=name,
                    text=rule.kind.text,
                    origin=self._book.origin(name),
                    seen=rule.kind.seen,
                    rule=rule.table(),
                )
                for name, rule in self._book.rules.items()
            ],
            file=str(self._files.folder / FILE),
            faults=[str(fault) for fault in self._book.faults],
            measured_at=self._book.measured.made_at or None,
        )

    def close(self) -> None:
        """Stop listening."""
        self._detach()

    def _on_event(self, event: Event) -> None:
        before, self._last = self._last, self._live.snapshot()
        if event.name == ALERT_EVENT:
            return
        began = self._last.game_phase is GamePhase.LIVE is not before.game_phase
        self._look(event.ts, began=began)
        for alert in self._engine.step(Moment(event, before, self._last)):
            self._tell(alert)

    def _tell(self, alert: Alert) -> None:
        detail, now_ms = alert.detail(), alert.ts // 1000
        self._log.append({"ts": now_ms, **detail})
        self._told += 1
        try:
            stored = self._note(FACT, detail)
        except CaptureHaltedError as error:
            log.warning("alert not stored", alert=alert.alert_type, reason=error.message)
            stored = 0
        if not stored:
            self._publish(Message(ALERT, now_ms, alert.game_id, detail))

    def _look(self, now: Micros, *, began: bool) -> None:
        """Take in changed files of rules, every few seconds and when a game begins."""
        due = self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY_US
        if not (due or began):
            return
        self._looked_at = now
        if not self._files.changed():
            return
        self._book = self._files.read()
        self._engine.replace(self._book.rules, self._book.measured)
        log.info("alert rules read", own=len(self._book.changed), faults=len(self._book.faults))
        self._warn()

    def _warn(self) -> None:
        for fault in self._book.faults:
            log.warning("alert rule not used", fault=str(fault))
