"""`/`: the current game, the last ones, what is covered, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from vectra_player.dashboard.answers import Foundation
from vectra_player.dashboard.data.games import GamesWanted, list_games
from vectra_player.dashboard.data.sessions import CoveredDay
from vectra_player.dashboard.data.strip import MiniGame, last_games
from vectra_player.dashboard.neighbour import NoFoundationError
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from flask import Response


class HomeWanted(msgspec.Struct, frozen=True):
    """How many of the last games."""

    games: Annotated[int, Meta(ge=1, le=60, description="a number of games, 1 to 60")] = 20


class Home(msgspec.Struct, frozen=True):
    """The last games, and how many there are."""

    games_total: int
    games: list[MiniGame]


class Coverage(msgspec.Struct, frozen=True):
    """What each day holds, and in all."""

    days: list[CoveredDay]
    events: int
    sessions: int
    gaps: int


WARM = "explorer:warm"
WARM_AFTER_S = 3.0
"""The page has what it needs by then. Whoever goes on to a calculation finds it loaded."""


class HomeRoutes:
    """The first page, and what every page asks about foundation."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/", self.home_page, "Home."),
            Endpoint("GET", "/api/home", self.home, "The last games.", Home, params=HomeWanted),
            Endpoint("GET", "/api/coverage", self.coverage, "What each day holds.", Coverage),
            Endpoint("GET", "/api/foundation", self.foundation, "What foundation says.",
                     Foundation),
        ]  # fmt: skip

    def home_page(self) -> Response:
        """Show the page, and have calculations loaded meanwhile."""
        self._services.compute.warm(WARM, after_s=WARM_AFTER_S)
        return page("home.html")

    def home(self, params: HomeWanted) -> Home:
        """Return the last games."""
        store = self._services.store
        return Home(list_games(store, GamesWanted(size=1)).total, last_games(store, params.games))

    def coverage(self) -> Coverage:
        """Sum up the days."""
        sessions = self._services.sessions
        days = sessions.days()
        return Coverage(
            days=days,
            events=sum(day.events for day in days),
            sessions=len(sessions.sessions()),
            gaps=sum(day.gaps for day in days),
        )

    def foundation(self) -> Foundation:
        """Ask foundation; that it does not run is an answer, not an error."""
        try:
            return Foundation(running=True, state=self._services.neighbour.get("/api/state"))
        except NoFoundationError as error:
            return Foundation(running=False, reason=error.message)
