"""What every page needs: login, health, files, the API's description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, redirect, request, send_file

from vectra_player import __version__
from vectra_player.dashboard.answers import ErrorAnswer, FeedPort, Health
from vectra_player.dashboard.faults import LoginError, MissingError
from vectra_player.dashboard.services import Services
from vectra_player.web.files import MEDIA_TYPES, inside_any
from vectra_player.web.openapi import Endpoint, document


class SystemRoutes:
    """Routes beside the tabs. `table`: those of the tabs, for the description."""

    def __init__(self, services: Services, table: Callable[[], list[Endpoint]]) -> None:
        self._services = services
        self._table = table

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/login", self.login, "Exchange a login link for a cookie.", open=True,
                     query=(("token", "string"), ("next", "string")), status=303),
            Endpoint("GET", "/health", self.health, "Whether it runs.", Health, open=True),
            Endpoint("GET", "/openapi.json", self.openapi, "This document.", dict[str, Any]),
            Endpoint("GET", "/static/{path:path}", self.static, "Scripts and styles.",
                     media="*/*"),
        ]  # fmt: skip

    def login(self) -> Response:
        """Turn a link into a cookie, and go where it leads."""
        granted = None
        if request.method == "GET":  # a look at the head must not use the link up
            code = request.args.get("token", "")
            granted = self._services.keys.login(code, request.args.get("next", "/"))
        if granted is None:
            raise LoginError(
                "This link was used or is wrong.", advice="`vectra-player open` makes a new one."
            )
        cookie, goal = granted
        answer = redirect(goal, 303)
        assert isinstance(answer, Response)
        answer.headers["Set-Cookie"] = cookie
        return answer

    def health(self) -> Health:
        """Tell that it runs, and the ports of its neighbours."""
        peer = self._services.neighbour.peer()
        return Health(
            status="ok",
            version=__version__,
            feed=FeedPort(None if peer is None else peer.feed),
            dashboard=self._services.port,
            monitor=None if peer is None else peer.monitor,
        )

    def openapi(self) -> dict[str, Any]:
        """Describe the API."""
        table = [*self._table(), *self.endpoints()]
        return document(table, title="VECTRA-PLAYER dashboard API", error=ErrorAnswer)

    def static(self, path: str) -> Response:
        """Serve a file of the dashboard, of the shared look or of the client library."""
        found = inside_any(self._services.static_roots, path)
        if found is None:
            raise MissingError("There is no such file.")
        answer = send_file(found, mimetype=MEDIA_TYPES[found.suffix], conditional=True)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
