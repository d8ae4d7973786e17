"""`/alerts`: the rules of alerts, edited and tried; `/alerts/log`: what was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from flask import Response
from msgspec import Meta

from vectra_player.dashboard.data.alert_log import AlertsPage, AlertsWanted, list_alerts
from vectra_player.dashboard.data.alert_rules import GROUPS, AlertRules, Checked, RuleBook
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.neighbour import NoFoundationError, RefusedByFoundationError
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from vectra_player.dashboard.services import Services

TRIAL = "alert-trial"

Origin = Literal["real", "demo", "all"]
Type = Annotated[str, Meta(max_length=64, description="a type of alert")]


class RulesWanted(msgspec.Struct, frozen=True):
    """Which rule is opened, and over whose games it is tried."""

    rule: Type = ""
    origin: Annotated[Origin, Meta(description="real, demo or all")] = "real"


class RuleCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of a rule, as its table in the file has them."""

    type: Type
    values: dict[str, Any]


class RuleOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to keep; `values` null: as it is built in. `version`: of the file as it was read."""

    type: Type
    values: dict[str, Any] | None
    version: Annotated[str, Meta(max_length=64)] = ""


class TrialOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to try over the newest recorded games."""

    type: Type
    values: dict[str, Any]
    games: Annotated[int, Meta(ge=1, le=100_000)] = 100
    origin: Origin = "real"


class InForce(msgspec.Struct, frozen=True):
    """Whether the running service uses the rules of the file; null: none runs, or tells of none.

    waiting: types of which it uses others still.
    """

    in_force: bool | None
    waiting: list[str]


class AlertsRoutes:
    """Rules, trials and the log."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._rules = AlertRules(services.data_dir)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/alerts", self.rules_page, "Rules of alerts.", params=RulesWanted),
            Endpoint("GET", "/alerts/log", self.log_page, "Alerts that were told.",
                     params=AlertsWanted),
            Endpoint("GET", "/api/alerts", self.alerts, "Alerts that were told, newest first.",
                     AlertsPage, params=AlertsWanted),
            Endpoint("GET", "/api/alert-rules", self.rules, "The rules, and their forms.",
                     RuleBook),
            Endpoint("POST", "/api/alert-rules", self.save_rule, "Keep a rule.", RuleBook,
                     RuleOrder),
            Endpoint("GET", "/api/alert-rules/in-force", self.in_force,
                     "Whether the running service uses them.", InForce),
            Endpoint("POST", "/api/alert-check", self.check_rule,
                     "Say what is wrong with values of a rule.", Checked, RuleCheck),
            Endpoint("POST", "/api/alert-trials", self.try_rule,
                     "Try a rule over recorded games.", Job, TrialOrder),
        ]  # fmt: skip

    def rules_page(self, params: RulesWanted) -> Response:
        """Show the rules; the script asks for them."""
        return page("alerts.html")

    def log_page(self, params: AlertsWanted) -> Response:
        """Show the log; the script asks for its rows with the same parameters."""
        return page("alert-log.html", groups=GROUPS)

    def alerts(self, params: AlertsWanted) -> AlertsPage:
        """Serve one page of the log."""
        return list_alerts(self._services.store, params)

    def rules(self) -> RuleBook:
        """Serve the rules."""
        return self._rules.read()

    def check_rule(self, body: RuleCheck) -> Checked:
        """Check values."""
        return self._rules.check(body.type, body.values)

    def save_rule(self, body: RuleOrder) -> RuleBook:
        """Keep a rule."""
        return self._rules.save(body.type, body.values, body.version)

    def try_rule(self, body: TrialOrder) -> Job:
        """Queue a trial."""
        fields = self._rules.check(body.type, body.values).fields
        if fields:
            raise WrongParametersError(fields)
        return self._services.jobs.add(
            TRIAL, f"{body.type} over recorded games", msgspec.structs.asdict(body)
        )

    def in_force(self) -> InForce:
        """Compare the rules of the file with those the service tells of."""
        try:
            told = self._services.neighbour.get("/api/alerts?limit=1")["rules"]
        except (NoFoundationError, RefusedByFoundationError):
            return InForce(None, [])
        tables = self._rules.tables()
        waiting = [one["type"] for one in told if one["rule"] != tables.get(one["type"])]
        return InForce(not waiting, waiting)
