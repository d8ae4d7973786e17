"""The monitor: its routes, its guard, and how errors are told. Built by `foundation.service`.

Every route comes from one table, `Monitor.endpoints`; the OpenAPI document and the route walk of
the tests read the same table. Handlers parse, ask the backend, and answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vectra_player.errors import CaptureHaltedError, UsageError, VectraError
from vectra_player.foundation.monitor import files
from vectra_player.foundation.monitor.alerts import AlertControl, AlertRoutes
from vectra_player.foundation.monitor.answers import (
    ErrorAnswer,
    Fault,
    Health,
    RecordingAnswer,
    RecordingRequest,
    ReplayAction,
    ReplayOpened,
    ReplayRequest,
    State,
)
from vectra_player.foundation.monitor.backend import (
    Artifacts,
    Backend,
    ReplayControl,
    TradeControl,
)
from vectra_player.foundation.monitor.bodies import answer, body_of
from vectra_player.foundation.monitor.metrics import METRICS_TYPE
from vectra_player.foundation.monitor.odds import Odds, fair_odds
from vectra_player.foundation.monitor.openapi import Endpoint, document
from vectra_player.foundation.monitor.questions import listing_asked, survival_asked
from vectra_player.foundation.monitor.switch import SwitchControl, SwitchRoutes
from vectra_player.foundation.monitor.trade import PracticeRoutes, TradeRoutes
from vectra_player.replay.line import ReplayLine
from vectra_player.store.listing import GameInfo, SessionInfo
from vectra_player.web.asgi import Guard, asked, login_route
from vectra_player.web.security import Access, http_door

log = structlog.get_logger(__name__)

SHARED = "shared"
"""Name under /artifacts/ of the client library; no tool may have it."""


class Monitor:
    """Handlers and the table that names them."""

    def __init__(
        self,
        backend: Backend,
        access: Access,
        *,
        user_artifacts: Path,
        artifacts: Artifacts | None = None,
        replay: ReplayControl | None = None,
        trade: TradeControl | None = None,
        alerts: AlertControl | None = None,
        switch: SwitchControl | None = None,
    ) -> None:
        self._backend = backend
        self._access = access
        self._login = login_route(access).endpoint
        self._artifact_roots = (files.BUILT_IN_ARTIFACTS, user_artifacts)
        self._artifacts = artifacts
        self._replay = replay
        self._trade = trade
        self._alerts = alerts
        self._switch = switch

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        listing = (("limit", "integer"),)
        return [
            Endpoint("GET", "/", self.page, "The monitor page."),
            Endpoint("GET", "/login", self._login, "Exchange a login link for a cookie.", open=True,
                     query=(("token", "string"), ("next", "string")), status=303),
            Endpoint("GET", "/health", self.health, "Whether it runs.", Health, open=True),
            Endpoint("GET", "/metrics", self.metrics, "Metrics for Prometheus.",
                     media="text/plain"),
            Endpoint("GET", "/openapi.json", self.openapi, "This document.", dict[str, Any]),
            Endpoint("GET", "/api/state", self.state, "Everything the monitor page shows.", State),
            Endpoint("GET", "/api/recording", self.recording, "Whether and what is recorded.",
                     RecordingAnswer),
            Endpoint("POST", "/api/recording", self.record, "Start or stop recording.",
                     RecordingAnswer, RecordingRequest),
            Endpoint("GET", "/api/sessions", self.sessions, "Recorded sessions, newest first.",
                     list[SessionInfo], query=listing),
            Endpoint("GET", "/api/games", self.games, "Recorded games, newest first.",
                     list[GameInfo], query=listing),
            Endpoint("GET", "/api/survival", self.survival, "How long recorded games last.",
                     dict[str, Any], query=(("origin", "string"), ("at", "integer"),
                                            ("within", "integer"), ("bets", "integer"))),
            Endpoint("GET", "/api/odds", self.odds, "What a sidebet is worth if fair.", Odds),
            *self._artifact_endpoints(),
            *self._replay_endpoints(),
            *(TradeRoutes(self._trade).endpoints() if self._trade is not None else ()),
            *(SwitchRoutes(self._switch).endpoints() if self._switch is not None else ()),
            *(AlertRoutes(self._alerts).endpoints() if self._alerts is not None else ()),
            Endpoint("GET", "/static/{path:path}", self.static, "Scripts, styles, the SDK.",
                     media="*/*"),
        ]  # fmt: skip

    def _artifact_endpoints(self) -> list[Endpoint]:
        served = [
            Endpoint("GET", "/artifacts/{name}", self.artifact_root, "A tool.", status=307),
            Endpoint("GET", "/artifacts/{name}/{path:path}", self.artifact, "Files of a tool.",
                     media="*/*"),
        ]  # fmt: skip
        if self._artifacts is None:
            return served
        listed = Endpoint(
            "GET", "/api/artifacts", self.artifacts, "The tools, broken ones with their reason.",
            list[dict[str, Any]],
        )  # fmt: skip
        return [listed, *served]

    def _replay_endpoints(self) -> list[Endpoint]:
        if self._replay is None:
            return []
        status = dict[str, Any]
        return [
            Endpoint("GET", "/api/replay", self.replays, "Open replays.", list[status]),
            Endpoint("POST", "/api/replay", self.open_replay, "Open a replay.", ReplayOpened,
                     ReplayRequest),
            Endpoint("POST", "/api/replay/{id}", self.drive_replay, "Drive a replay.", status,
                     ReplayAction),
            Endpoint("GET", "/api/replay/{id}/line", self.replay_line,
                     "Phases, trades, sidebets, own actions and gaps of a replay by time.",
                     ReplayLine),
            *PracticeRoutes(self._replay).endpoints(),
        ]  # fmt: skip

    async def page(self, request: Request) -> Response:
        """Serve the monitor page; to a visit of the user's own, with what it needs to trade."""
        page = (files.STATIC / "monitor" / "index.html").read_text("utf-8")
        token = self._access.trade_token(asked(request.scope))
        if token is not None and self._trade is not None:
            page = page.replace("</head>", f'<meta name="vectra-trade" content="{token}"></head>')
        return HTMLResponse(page)

    async def health(self, request: Request) -> Response:
        """Tell whether it runs."""
        return answer(self._backend.health())

    async def metrics(self, request: Request) -> Response:
        """Serve the metrics."""
        return Response(self._backend.metrics(), headers={"Content-Type": METRICS_TYPE})

    async def openapi(self, request: Request) -> Response:
        """Serve the OpenAPI document."""
        return answer(document(self.endpoints()))

    async def state(self, request: Request) -> Response:
        """Serve the state."""
        return answer(self._backend.state())

    async def recording(self, request: Request) -> Response:
        """Serve the state of the recording."""
        return answer(self._backend.recording())

    async def record(self, request: Request) -> Response:
        """Start or stop recording."""
        wanted = await body_of(request, RecordingRequest)
        return answer(await self._backend.record(wanted.action, wanted.source))

    async def sessions(self, request: Request) -> Response:
        """List sessions."""
        return answer(await self._backend.ask(listing_asked("sessions", request)))

    async def games(self, request: Request) -> Response:
        """List games."""
        return answer(await self._backend.ask(listing_asked("games", request)))

    async def survival(self, request: Request) -> Response:
        """Serve survival, hazard and the chance of a rug after a tick."""
        return answer(await self._backend.ask(survival_asked(request)))

    async def odds(self, request: Request) -> Response:
        """Serve the fair odds."""
        return answer(fair_odds())

    async def artifacts(self, request: Request) -> Response:
        """List the tools."""
        assert self._artifacts is not None
        return answer(self._artifacts.list())

    async def artifact_root(self, request: Request) -> Response:
        """Lead to a tool's own folder, so that its relative links work."""
        name = request.path_params["name"]
        if files.inside_any(self._artifact_roots, f"{name}/index.html") is None:
            raise HTTPException(404, "There is no such tool.")
        return RedirectResponse(f"/artifacts/{name}/", status_code=307)

    async def artifact(self, request: Request) -> Response:
        """Serve a file of a tool, or of the client library."""
        name, path = request.path_params["name"], request.path_params["path"]
        if name == SHARED:
            return files.respond([files.STATIC / "sdk"], path)
        return files.respond(self._artifact_roots, f"{name}/{path or 'index.html'}")

    async def static(self, request: Request) -> Response:
        """Serve a file of this package."""
        return files.respond([files.STATIC, files.WEB_STATIC], request.path_params["path"])

    async def replays(self, request: Request) -> Response:
        """List open replays."""
        assert self._replay is not None
        return answer(self._replay.list())

    async def open_replay(self, request: Request) -> Response:
        """Open a replay."""
        assert self._replay is not None
        status = await self._replay.open(await body_of(request, ReplayRequest))
        return answer({**status, "feed": f"/feed?replay={status['id']}"})

    async def drive_replay(self, request: Request) -> Response:
        """Drive a replay."""
        assert self._replay is not None
        action = await body_of(request, ReplayAction)
        try:
            return answer(await self._replay.act(request.path_params["id"], action))
        except KeyError:
            raise HTTPException(404, "There is no such replay.") from None

    async def replay_line(self, request: Request) -> Response:
        """Serve what lies where in a replay."""
        assert self._replay is not None
        try:
            return answer(await self._replay.line(request.path_params["id"]))
        except KeyError:
            raise HTTPException(404, "There is no such replay.") from None


def build_app(
    monitor: Monitor, access: Access, *, http_port: int, feed_port: int | None
) -> ASGIApp:
    """Build the application: routes, errors as JSON, and the guard before everything."""
    routes = [
        Route(e.path, e.call, methods=[e.method], name=f"{e.method} {e.path}")
        for e in monitor.endpoints()
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _http_error,
            VectraError: _our_error,
            Exception: _unexpected,
        },
    )
    app.router.redirect_slashes = False
    return Guard(
        app, access=access, door=http_door(http_port), feed_port=feed_port, trade_pages=("/",)
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _fault(error.status_code, str(error.detail), headers=error.headers)


async def _our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VectraError)
    return _fault(_status_of(error), error.message, error.advice)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request failed", path=request.url.path, error=repr(error))
    return _fault(500, "Something failed here.", "The log says what.")


def _status_of(error: VectraError) -> int:
    if isinstance(error, CaptureHaltedError):
        return 507
    return 409 if isinstance(error, UsageError) else 503


def _fault(
    status: int, message: str, advice: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    body = msgspec.json.encode(ErrorAnswer(Fault(message, advice)))
    return Response(body, status, media_type="application/json", headers=headers)
