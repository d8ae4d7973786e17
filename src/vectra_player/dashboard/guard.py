"""The access rule for the dashboard: a WSGI middleware that lets nothing past it unchecked.

The decisions are `web.security`'s. It stands before Flask, so that a route cannot forget it and a
path nobody serves tells nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
import structlog

from vectra_player.web.security import (
    JSON_BODY,
    OPEN_PATHS,
    Access,
    BodyRule,
    Door,
    Request,
    Verdict,
    security_headers,
)

log = structlog.get_logger(__name__)

_ADVICE = {
    401: "Open the link that was printed at the start, or run `vectra-player open`.",
    421: "Use the address that was printed at the start.",
}


REMEMBERED = 4
"""Foundations whose logins still open a dashboard that outlived them."""


class Keys:
    """Every token that opens the dashboard: its own, and those of foundations beside it.

    A dashboard alone outlives foundations: each start of one makes a new token, and one login
    must serve both servers. Whoever logged in with it stays logged in here when foundation ends.
    """

    def __init__(self, own: Access, others: Callable[[], Access | None] = lambda: None) -> None:
        self._own = own
        self._others = others
        self._met: tuple[Access, ...] = ()

    def all(self) -> list[Access]:
        """Return the ones that hold now."""
        other = self._others()
        known = (self._own.token, *(access.token for access in self._met))
        if other is not None and other.token not in known:
            self._met = (other, *self._met)[:REMEMBERED]
        return [self._own, *self._met]

    def check(self, request: Request, door: Door, *, open_path: bool, body: BodyRule) -> Verdict:
        """Decide on a request: one key that fits is enough."""
        verdicts = (
            access.check(request, door, open_path=open_path, body=body) for access in self.all()
        )
        first = next(verdicts)
        if first.allowed:
            return first
        return next((verdict for verdict in verdicts if verdict.allowed), first)

    def renewal(self, request: Request, door: Door, body: BodyRule) -> str | None:
        """Return the Set-Cookie that logs a browser of ours in to the foundation that runs now.

        None: it is logged in there already, or none runs. A foundation that was started anew has a
        new token; whoever may act on it through this dashboard may read its feed as well, so open
        pages go on by themselves.
        """
        other = self._others()
        if other is None or other.check(request, door, body=body).allowed:
            return None
        granted = other.login(other.token)
        return None if granted is None else granted[0]

    def trade_token(self, request: Request, door: Door) -> str | None:
        """Return what a page needs to trade with the key that let this visit in; see `Access`."""
        fits = (access for access in self.all() if access.check(request, door).allowed)
        access = next(fits, None)
        return None if access is None else access.trade_token(request)

    def login(self, code: str, next_path: str) -> tuple[str, str] | None:
        """Exchange a code for (Set-Cookie, where to go); None when no key knows it."""
        granted = (access.login(code, next_path) for access in self.all())
        return next((found for found in granted if found is not None), None)


class Guard:
    """Check every request before the application; put the security headers on every answer."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        keys: Keys,
        door: Door,
        feed_port: Callable[[], int | None],
        rule_of: Callable[[str, str], BodyRule] = lambda method, path: JSON_BODY,
        trade_pages: Collection[str] = (),
    ) -> None:
        """`trade_pages`: paths of pages that may hold the trade token."""
        self._app = app
        self._keys = keys
        self._door = door
        self._feed_port = feed_port
        self._rule_of = rule_of
        self._trade_pages = frozenset(trade_pages)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Serve one request of the WSGI server."""
        request = asked(environ)
        rule = self._rule_of(request.method, request.path)
        verdict = self._keys.check(
            request, self._door, open_path=request.path in OPEN_PATHS, body=rule
        )
        trades = request.path in self._trade_pages
        headers = list(security_headers(self._feed_port(), trades=trades).items())
        if verdict.allowed and verdict.by == "cookie":
            renewal = self._keys.renewal(request, self._door, rule)
            headers += [("Set-Cookie", renewal)] if renewal is not None else []

        def start_safely(
            status: str, given: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            present = {name.lower() for name, _ in given}
            added = [pair for pair in headers if pair[0].lower() not in present]
            return start(status, [*given, *added], exc_info)

        if not verdict.allowed:
            return _refuse(verdict, request, start_safely)
        return self._app(environ, start_safely)


def asked(environ: WSGIEnvironment) -> Request:
    """Return a request as the access rule sees it.

    A header sent twice arrives joined and so fits nothing.
    """
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").lower(), str(value))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    headers += [
        (name.replace("_", "-").lower(), str(environ[name]))
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(name)
    ]
    return Request(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), headers)


def _refuse(verdict: Verdict, request: Request, start: StartResponse) -> Iterable[bytes]:
    log.info("request refused", status=verdict.status, reason=verdict.reason)
    phrase = HTTPStatus(verdict.status).phrase
    advice = _ADVICE.get(verdict.status, "")
    if verdict.status == 401 and "text/html" in (request.one("accept") or ""):
        kind, body = "text/html; charset=utf-8", _LOGIN_PAGE
    else:
        error = {"error": {"message": verdict.reason, "advice": advice, "fields": {}}}
        kind, body = "application/json", msgspec.json.encode(error)
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start(f"{verdict.status} {phrase}", headers)
    return [] if request.method == "HEAD" else [body]


_LOGIN_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in - VECTRA</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head>
<body><h1>This browser is not logged in</h1>
<p>Run <code>vectra-player open</code> in a terminal: it opens this page with a fresh link.</p>
<p>The link that was printed at the start works once.</p></body></html>
"""
