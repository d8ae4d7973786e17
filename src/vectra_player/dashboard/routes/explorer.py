"""`/explorer`: what a way of betting comes to, beside a fair game and the presets."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from flask import Response, request

from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.dashboard.data.explorer import (
    FIGURES,
    Comparison,
    Drawing,
    ExplorerWanted,
    FigureWanted,
    KeptRun,
    Outlook,
    Saved,
    SaveStrategy,
    base_of,
    changes_of,
    profile_of,
    query_of,
    question_of,
    run_path,
    settings_at_first,
)
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.dashboard.services import Services
from vectra_player.errors import UsageError
from vectra_player.game.sidebet import MAX_STAKE_SOL, MIN_STAKE_SOL, WINDOW_TICKS
from vectra_player.strategy.profile import (
    DEFAULT_STRATEGY,
    LAST_ENTRY_TICK,
    MAX_BETS,
    ScalingMode,
    remarks,
)
from vectra_player.web.openapi import Endpoint

OUTLOOK_S = 20.0
"""Ten million ticks are read anew in five; everything else is a fraction of a second."""

COMPARE_S = 60.0
"""The presets are simulated once for all; while they are, the page shows everything else."""

JOB = "explore"


class ExplorerRoutes:
    """Pages and JSON of the strategy explorer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._compute = services.compute

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/explorer", self.explorer_page, "The strategy explorer."),
            Endpoint("GET", "/api/explorer", self.outlook, "What a strategy comes to.", Outlook,
                     params=ExplorerWanted),
            Endpoint("GET", "/api/explorer/compare", self.compare_presets,
                     "A strategy and the presets over the same draws.", Comparison,
                     params=ExplorerWanted),
            Endpoint("GET", "/api/explorer/figures/{name}", self.explorer_figure, "One plot.",
                     Drawing, params=FigureWanted),
            Endpoint("POST", "/api/explorer/runs", self.begin_simulation, "Simulate as a job.",
                     Job, ExplorerWanted),
            Endpoint("GET", "/api/explorer/runs/{run}", self.kept_simulation, "A kept run.",
                     KeptRun),
            Endpoint("POST", "/api/explorer/profile", self.save_strategy,
                     "Keep a strategy as a profile.", Saved, SaveStrategy),
        ]  # fmt: skip

    def explorer_page(self) -> Response:
        """Show the page."""
        self._compute.warm("explorer:warm")
        profiles = self._profiles()
        own = [one.name for one in profiles.all() if _plays_sidebets(one.profile)]
        return page(
            "explorer.html",
            presets=[name for name in PRESETS if name not in own],
            profiles=own,
            settings=settings_at_first(request.args.to_dict(flat=False), profiles),
            modes=get_args(ScalingMode),
            last_entry=LAST_ENTRY_TICK,
            max_bets=MAX_BETS,
            min_stake=MIN_STAKE_SOL,
            max_stake=MAX_STAKE_SOL,
            window=WINDOW_TICKS,
        )

    def outlook(self, params: ExplorerWanted) -> Any:
        """Ask what a strategy comes to."""
        question = self._question(params)
        return self._compute.ask("explorer:outlook", question, limit_s=OUTLOOK_S)

    def compare_presets(self, params: ExplorerWanted) -> Any:
        """Ask for the comparison with the presets."""
        question = self._question(params)
        return self._compute.ask("explorer:compare", question, limit_s=COMPARE_S)

    def explorer_figure(self, name: str, params: FigureWanted) -> Any:
        """Ask for a plot."""
        if name not in FIGURES:
            raise MissingError("There is no such plot.", advice=f"Those: {', '.join(FIGURES)}.")
        if params.run:
            self._there(params.run)
        drawn = {"figure": name, "width": params.width, "run": params.run}
        question = self._question(params) | drawn
        return self._compute.ask("explorer:figure", question, limit_s=COMPARE_S)

    def begin_simulation(self, body: ExplorerWanted) -> Job:
        """Queue a long simulation."""
        question = self._question(body) | {"query": query_of(body)}
        title = f"{question['profile']['name']}, {body.runs:,} runs"
        job = self._services.jobs.add(JOB, title, question)
        return msgspec.structs.replace(job, request={})

    def kept_simulation(self, run: str) -> Any:
        """Read a kept run."""
        self._there(run)
        return self._compute.ask("explorer:kept_run", {"run": run})

    def save_strategy(self, body: SaveStrategy) -> Saved:
        """Write the strategy as a profile."""
        profiles = self._profiles()
        profile_of(body, profiles)  # says which parameter is wrong
        base = base_of(body.profile, profiles)
        try:
            profile = profiles.based_on(base, body.name, changes_of(body, base))
        except UsageError as error:
            raise WrongParametersError({"name": error.advice or error.message}) from None
        if profile.name in profiles.names() and not body.replace:
            raise WrongParametersError({"name": "There is a profile of that name. Replace it?"})
        profiles.save(profile, replace=body.replace)
        return Saved(profile.name, remarks(profile))

    def _profiles(self) -> ProfileStore:
        return ProfileStore(self._services.data_dir)

    def _question(self, wanted: ExplorerWanted) -> dict[str, Any]:
        files = self._services.store.state(("game", "game_tick"))
        return question_of(wanted, profile_of(wanted, self._profiles()), str(hash(files)))

    def _there(self, run: str) -> None:
        path = run_path(self._services.data_dir, run)
        if path is None or not path.is_file():
            raise MissingError("There is no such run.", advice="Run it again.")


def _plays_sidebets(profile: Any) -> bool:
    return profile is not None and profile.strategy == DEFAULT_STRATEGY
