"""The log of alerts over HTTP. Used by `monitor.app`."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from vectra_player.foundation.monitor.answers import AlertLog
from vectra_player.foundation.monitor.bodies import answer
from vectra_player.foundation.monitor.openapi import Endpoint
from vectra_player.foundation.monitor.questions import listed


class AlertControl(Protocol):
    """Keeps the last alerts and the rules (`foundation.alert_desk`)."""

    def report(self, limit: int) -> AlertLog:
        """Return the last alerts, newest first, and the rules in force."""
        ...


class AlertRoutes:
    """What was told, and by which rules."""

    def __init__(self, alerts: AlertControl) -> None:
        self._alerts = alerts

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/api/alerts", self.log, "The last alerts, and the rules in force.",
                     AlertLog, query=(("limit", "integer"),)),
        ]  # fmt: skip

    async def log(self, request: Request) -> Response:
        """Serve the log."""
        return answer(self._alerts.report(listed(request)))
