"""`/backtest`: order runs, look at what they came to, compare them, play their games again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Annotated, Any

import msgspec
from flask import Response, send_file
from msgspec import Meta

from vectra_player.dashboard.backtest_orders import (
    BacktestOrder,
    Choice,
    PlayOrder,
    SweepOrder,
    check_order,
    choices,
)
from vectra_player.dashboard.data.laid_out import LaidOut
from vectra_player.dashboard.data.run_game import RunGameData, run_game
from vectra_player.dashboard.data.runs import (
    FILES,
    PlotsWanted,
    RunData,
    RunGamesPage,
    RunGamesWanted,
    RunPlots,
    Runs,
    RunsPage,
    RunsWanted,
    run_data,
    run_games,
)
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.dashboard.routes.paper import PaperRoutes
from vectra_player.dashboard.services import Services
from vectra_player.web.files import inside
from vectra_player.web.openapi import Endpoint

KIND = "backtest"
"""Kind of the jobs of this tab; sweeps are among them."""

KEPT_DRAWINGS = 24
DRAW_S = 30.0
LONGEST_ID = 48
"""Characters of a game id in a title; those of the game have 25."""

REPORT = "report.html"


class CompareWanted(msgspec.Struct, frozen=True):
    """Which runs stand side by side."""

    runs: Annotated[
        str, Meta(max_length=200, description="two to four ids of backtests, with commas between")
    ] = ""


class BacktestRoutes:
    """Pages and JSON of backtests and sweeps, with paper trading beside them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._runs = Runs(services.data_dir)
        self._drawn = _Drawings(services)
        self._paper = PaperRoutes(services)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        run = "/backtest/runs/{run_id}"
        api = "/api/backtest/runs/{run_id}"
        return [
            Endpoint("GET", "/backtest", self.backtest_page, "Backtests and sweeps."),
            Endpoint("GET", "/backtest/compare", self.compare_page, "Runs side by side."),
            Endpoint("GET", run, self.run_page, "What a run came to."),
            Endpoint("GET", f"{run}/games/{{game_id}}", self.play_page, "A game, step by step."),
            Endpoint("GET", f"{run}/files/{{name}}", self.run_file, "A file of a run.",
                     media="*/*"),
            Endpoint("GET", "/api/backtest/choices", self.choices, "What can play.",
                     list[Choice]),
            Endpoint("GET", "/api/backtest/runs", self.runs, "Kept runs, newest first.", RunsPage,
                     params=RunsWanted),
            Endpoint("POST", "/api/backtest/runs", self.begin, "Run a backtest.", Job,
                     BacktestOrder),
            Endpoint("POST", "/api/backtest/sweeps", self.begin_sweep, "Run a sweep.", Job,
                     SweepOrder),
            Endpoint("GET", api, self.run, "Everything a run says.", RunData),
            Endpoint("GET", f"{api}/plots", self.plots, "Its plots.", RunPlots,
                     params=PlotsWanted),
            Endpoint("GET", f"{api}/games", self.run_games, "Its games.", RunGamesPage,
                     params=RunGamesWanted),
            Endpoint("GET", f"{api}/games/{{game_id}}", self.run_game,
                     "One of its games with every decision.", RunGameData),
            Endpoint("GET", "/api/backtest/comparison", self.comparison, "Runs side by side.",
                     LaidOut, params=CompareWanted),
            *self._paper.endpoints(),
        ]  # fmt: skip

    def backtest_page(self) -> Response:
        """Show the form and the list; what is filled in lives in the address."""
        self._drawn.warm()
        return page("backtest.html")

    def compare_page(self) -> Response:
        """Show runs side by side; the script reads which ones."""
        return page("compare.html")

    def run_page(self, run_id: str) -> Response:
        """Show a run; one that is not there is told as a page."""
        self._runs.load(run_id)
        return page("run.html", run_id=run_id)

    def play_page(self, run_id: str, game_id: str) -> Response:
        """Show a game of a run."""
        self._runs.backtest(run_id)
        return page("run-game.html", run_id=run_id, game_id=game_id)

    def choices(self) -> list[Choice]:
        """List what can play."""
        return choices(self._services.data_dir)

    def runs(self, params: RunsWanted) -> RunsPage:
        """List runs."""
        return self._runs.page(params)

    def begin(self, body: BacktestOrder) -> Job:
        """Queue a backtest."""
        return self._begin("backtest", body, f"{body.profile} over {_named(body.games)}")

    def begin_sweep(self, body: SweepOrder) -> Job:
        """Queue a sweep."""
        title = f"Sweep of {body.profile} over {_named(body.games)}"
        return self._begin("sweep", body, title)

    def run(self, run_id: str) -> RunData:
        """Return a run."""
        return run_data(self._runs.load(run_id), self._runs.path(run_id))

    def plots(self, run_id: str, params: PlotsWanted) -> Any:
        """Return its plots, drawn by a worker."""
        made, width = self._runs.load(run_id).record.manifest.made_at, params.width
        return self._drawn.ask("plots", {"run": run_id, "width": width}, (run_id, made, str(width)))

    def run_games(self, run_id: str, params: RunGamesWanted) -> RunGamesPage:
        """Return a page of its games."""
        return run_games(self._runs.backtest(run_id), params)

    def run_game(self, run_id: str, game_id: str) -> RunGameData:
        """Return one of its games."""
        return run_game(self._services, self._runs.backtest(run_id), game_id)

    def comparison(self, params: CompareWanted) -> Any:
        """Put runs side by side."""
        from vectra_player.analysis.backtest_figures import MOST_COMPARED

        names = list(dict.fromkeys(name for name in params.runs.split(",") if name))
        if not 2 <= len(names) <= MOST_COMPARED:
            raise WrongParametersError({"runs": f"Name two to {MOST_COMPARED} runs."})
        made = [self._runs.backtest(name).record.manifest.made_at for name in names]
        return self._drawn.ask("compared", {"runs": names}, (*names, *made))

    def run_file(self, run_id: str, name: str) -> Response:
        """Send a file of a run; the report is made anew."""
        made = self._runs.load(run_id).record.manifest.made_at
        if name == REPORT:
            text = self._drawn.ask("report", {"run": run_id}, (run_id, made, "report"))
            headers = {"Content-Disposition": f'attachment; filename="{run_id}.html"'}
            return Response(text, mimetype="text/html", headers=headers)
        found = inside(self._runs.path(run_id), name, endings=FILES.keys())
        if found is None:
            raise MissingError("This run has no such file.", advice="Its page lists them.")
        kind = FILES[found.suffix]
        shown = f"{run_id}-{found.name}"
        return send_file(found, mimetype=kind, as_attachment=True, download_name=shown)

    def _begin(self, what: str, order: PlayOrder, title: str) -> Job:
        check_order(order, self._services.data_dir)
        request = {"what": what, "order": msgspec.to_builtins(order)}
        return self._services.jobs.add(KIND, title, request)


class _Drawings:
    """Asks workers for what is drawn and keeps it: a run that is kept does not change."""

    def __init__(self, services: Services) -> None:
        self._compute = services.compute
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()

    def ask(self, question: str, request: dict[str, Any], key: tuple[str, ...]) -> Any:
        """Return the answer of a question, kept under a key. Raises ComputeError, UsageError."""
        key = (question, *key)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = self._compute.ask(f"backtest:{question}", request, limit_s=DRAW_S)
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > KEPT_DRAWINGS:
                self._kept.popitem(last=False)
        return answer

    def warm(self) -> None:
        """Have a worker load the plotting library: the next page shows plots."""
        self._compute.warm("backtest:ready")


def _named(games: str) -> str:
    """Return how games were asked for, short enough for a title."""
    ids = games.split(",")
    return f"{len(ids)} games" if len(ids) > 1 else games[:LONGEST_ID]
