"""`/fairness`: what is verified, audits of all games, a pasted seed, and proofs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from flask import Response, send_file
from msgspec import Meta

from vectra_player.dashboard.data import audits
from vectra_player.dashboard.data.fairness import FairnessWanted, Verifications, Verified
from vectra_player.dashboard.data.seeds import SeedOrder, SeedResult, require_seed, verify_seed
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import Nothing
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from vectra_player.dashboard.services import Services

VERIFICATION, AUDIT = "verification", "audit"
_ORIGINS = {"real": "the real site", "demo": "the demo server", "all": "all servers"}


class AuditOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An audit of every game of an origin; the same games and seed give the same numbers."""

    origin: Literal["real", "demo", "all"] = "real"
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1


class FairnessRoutes:
    """Pages and JSON of fairness."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._verifications = Verifications(services.store)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/fairness", self.fairness_page, "Fairness."),
            Endpoint("GET", "/fairness/audits/{audit_id}/report", self.audit_report,
                     "The one-file report of an audit.", media="*/*"),
            Endpoint("GET", "/fairness/proofs/{game_id}", self.proof,
                     "The proof page of one game, a file.", media="*/*"),
            Endpoint("GET", "/api/fairness", self.fairness, "How many games are verified.",
                     Verified, params=FairnessWanted),
            Endpoint("POST", "/api/fairness/verification", self.verify_games,
                     "Verify what was filed since the last time.", Job, Nothing),
            Endpoint("POST", "/api/fairness/seed", self.seed, "The game of a seed.", SeedResult,
                     SeedOrder),
            Endpoint("GET", "/api/fairness/audits", self.list_audits, "Audits, newest first.",
                     list[audits.AuditHead]),
            Endpoint("POST", "/api/fairness/audits", self.begin_audit, "Audit all games.", Job,
                     AuditOrder),
            Endpoint("GET", "/api/fairness/audits/{audit_id}", self.audit, "One audit.",
                     audits.KeptAudit),
        ]  # fmt: skip

    def fairness_page(self) -> Response:
        """Show the page."""
        return page("fairness.html")

    def fairness(self, params: FairnessWanted) -> Verified:
        """Return the last verification."""
        passes = self._services.jobs.list(VERIFICATION)
        cancelled = bool(passes) and passes[0].state == "cancelled"
        return self._verifications.read(params, cancelled=cancelled)

    def verify_games(self, body: Nothing) -> Job:
        """Queue a verification of what is new, unless one is under way."""
        jobs = self._services.jobs
        under_way = (job for job in jobs.list(VERIFICATION) if not job.ended)
        found = next(under_way, None)
        if found is not None:
            return found
        jobs.forget(VERIFICATION)
        return jobs.add(VERIFICATION, "Verification of all games", {})

    def seed(self, body: SeedOrder) -> SeedResult:
        """Compute the game of a seed."""
        return verify_seed(self._services.store, body)

    def proof(self, game_id: str) -> Response:
        """Make the proof page of a game and send it as a file."""
        require_seed(self._services.store, game_id)
        html = self._services.compute.ask("fairness:proof", {"game_id": game_id})
        name = re.sub(r"[^A-Za-z0-9_-]", "_", game_id)[:64]
        return _attached(Response(html, mimetype="text/html"), f"proof-{name}.html")

    def list_audits(self) -> list[audits.AuditHead]:
        """List audits."""
        return audits.kept_audits(self._services.data_dir)

    def begin_audit(self, body: AuditOrder) -> Job:
        """Queue an audit."""
        title = f"Audit of the games of {_ORIGINS[body.origin]}"
        order = {"origin": body.origin, "seed": body.seed}
        return self._services.jobs.add(AUDIT, title, order)

    def audit(self, audit_id: str) -> audits.KeptAudit:
        """Return one audit."""
        found = audits.read_audit(self._services.data_dir, audit_id)
        if found is None:
            raise _no_audit()
        return found

    def audit_report(self, audit_id: str) -> Response:
        """Send the report of an audit."""
        found = audits.report_of(self._services.data_dir, audit_id)
        if found is None:
            raise _no_audit()
        return _attached(send_file(found, mimetype="text/html"), f"audit-{audit_id}.html")


def _attached(answer: Response, name: str) -> Response:
    """Have the browser save it: its own styles would not be let in as a page of ours."""
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _no_audit() -> MissingError:
    return MissingError("There is no such audit.", advice="Choose one of the list.")
