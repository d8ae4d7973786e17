"""`/`: the current game, the last ones, what is covered, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from vectra_player.dashboard.answers import Foundation
from vectra_player.dashboard.data.sessions import CoveredDay, SessionData, SessionLine
from vectra_player.dashboard.data.strip import MiniGame, last_games
from vectra_player.dashboard.neighbour import NoFoundationError
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from flask import Response

LAST_SESSIONS = 6


class HomeWanted(msgspec.Struct, frozen=True):
    """How many of the last games."""

    games: Annotated[int, Meta(ge=1, le=60, description="a number of games, 1 to 60")] = 20


class Home(msgspec.Struct, frozen=True):
    """What the store holds, in short. `empty`: nothing yet."""

    empty: bool
    events: int
    sessions_total: int
    games_total: int
    games: list[MiniGame]
    days: list[CoveredDay]
    sessions: list[SessionLine]


class HomeRoutes:
    """The first page, and what every page asks about foundation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._data = SessionData(services.store)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/", self.home_page, "Home."),
            Endpoint("GET", "/api/home", self.home, "What the store holds, in short.", Home,
                     params=HomeWanted),
            Endpoint("GET", "/api/foundation", self.foundation, "What foundation says.",
                     Foundation),
        ]  # fmt: skip

    def home_page(self) -> Response:
        """Show the page."""
        return page("home.html")

    def home(self, params: HomeWanted) -> Home:
        """Sum up the store."""
        days = self._data.days()
        sessions = self._data.sessions()
        return Home(
            empty=not sessions,
            events=sum(day.events for day in days),
            sessions_total=len(sessions),
            games_total=count_games(self._services),
            games=last_games(self._services.store, params.games),
            days=days,
            sessions=sessions[:LAST_SESSIONS],
        )

    def foundation(self) -> Foundation:
        """Ask foundation; that it does not run is an answer, not an error."""
        try:
            return Foundation(running=True, state=self._services.neighbour.get("/api/state"))
        except NoFoundationError as error:
            return Foundation(running=False, reason=error.message)


def count_games(services: Services) -> int:
    """Count the games of the store, each once."""
    from vectra_player.dashboard.data.games import GamesWanted, list_games

    return list_games(services.store, GamesWanted(size=1)).total
