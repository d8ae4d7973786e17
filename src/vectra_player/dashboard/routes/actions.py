"""`/actions`: what was pressed and traded, by whom, what became of it, and how long it took."""

from __future__ import annotations

from flask import Response

from vectra_player.dashboard.data.actions import ActionsPage, ActionsWanted, list_actions
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint


class ActionsRoutes:
    """The log of actions."""

    def __init__(self, services: Services) -> None:
        self._store = services.store

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/actions", self.actions_page, "Actions and their latency.",
                     params=ActionsWanted),
            Endpoint("GET", "/api/actions", self.actions, "Actions, filtered, newest first.",
                     ActionsPage, params=ActionsWanted),
        ]  # fmt: skip

    def actions_page(self, params: ActionsWanted) -> Response:
        """Show the log; the script asks for its rows with the same parameters."""
        return page("actions.html", wanted=params)

    def actions(self, params: ActionsWanted) -> ActionsPage:
        """Serve one page of the log."""
        return list_actions(self._store, params)
