"""The web side of the demo server: the page, its files, and what is asked for beside the socket.

Only loopback names are answered (so a rebound name reads nothing) and only JSON from the page's
own origin, or from no browser at all, can ask for a fault or choose a coin.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from vectra_player.demo.faults import Fault
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.demo.server import DemoServer

Asked = TypeVar("Asked", bound=msgspec.Struct)

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class CoinChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page's coin menu asks for: the account of a token plays with another coin."""

    token: str
    coin: Literal["SOL", "practice"]


def make_app(server: DemoServer) -> web.Application:
    """Build the web application without the socket, which attaches itself."""
    app = web.Application(middlewares=[_loopback_names(server)], client_max_size=65_536)
    app.router.add_get("/", _file("index.html"))
    for path in sorted(STATIC.iterdir()):
        if path.suffix in _TYPES:
            app.router.add_get(f"/static/{path.name}", _file(path.name))
    app.router.add_get("/favicon.ico", _file("icon.svg"))
    app.router.add_get("/__demo__/state", _state(server))
    app.router.add_get("/__demo__/page", _page(server))
    app.router.add_post("/__demo__/fault", _fault(server))
    app.router.add_post("/__demo__/coin", _coin(server))
    return app


def _loopback_names(server: DemoServer) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        names = {f"{name}:{server.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if request.headers.get("Host", "") not in names | {server.url.removeprefix("http://")}:
            return web.Response(status=421, text="This server answers to loopback names only.\n")
        return await handler(request)

    return check


def _file(name: str) -> Handler:
    path = STATIC / name
    content_type = _TYPES[path.suffix]

    async def send(request: web.Request) -> web.Response:
        return web.Response(
            body=path.read_bytes(),
            content_type=content_type,
            charset="utf-8",
            headers={
                "Content-Security-Policy": POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-cache",
                "Referrer-Policy": "no-referrer",
            },
        )

    return send


def _state(server: DemoServer) -> Handler:
    async def send(request: web.Request) -> web.Response:
        table = server.sim.table
        state = {
            "game_id": table.game.game_id,
            "tick": table.tick,
            "timer_ms": table.timer_ms,
            "active": table.active,
            "rugged": table.rugged,
            "games_over": server.sim.games_over,
            "clients": len(server.sio.eio.sockets),
            "orders": list(server.desk.orders.received),
        }
        return web.Response(body=msgspec.json.encode(state), content_type="application/json")

    return send


def _page(server: DemoServer) -> Handler:
    async def send(request: web.Request) -> web.Response:
        return web.json_response({"alter": server.altered})

    return send


def _fault(server: DemoServer) -> Handler:
    async def apply(request: web.Request) -> web.Response:
        fault = await _asked(request, Fault)
        if isinstance(fault, web.Response):
            return fault
        server.spawn_fault(fault)
        return web.Response(status=202, text=f"{fault.kind}\n")

    return apply


def _coin(server: DemoServer) -> Handler:
    async def choose(request: web.Request) -> web.Response:
        wanted = await _asked(request, CoinChoice)
        if isinstance(wanted, web.Response):
            return wanted
        try:
            await server.desk.choose_coin(wanted.token, practice=wanted.coin == "practice")
        except UsageError as error:
            return web.Response(status=409, text=f"{error.message}\n")
        return web.Response(text=f"{wanted.coin}\n")

    return choose


async def _asked(request: web.Request, kind: type[Asked]) -> Asked | web.Response:
    """Return what a request asks for, or the answer that turns it away."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.headers.get('Host', '')}":
        return web.Response(status=403, text="Another page may not ask for this.\n")
    if request.content_type != "application/json":
        return web.Response(status=415, text="Send application/json.\n")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        return web.Response(status=400, text=f"{error}\n")
