"""`/actions/drift`: recorded strategy runs, and how each differs from its own backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from vectra_player.dashboard.data.run_drift import (
    RunDrift,
    RunsPage,
    RunsWanted,
    list_runs,
    read_run,
)
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import Nothing
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from vectra_player.dashboard.services import Services

DRIFT = "drift"


class DriftRoutes:
    """Runs of strategies in any mode, and their drift."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._jobs = services.jobs

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/actions/drift", self.drift_page, "Runs against their backtests.",
                     params=RunsWanted),
            Endpoint("GET", "/api/strategy-runs", self.runs, "Recorded strategy runs.", RunsPage,
                     params=RunsWanted),
            Endpoint("GET", "/api/strategy-runs/{run_id}", self.run, "A run and its drift report.",
                     RunDrift),
            Endpoint("POST", "/api/strategy-runs/{run_id}/drift", self.compare_run,
                     "Make the drift report of a run.", Job, Nothing),
        ]  # fmt: skip

    def drift_page(self, params: RunsWanted) -> Response:
        """Show the page; the script asks for its runs with the same parameters."""
        return page("drift.html", wanted=params)

    def runs(self, params: RunsWanted) -> RunsPage:
        """Serve one page of runs."""
        return list_runs(self._store, params)

    def run(self, run_id: str) -> RunDrift:
        """Serve one run."""
        found = read_run(self._store, run_id)
        if found is None:
            raise MissingError(
                "No such run is filed.",
                advice="A run appears here once it is filed: at most a minute after it was begun.",
            )
        return found

    def compare_run(self, run_id: str, body: Nothing) -> Job:
        """Queue the report of a run."""
        run = self.run(run_id).run
        return self._jobs.add(DRIFT, f"Drift of {run.name}, {run_id}", {"run_id": run_id})
