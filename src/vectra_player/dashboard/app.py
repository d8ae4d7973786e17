"""Build the dashboard: routes from one table, errors as pages and JSON, the guard before all.

A tab is a module of `routes` with a class whose `endpoints` are its part of the table. The routes,
the OpenAPI document and the route walk of the tests are made of the same table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from wsgiref.types import WSGIApplication

import flask
import msgspec
import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException

from vectra_player.dashboard.answers import ErrorAnswer
from vectra_player.dashboard.faults import fault_of
from vectra_player.dashboard.guard import Guard
from vectra_player.dashboard.params import read_body, read_params
from vectra_player.dashboard.routes.actions import ActionsRoutes
from vectra_player.dashboard.routes.alerts import AlertsRoutes
from vectra_player.dashboard.routes.backtest import BacktestRoutes
from vectra_player.dashboard.routes.drift import DriftRoutes
from vectra_player.dashboard.routes.explorer import ExplorerRoutes
from vectra_player.dashboard.routes.fairness import FairnessRoutes
from vectra_player.dashboard.routes.games import GamesRoutes
from vectra_player.dashboard.routes.home import HomeRoutes
from vectra_player.dashboard.routes.paper import TRADE_PAGES
from vectra_player.dashboard.routes.play import PlayRoutes
from vectra_player.dashboard.routes.profiles import ProfilesRoutes
from vectra_player.dashboard.routes.protocol import ProtocolRoutes
from vectra_player.dashboard.routes.recording import RecordingRoutes
from vectra_player.dashboard.routes.switch import SwitchRoutes
from vectra_player.dashboard.routes.system import SystemRoutes
from vectra_player.dashboard.services import Services
from vectra_player.errors import VectraError
from vectra_player.web.openapi import Endpoint
from vectra_player.web.security import JSON_BODY, UPLOAD_BODY, BodyRule, http_door

log = structlog.get_logger(__name__)


STATIC = Path(__file__).resolve().parent / "static"
"""Scripts and styles of the dashboard's own pages."""


class Routes(Protocol):
    """One tab: its part of the table."""

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        ...


TABS: tuple[Callable[[Services], Routes], ...] = (
    HomeRoutes,
    RecordingRoutes,
    GamesRoutes,
    PlayRoutes,
    ExplorerRoutes,
    BacktestRoutes,
    ProfilesRoutes,
    ProtocolRoutes,
    FairnessRoutes,
    ActionsRoutes,
    DriftRoutes,
    AlertsRoutes,
    SwitchRoutes,
)
"""The tabs, in the order of the bar."""

_PATH = re.compile(r"\{(\w+)(?::(\w+))?\}")


def endpoints(services: Services) -> list[Endpoint]:
    """Return the whole table."""
    tabs = [tab(services) for tab in TABS]
    table = [endpoint for tab in tabs for endpoint in tab.endpoints()]
    return [*table, *SystemRoutes(services, lambda: table).endpoints()]


def create_app(services: Services) -> WSGIApplication:
    """Build the application behind its guard."""
    app = flask.Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.jinja_env.autoescape = True
    table = endpoints(services)
    for endpoint in table:
        app.add_url_rule(
            _PATH.sub(_rule, endpoint.path),
            endpoint=f"{endpoint.method} {endpoint.path}",
            view_func=_view(endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, _failed)
    return guarded(app.wsgi_app, services, _rules(app, table))


def guarded(
    app: WSGIApplication, services: Services, rule_of: Callable[[str, str], BodyRule]
) -> Guard:
    """Put the guard before an application."""

    def feed_port() -> int | None:
        peer = services.neighbour.peer()
        return peer.feed if peer is not None else services.feed_port

    return Guard(
        app,
        keys=services.keys,
        door=http_door(services.port),
        feed_port=feed_port,
        rule_of=rule_of,
        trade_pages=TRADE_PAGES,
    )


def _rules(app: flask.Flask, table: list[Endpoint]) -> Callable[[str, str], BodyRule]:
    """Return which body a path takes: pieces of files only where the table says so."""
    uploads = [
        re.compile(_PATH.sub(r"[^/]+", endpoint.path)) for endpoint in table if endpoint.upload
    ]

    def rule_of(method: str, path: str) -> BodyRule:
        upload = method == "PUT" and any(pattern.fullmatch(path) for pattern in uploads)
        return UPLOAD_BODY if upload else JSON_BODY

    return rule_of


def _rule(match: re.Match[str]) -> str:
    name, kind = match.groups()
    return f"<{kind}:{name}>" if kind else f"<{name}>"


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        arguments: dict[str, Any] = dict(path)
        if endpoint.params is not None:
            arguments["params"] = read_params(endpoint.params, request.args.to_dict(flat=False))
        if endpoint.takes is not None:
            arguments["body"] = read_body(endpoint.takes, request.get_data())
        told = endpoint.call(**arguments)
        return told if isinstance(told, Response) else json_response(told)

    return view


def json_response(value: object, status: int = 200) -> Response:
    """Answer with JSON; what it has no words for (decimals, dates) becomes text."""
    body = msgspec.json.encode(value, enc_hook=str)
    return Response(body, status, mimetype="application/json")


def _failed(error: Exception) -> Response:
    """Tell any error: as JSON to programs and scripts, as a page to people."""
    status, fault = fault_of(error)
    if status >= 500 and not isinstance(error, VectraError | HTTPException):
        log.error("request failed", path=request.path, error=repr(error), exc_info=error)
    if request.path.startswith("/api/") or not _wants_page():
        return json_response(ErrorAnswer(fault), status)
    page = flask.render_template("error.html", status=status, fault=fault)
    return Response(page, status, mimetype="text/html")


def _wants_page() -> bool:
    return "text/html" in request.headers.get("Accept", "")
