"""The access rule for ASGI servers: a middleware that lets nothing past it unchecked.

`foundation.monitor` wraps its app in it. Flask asks `web.security` itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from msgspec.json import encode
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vectra_player.web.security import (
    MAX_BODY_BYTES,
    OPEN_PATHS,
    Access,
    Door,
    Request,
    Verdict,
    security_headers,
)

log = structlog.get_logger(__name__)

_BODY_S = 10.0  # a 64 KiB body on loopback takes milliseconds


class Guard:
    """Check every request before the app sees it, and put the security headers on every answer.

    The body of a write is read here, up to the limit and whether or not it says its length, so
    that no endpoint can forget to. WebSockets are refused: the feed has its own server.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        door: Door,
        feed_port: int | None = None,
        open_paths: Iterable[str] = OPEN_PATHS,
        trade_pages: Iterable[str] = (),
    ) -> None:
        """`trade_pages`: paths of pages that may hold the trade token."""
        self._app = app
        self._access = access
        self._door = door
        self._open = frozenset(open_paths)
        self._feed_port = feed_port
        self._trade_pages = frozenset(trade_pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(scope, receive, self._with_headers(scope["path"], send))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = asked(scope)
        verdict = self._access.check(request, self._door, open_path=request.path in self._open)
        if not verdict.allowed:
            await _refuse(verdict, scope, receive, send)
            return
        body = await _body(receive) if request.method not in ("GET", "HEAD") else b""
        if isinstance(body, Verdict):
            await _refuse(body, scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    def _with_headers(self, path: str, send: Send) -> Send:
        headers = _encoded(self._feed_port, path, path in self._trade_pages)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                present = {name.lower() for name, _ in own}
                own += [pair for pair in headers if pair[0] not in present]
                message = {**message, "headers": own}
            await send(message)

        return send_safely


def _encoded(feed_port: int | None, path: str, trades: bool) -> list[tuple[bytes, bytes]]:
    headers = security_headers(feed_port, path=path, trades=trades)
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def login_route(access: Access) -> Route:
    """Return the route `/login?token=…[&next=/…]`: a link becomes a cookie and disappears."""

    async def login(request: HttpRequest) -> Response:
        if request.method != "GET":  # a look at the head must not use the link up
            return _answer(Verdict(False, 405, "only GET here"))
        granted = access.login(
            request.query_params.get("token", ""), request.query_params.get("next", "/")
        )
        if granted is None:
            reason = "This link was used or is wrong: `vectra-player open` makes a new one."
            return _answer(Verdict(False, 401, reason))
        cookie, goal = granted
        return RedirectResponse(goal, 303, headers={"set-cookie": cookie})

    return Route("/login", login, methods=["GET"])


def asked(scope: Scope) -> Request:
    """Return a request as the access rule sees it."""
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
    return Request(scope["method"], scope["path"], headers)


async def _body(receive: Receive) -> bytes | Verdict:
    """Read a body up to the limit; a body that is larger or too slow is a refusal."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Verdict(False, 400, "the client went away")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY_BYTES:
                    return Verdict(False, 413, f"body larger than {MAX_BODY_BYTES} bytes")
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return Verdict(False, 408, f"no whole body within {_BODY_S:g} s")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give the app the body that was read, then what the server says next."""
    pending = [body]

    async def again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return again


async def _refuse(verdict: Verdict, scope: Scope, receive: Receive, send: Send) -> None:
    log.info("request refused", status=verdict.status, reason=verdict.reason)
    await _answer(verdict)(scope, receive, send)


def _answer(verdict: Verdict) -> Response:
    error = {"error": {"message": verdict.reason, "advice": _ADVICE.get(verdict.status, "")}}
    return Response(encode(error), verdict.status, media_type="application/json")


_ADVICE = {
    401: "Run `vectra-player open` for a new login link.",
    421: "Use the address that was printed at the start.",
}
